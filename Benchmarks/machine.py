"""What the figures were measured on, and with."""

import os
import pathlib
import platform
import re
import subprocess
import time


def facts(bench):
    """Names and values, in the order in which they are told."""
    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "processor": f"{processor()}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "system": f"{distribution()}, Linux {platform.release()}",
        "file system": first_line(["stat", "-f", "-c", "%T", str(bench.folder)]),
        "genbatch": genbatch(bench),
        "libcurl": " ".join(first_line([str(bench.receiver), "--version"]).split()[:2]),
        "SQLite": first_line([str(bench.writer), "--version"]),
        "nginx": first_line(["nginx", "-v"], path="/usr/sbin:/usr/local/sbin").removeprefix("nginx version: "),
        "compared with": ", ".join(compared()) + f", Python {platform.python_version()}",
    }


def genbatch(bench):
    if not bench.genbatch:
        return "none"
    return first_line([str(bench.genbatch), "--version"])


def compared():
    requirements = pathlib.Path(__file__).with_name("clients") / "requirements.txt"
    return [line.replace("==", " ") for line in requirements.read_text().split("\n") if "==" in line]


def processor():
    match = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return match[1] if match else platform.machine()


def distribution():
    match = re.search(r'PRETTY_NAME="(.*)"', pathlib.Path("/etc/os-release").read_text())
    return match[1] if match else platform.system()


def first_line(command, path=""):
    environment = dict(os.environ, PATH=os.environ.get("PATH", "") + (f":{path}" if path else ""))
    try:
        process = subprocess.run(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except OSError as error:
        return f"unknown ({error.strerror})"
    return (process.stdout.splitlines() or ["unknown"])[0].strip()
