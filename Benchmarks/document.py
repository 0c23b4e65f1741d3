"""Puts the results into words, tables and charts: docs/performance.md and docs/performance/*.svg."""

import re
import statistics

import checkpoint
import goals
import plots
from cases import CASES
from programs import HERE, PACKAGE

DOCUMENT = PACKAGE / "docs" / "performance.md"
CHARTS = PACKAGE / "docs" / "performance"
NAMES = {"receiver": "bare libcurl", "genbatch": "**genbatch**", "aiohttp": "aiohttp + json", "sdk": "Google's SDK"}
ITEM_CHARTS = [("items-cpu", "cpu", 1e6, "CPU time", "µs an item"), ("items-rss", "rss", 1e-6, "Peak memory", "MB"),
               ("items-bytes", "bytes", 1e-6, "Size of the checkpoint", "MB")]
STREAM_CHARTS = [("streams-cpu", "cpu", 1e6, "CPU time", "µs a stream"), ("streams-rss", "rss", 1e-6, "Peak memory", "MB")]

HEAD = """\
# Performance

What genbatch costs, measured beside other programs that do the same work. `make bench` makes this page, in
an hour. `make bench-quick` takes two minutes and writes nothing. What a figure means and what it is compared with is told
[below](#how-it-is-measured).
"""

TAIL = """\
## How it is measured

- genbatch is the whole `genbatch run`: reading items, sending, decoding, committing to a new checkpoint on disk.
- **Bare libcurl** ([receiver.c](../Benchmarks/receiver.c)) sends the same requests, counts the bytes of the answers and throws them away,
  and waits as genbatch does (`curl_multi_socket_action` over epoll): the least that it can cost with libcurl.
- **Google's SDK** ([sdk.py](../Benchmarks/clients/sdk.py)) streams as its documentation shows, asynchronous, so many at once; it uses
  aiohttp, its faster transport. **aiohttp + json** ([aiohttp_client.py](../Benchmarks/clients/aiohttp_client.py)) is about the least in
  Python. Neither keeps the answers. What it takes to load them is not counted; of genbatch and bare libcurl everything is.
- Programs that are compared run in turn, A B A B …; a ratio is that of two neighbours, by request. A figure is the median of
  them, with the extremes in brackets.
- The server's own count says that every request was answered in full, and the checkpoint that every item is done with its
  answer. Otherwise there is no figure.
- CPU time is user and system time of the whole process. RSS is its peak. The servers keep to the last core.
- **Slow streams** are silent for a second, then send 20 chunks of 400 B, 100 ms apart. Over TLS they go through nginx, which takes HTTP/2
  from those who ask for it: 100 streams on one connection, as Google's servers do.
- **Ideal** is the time that the slow server needs for so many rounds of streams, without a program around it.
- Every stream needs a descriptor: 10,000 at once need `ulimit -n` of some more than that. With less a run goes on with fewer streams, and says so.
- The C program that writes the same rows ([writer.c](../Benchmarks/writer.c)) uses the statements, settings and group size of genbatch on
  a copy of the same checkpoint. Compared is the CPU time of its loop with that of the one thread of genbatch that writes, as the kernel
  counts it during a run, since a run on local answers is bounded by HTTP, not by its checkpoint. Waiting for the disk is in neither.
"""


def write(results):
    CHARTS.mkdir(exist_ok=True)
    for name, drawing in charts(results).items():
        (CHARTS / f"{name}.svg").write_text(drawing)
    DOCUMENT.write_text(text(results))


def text(results):
    cases = results["cases"]
    parts = [HEAD, machine(results["machine"]), goal_table(cases), missed(cases), side_by_side(cases), million(cases),
             committing(cases), growth(cases), TAIL]
    return "\n".join(part for part in parts if part)


def tables_only(document):
    """What a terminal shows: the tables with their headings."""
    return "\n".join(line for line in document.splitlines() if line.startswith(("|", "## ")))


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def machine(facts):
    return table(["", ""], [[name, value] for name, value in facts.items()])


