"""The servers that everything is measured against, and what they saw: proof that the work was done."""

import contextlib
import http.server
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

import bodies
from programs import HERE, compile_c

SLOW_BODY = "20x400"
FIRST_MS, GAP_MS = 1000, 100
PROTOCOLS = ["http1", "tls-http1", "tls-http2", "tls-slow", "whole", "slow"]


def slow_seconds():
    """How long one slow answer takes."""
    events = int(SLOW_BODY.split("x")[0])
    return (FIRST_MS + (events - 1) * GAP_MS) / 1000


class Servers:
    """nginx and the slow server, started when they are first needed."""

    def __init__(self, folder, stack):
        self.folder = folder
        self.stack = stack
        self.running = {}

    @property
    def certificates(self):
        return self.folder / "ca.pem"

    def get(self, protocol):
        """The server for a protocol, with the body that it knows."""
        if "slow" not in self.running:
            self.running["slow"] = self.stack.enter_context(slow_server(self.folder))
        if protocol == "slow":
            return self.running["slow"]
        if "nginx" not in self.running:
            context = nginx(self.folder, self.running["slow"].port)
            self.running["nginx"] = self.stack.enter_context(context)
        return Nginx(self.folder, self.running["nginx"], protocol)


class Server:
    """Counts are of what came since `mark` was called."""

    def wait_for(self, mark, expected):
        """Waits a moment for the counts: servers log after the client has its answer."""
        deadline = time.monotonic() + 3
        while (counts := self.since(mark))["served"] < expected and time.monotonic() < deadline:
            time.sleep(0.05)
        return counts


class Nginx(Server):
    """One of the ports of nginx, as its log tells of it."""

    def __init__(self, prefix, ports, protocol):
        self.log = prefix / "access.log"
        self.port = ports[protocol]
        scheme = "https" if protocol.startswith("tls") else "http"
        self.base = f"{scheme}://127.0.0.1:{self.port}"

    def mark(self):
        time.sleep(0.15)  # longer than the log is held back
        return self.log.stat().st_size

    def since(self, mark):
        served, connections, received = 0, set(), 0
        with open(self.log, "rb") as log:
            log.seek(mark)
            for line in log:
                if not line.endswith(b"\n"):
                    break  # being written
                port, status, _, _, connection, length = line.split()
                if int(port) == self.port and status == b"200":
                    served += 1
                    connections.add(connection)
                    received += int(length)
        return {"served": served, "connections": len(connections), "received": received}


class SlowServer(Server):
    def __init__(self, port):
        self.port = port
        self.base = f"http://127.0.0.1:{port}"

    def mark(self):
        return self.counts()

    def since(self, mark):
        now = self.counts()
        return {
            "served": now["completed"] - mark["completed"],
            # One connection is that of the question.
            "connections": now["connections"] - mark["connections"] - 1,
            "most_streams": now["most_streams"],
        }

    def counts(self):
        with urllib.request.urlopen(f"{self.base}/counts") as response:
            return json.load(response)


@contextlib.contextmanager
def nginx(folder, slow_port):
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if not program:
        sys.exit("bench: nginx is not installed (Debian: apt-get install nginx-light)")
    make_certificates(folder)
    shutil.copy(HERE / "nginx" / "generate.conf", folder)
    ports = dict(zip(PROTOCOLS, free_ports(len(PROTOCOLS))), slow=slow_port)
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
        yield ports


def provide_body(folder, name):
    """Makes nginx know a body."""
    path = folder / "bodies" / f"{name}.sse"
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(bodies.body(name))


@contextlib.contextmanager
def slow_server(folder):
    program = compile_c("slow_server", folder)
    body = folder / "slow.sse"
    body.write_bytes(bodies.body(SLOW_BODY))
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


class FirstRequest:
    """A small server that answers everything and remembers when the first request came."""

    def __init__(self, body):
        self.at = None
        self.count = 0
        content = bodies.body(body)
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                owner.at = owner.at or time.monotonic()
                owner.count += 1
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


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
