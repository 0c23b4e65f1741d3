#!/bin/sh
# Runs sample jobs to their end and exports their answers: demo.sh GENBATCH JOB...
# With a key in the environment it asks Gemini; without, the simulator.
set -eu

genbatch=$1
shift
mode=""
# Simulated answers must not pass for real ones later: they get checkpoints of their own.
kind=""
if [ -z "${GEMINI_API_KEY:-}" ] && [ -z "${GOOGLE_API_KEY:-}" ]; then
    mode="--simulate"
    kind=".simulated"
    echo "No key in GEMINI_API_KEY or GOOGLE_API_KEY: answers come from a simulator on this machine." >&2
fi

mkdir -p out
exports=""
for job in "$@"; do
    name=$(basename "$job" .yaml)
    printf '\n\033[1m$ genbatch run %s %s --db %s\033[0m\n' "$job" "$mode" "out/$name$kind.db" >&2
    # shellcheck disable=SC2086
    "$genbatch" run "$job" $mode --db "out/$name$kind.db"
    "$genbatch" export "$job" --db "out/$name$kind.db" -o "out/$name.jsonl"
    exports="$exports out/$name.jsonl"
done

printf '\nThe answers, one JSON object a line:\n' >&2
wc -l $exports >&2
printf '\nThe first of them:\n' >&2
# shellcheck disable=SC2086
head -n 1 $exports | cut -c 1-400 >&2