def goal_table(cases):
    marks = {"aim": "yes, the aim", "at least": "yes", "no": "**no**", "not measured": "not measured"}
    rows = []
    for goal in goals.GOALS:
        values = goal.measured(cases)
        measured = goals.spread(values, goal.form) if values else "–"
        limits = [goals.write(limit, goal.form) for limit in (goal.at_least, goal.aim)]
        rows.append([goal.words, *limits, measured, marks[goal.verdict(cases)]])
    return "## The numbers to reach\n\n" + table(["figure", "at least", "aim", "measured", "reached"], rows)


def missed(cases):
    """Why numbers were not reached, from reasons.md."""
    reasons = read_reasons((HERE / "reasons.md").read_text())
    titles = {"no": "not reached", "at least": "the aim is not reached"}
    parts = []
    for goal in goals.GOALS:
        verdict = goal.verdict(cases)
        if verdict == "no" or verdict == "at least" and goal.name in reasons:
            reason = reasons.get(goal.name, "The reason is not known yet.")
            parts.append(f"**{goal.words}: {titles[verdict]}.**\n{reason}\n")
    return "## Not reached, and why\n\n" + "\n".join(parts) if parts else ""


def read_reasons(document):
    """The paragraphs below each heading, by the heading."""
    sections = re.split(r"^## (.+)$", document, flags=re.MULTILINE)[1:]
    return {name.strip(): words.strip() for name, words in zip(sections[::2], sections[1::2]) if words.strip()}


def side_by_side(cases):
    rows = []
    for case in (cases[known.name] for known in CASES if known.name in cases):
        base = case["runs"].get("receiver", [])
        for name, runs in case["runs"].items():
            if not runs:
                continue
            ratios = [goals.per_request(a, "cpu") / goals.per_request(b, "cpu") for a, b in zip(runs, base)]
            ideal = statistics.median(run["wall"] / run["ideal"] for run in runs) if "ideal" in runs[0] else None
            rows.append([
                case["title"] if name == "receiver" else "", NAMES[name], f"{runs[0]['requests']:,}",
                number([run["cpu"] / run["requests"] * 1000 for run in runs], "{:.3f}"),
                "1" if name == "receiver" else number(ratios, "{:.2f}"),
                number([run["rss"] / 1e6 for run in runs], "{:.0f}", False),
                f"{statistics.median(run['requests'] / run['wall'] for run in runs):,.0f}" if ideal is None
                else f"{ideal:.2f} × ideal",
                number([run["connections"] for run in runs], "{:,.0f}", False),
            ])
    head = ["work", "program", "requests", "CPU, s per 1,000", "CPU ÷ bare libcurl", "RSS, MB", "requests/s, or wall time",
            "connections"]
    return "## Beside other programs\n\n" + table(head, rows) if rows else ""


def number(values, form, has_spread=True):
    if not values:
        return "–"
    median = form.format(statistics.median(values))
    if not has_spread or len(values) == 1:
        return median
    return f"{median} [{form.format(min(values))}, {form.format(max(values))}]"


def million(cases):
    rows = []
    for format in ("yaml", "jsonl", "csv"):
        if case := cases.get(f"million-{format}"):
            rows.append(million_row(f"first run, {case['items']:,} items from {format.upper()}", case["runs"]))
    if case := cases.get("million-done"):
        titles = {"resume": "resume with one item left", "export": "export as JSONL", "report": "report",
                  "status": "status", "failures": "failures"}
        rows += [million_row(title, case["runs"][name]) for name, title in titles.items()]
    if case := cases.get("start-up"):
        rows.append(million_row("`genbatch --help`", case["runs"]))
    if not rows:
        return ""
    head = ["what", "first request after, s", "wall, s", "CPU, s", "peak RSS, MB", "written, MB"]
    note = ""
    if case := cases.get("million-done"):
        note = (f"\nThe job that is resumed, exported and looked at has {case['items']:,} items with answers of "
                f"{case['characters']:,} characters;\nits checkpoint has {case['bytes'] / 1e6:,.0f} MB. "
                "A first run and a resume send one request.\n")
    return "## A million items\n\n" + table(head, rows) + note


