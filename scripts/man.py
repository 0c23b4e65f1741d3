#!/usr/bin/env python3
"""Writes the manual pages of a program from what it tells about its options: man.py PROGRAM FOLDER

One page for the program and one for each command, made from --experimental-dump-help. The exit statuses of genbatch
are those of the table in README.md.
"""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def escaped(text):
    """Text as it is: no hyphen becomes a dash, no line a request."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    text = "".join(c if c.isascii() else f"\\[u{ord(c):04X}]" for c in text)
    return "\n".join("\\&" + line if line[:1] in (".", "'") else line for line in text.split("\n"))


def name_of(name):
    return ("--" if name["kind"] == "long" else "-") + name["name"]


def is_shown(argument):
    return argument.get("shouldDisplay", True)


def subcommands_of(command):
    return [c for c in command.get("subcommands", []) if is_shown(c) and c["commandName"] != "help"]


def options_of(command):
    return [a for a in command.get("arguments", []) if is_shown(a) and a["kind"] != "positional"]


def positionals_of(command):
    return [a for a in command.get("arguments", []) if is_shown(a) and a["kind"] == "positional"]


def synopsis(names, command):
    words = ["\\fB" + escaped(" ".join(names)) + "\\fR"]
    if subcommands_of(command):
        words.append("\\fICOMMAND\\fR")
    if options_of(command):
        words.append("[\\fIOPTION\\fR]...")
    for argument in positionals_of(command):
        word = "\\fI" + escaped(argument["valueName"].upper()) + "\\fR"
        word += "..." if argument["isRepeating"] else ""
        words.append("[" + word + "]" if argument["isOptional"] else word)
    return [".SH SYNOPSIS", " ".join(words)]


def discussion(text):
    """Examples keep their lines; other paragraphs are filled."""
    lines = []
    for paragraph in text.strip("\n").split("\n\n"):
        first, _, rest = paragraph.partition("\n")
        if first == "EXAMPLES:":
            lines += [".SH EXAMPLES", ".nf", escaped(re.sub(r"(?m)^  ", "", rest)), ".fi", ".SH DESCRIPTION"]
        elif "\n  " in paragraph:
            lines += [".PP", ".nf", escaped(paragraph), ".fi"]
        else:
            lines += [".PP", escaped(paragraph)]
    return lines[:-1] if lines and lines[-1] == ".SH DESCRIPTION" else lines


def arguments(title, items):
    lines = [".SH " + title] if items else []
    for item in items:
        if item["kind"] == "positional":
            tag = "\\fI" + escaped(item["valueName"].upper()) + "\\fR"
        else:
            tag = ", ".join("\\fB" + escaped(name_of(name)) + "\\fR" for name in item["names"])
            if item["kind"] == "option":
                tag += " \\fI" + escaped(item.get("valueName", "value")) + "\\fR"
        text = item.get("abstract", "")
        if item.get("defaultValue") and "(default" not in text:
            text += " (default: " + item["defaultValue"] + ")"
        lines += [".TP", tag, escaped(text)]
    return lines


def exit_statuses():
    rows = re.findall(r"(?m)^\| (\d.*) \|$", (ROOT / "README.md").read_text(encoding="utf-8"))
    cells = [cell.strip() for row in rows for cell in row.split("|")]
    pairs = sorted(zip(cells[0::2], cells[1::2]), key=lambda pair: int(pair[0].split(",")[0]))
    lines = [".SH EXIT STATUS"]
    for status, meaning in pairs:
        lines += [".TP", "\\fB" + escaped(status) + "\\fR", escaped(meaning.replace("`", ""))]
    return lines


def page(names, command, version, others):
    title = "-".join(names)
    # Names are not to be broken at their hyphens.
    lines = [f'.TH {escaped(title.upper())} 1 "" "{escaped(version)}" "User Commands"', ".nh", ".SH NAME"]
    lines += [escaped(title) + " \\- " + escaped(command.get("abstract", "").rstrip("."))]
    lines += synopsis(names, command)
    lines += discussion(command.get("discussion", ""))
    subcommands = subcommands_of(command)
    if subcommands:
        lines += [".SH COMMANDS"]
        for subcommand in subcommands:
            lines += [".TP", "\\fB" + escaped(subcommand["commandName"]) + "\\fR", escaped(subcommand["abstract"])]
    lines += arguments("ARGUMENTS", positionals_of(command)) + arguments("OPTIONS", options_of(command))
    if names == ["genbatch"]:
        lines += exit_statuses()
    related = [other for other in others if other != title]
    if related:
        lines += [".SH SEE ALSO", ", ".join("\\fB" + escaped(other) + "\\fR(1)" for other in related)]
    return "\n".join(lines) + "\n"


def main():
    program, folder = sys.argv[1], pathlib.Path(sys.argv[2])

    def output(*words):
        return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout

    command = json.loads(output("--experimental-dump-help"))["command"]
    name = command["commandName"]
    # The version is not there for programs that have none.
    has_version = any(name_of(n) == "--version" for a in command["arguments"] for n in a.get("names") or [])
    version = f"{name} {output('--version').strip()}" if has_version else name
    pages = {}

    def add(names, command):
        title = "-".join(names)
        subcommands = subcommands_of(command)
        others = ["-".join(names[:-1])] if names[:-1] else []
        others += [f"{title}-{subcommand['commandName']}" for subcommand in subcommands]
        pages[title] = page(names, command, version, others)
        for subcommand in subcommands:
            add([*names, subcommand["commandName"]], subcommand)

    add([name], command)
    folder.mkdir(parents=True, exist_ok=True)
    for title, text in pages.items():
        (folder / f"{title}.1").write_text(text, encoding="utf-8")


main()
