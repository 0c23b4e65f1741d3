"""What committing costs: the thread of genbatch that writes, beside a C program that writes the same rows."""

import contextlib
import json
import pathlib
import shutil
import sqlite3
import statistics
import threading
import time

from contenders import fresh_folder, write_items
from programs import genbatch_environment
from servers import provide_body

ITEMS, CONCURRENCY, BODY, PAIRS = 200_000, 256, "10x400", 3


class Writer:
    name = "writer"
    title = "rows of answered items: the C program and the writing thread"

    def run(self, bench):
        items = bench.scaled(ITEMS, 2_000)
        server = bench.servers.get("http1")
        provide_body(bench.folder, BODY)
        work = fresh_folder(bench.folder / "writing")
        command = prepare(bench, work, server, items)
        group = answers_in_a_commit(bench, work, command, items)
        runs = []
        for pair in range(min(PAIRS, bench.options.pairs)):
            fields = {
                "c": write_in_c(bench, work, group),
                "genbatch": write_in_genbatch(bench, work, command, server, items),
            }
            for name, run in fields.items():
                bench.tell(
                    f"writer {pair + 1} {name:9} {run['items']:,} items   cpu {run['cpu'] / run['items'] * 1e6:6.2f} "
                    f"µs an item   {run['items'] / run['wall']:9,.0f} items/s   {run['bytes'] / 1e6:,.0f} MB"
                )
                if run["items"] < items - 1 or run["characters"] != fields["c"]["characters"]:
                    bench.fail(f"writer: {name} did not write all rows")
            runs.append(fields)
        shutil.rmtree(work)
        return {"items": items, "group": group, "runs": runs}


def prepare(bench, work, server, items):
    """A checkpoint in which one item is answered and all others wait; returns the command that runs them."""
    write_items(work / "items.jsonl", items)
    (work / "job.yaml").write_text(
        f'version: 1\nname: bench\nmodel: bench-{BODY}\ninputs:\n  - jsonl: items.jsonl\nid: "{{{{id}}}}"\n'
        'prompt: "{{text}}"\n'
    )
    command = [bench.genbatch, "run", "job.yaml", "--base-url", server.base, "--progress", "none", "--concurrency",
               CONCURRENCY]
    bench.meter.run([*command, "--db", "registered.db", "--limit", 1], work, genbatch_environment(work), allowed=(75,))
    return command


def answers_in_a_commit(bench, work, command, items):
    """How many genbatch commits at once, on average: it takes what has come. Counted in a run that is not measured."""
    calls = work / "calls.txt"
    watched = ["strace", "-f", "--seccomp-bpf", "-c", "-e", "trace=fdatasync", "-o", calls]
    bench.meter.run([*watched, *command, "--db", copy_of_registered(work)], work, genbatch_environment(work))
    line = next(line for line in calls.read_text().splitlines() if line.endswith("fdatasync"))
    group = round((items - 1) / int(line.split()[3]))
    bench.tell(f"writer   {group} answers in a commit")
    return group


def write_in_c(bench, work, group):
    copy = copy_of_registered(work)
    used = bench.meter.run([bench.writer, copy, group], work)
    return json.loads(used.output) | written(copy)


def write_in_genbatch(bench, work, command, server, items):
    copy = copy_of_registered(work)
    mark = server.mark()
    threads = {}
    used = bench.meter.run([*command, "--db", copy], work, genbatch_environment(work),
                           alongside=lambda process: watch_threads(process, threads))
    if server.wait_for(mark, items - 1)["served"] < items - 1:
        bench.fail("writer: the server did not see all requests")
    # The one that writes files; sockets do not count as such.
    cpu = max(threads.values(), key=lambda thread: thread["written"])["cpu"]
    return {"items": items - 1, "cpu": cpu, "wall": used.wall} | written(copy)


def copy_of_registered(work):
    for path in work.glob("copy.db*"):
        path.unlink()
    shutil.copy(work / "registered.db", work / "copy.db")
    return work / "copy.db"


def written(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        query = """
            SELECT count(*), sum(length(text)) FROM item JOIN response ON response.item_id = item.id
            JOIN attempt ON attempt.id = attempt_id AND attempt.item_id = item.id
            WHERE state = 'done' AND status = 'answered'
            """
        answered, characters = connection.execute(query).fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return {"answered": answered, "characters": characters, "bytes": path.stat().st_size}


def watch_threads(process, threads):
    """Notes CPU time and bytes written of each thread of the measured program until it ends, 50 times a second."""

    def watch():
        while process.poll() is None:
            with contextlib.suppress(OSError, ValueError, IndexError):
                children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                for task in pathlib.Path(f"/proc/{children[0]}/task").iterdir():
                    note(task, threads)
            time.sleep(0.02)

    threading.Thread(target=watch, daemon=True).start()


def note(task, threads):
    nanoseconds = int((task / "schedstat").read_text().split()[0])
    counters = dict(line.split(": ") for line in (task / "io").read_text().splitlines())
    threads[task.name] = {"cpu": nanoseconds / 1e9, "written": int(counters["wchar"])}


def cpu_ratios(result):
    """Rows a second of CPU time: genbatch's writing thread over the C program, pair by pair."""
    return [pair["c"]["cpu"] / pair["c"]["items"] / (pair["genbatch"]["cpu"] / pair["genbatch"]["items"])
            for pair in result["runs"]]


def rows(result):
    """A row for each of both: name, CPU time of 1,000 items, items a second of CPU time, bytes of the file."""
    for name, title in (("c", "C program"), ("genbatch", "`genbatch run`, its writing thread")):
        runs = [pair[name] for pair in result["runs"]]
        per_item = statistics.median(run["cpu"] / run["items"] for run in runs)
        yield title, per_item * 1000, 1 / per_item, statistics.median(run["bytes"] for run in runs)
