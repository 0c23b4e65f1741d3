#!/usr/bin/env python3
"""What `genbatch run` costs beside a bare libcurl receiver that does the same requests.

Both run in turn, A B A B …, against the same server on loopback; the server's own count says that the work was done. The
ratios are what counts: the times are those of one machine. Linux only, standard library only; needs cc, libcurl, nginx
and openssl.
"""

import argparse
import contextlib
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import bodies

HERE = pathlib.Path(__file__).resolve().parent
PROMPT = "Tell me a story about the tides in 300 words, for children who have never seen the sea."

# name: server, protocol, events of a body, requests, at once. The defaults are those that come first.
CASES = {
    "fixed-10": ("nginx", "http1", 10, 20_000, 64),
    "slow-1000": ("slow", "http1", 20, 4_000, 1_000),
    "fixed-1": ("nginx", "http1", 1, 20_000, 64),
    "fixed-100": ("nginx", "http1", 100, 10_000, 64),
    "fixed-10-at-1000": ("nginx", "http1", 10, 20_000, 1_000),
    "tls-http1": ("nginx", "tls-http1", 10, 20_000, 64),
    "tls-http2": ("nginx", "tls-http2", 10, 20_000, 64),
    "slow-10000": ("slow", "http1", 20, 40_000, 10_000),
}
DEFAULT_CASES = ["fixed-10", "slow-1000"]
FIRST_MS, GAP_MS = 1000, 100


def main():
    options = parse_options()
    if not sys.platform.startswith("linux"):
        sys.exit("bench: needs Linux: the receiver waits with epoll")
    with tempfile.TemporaryDirectory(prefix="genbatch-bench-") as folder, contextlib.ExitStack() as stack:
        bench = Bench(pathlib.Path(folder), options, stack)
        results = [bench.run_case(name) for name in options.cases]
    print_table(results)
    if not all(result["complete"] for result in results):
        sys.exit("bench: some requests were not served, see above")


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="one or more of: " + ", ".join(CASES))
    parser.add_argument("--pairs", type=int, default=5, help="measured pairs after one for warming up (default 5)")
    parser.add_argument("--scale", type=float, default=1, help="factor on the number of requests, for a quick look")
    parser.add_argument("--genbatch", type=pathlib.Path, help="the program to measure, instead of building it")
    parser.add_argument("--receiver-only", action="store_true", help="measure the bare receiver alone")
    options = parser.parse_args()
    options.cases = options.cases or DEFAULT_CASES
    options.genbatch = options.genbatch and options.genbatch.resolve()
    unknown = [name for name in options.cases if name not in CASES]
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    return options


