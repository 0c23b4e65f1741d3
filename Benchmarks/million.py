"""A job of a million items: to register, to resume, to look at and to export; hardly anything is sent."""

import contextlib
import shutil
import sqlite3
import statistics

from contenders import fresh_folder, write_items
from programs import PROMPT, genbatch_environment
from servers import FirstRequest

ITEMS, BODY = 1_000_000, "3x400"
REPEATS = 3


class Registration:
    """The first run of a job: how long until the first request, and how much memory."""

    def __init__(self, format):
        self.format = format
        self.name = f"million-{format}"
        self.title = f"1,000,000 items from {format.upper()}"

    def run(self, bench):
        items = bench.scaled(ITEMS, 1_000)
        work = fresh_folder(bench.folder / "million")
        write_job(work, self.format, items)
        runs = []
        for turn in range(min(REPEATS, bench.options.pairs)):
            run = first_run(bench, work, items)
            bench.tell(f"{self.name} {turn + 1}   {words(run)}")
            runs.append(run)
        shutil.rmtree(work)
        return {"items": items, "runs": runs}


class Finished:
    """A job of which all items but one are done."""

    name = "million-done"
    title = "1,000,000 items of which one is left"

    def run(self, bench):
        items = bench.scaled(ITEMS, 1_000)
        work = fresh_folder(bench.folder / "million")
        write_job(work, "jsonl", items)
        first_run(bench, work, items)
        characters = finish_all_but_one(work / "job.db")
        run_last_again(bench, work)
        size = (work / "job.db").stat().st_size
        result = {"items": items, "characters": characters, "bytes": size, "runs": {}}
        repeats = range(min(REPEATS, bench.options.pairs))
        measured = {
            "status": lambda: self.look(bench, work, items, "status"),
            "failures": lambda: self.look(bench, work, items, "failures"),
            "resume": lambda: resume(bench, work, items),
            "export": lambda: self.export(bench, work, items),
            "report": lambda: self.report(bench, work),
        }
        for name, measure in measured.items():
            runs = []
            for _ in repeats:
                runs.append(measure())
                bench.tell(f"{self.name} {name:8}   {words(runs[-1])}")
            result["runs"][name] = runs
        shutil.rmtree(work)
        return result

    def look(self, bench, work, items, command):
        words = [bench.genbatch, command, "job.yaml", "--db", "job.db"]
        used = bench.meter.run(words, work, genbatch_environment(work))
        if command == "status" and f"{items - 1:,}" not in used.output:
            bench.fail(f"million-done: status does not tell {items - 1:,}:\n{used.output}")
        return plain(used)

    def export(self, bench, work, items):
        output = work / "results.jsonl"
        command = [bench.genbatch, "export", "job.yaml", "--db", "job.db", "-o", output]
        used = bench.meter.run(command, work, genbatch_environment(work))
        with open(output, "rb") as results:
            rows = sum(block.count(b"\n") for block in iter(lambda: results.read(1 << 20), b""))
        # All that are done: a resumed copy was measured, not this one.
        if rows != items - 1:
            bench.fail(f"million-done: {rows:,} rows were exported")
        size = output.stat().st_size
        output.unlink()
        return plain(used) | {"bytes": size}

    def report(self, bench, work):
        command = [bench.genbatch, "report", "job.yaml", "--db", "job.db", "-o", "report.html"]
        used = bench.meter.run(command, work, genbatch_environment(work))
        page = work / "report.html"
        if not page.exists() or "</html>" not in page.read_text():
            bench.fail("million-done: no report was made")
        return plain(used) | {"bytes": page.stat().st_size}


def write_job(work, format, items):
    head = "version: 1\nname: bench\nmodel: bench-3x400\n"
    if format == "yaml":
        with open(work / "job.yaml", "w") as job:
            job.write(head + "prompts:\n")
            for number in range(items):
                job.write(f'  - id: item-{number:07}\n    prompt: "{PROMPT}"\n')
        return
    (work / "job.yaml").write_text(
        f'{head}inputs:\n  - {format}: items.{format}\nid: "{{{{id}}}}"\nprompt: "{{{{text}}}}"\n'
    )
    if format == "jsonl":
        write_items(work / "items.jsonl", items)
        return
    with open(work / "items.csv", "w") as rows:
        rows.write("id,text\n")
        for number in range(items):
            rows.write(f'item-{number:07},"{PROMPT}"\n')


