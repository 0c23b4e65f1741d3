#!/usr/bin/env python3
"""Counts the instructions of the hot paths and holds them against instruction-counts.tsv.

Times differ from minute to minute, instructions hardly at all: `valgrind --tool=callgrind` counts those of `hot-paths` for
N units and for 2 N, so that start and end fall out. Linux only; needs valgrind and Python 3.
"""

import argparse
import csv
import io
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

import bodies
import programs

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE / "instruction-counts.tsv"
TOLERANCE = 0.05
EVENTS = 20
PROMPT = "Tell me a story about the tides in 300 words, for children who have never seen the sea."

# name: units of the shorter run, what a unit is, which checkpoint is there before.
PATHS = {
    "sse-event": (20_000, "event of 400 bytes", None),
    "chunk-scan": (20_000, "event of 400 bytes", None),
    "yaml-item": (2_000, "item", None),
    "jsonl-item": (2_000, "item", None),
    "csv-item": (2_000, "item", None),
    "register-item": (2_000, "item", None),
    "commit-item": (2_000, "item", "pending.db"),
    "export-row": (2_000, "row", "done.db"),
}
MOST_ITEMS = 2 * max(units for units, unit, _ in PATHS.values() if unit != "event of 400 bytes")


def main():
    options = parse_options()
    if not shutil.which("valgrind"):
        sys.exit("guard: valgrind is not installed (Debian: apt-get install valgrind)")
    program = (options.program or programs.build("hot-paths")).resolve()
    with tempfile.TemporaryDirectory(prefix="genbatch-guard-") as folder:
        counter = Counter(program, pathlib.Path(folder), options.runs)
        counts = {name: counter.count(name) for name in options.paths}
    if options.write:
        write_table(read_table() | counts)
        print(f"written: {TABLE.relative_to(HERE.parent)}")
    elif not compare(counts, read_table()):
        sys.exit(1)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("paths", nargs="*", metavar="PATH", help="one or more of: " + ", ".join(PATHS))
    parser.add_argument("--write", action="store_true", help="write the table instead of comparing with it")
    parser.add_argument("--runs", type=int, default=1, help="count so many times and tell the spread (default 1)")
    parser.add_argument("--program", type=pathlib.Path, help="hot-paths, instead of building it")
    options = parser.parse_args()
    options.paths = options.paths or list(PATHS)
    if unknown := [name for name in options.paths if name not in PATHS]:
        parser.error(f"no such path: {', '.join(unknown)}")
    return options


