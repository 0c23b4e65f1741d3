#!/usr/bin/env python3
"""Thousands of streams at once for minutes, with random faults: is anything lost, does anything grow?

`genbatch run` works against gemini-simulator, which answers slowly and often wrongly. Every ten seconds this script looks
at both; at the end it compares what was announced, what the checkpoint holds and what the simulator counted, item by
item. Linux only, standard library only.
"""

import argparse
import contextlib
import http.client
import json
import os
import pathlib
import platform
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import programs

FIRST_CHUNK, INTERVAL, CHUNKS = 2.0, 1.0, 20
STREAM_SECONDS = FIRST_CHUNK + (CHUNKS - 1) * INTERVAL
# Streams under way when the time is over may come to their end, however slow they are.
GRACE = 180
WARM_UP = 0.25
MODEL = "gemini-2.5-flash"

# What goes wrong: the share of all attempts, and the fault.
FAULTS = [
    (0.010, {"kind": "cut", "afterChunks": 3}),
    (0.010, {"kind": "cut", "afterChunks": 12, "how": "reset"}),
    (0.005, {"kind": "cut", "afterChunks": 6, "how": "end"}),
    (0.002, {"kind": "cut", "afterChunks": 0, "how": "reset"}),
    (0.015, {"kind": "status", "status": 503}),
    (0.005, {"kind": "status", "status": 500}),
    (0.004, {"kind": "stall", "afterChunks": 4}),
    (0.001, {"kind": "stall", "afterChunks": 0}),
    (0.003, {"kind": "errorInStream", "afterChunks": 2, "status": 503}),
    (0.002, {"kind": "emptyStream"}),
    (0.002, {"kind": "brokenJSON", "atChunk": 5}),
    (0.020, {"kind": "delay", "betweenChunksMilliseconds": 2500}),
    (0.010, {"kind": "framing", "styles": ["comments", "manyDataLines", "cr"]}),
    (0.0002, {"kind": "oneBytePerWrite"}),
]
# The quota refuses everything for a moment, at these shares of the time; it is a little more than what is used.
REFUSALS = [0.2, 0.45, 0.7]
REFUSAL_SECONDS = 2
QUOTA_SHARE = 1.15


def main():
    options = parse_options()
    if not sys.platform.startswith("linux"):
        sys.exit("soak: needs Linux: it reads /proc")
    programs.raise_file_limit()
    with tempfile.TemporaryDirectory(prefix="genbatch-soak-", dir=options.folder) as folder:
        soak = Soak(pathlib.Path(folder), options)
        findings = soak.run()
        if options.keep:
            soak.keep(options.keep)
    text = report(soak, findings)
    print("\n" + text)
    if options.output:
        options.output.parent.mkdir(parents=True, exist_ok=True)
        options.output.write_text(text)
    if not all(finding.holds for finding in findings):
        sys.exit("soak: something is wrong, see above")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--duration", type=seconds, default=seconds("20m"), help="as in 20m or 90s (default 20m)")
    parser.add_argument("--streams", type=int, default=10_000, help="at once (default 10000)")
    parser.add_argument("--sample", type=seconds, default=10.0, help="between two looks (default 10s)")
    parser.add_argument("--genbatch", type=pathlib.Path, help="the program, instead of building it")
    parser.add_argument("--simulator", type=pathlib.Path, help="the simulator, instead of building it")
    parser.add_argument("--output", type=pathlib.Path, metavar="FILE", help="where to write the report, in Markdown")
    parser.add_argument("--folder", type=pathlib.Path, help="where to work; some gigabytes (default: where temporary files go)")
    parser.add_argument("--keep", type=pathlib.Path, metavar="FOLDER", help="where to keep the checkpoint and logs")
    options = parser.parse_args()
    options.genbatch = (options.genbatch or programs.build("genbatch")).resolve()
    options.simulator = (options.simulator or programs.build("gemini-simulator")).resolve()
    return options


def seconds(text):
    if not (match := re.fullmatch(r"([0-9.]+)(s|m|h)", text)):
        raise argparse.ArgumentTypeError(f"{text} is no duration, as 20m or 90s are")
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2]]


