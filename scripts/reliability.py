#!/usr/bin/env python3
"""Writes docs/reliability.md: what may break, the test that breaks it, and how the test ended last.

Tests name the rows that they prove in a comment before them: `// Fault matrix: F12, F14.` The results are taken from
the output of `swift test`:

    swift test --no-parallel 2>&1 | tee tests.log; scripts/reliability.py tests.log

`--check` only compares the rows and tests of the page with those of the sources.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "reliability.md"

ROWS = {
    "F01": "killed at a random moment",
    "F02": "killed at each single write",
    "F03": "the power goes",
    "F04": "the first Ctrl-C",
    "F05": "the second Ctrl-C",
    "F06": "SIGTERM, and SIGKILL after it",
    "F07": "the terminal vanishes",
    "F08": "nobody reads the output",
    "F09": "the program is stopped and goes on",
    "F10": "memory runs out",
    "F11": "the stack is small",
    "F12": "the disk is full",
    "F13": "a disk with small blocks is full",
    "F14": "the disk takes no more files",
    "F15": "files may not grow",
    "F16": "a sync fails",
    "F17": "a write fails or is cut short",
    "F18": "a read fails",
    "F19": "the disk is slow",
    "F20": "file or folder may not be written",
    "F21": "too few open files are allowed",
    "F22": "the checkpoint is removed while it is in use",
    "F23": "the checkpoint is copied with cp while it is in use",
    "F24": "the checkpoint is on a network file system",
    "F25": "the output cannot be written",
    "F26": "an export is killed half-way",
    "F27": "the header of the checkpoint is damaged",
    "F28": "a page of the checkpoint is damaged",
    "F29": "the checkpoint is cut short, or empty",
    "F30": "the checkpoint is of a newer version",
    "F31": "the checkpoint is of an older version",
    "F32": "the file is another program's",
    "F33": "a second run on the same checkpoint",
    "F34": "another program holds the checkpoint",
    "F35": "the job is edited between runs",
    "F36": "checkpoints of one job overlap, differ or are damaged when they are merged",
    "F37": "the clock is wrong, or set meanwhile",
    "F38": "time runs a hundred times as fast",
    "F39": "the machine was asleep",
    "F40": "the clocks change on the night of a daily reset",
    "F41": "the server's name is not known",
    "F42": "nobody listens at the server's address",
    "F43": "connections are not taken, and not refused",
    "F46": "a stream stalls",
    "F47": "a stream is cut",
    "F48": "certificates and TLS are wrong",
    "F49": "proxies, wanted and unwanted",
    "F50": "the server redirects",
    "F51": "aliases in a job multiply",
    "F52": "a job is nested too deeply",
    "F53": "a key is given twice",
    "F54": "a key is misspelt",
    "F55": "values of the wrong type, bad UTF-8, marks and line ends of other systems",
    "F56": "texts and numbers that YAML could take for something else",
    "F57": "jobs that are empty or contradict themselves, and huge ones",
    "F58": "files outside the job's folder, and what is no file",
    "F59": "media at addresses inside a network, or too large",
    "F60": "429 with the limit and the delay",
    "F61": "429 without a word",
    "F62": "429 for a day, for a model that the plan does not include, or with a delay of hours",
    "F63": "429 for the money spent in ten minutes",
    "F64": "500, 503 and 504 in bursts",
    "F65": "400, 401, 403 and 404",
    "F66": "answers that are blocked or cut by the model",
    "F67": "an error inside a stream",
    "F68": "events in odd framing",
    "F69": "events that are no JSON, or no UTF-8",
    "F70": "events that are very long, or never end",
    "F71": "answers that are too large, or unpack to too much",
    "F72": "a flood of headers",
    "F73": "token counts that are missing or make no sense",
    "F74": "an answer that never ends",
    "F75": "answers that would steer a terminal",
    "F76": "answers are script, in a report",
    "F77": "answers are formulas or markup",
    "F78": "keys are paths, in the names of files",
    "F79": "the key might get out",
    "F80": "files of the run are open to others",
    "F81": "there is no terminal, or one that can do little",
    "F82": "cron starts a run while the last one still works",
    "F83": "cron gives next to no environment",
    "F84": "nights were missed",
    "F85": "a part of the job is named wrongly, missing, or of another version",
    "F87": "several processes share a quota",
}

HEAD = """# Reliability

What may break, the test that breaks it for real, and how that test ended when this page was made. `make reliability` runs the tests
and writes the page. After most of them the same is checked: everything that was announced is there and whole, no item is lost or
counted twice, nothing that is done is sent again, and SQLite finds the file in order.

| row | what breaks | test | last result |
| --- | --- | --- | --- |
"""


def proofs():
    """Row to the names of its tests, in the order of the files."""
    found = {}
    pattern = re.compile(r'// Fault matrix: ([F0-9, ]+)\.\n\s*@Test\(\s*"((?:[^"\\]|\\.)*)"')
    for path in sorted((ROOT / "Tests").rglob("*.swift")):
        for rows, name in pattern.findall(path.read_text()):
            for row in rows.split(", "):
                if row not in ROWS:
                    sys.exit(f"reliability: {path.relative_to(ROOT)} names row {row}, which scripts/reliability.py does not know")
                found.setdefault(row, []).append(name)
    missing = [row for row in ROWS if row not in found]
    if missing:
        sys.exit(f"reliability: no test for {', '.join(missing)}")
    return found


def results(log):
    ends = {}
    for name, end in re.findall(r'Test "((?:[^"\\]|\\.)*)"(?: with \d+ test cases?)? (passed|failed|skipped)', log):
        ends[name] = end
    return ends


def page(ends):
    lines = []
    for row, names in sorted(proofs().items()):
        for number, name in enumerate(names):
            title = (row, ROWS[row]) if number == 0 else ("", "")
            lines.append(f"| {title[0]} | {title[1]} | {name} | {ends.get(name, 'not run')} |\n")
    return HEAD + "".join(lines)


def without_results(text):
    return [line.rsplit("|", 2)[0] for line in text.splitlines()]


if sys.argv[1:] == ["--check"]:
    if not PAGE.exists() or without_results(PAGE.read_text()) != without_results(page({})):
        sys.exit("reliability: docs/reliability.md does not tell of the tests as they are; run `make reliability`")
elif len(sys.argv) == 2:
    PAGE.write_text(page(results(pathlib.Path(sys.argv[1]).read_text(errors="replace"))))
else:
    sys.exit(__doc__)
