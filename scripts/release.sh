#!/bin/sh
# Strips both programs, makes sure that Swift's libraries are inside, and tells the size of genbatch and how long it takes to
# start: release.sh BIN FOLDER
set -eu

bin=$1
folder=$2

mkdir -p "$folder"
for product in gemini-simulator genbatch; do
    strip -o "$folder/$product" "$bin/$product"
    if ldd "$folder/$product" | grep -i swift >&2; then
        echo "release: a library of Swift is not linked into $product" >&2
        exit 1
    fi
done

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
