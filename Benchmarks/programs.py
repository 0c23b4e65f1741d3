"""Builds, finds and runs the programs that are measured."""

import dataclasses
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent
BUILD = PACKAGE / ".build"
RELEASE = ["-c", "release", "--static-swift-stdlib", "--disable-local-rpath"]
PROMPT = "Tell me a story about the tides in 300 words, for children who have never seen the sea."


def compile_c(name, folder, *libraries):
    program = folder / name
    if not program.exists():
        command = [os.environ.get("CC", "cc"), "-O2", "-Wall", "-o", program, HERE / f"{name}.c", *libraries]
        subprocess.run(command, check=True)
    return program


def build(product):
    """Builds a program like `make build`, so that neither of the two has to compile anew what the other has."""
    command = ["swift", "build", *RELEASE, "--product", product]
    subprocess.run(command, cwd=PACKAGE, check=True)
    path = subprocess.run([*command, "--show-bin-path"], cwd=PACKAGE, check=True, capture_output=True, text=True)
    return pathlib.Path(path.stdout.strip()) / product


def python_with_clients():
    """A Python of our own with Google's SDK and aiohttp, from PyPI, in the versions of clients/requirements.txt."""
    environment = BUILD / "bench-venv"
    requirements = HERE / "clients" / "requirements.txt"
    mark = environment / "installed.txt"
    if not mark.exists() or mark.read_text() != requirements.read_text():
        print("bench: installing Google's SDK and aiohttp into", environment, file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        command = [environment / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", "-r", requirements]
        subprocess.run(command, check=True)
        mark.write_text(requirements.read_text())
    return environment / "bin" / "python"


@dataclasses.dataclass
class Run:
    """What one execution of a program used; CPU time and memory are those of the whole process."""

    status: int
    wall: float
    cpu: float
    rss: int
    started: float
    output: str


class Meter:
    """Runs programs and measures them."""

    def __init__(self, folder):
        self.folder = folder
        self.program = compile_c("measure", folder)

    def run(self, command, folder, environment=None, allowed=(0,), alongside=None):
        """Runs a program to its end.

        `alongside` is called with the process meanwhile. A status that is not allowed is told, with the last words.
        """
        log, result = self.folder / "output.log", self.folder / "result.json"
        result.unlink(missing_ok=True)
        with open(log, "w") as output:
            started = time.monotonic()
            process = subprocess.Popen([str(self.program), str(result), *map(str, command)], cwd=folder,
                                       env=environment, stdout=output, stderr=output)
            if alongside:
                alongside(process)
            status = process.wait()
        text = log.read_text(errors="replace")
        if status not in allowed:
            print(f"bench: {' '.join(map(str, command))}\nbench: ended with {status}:\n{text[-2000:]}", file=sys.stderr)
        used = json.loads(result.read_text())
        return Run(status, used["wall"], used["cpu"], used["rss"], started, text)


def genbatch_environment(home):
    """The environment of the one who runs it, without what is the user's own: a run leaves nothing at home."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "GOOGLE_"))}
    environment.update(HOME=str(home), GEMINI_API_KEY="bench")
    return environment


def raise_file_limit():
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