class Bench:
    def __init__(self, folder, options, stack):
        self.folder = folder
        self.options = options
        raise_file_limit()
        self.meter = compile_c("measure", folder)
        self.receiver = compile_c("receiver", folder, "-lcurl")
        self.genbatch = None if options.receiver_only else options.genbatch or build_genbatch()
        servers = {CASES[name][0] for name in options.cases}
        self.nginx = stack.enter_context(nginx(folder)) if "nginx" in servers else None
        self.slow = stack.enter_context(slow_server(folder)) if "slow" in servers else None

    def run_case(self, name):
        kind, protocol, events, requests, concurrency = CASES[name]
        server = self.nginx if kind == "nginx" else self.slow
        requests = max(concurrency, int(requests * self.options.scale))
        case = {
            "name": name, "requests": requests, "concurrency": concurrency, "events": events,
            "base": server.base(protocol), "http2": protocol == "tls-http2",
            "tls": protocol.startswith("tls"), "server": server,
        }
        if kind == "slow":
            rounds = -(-requests // concurrency)
            case["ideal"] = rounds * (FIRST_MS + (events - 1) * GAP_MS) / 1000
        contenders = [self.run_receiver] + ([] if self.options.receiver_only else [self.run_genbatch])
        measured = {contender: [] for contender in contenders}
        complete = True
        for turn in range(self.options.pairs + 1):
            for contender in contenders:
                run = contender(case)
                # More is possible: what a server resets after it has answered is asked for again.
                complete = complete and run["served"] >= requests and run["ok"]
                print(describe(name, turn, run, requests), flush=True)
                if turn > 0:
                    measured[contender].append(run)
        return {
            "case": case, "complete": complete, "receiver": measured[self.run_receiver],
            "genbatch": measured.get(self.run_genbatch, []),
        }

    def run_receiver(self, case):
        body = json.dumps({"contents": [{"role": "user", "parts": [{"text": PROMPT}]}]})
        url = f"{case['base']}/v1beta/models/bench-{case['events']}:streamGenerateContent?alt=sse"
        command = [
            str(self.receiver), "--url", url, "--body", body, "--requests", str(case["requests"]),
            "--concurrency", str(case["concurrency"]),
        ]
        if case["tls"]:
            command += ["--cacert", str(self.folder / "ca.pem")]
        if case["http2"]:
            command += ["--http2"]
        run = self.measure(command, case["server"], case["requests"], self.folder)
        run["name"] = "receiver"
        run["ok"] = run["status"] == 0
        return run

    def run_genbatch(self, case):
        """The whole program on a fresh checkpoint: reading items, sending, decoding, committing."""
        work = self.folder / "work"
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        (work / "job.yaml").write_text(
            f"version: 1\nname: bench\nmodel: bench-{case['events']}\n"
            'inputs:\n  - jsonl: items.jsonl\nid: "{{id}}"\nprompt: "{{text}}"\n'
        )
        with open(work / "items.jsonl", "w") as items:
            for number in range(case["requests"]):
                items.write(json.dumps({"id": f"item-{number:07}", "text": PROMPT}) + "\n")
        command = [
            str(self.genbatch), "run", "job.yaml", "--db", "bench.db", "--base-url", case["base"],
            "--progress", "none", "--concurrency", str(case["concurrency"]), "--rpm", "1000000000",
        ]
        environment = dict(os.environ, GEMINI_API_KEY="bench")
        environment.pop("GOOGLE_API_KEY", None)
        if case["tls"]:
            environment["SSL_CERT_FILE"] = str(self.folder / "ca.pem")
        run = self.measure(command, case["server"], case["requests"], work, environment)
        run["name"] = "genbatch"
        run["ok"] = run["status"] == 0 and done_items(work / "bench.db") == case["requests"]
        return run

    def measure(self, command, server, requests, folder, environment=None):
        """Runs a program to its end; CPU time and memory are those of the whole process."""
        before = server.served()
        log, result = folder / "bench-output.log", folder / "bench-result.json"
        result.unlink(missing_ok=True)
        with open(log, "w") as output:
            process = subprocess.run([str(self.meter), str(result), *command], cwd=folder, env=environment,
                                     stdout=output, stderr=output)
        if process.returncode != 0:
            print(f"bench: {command[0]} ended with {process.returncode}:\n{log.read_text()[-2000:]}", file=sys.stderr)
        run = json.loads(result.read_text())
        run["status"] = process.returncode
        run["served"] = server.settle(before + requests) - before
        return run


class Server:
    """A running server; `served` counts whole answers as the server itself saw them."""

    def settle(self, expected):
        """Waits a moment for the count: servers log after the client has its answer."""
        deadline = time.monotonic() + 3
        while (count := self.served()) < expected and time.monotonic() < deadline:
            time.sleep(0.05)
        return count


class Nginx(Server):
    def __init__(self, prefix, ports):
        self.log = prefix / "access.log"
        self.ports = ports

    def base(self, protocol):
        scheme = "https" if protocol.startswith("tls") else "http"
        return f"{scheme}://127.0.0.1:{self.ports[protocol]}"

    def served(self):
        with open(self.log, "rb") as log:
            return sum(1 for line in log if b" 200 POST " in line or b" 200 GET /bodies/" in line)


class SlowServer(Server):
    def __init__(self, port):
        self.port = port

    def base(self, protocol):
        return f"http://127.0.0.1:{self.port}"

    def served(self):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/counts") as response:
            return json.load(response)["completed"]


@contextlib.contextmanager
def nginx(folder):
    if not (program := shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")):
        sys.exit("bench: nginx is not installed (Debian: apt-get install nginx-light)")
    make_certificates(folder)
    (folder / "bodies").mkdir()
    for count in {CASES[name][2] for name in CASES}:
        (folder / "bodies" / f"{count}.sse").write_bytes(bodies.body(count))
    shutil.copy(HERE / "nginx" / "generate.conf", folder)
    ports = dict(zip(["http1", "tls-http1", "tls-http2"], free_ports(3)))
    text = (HERE / "nginx" / "nginx.conf.in").read_text().replace("@PREFIX@", str(folder))
    for protocol, port in ports.items():
        text = text.replace(f"@PORT_{protocol.upper().replace('-', '_')}@", str(port))
    (folder / "nginx.conf").write_text(text)
    # The program that opens the error log before it has read its file needs one of its own, too.
    command = [program, "-p", str(folder), "-e", str(folder / "error.log"), "-c", str(folder / "nginx.conf")]
    if os.geteuid() == 0:
        # Workers would run as another user, who cannot read the folder.
        command += ["-g", "user root;"]
    with running(command):
        wait_for_port(ports["http1"])
        yield Nginx(folder, ports)


@contextlib.contextmanager
def slow_server(folder):
    program = compile_c("slow_server", folder)
    events = next(case[2] for case in CASES.values() if case[0] == "slow")
    body = folder / "slow.sse"
    body.write_bytes(bodies.body(events))
    command = [str(program), str(body), str(FIRST_MS), str(GAP_MS)]
    with running(command, stdout=subprocess.PIPE, text=True) as process:
        yield SlowServer(int(process.stdout.readline()))


@contextlib.contextmanager
def running(command, **arguments):
    process = subprocess.Popen(command, preexec_fn=use_last_core, **arguments)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


def use_last_core():
    """Keeps a server off the cores of the programs that are measured, as far as there is more than one."""
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[-1]})


