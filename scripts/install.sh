#!/bin/sh
# Installs the programs with completions, manual pages, documents and sample jobs: install.sh BIN PREFIX [DESTDIR]
# BIN is the folder of the built programs.
set -eu

bin=$1
prefix=$2
root=${3:-}$prefix
made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

for program in genbatch gemini-simulator; do
    for shell in bash zsh fish; do
        "$bin/$program" --generate-completion-script "$shell" >"$made/$program.$shell"
    done
    python3 scripts/man.py "$bin/$program" "$made/man"
done

install -d "$root/bin" "$root/share/man/man1" "$root/share/bash-completion/completions" \
    "$root/share/zsh/site-functions" "$root/share/fish/vendor_completions.d" "$root/share/doc/genbatch/docs"
for program in genbatch gemini-simulator; do
    install -s -m 755 "$bin/$program" "$root/bin/"
    install -m 644 "$made/$program.bash" "$root/share/bash-completion/completions/$program"
    install -m 644 "$made/$program.zsh" "$root/share/zsh/site-functions/_$program"
    install -m 644 "$made/$program.fish" "$root/share/fish/vendor_completions.d/$program.fish"
done
install -m 644 "$made"/man/*.1 "$root/share/man/man1/"
# As in the project, so that the links from one to the other lead somewhere.
install -m 644 README.md CHANGELOG.md "$root/share/doc/genbatch/"
find docs -type f | while read -r file; do
    install -D -m 644 "$file" "$root/share/doc/genbatch/$file"
done
# Only what belongs to the project: a run leaves its checkpoint and results beside the jobs.
find jobs -type f ! -path '*/.genbatch/*' ! -path '*/out/*' | while read -r file; do
    install -D -m 644 "$file" "$root/share/doc/genbatch/$file"
done