class Counter:
    """Counts the instructions of a unit of each path."""

    def __init__(self, program, folder, runs):
        self.folder, self.runs = folder, runs
        self.program = folder / "hot-paths"
        # Valgrind does not get over what Swift writes for debuggers.
        subprocess.run(["strip", "--strip-debug", "-o", str(self.program), str(program)], check=True)
        self.write_data()
        self.checkpoint = folder / "hot.db"
        self.prepare("register-item", "pending.db")
        self.prepare("commit-item", "done.db", "pending.db")

    def write_data(self):
        (self.folder / "answer.sse").write_bytes(bodies.body(f"{EVENTS}x400"))
        head = "version: 1\nname: hot\nmodel: gemini-2.5-flash\nconfig: {temperature: 0.2, max_output_tokens: 500}\n"
        template = 'id: "{{id}}"\nprompt: "Summarize in {{count}} bullets: {{text}}"\n'
        rows = [{"id": f"item-{number:07}", "count": 3 + number % 5, "text": f"{PROMPT} {number:07}"}
                for number in range(MOST_ITEMS)]
        (self.folder / "jsonl.yaml").write_text(f"{head}inputs: [{{jsonl: rows.jsonl}}]\n{template}")
        (self.folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        (self.folder / "csv.yaml").write_text(f"{head}inputs: [{{csv: rows.csv}}]\n{template}")
        with open(self.folder / "rows.csv", "w", newline="") as file:
            table = csv.DictWriter(file, rows[0].keys())
            table.writeheader()
            table.writerows(rows)
        prompts = "".join(f"  - id: {row['id']}\n    prompt: {json.dumps(row['text'])}\n" for row in rows)
        (self.folder / "yaml.yaml").write_text(f"{head}prompts:\n{prompts}")

    def prepare(self, path, result, before=None):
        """Makes a checkpoint that another path begins with."""
        self.place(before)
        self.run([], path, MOST_ITEMS)
        self.checkpoint.rename(self.folder / result)

    def place(self, checkpoint):
        for leftover in self.folder.glob("hot.db*"):
            leftover.unlink()
        if checkpoint:
            shutil.copy(self.folder / checkpoint, self.checkpoint)

    def run(self, command, path, units):
        environment = {
            "PATH": os.environ.get("PATH", ""), "HOME": str(self.folder),
            # What varies from run to run otherwise: where keys stand in tables, and which thread does what.
            "SWIFT_DETERMINISTIC_HASHING": "1", "SWIFT_BACKTRACE": "enable=no",
        }
        with open(self.folder / "answer.sse", "rb") as body:
            run = subprocess.run([*command, str(self.program), path, str(self.folder), str(units)], cwd=self.folder,
                                 env=environment, stdin=body, capture_output=True, text=True)
        if run.returncode != 0 or run.stdout.strip() != str(units):
            sys.exit(f"guard: {path} did not go along its path {units:,} times:\n{run.stdout}{run.stderr}")

    def instructions(self, path, units, checkpoint):
        self.place(checkpoint)
        output = self.folder / "callgrind.out"
        self.run(["valgrind", "--tool=callgrind", "--quiet", f"--callgrind-out-file={output}"], path, units)
        totals = next(line for line in output.read_text().splitlines() if line.startswith("totals:"))
        return int(totals.split()[1])

    def count(self, path):
        units, unit, checkpoint = PATHS[path]
        counts = []
        for _ in range(self.runs):
            once, twice = (self.instructions(path, number, checkpoint) for number in (units, 2 * units))
            counts.append((twice - once) / units)
        count = round(statistics.median(counts))
        spread = f", from {min(counts):,.0f} to {max(counts):,.0f}" if self.runs > 1 else ""
        print(f"{path:15} {count:10,} instructions per {unit}{spread}", flush=True)
        return count


def read_table():
    if not TABLE.exists():
        return {}
    rows = (line.split("\t") for line in TABLE.read_text().splitlines() if not line.startswith("#"))
    return {row[0]: int(row[1]) for row in rows if row[0] in PATHS}


def write_table(counts):
    text = io.StringIO()
    print("# Instructions of the hot paths, by `make bench-guard WRITE=1`; what they mean: README.md.", file=text)
    print(f"# With: {tools()}", file=text)
    print("# path\tinstructions\tper", file=text)
    for name in PATHS:
        if name in counts:
            print(f"{name}\t{counts[name]}\t{PATHS[name][1]}", file=text)
    TABLE.write_text(text.getvalue())


def tools():
    """What the counts depend on besides this program."""
    def version(*command):
        return subprocess.run(command, capture_output=True, text=True).stdout.strip().splitlines()[0]

    swift = version("swift", "--version")
    return (f"{swift}; SQLite {version('pkg-config', '--modversion', 'sqlite3')}, libyaml "
            f"{version('pkg-config', '--modversion', 'yaml-0.1')}, glibc {platform.libc_ver()[1]}, {platform.machine()}")


def compare(counts, table):
    """Tells where the counts differ from the table; returns whether none has grown."""
    grown = []
    for name, count in counts.items():
        if name not in table:
            sys.exit(f"guard: {TABLE.name} has no {name}; write it with `make bench-guard WRITE=1`")
        change = count / table[name] - 1
        words = f"{name}: {count:,} instructions per {PATHS[name][1]}, {table[name]:,} in the table, {change:+.1%}"
        if change > TOLERANCE:
            grown.append(words)
        elif change < -TOLERANCE:
            print(f"less than before, `make bench-guard WRITE=1` keeps it so: {words}")
    for words in grown:
        print(f"more than {TOLERANCE:.0%} more than before: {words}", file=sys.stderr)
    if grown:
        written = [line.removeprefix("# With: ") for line in TABLE.read_text().splitlines() if line.startswith("# With: ")]
        if written and written[0] != tools():
            print(f"the table is of other tools:\n  table: {written[0]}\n  here:  {tools()}", file=sys.stderr)
    else:
        print(f"all {len(counts)} paths within {TOLERANCE:.0%} of the table")
    return not grown


if __name__ == "__main__":
    main()