def make_certificates(folder):
    """A certificate authority of our own and a certificate for 127.0.0.1."""

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=genbatch bench",
            "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=127.0.0.1", "-keyout", "server.key",
            "-out", "server.csr")
    (folder / "server.ext").write_text("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
            "-days", "2", "-extfile", "server.ext", "-out", "server.pem")


def compile_c(name, folder, *libraries):
    program = folder / name
    subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", program, HERE / f"{name}.c", *libraries], check=True)
    return program


def build_genbatch():
    package = HERE.parent
    command = ["swift", "build", "-c", "release", "--product", "genbatch"]
    subprocess.run(command, cwd=package, check=True)
    path = subprocess.run([*command, "--show-bin-path"], cwd=package, check=True, capture_output=True, text=True)
    return pathlib.Path(path.stdout.strip()) / "genbatch"


def done_items(checkpoint):
    with contextlib.closing(sqlite3.connect(f"file:{checkpoint}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM item WHERE state = 'done'").fetchone()[0]


def raise_file_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for_port(port):
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                sys.exit("bench: nginx did not start")
            time.sleep(0.02)


def describe(name, turn, run, requests):
    mark = "warm-up" if turn == 0 else f"{turn}"
    state = "" if run["served"] == requests else f"   {run['served']:,} served"
    state += "" if run["ok"] and run["served"] >= requests else "   INCOMPLETE"
    return (f"{name:18} {mark:8} {run['name']:10} cpu {run['cpu']:7.3f} s   wall {run['wall']:7.3f} s   "
            f"rss {run['rss'] / 1e6:6.1f} MB{state}")


def spread(values, form="{:.3f}"):
    """The median and, in brackets, the extremes."""
    return f"{form} [{form}, {form}]".format(statistics.median(values), min(values), max(values))


def print_table(results):
    print("\n| case | requests, at once | CPU: receiver, s per 1,000 | CPU: genbatch, s per 1,000 | CPU ratio "
          "| wall: receiver, genbatch (ideal), s | RSS: receiver, genbatch, MB | served |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for result in results:
        case, receiver, genbatch = result["case"], result["receiver"], result["genbatch"]
        if not receiver:
            continue
        thousands = case["requests"] / 1000
        # Of pairs that ran one after the other: what slows the machine down slows both.
        ratios = [b["cpu"] / a["cpu"] for a, b in zip(receiver, genbatch)]
        walls = [f"{statistics.median(run['wall'] for run in runs):.2f}" for runs in (receiver, genbatch) if runs]
        rss = [f"{statistics.median(run['rss'] for run in runs) / 1e6:.0f}" for runs in (receiver, genbatch) if runs]
        ideal = f" ({case['ideal']:.1f})" if "ideal" in case else ""
        print(
            f"| {case['name']} | {case['requests']:,}, {case['concurrency']:,} "
            f"| {spread([run['cpu'] / thousands for run in receiver])} "
            f"| {spread([run['cpu'] / thousands for run in genbatch]) if genbatch else '-'} "
            f"| {spread(ratios, '{:.2f}') if ratios else '-'} "
            f"| {', '.join(walls)}{ideal} | {', '.join(rss)} | {'all' if result['complete'] else 'NOT ALL'} |"
        )


if __name__ == "__main__":
    main()