class Finding:
    """Something that has to hold, and what was seen."""

    def __init__(self, claim, holds, seen):
        self.claim, self.holds, self.seen = claim, holds, seen


class Process:
    """A running program as /proc shows it."""

    def __init__(self, pid):
        self.folder = pathlib.Path("/proc") / str(pid)

    def look(self):
        """Memory in bytes, descriptors, threads and CPU seconds; nothing once it has ended."""
        try:
            status = dict(line.split(":", 1) for line in (self.folder / "status").read_text().splitlines())
            times = (self.folder / "stat").read_text().rsplit(")", 1)[1].split()
            return {
                "rss": int(status["VmRSS"].split()[0]) * 1024,
                "descriptors": len(os.listdir(self.folder / "fd")),
                "threads": int(status["Threads"]),
                "cpu": (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
            }
        except (OSError, KeyError):
            return None


class Events:
    """The lines of `--events`, read while they are written."""

    LINE = re.compile(rb'\{"type":"(item_done|item_failed|item_deferred|attempt_failed|dropped|summary)"(?:,"id":(\d+))?')

    def __init__(self, path):
        self.path = path
        self.position = 0
        self.rest = b""
        self.counts = {}
        # How often each item was announced as done, by the checkpoint's number of it.
        self.done = bytearray()
        self.summary = None
        self.dropped = 0

    def read(self):
        """Takes what is there by now.

        Returns how many items have been announced as done."""
        with open(self.path, "rb") as file:
            file.seek(self.position)
            while block := file.read(1 << 20):
                self.position += len(block)
                lines = (self.rest + block).split(b"\n")
                self.rest = lines.pop()
                for line in lines:
                    self.take(line)
        return self.counts.get("item_done", 0)

    def take(self, line):
        if not (match := self.LINE.match(line)):
            return
        kind = match[1].decode()
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind == "item_done":
            number = int(match[2])
            if number >= len(self.done):
                self.done.extend(bytes(number + 100_000 - len(self.done)))
            self.done[number] = min(255, self.done[number] + 1)
        elif kind == "summary":
            self.summary = json.loads(line)
        elif kind == "dropped":
            self.dropped += json.loads(line)["events"]


class Soak:
    def __init__(self, folder, options):
        self.folder = folder
        self.options = options
        self.items = max(options.streams * 2, int(options.streams * options.duration / STREAM_SECONDS * 1.3))
        self.checkpoint = folder / "soak.db"
        self.samples = []
        self.early = 0
        self.status = None

    def run(self):
        self.write_job()
        with self.simulator() as (simulator, base):
            self.base = base
            command = [
                str(self.options.genbatch), "run", "job.yaml", "--db", str(self.checkpoint), "--base-url", base,
                "--progress", "none", "--events", "events.jsonl", "--concurrency", str(self.options.streams),
                "--max-duration", f"{int(self.options.duration)}s", "--grace", f"{GRACE}s",
            ]
            with open(self.folder / "genbatch.log", "w") as log:
                process = subprocess.Popen(command, cwd=self.folder, env=self.environment(), stdout=log, stderr=log)
            try:
                self.watch(process, Process(process.pid), Process(simulator.pid))
            finally:
                if process.poll() is None:
                    process.kill()
                self.status = process.wait()
            self.events.read()
            return self.findings(Counted(base))

    def write_job(self):
        (self.folder / "job.yaml").write_text(
            f"version: 1\nname: soak\nmodel: {MODEL}\ninputs:\n  - jsonl: items.jsonl\nid: \"{{{{id}}}}\"\n"
            'prompt: "{{id}}: tell me of the tides"\n'
            "timeouts: {connect: 30s, first_chunk: 45s, idle: 30s, item: 5m}\n"
        )
        with open(self.folder / "items.jsonl", "w") as items:
            for number in range(self.items):
                items.write(f'{{"id":"item-{number:08}"}}\n')
        quota = str(int(QUOTA_SHARE * self.options.streams * 60 / STREAM_SECONDS))
        refusal = {"kind": "status", "status": 429, "quota": "minute", "retryDelay": "2s", "quotaValue": quota}
        rules = [
            {
                "fromMilliseconds": int(share * self.options.duration * 1000),
                "untilMilliseconds": int((share * self.options.duration + REFUSAL_SECONDS) * 1000),
                "fault": refusal,
            }
            for share in REFUSALS
        ]
        rules += [
            {"probability": share, "seed": number, "fault": fault}
            # An answer that is billed and useless is not asked for without end: three such attempts fail an item.
            | ({"attempts": [1, 2]} if fault["kind"] in ("emptyStream", "brokenJSON") else {})
            for number, (share, fault) in enumerate(FAULTS, 1)
        ]
        (self.folder / "faults.json").write_text(json.dumps({"rules": rules}, indent=1))

    def environment(self):
        """Nothing of the user's: no key, no ledger of quotas, no prices."""
        return {"PATH": os.environ.get("PATH", ""), "HOME": str(self.folder), "GEMINI_API_KEY": "soak"}

    @contextlib.contextmanager
    def simulator(self):
        command = [
            str(self.options.simulator), "--script", str(self.folder / "faults.json"), "--chunks", str(CHUNKS),
            "--first-chunk-latency", f"{FIRST_CHUNK}s", "--chunk-interval", f"{INTERVAL}s",
        ]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            line = process.stdout.readline()
            if not line.startswith("listening on "):
                sys.exit("soak: the simulator did not start")
            yield process, line.split()[-1]
        finally:
            process.terminate()
            process.wait()

    # While it runs

    def watch(self, process, genbatch, simulator):
        self.events = Events(self.folder / "events.jsonl")
        start = time.monotonic()
        print("   time   streams  RSS MB  descr.  threads  CPU s  done     failed attempts  log MB | simulator: RSS MB  CPU s",
              flush=True)
        previous = None
        while process.poll() is None:
            due = start + (len(self.samples) + 1) * self.options.sample
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, due - time.monotonic()))
                break
            sample = self.sample(time.monotonic() - start, genbatch, simulator)
            if sample is None:
                break
            self.samples.append(sample)
            print(self.line(sample, previous), flush=True)
            previous = sample
        # A program that does not end when its time is over is not to be waited for.
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(60)

    def sample(self, elapsed, genbatch, simulator):
        ours, theirs = genbatch.look(), simulator.look()
        if ours is None or theirs is None:
            return None
        with contextlib.suppress(FileNotFoundError):
            # In this order: what is announced has to be in the checkpoint by then.
            announced = self.events.read()
            committed = self.committed()
            self.early = max(self.early, announced - committed)
            return {
                "elapsed": elapsed, **ours, "done": committed, "streams": fetch(self.base, "stats")["streams"]["open"],
                "failed": self.events.counts.get("attempt_failed", 0), "log": self.log_size(), "simulator": theirs,
            }
        return None

    def committed(self):
        with contextlib.closing(sqlite3.connect(f"file:{self.checkpoint}?mode=ro", uri=True, timeout=30)) as database:
            return database.execute("SELECT count(*) FROM item WHERE state = 'done'").fetchone()[0]

    def log_size(self):
        log = pathlib.Path(f"{self.checkpoint}-wal")
        return log.stat().st_size if log.exists() else 0

    @staticmethod
    def line(sample, previous):
        def since(key):
            return key(sample) - (key(previous) if previous else 0)

        return (
            f"{sample['elapsed']:6.0f} s {sample['streams']:8,} {sample['rss'] / 1e6:7.1f} {sample['descriptors']:7,} "
            f"{sample['threads']:8} {since(lambda each: each['cpu']):6.2f} {sample['done']:8,} {sample['failed']:16,} "
            f"{sample['log'] / 1e6:7.1f} | {sample['simulator']['rss'] / 1e6:17.1f} "
            f"{since(lambda each: each['simulator']['cpu']):6.2f}"
        )

    # At the end

    def findings(self, counted):
        summary, findings = self.events.summary, []

        def find(claim, holds, seen):
            findings.append(Finding(claim, holds, seen))

        find("it ends by itself when its time is over", self.status in (0, 75) and summary is not None,
             f"status {self.status}, {summary['ending'] if summary else 'no summary'}")
        if summary is None:
            return findings
        with contextlib.closing(sqlite3.connect(f"file:{self.checkpoint}?mode=ro", uri=True)) as database:
            self.compare(database, summary, counted, find)
        self.look_for_growth(find)
        return findings

    def compare(self, database, summary, counted, find):
        def number(query):
            return database.execute(query).fetchone()[0]

        states = dict(database.execute("SELECT state, count(*) FROM item GROUP BY state"))
        done = states.get("done", 0)
        balance = {state: count for state, count in summary["items"].items() if state != "total" and count}
        find("the states add up to the items of the job", sum(states.values()) == self.items,
             ", ".join(f"{count:,} {state}" for state, count in sorted(states.items())))
        find("the summary tells the same states", balance == states and summary["done"] == done,
             f"{summary['done']:,} done")
        find("no item fails for good or is deferred", set(states) <= {"done", "pending"},
             f"{states.get('failed', 0):,} failed, {states.get('deferred', 0):,} deferred")
        find("nothing is left in flight", number("SELECT count(*) FROM in_flight") == 0,
             f"{number('SELECT count(*) FROM in_flight'):,} in flight")

        announced = {index for index, times in enumerate(self.events.done) if times}
        stored = {row[0] for row in database.execute("SELECT id FROM item WHERE state = 'done'")}
        twice = sum(times > 1 for times in self.events.done)
        find("what is announced as done is done, and the other way round, each once",
             announced == stored and twice == 0 and self.events.dropped == 0,
             f"{len(announced):,} announced, {len(announced - stored):,} of them not done, {len(stored - announced):,} "
             f"done and not announced, {twice:,} announced twice, {self.events.dropped:,} lines left out")
        find("nothing is announced before it is committed", self.early <= 0,
             f"at {len(self.samples):,} looks never ahead" if self.early <= 0 else f"up to {self.early:,} ahead")

        answers = number("SELECT count(*) FROM response")
        answered = number("SELECT count(DISTINCT item_id) FROM response JOIN item ON item.id = item_id "
                          "WHERE item.state = 'done' AND response.generation = item.generation")
        find("each item that is done has one answer, and no other has one", answers == answered == done,
             f"{answers:,} answers")
        unfinished = number("SELECT count(*) FROM response WHERE text = '' OR finish_reason <> 'STOP'")
        find("no answer is empty or cut", unfinished == 0, f"{unfinished:,} are")

        self.attempts = number("SELECT count(*) FROM attempt")
        self.failures = dict(database.execute(
            "SELECT coalesce(class, status), count(*) FROM attempt WHERE status <> 'answered' GROUP BY 1 ORDER BY 2 DESC"
        ))
        totals = counted.totals
        find("every request that the simulator received is in the checkpoint, and no other",
             totals["requests"] == self.attempts, f"{totals['requests']:,} received, {self.attempts:,} recorded")
        find("every answer that the simulator sent whole is in the checkpoint, and no other",
             totals["completed"] == answers, f"{totals['completed']:,} sent whole, {answers:,} kept")
        stored_items = {
            key: (attempts, int(state == "done"))
            for key, attempts, state in database.execute("SELECT key, attempts, state FROM item WHERE attempts > 0")
        }
        different = [key for key in stored_items.keys() | counted.items.keys()
                     if stored_items.get(key) != counted.items.get(key)]
        examples = "".join(f"; {key}: {stored_items.get(key)} and {counted.items.get(key)}" for key in different[:3])
        find("item by item, both count the same requests and answers", not different,
             f"{len(stored_items):,} items compared, {len(different):,} differ{examples}")
        find("SQLite finds the checkpoint whole", number("PRAGMA integrity_check") == "ok",
             f"{self.checkpoint.stat().st_size / 1e6:,.0f} MB")

    def look_for_growth(self, find):
        steady = self.steady()
        if len(steady) < 6:
            find("there is enough to judge growth by", False, f"{len(steady)} looks after the warm-up")
            return
        for key, what, unit, allowance in [
            ("rss", "memory", 1e6, 8e6), ("descriptors", "the number of descriptors", 1, 32), ("threads", "the number of threads", 1, 2),
        ]:
            values = [sample[key] for sample in steady]
            slope = slope_per_second([sample["elapsed"] for sample in steady], values)
            third = len(values) // 3
            first, last = statistics.median(values[:third]), statistics.median(values[-third:])
            name = {"rss": " MB", "descriptors": "", "threads": ""}[key]
            find(f"{what} does not grow after the warm-up", last - first <= 0.03 * first + allowance,
                 f"{first / unit:,.1f}{name} in the first third, {last / unit:,.1f}{name} in the last; "
                 f"slope {slope * 60 / unit:+.2f}{name} a minute; from {min(values) / unit:,.1f} to {max(values) / unit:,.1f}")
        logs = [sample["log"] for sample in self.samples]
        find("the log beside the checkpoint stays small", max(logs) <= 256e6, f"at most {max(logs) / 1e6:.0f} MB")

    def steady(self):
        """The looks after the warm-up, and before the time is over and streams end."""
        duration = self.options.duration
        return [sample for sample in self.samples if WARM_UP * duration <= sample["elapsed"] <= duration]

    def keep(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ["soak.db", "events.jsonl", "genbatch.log", "faults.json", "job.yaml"]:
            if (path := self.folder / name).exists():
                subprocess.run(["cp", str(path), str(folder)], check=True)


class Counted:
    """What the simulator received, in total and by item."""

    KEY = re.compile(r"item-\d+")

    def __init__(self, base):
        self.items = {}
        connection = http.client.HTTPConnection(base.removeprefix("http://"), timeout=60)
        connection.request("GET", "/simulator/requests")
        response = connection.getresponse()
        head = response.readline().decode()
        self.totals = json.loads(head[: head.rindex(',"items":[')] + "}")["totals"]
        line = head
        while following := response.readline().decode():
            line = following
            item = json.loads(line.rstrip().removesuffix(",").removesuffix("]}"))
            self.items[self.KEY.match(item["text"])[0]] = (item["requests"], item["completed"])
        # A body that broke off ends for Python like any other.
        if not line.endswith("]}"):
            sys.exit("soak: the simulator's counts are not whole")
        connection.close()


def fetch(base, name):
    with urllib.request.urlopen(f"{base}/simulator/{name}") as response:
        return json.load(response)


def slope_per_second(times, values):
    return statistics.linear_regression(times, values).slope


def report(soak, findings):
    """The soak as a page of Markdown."""
    options, lines = soak.options, []
    rate = f"{len(FAULTS)} kinds of faults on {sum(share for share, _ in FAULTS):.1%} of the attempts"
    lines.append(
        f"`make soak`: {options.streams:,} streams at once for {options.duration / 60:g} min against "
        f"`gemini-simulator`, answers of about {STREAM_SECONDS:.0f} s in {CHUNKS} events, {rate}, and {len(REFUSALS)} times "
        f"{REFUSAL_SECONDS} s in which the quota refuses everything. "
        f"{os.cpu_count()} cores, {platform.system()} {platform.release()}, client and simulator on the same machine.\n"
    )
    lines.append("| time | streams at once | RSS | descriptors | threads | CPU, cores | done | failed attempts "
                 "| simulator: RSS | CPU, cores |")
    lines.append("| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    step = max(1, round(len(soak.samples) / 12))
    previous = None
    for sample in soak.samples[step - 1 :: step]:
        before = previous or {"elapsed": 0, "cpu": 0, "simulator": {"cpu": 0}}
        wall = sample["elapsed"] - before["elapsed"]
        lines.append(
            f"| {sample['elapsed'] / 60:.1f} min | {sample['streams']:,} | {sample['rss'] / 1e6:.1f} MB "
            f"| {sample['descriptors']:,} | {sample['threads']} | {(sample['cpu'] - before['cpu']) / wall:.2f} "
            f"| {sample['done']:,} | {sample['failed']:,} | {sample['simulator']['rss'] / 1e6:.0f} MB "
            f"| {(sample['simulator']['cpu'] - before['simulator']['cpu']) / wall:.2f} |"
        )
        previous = sample
    if hasattr(soak, "failures"):
        failures = ", ".join(f"{count:,} {name}" for name, count in soak.failures.items())
        lines.append(f"\nRequests: {soak.attempts:,}. Attempts without an answer: {failures or 'none'}.")
    lines.append("\n| what has to hold | | seen |\n| --- | --- | --- |")
    for finding in findings:
        lines.append(f"| {finding.claim} | {'yes' if finding.holds else '**no**'} | {finding.seen} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
