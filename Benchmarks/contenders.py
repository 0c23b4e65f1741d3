"""The programs that do the same work: how each is asked for it, and how it is checked that it did it."""

import base64
import contextlib
import json
import os
import shutil
import sqlite3

import bodies
from programs import HERE, PROMPT, genbatch_environment, python_with_clients


class Contender:
    """Runs one case; `run` returns what was used, per request where `cpu` is meant to be compared."""

    def __init__(self, bench):
        self.bench = bench

    def run(self, case, requests):
        server = self.bench.servers.get(case.protocol)
        command, folder, environment = self.command(case, server.base, requests)
        mark = server.mark()
        used = self.bench.meter.run(command, folder, environment)
        counts = server.wait_for(mark, requests)
        # More is possible: what a server resets after it has answered is asked for again.
        is_complete = used.status == 0 and counts["served"] >= requests and self.is_complete(used, requests)
        if case.image == "sent":
            is_complete = is_complete and counts["received"] >= requests * bodies.IMAGE_BYTES * 4 // 3
        return {
            "requests": requests, "cpu": used.cpu - self.start_up(used), "wall": used.wall, "rss": used.rss,
            **counts, "is_complete": is_complete,
        }

    def start_up(self, used):
        """CPU time that is not counted."""
        return 0

    def is_complete(self, used, requests):
        return True


class Receiver(Contender):
    """The limit: libcurl, bytes counted and thrown away."""

    def command(self, case, base, requests):
        body = self.bench.folder / "request.json"
        parts = [{"text": PROMPT}]
        if case.image == "sent":
            data = base64.b64encode(bodies.image()).decode()
            parts.insert(0, {"inlineData": {"mimeType": "image/png", "data": data}})
        body.write_text(json.dumps({"contents": [{"role": "user", "parts": parts}]}))
        command = [
            self.bench.receiver, "--url", f"{base}/v1beta/models/{case.model}:streamGenerateContent?alt=sse",
            "--body-file", body, "--requests", requests, "--concurrency", case.concurrency,
        ]
        if case.is_tls:
            command += ["--cacert", self.bench.servers.certificates]
        if case.is_http2:
            command += ["--http2"]
        return command, self.bench.folder, None


class Genbatch(Contender):
    """The whole program on a fresh checkpoint: reading items, sending, decoding, committing."""

    def command(self, case, base, requests):
        work = fresh_folder(self.bench.folder / "work")
        images = ""
        if case.image == "sent":
            (work / "tide.png").write_bytes(bodies.image())
            images = "images: [tide.png]\n"
        (work / "job.yaml").write_text(
            f'version: 1\nname: bench\nmodel: {case.model}\ninputs:\n  - jsonl: items.jsonl\n{images}'
            'id: "{{id}}"\nprompt: "{{text}}"\n'
        )
        write_items(work / "items.jsonl", requests)
        command = [
            self.bench.genbatch, "run", "job.yaml", "--db", "bench.db", "--base-url", base, "--progress", "none",
            "--concurrency", case.concurrency,
        ]
        if case.is_tls:
            command += ["--ca-file", self.bench.servers.certificates]
        return command, work, genbatch_environment(work)

    def is_complete(self, used, requests):
        return done_items(self.bench.folder / "work" / "bench.db") == requests


class PythonClient(Contender):
    """A client in Python; what it takes to load it is not counted."""

    script = ""

    def command(self, case, base, requests):
        command = [
            python_with_clients(), HERE / "clients" / self.script, "--base-url", base, "--model", case.model,
            "--requests", requests, "--concurrency", case.concurrency,
        ]
        environment = dict(os.environ)
        if case.is_tls:
            environment["SSL_CERT_FILE"] = str(self.bench.servers.certificates)
        return command, self.bench.folder, environment

    def told(self, used):
        lines = used.output.splitlines()
        return json.loads(lines[-1]) if lines and lines[-1].startswith("{") else {"answers": 0, "cpu_at_start": 0}

    def start_up(self, used):
        return self.told(used)["cpu_at_start"]

    def is_complete(self, used, requests):
        return self.told(used)["answers"] == requests


class SDK(PythonClient):
    script = "sdk.py"


class Aiohttp(PythonClient):
    script = "aiohttp_client.py"


CONTENDERS = {"receiver": Receiver, "genbatch": Genbatch, "aiohttp": Aiohttp, "sdk": SDK}


def fresh_folder(path):
    shutil.rmtree(path, ignore_errors=True)
    path.mkdir()
    return path


def write_items(path, count):
    """Items in JSON Lines, each with an id of its own."""
    with open(path, "w") as items:
        for number in range(count):
            items.write(f'{{"id": "item-{number:07}", "text": "{PROMPT}"}}\n')


def done_items(checkpoint):
    with contextlib.closing(sqlite3.connect(f"file:{checkpoint}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM item WHERE state = 'done'").fetchone()[0]