def run_command(bench, server):
    return [bench.genbatch, "run", "job.yaml", "--base-url", server.base, "--progress", "none"]


def first_run(bench, work, items):
    """Registers all items and sends one."""
    for path in work.glob("job.db*"):
        path.unlink()
    with FirstRequest(BODY) as server:
        command = [*run_command(bench, server), "--db", "job.db", "--limit", 1]
        used = bench.meter.run(command, work, genbatch_environment(work), allowed=(75,))
        if server.count != 1 or counts(work / "job.db") != (items, 1):
            bench.fail(f"million: {server.count} requests, and (items, done) are {counts(work / 'job.db')}")
        return plain(used) | {"first": server.at - used.started, "bytes": (work / "job.db").stat().st_size}


def resume(bench, work, items):
    """Sends the one that is left, from a copy, so that it can be done again."""
    shutil.copy(work / "job.db", work / "copy.db")
    with FirstRequest(BODY) as server:
        command = [*run_command(bench, server), "--db", "copy.db"]
        used = bench.meter.run(command, work, genbatch_environment(work))
        if server.count != 1 or counts(work / "copy.db") != (items, items):
            bench.fail(f"million-done: {server.count} requests, and (items, done) are {counts(work / 'copy.db')}")
    for path in work.glob("copy.db*"):
        path.unlink()
    return plain(used) | {"first": server.at - used.started}


def run_last_again(bench, work):
    """Runs what is left and takes it up again: a checkpoint of so many requests has seen runs, which keep sums in it."""
    with FirstRequest(BODY) as server:
        bench.meter.run([*run_command(bench, server), "--db", "job.db"], work, genbatch_environment(work))
    with contextlib.closing(sqlite3.connect(work / "job.db")) as connection:
        connection.execute("UPDATE item SET state = 'pending' WHERE position = (SELECT max(position) FROM item)")
        connection.commit()


def counts(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT count(*), coalesce(sum(state = 'done'), 0) FROM item").fetchone()


def finish_all_but_one(path):
    """Gives every item but the last the rows of the one that was answered, each at a time of its own."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TEMP TABLE rest AS SELECT id, row_number() OVER (ORDER BY position) AS n FROM item "
            "WHERE state = 'pending' AND position < (SELECT max(position) FROM item)"
        )
        highest = connection.execute("SELECT max(id) FROM attempt").fetchone()[0]
        copy_rows(connection, "attempt", {"id": f"{highest} + n", "item_id": "rest.id",
                                          "started_at_ms": "started_at_ms + n * 3", "duration_ms": "2000 + n % 997"})
        copy_rows(connection, "response", {"attempt_id": f"{highest} + n", "item_id": "rest.id"})
        connection.execute("UPDATE item SET state = 'done', attempts = 1 WHERE id IN (SELECT id FROM rest)")
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return connection.execute("SELECT length(text) FROM response LIMIT 1").fetchone()[0]


def copy_rows(connection, table, changed):
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(changed.get(column, f"one.{column}") for column in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {values} FROM (SELECT * FROM {table} LIMIT 1) AS one, rest"
    )


def plain(used):
    return {"wall": used.wall, "cpu": used.cpu, "rss": used.rss}


def words(run):
    first = f"first request after {run['first']:6.3f} s   " if "first" in run else ""
    size = f"   {run['bytes'] / 1e6:,.0f} MB written" if "bytes" in run else ""
    return f"{first}wall {run['wall']:7.3f} s   cpu {run['cpu']:7.3f} s   rss {run['rss'] / 1e6:6.1f} MB{size}"


class StartUp:
    """How long the program takes to say anything."""

    name = "start-up"
    title = "`genbatch --help`"

    def run(self, bench):
        runs = [bench.meter.run([bench.genbatch, "--help"], bench.folder) for _ in range(30)]
        if any("USAGE" not in run.output for run in runs):
            bench.fail("start-up: no help was printed")
        bench.tell(f"start-up   {statistics.median(run.wall for run in runs) * 1000:.1f} ms")
        return {"runs": [plain(run) for run in runs]}
