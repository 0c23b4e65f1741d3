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
STREAM_CHARTS = [("streams-cpu", "cpu", 1e6, "CPU time", "µs a stream"),
                 ("streams-rss", "rss", 1e-6, "Peak memory", "MB")]


def write(results):
    CHARTS.mkdir(exist_ok=True)
    for name, drawing in charts(results).items():
        (CHARTS / f"{name}.svg").write_text(drawing)
    DOCUMENT.write_text(text(results))


def text(results):
    cases = results["cases"]
    parts = [machine(results["machine"]), goal_table(cases), missed(cases), side_by_side(cases), million(cases),
             committing(cases), growth(cases), elsewhere()]
    page = (HERE / "page.md").read_text()
    return page.replace("@RESULTS@", "\n".join(part for part in parts if part).rstrip())


def tables_only(document):
    """What a terminal shows: the tables with their headings."""
    return "\n".join(line for line in document.splitlines() if line.startswith(("|", "## ")))


def table(head, rows):
    lines = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows]) + "\n"


def elsewhere():
    """What other commands measure."""
    lines = ["- What the hot paths take in instructions, [counted](../Benchmarks/instruction-counts.tsv) and held to 5 % by "
             "`make bench-guard`."]
    if (CHARTS / "soak.md").exists():
        lines.append("- How 10,000 streams with faults fare for 20 minutes: [the soak](performance/soak.md), by `make soak`.")
    return "## Measured elsewhere\n\n" + "\n".join(lines) + "\n"


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
    head = ["work", "program", "requests", "CPU, s per 1,000", "CPU ÷ bare libcurl", "RSS, MB",
            "requests/s, or wall time", "connections"]
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
        if field not in runs[0]:
            return "–"
        return number([run[field] * factor for run in runs], form, field in ("first", "wall"))

    return [title, column("first", 1, "{:.3f}"), column("wall", 1, "{:.3f}"), column("cpu", 1, "{:.3f}"),
            column("rss", 1e-6, "{:.0f}"), column("bytes", 1e-6, "{:,.0f}")]


def committing(cases):
    case = cases.get("writer")
    if not case:
        return ""
    rows = [[title, f"{cpu:.4f}", f"{rate:,.0f}", f"{size / 1e6:,.0f}"]
            for title, cpu, rate, size in checkpoint.rows(case)]
    head = ["who writes", "CPU, s per 1,000 items", "items/s of CPU time", "checkpoint, MB"]
    note = (
        f"\nFive statements for each of {case['items']:,} items: `in_flight` in and out, `item` changed, `attempt` and "
        f"`response` in.\nBoth commit {case['group']} answers at once: genbatch takes what has come, the C program as "
        "many on average.\n"
    )
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
        head = ["slow streams at once", "CPU, µs a stream", "of bare libcurl", "peak RSS, MB", "of bare libcurl",
                "wall ÷ ideal", "of bare libcurl"]
        parts.append("\n" + table(head, [stream_row(point) for point in case["points"]]))
    if not parts:
        return ""
    words = "CPU time an item should be flat, memory flat in items, and the file straight."
    return f"## As the work grows\n\n{words}\n\n" + "\n".join(parts)


def stream_row(point):
    programs = [point["genbatch"], point["receiver"]]
    columns = [[f"{one['cpu'] * 1e6:.0f}" for one in programs], [f"{one['rss'] / 1e6:.0f}" for one in programs],
               [f"{one['wall'] / point['ideal']:.2f}" for one in programs]]
    return [f"{point['x']:,}", *(cell for pair in columns for cell in pair)]


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
            series = {words: [(p["x"], p[who][field] * factor) for p in case["points"]]
                      for words, who in (("genbatch", "genbatch"), ("bare libcurl", "receiver"))}
            drawings[name] = plots.chart(chart_title(name), "streams at once", unit, series)
    return drawings
