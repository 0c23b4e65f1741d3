#!/bin/sh
# Builds the reference of the GenAI library with the compiler's docc; a warning is a failure.
set -eu
cd "$(dirname "$0")/.."

swift=${SWIFT:-swift}
output=.build/docs
# docc stands beside the compiler, which may be somewhere else than on the path.
toolchain=$(dirname "$("$swift" -print-target-info | sed -n 's/.*"runtimeResourcePath": *"\(.*\)\/lib\/swift.*/\1/p')/bin/docc")
docc=$(command -v docc || echo "$toolchain/docc")
[ -x "$docc" ] || {
    echo "docs: no docc in the toolchain; install a Swift toolchain from swift.org" >&2
    exit 1
}

"$swift" build --target GenAI
triple=$("$swift" -print-target-info | sed -n 's/.*"triple": *"\(.*\)".*/\1/p' | head -n 1)
sdk=""
if command -v xcrun >/dev/null 2>&1; then sdk="-sdk $(xcrun --show-sdk-path)"; fi

rm -rf "$output"
mkdir -p "$output/symbols"
# shellcheck disable=SC2086
"$swift" symbolgraph-extract -module-name GenAI -target "$triple" $sdk -I "$("$swift" build --show-bin-path)/Modules" \
    -I Sources/CCurl -minimum-access-level public -skip-synthesized-members -output-dir "$output/symbols"
# Every symbol that users see says what it is; what a protocol brings along says so at the protocol.
python3 - "$output"/symbols/*.json <<'END'
import json
import sys

bare = []
for path in sys.argv[1:]:
    for symbol in json.load(open(path))["symbols"]:
        place = symbol.get("location")
        if place and "docComment" not in symbol:
            line = place["position"]["line"] + 1
            bare.append(f"{place['uri'].removeprefix('file://')}:{line}: {'.'.join(symbol['pathComponents'])} has no comment")
print("\n".join(sorted(bare)), end="\n" if bare else "")
sys.exit(bool(bare))
END
"$docc" convert Sources/GenAI/GenAI.docc --additional-symbol-graph-dir "$output/symbols" \
    --fallback-display-name GenAI --fallback-bundle-identifier GenAI --warnings-as-errors \
    --output-dir "$output/GenAI.doccarchive"
echo "docs: $output/GenAI.doccarchive; to read it, serve that folder: python3 -m http.server -d $output/GenAI.doccarchive"
