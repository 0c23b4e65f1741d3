#!/usr/bin/env python3
"""What genbatch costs beside other programs that do the same work, and at sizes where waste would show.

Programs that are compared run in turn, A B A B …, against the same server on loopback; the server's own count and the
checkpoint say that the work was done. The ratios are what counts: the times are those of one machine. Linux only; needs
cc, libcurl, SQLite, nginx, openssl and Python 3; the clients it compares with come from PyPI.
"""

import argparse
import contextlib
import hashlib
import json
import pathlib
import signal
import sys
import tempfile

import cases
import checkpoint
import document
import growth
import machine
import million
import programs
import servers

CASES = {
    case.name: case
    for case in [
        *cases.CASES, checkpoint.Writer(), million.StartUp(),
        *(million.Registration(format) for format in ("yaml", "jsonl", "csv")), million.Finished(),
        growth.AnswersOf40KB(), growth.Items(), growth.Streams(),
    ]
}
QUICK_CASES = ["start-up", "fixed-10", "fixed-100", "slow-1000", "writer", "million-yaml", "million-done"]
RESULTS = programs.BUILD / "bench-results.json"


def main():
    options = parse_options()
    if not sys.platform.startswith("linux"):
        sys.exit("bench: needs Linux: the receiver waits with epoll")
    if options.document:
        return document.write(json.loads(RESULTS.read_text()))
    # So that servers and files are cleared away then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: terminated"))
    with tempfile.TemporaryDirectory(prefix="genbatch-bench-") as folder, contextlib.ExitStack() as stack:
        bench = Bench(pathlib.Path(folder), options, stack)
        results = bench.run()
        text = document.text(results)
        if options.write:
            document.write(results)
    print("\n" + document.tables_only(text))
    if options.scale != 1:
        print(f"\nAt {options.scale:g} of the size that the tables name.")
    if bench.failures:
        sys.exit("bench: " + "\nbench: ".join(bench.failures))


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="some of: " + ", ".join(CASES) + " (default: all)")
    parser.add_argument("--pairs", type=int, default=5, help="measured pairs after one for warming up (default 5)")
    parser.add_argument("--scale", type=float, default=1, help="factor on the number of requests and items")
    parser.add_argument("--genbatch", type=pathlib.Path, help="the program to measure, instead of building it")
    parser.add_argument("--receiver-only", action="store_true",
                        help="measure the bare receiver alone: is the machine quiet?")
    parser.add_argument("--without-python", action="store_true", help="leave out the clients in Python")
    parser.add_argument("--quick", action="store_true", help="a look in two minutes")
    parser.add_argument("--write", action="store_true",
                        help="keep the results, and write docs/performance.md with all that there are of this program")
    parser.add_argument("--document", action="store_true", help="measure nothing, write docs/performance.md again")
    options = parser.parse_args()
    if options.quick:
        options.pairs, options.scale, options.cases = 1, 0.2, options.cases or QUICK_CASES
    options.cases = options.cases or list(CASES)
    options.genbatch = options.genbatch and options.genbatch.resolve()
    if unknown := [name for name in options.cases if name not in CASES]:
        parser.error(f"no such case: {', '.join(unknown)}")
    if options.write and (options.scale != 1 or options.receiver_only):
        parser.error("--write is for whole measurements")
    return options


class Bench:
    """What the cases share: programs, servers, options, and the word of what went wrong."""

    def __init__(self, folder, options, stack):
        self.folder = folder
        self.options = options
        self.failures = []
        programs.raise_file_limit()
        self.meter = programs.Meter(folder)
        self.receiver = programs.compile_c("receiver", folder, "-lcurl")
        self.writer = programs.compile_c("writer", folder, "-lsqlite3")
        self.genbatch = None if options.receiver_only else options.genbatch or programs.build("genbatch")
        self.contenders = {"receiver"}
        if not options.receiver_only:
            self.contenders |= {"genbatch"}
            self.contenders |= set() if options.without_python else {"aiohttp", "sdk"}
        self.servers = servers.Servers(folder, stack)

    def run(self):
        if {"aiohttp", "sdk"} & self.contenders:
            programs.python_with_clients()
        results = self.earlier()
        results["machine"] = machine.facts(self)
        for name in self.options.cases:
            if self.options.receiver_only and not isinstance(CASES[name], cases.SideBySide):
                continue
            failures = len(self.failures)
            result = CASES[name].run(self)
            if len(self.failures) == failures:
                results["cases"][name] = result
            if self.options.write:
                RESULTS.write_text(json.dumps(results))
        return results

    def earlier(self):
        """What was measured before with the same program, if results are kept."""
        results = {"program": self.digest(), "cases": {}}
        if self.options.write and RESULTS.exists():
            known = json.loads(RESULTS.read_text())
            if known["program"] == results["program"]:
                results["cases"] = known["cases"]
        return results

    def digest(self):
        return hashlib.sha256(self.genbatch.read_bytes()).hexdigest() if self.genbatch else ""

    def scaled(self, count, least):
        return max(least, int(count * self.options.scale))

    def tell(self, line):
        print(line, flush=True)

    def fail(self, message):
        print(f"bench: {message}", file=sys.stderr, flush=True)
        self.failures.append(message)


if __name__ == "__main__":
    main()
