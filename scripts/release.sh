#!/bin/sh
# Builds both programs with Swift's libraries inside and the C libraries outside, strips them, and tells the size of
# genbatch and how long it takes to start: release.sh SWIFT FOLDER
set -eu

swift=$1
folder=$2
# Objects for a static link are others than those of `make build`.
scratch=.build/static

for product in gemini-simulator genbatch; do
    # No library lies beside the programs: nothing is to be looked for there.
    "$swift" build -c release --static-swift-stdlib --disable-local-rpath --scratch-path "$scratch" --product "$product"
done
bin=$("$swift" build -c release --static-swift-stdlib --scratch-path "$scratch" --show-bin-path)
mkdir -p "$folder"
for product in gemini-simulator genbatch; do
    strip -o "$folder/$product" "$bin/$product"
done

if ldd "$folder/genbatch" | grep -i swift >&2; then
    echo "release: a library of Swift is not linked in" >&2
    exit 1
fi
python3 - "$folder/genbatch" <<'END'
import os, statistics, subprocess, sys, time

program = sys.argv[1]
times = []
for _ in range(20):
    start = time.perf_counter()
    subprocess.run([program, "--help"], stdout=subprocess.DEVNULL, check=True)
    times.append((time.perf_counter() - start) * 1000)
print(f"{program}: {os.path.getsize(program) / 1e6:.1f} MB, starts in {statistics.median(times):.1f} ms (median of 20)")
END