def million_row(title, runs):
    def column(field, factor, form):
        return number([run[field] * factor for run in runs], form, field in ("first", "wall")) if field in runs[0] else "–"

    return [title, column("first", 1, "{:.3f}"), column("wall", 1, "{:.3f}"), column("cpu", 1, "{:.3f}"),
            column("rss", 1e-6, "{:.0f}"), column("bytes", 1e-6, "{:,.0f}")]


def committing(cases):
    case = cases.get("writer")
    if not case:
        return ""
    rows = [[title, f"{cpu:.4f}", f"{rate:,.0f}", f"{size / 1e6:,.0f}"] for title, cpu, rate, size in checkpoint.rows(case)]
    head = ["who writes", "CPU, s per 1,000 items", "items/s of CPU time", "checkpoint, MB"]
    note = (f"\nFive statements for each of {case['items']:,} items: `in_flight` in and out, `item` changed, `attempt` and "
            "`response` in.\n"
            f"Both commit {case['group']} answers at once: genbatch takes what has come, and the C program as many on average.\n")
    return "## Committing\n\n" + table(head, rows) + note


def growth(cases):
    parts = []
    if case := cases.get("growth-items"):
        parts += [image(name) for name, *_ in ITEM_CHARTS]
        parts.append("\n" + table(
            ["items", "CPU, µs an item", "peak RSS, MB", "checkpoint, MB", "bytes an item", "wall, s"],
            [[f"{p['x']:,}", f"{p['cpu'] * 1e6:.1f}", f"{p['rss'] / 1e6:.0f}", f"{p['bytes'] / 1e6:,.1f}",
              f"{p['bytes'] / p['x']:,.0f}", f"{p['wall']:.1f}"] for p in case["points"]],
        ))
        parts.append(f"Without the CPU time of a run of one item, {case['start'] * 1000:.0f} ms.\n")
    if case := cases.get("growth-streams"):
        parts += [image(name) for name, *_ in STREAM_CHARTS]
        rows = []
        for p in case["points"]:
            one, bare = p["genbatch"], p["receiver"]
            rows.append([f"{p['x']:,}", f"{one['cpu'] * 1e6:.0f}", f"{bare['cpu'] * 1e6:.0f}", f"{one['rss'] / 1e6:.0f}",
                         f"{bare['rss'] / 1e6:.0f}", f"{one['wall'] / p['ideal']:.2f}", f"{bare['wall'] / p['ideal']:.2f}"])
        parts.append("\n" + table(
            ["slow streams at once", "CPU, µs a stream", "of bare libcurl", "peak RSS, MB", "of bare libcurl",
             "wall ÷ ideal", "of bare libcurl"], rows))
    if not parts:
        return ""
    return "## As the work grows\n\nCPU time an item should be flat, memory flat in items, and the file straight.\n\n" + "\n".join(parts)


def image(name):
    return f"![{chart_title(name)}](performance/{name}.svg)"


def chart_title(name):
    title = next(what for known, _, _, what, _ in ITEM_CHARTS + STREAM_CHARTS if known == name)
    return f"{title} by number of {'items' if name.startswith('items') else 'streams'}"


def charts(results):
    drawings = {}
    if case := results["cases"].get("growth-items"):
        for name, field, factor, _, unit in ITEM_CHARTS:
            series = {"genbatch": [(p["x"], p[field] * factor) for p in case["points"]]}
            drawings[name] = plots.chart(chart_title(name), "items", unit, series)
    if case := results["cases"].get("growth-streams"):
        for name, field, factor, _, unit in STREAM_CHARTS:
            series = {who: [(p["x"], p[who][field] * factor) for p in case["points"]] for who in ("genbatch", "receiver")}
            series["bare libcurl"] = series.pop("receiver")
            drawings[name] = plots.chart(chart_title(name), "streams at once", unit, series)
    return drawings
