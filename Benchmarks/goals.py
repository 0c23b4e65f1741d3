"""The numbers that are to be reached, and where each is found in the results."""

import dataclasses
import statistics
from typing import Callable

import checkpoint


@dataclasses.dataclass(frozen=True)
class Goal:
    name: str
    words: str
    at_least: float
    aim: float
    values: Callable
    # The case that it is measured by.
    case: str
    form: str = "ratio"
    is_more_better: bool = False

    def measured(self, results):
        """What was measured, one value for each pair or run; empty if it was not."""
        return self.values(results[self.case]) if self.case in results else []

    def verdict(self, results):
        values = self.measured(results)
        if not values:
            return "not measured"
        for name, limit in (("aim", self.aim), ("at least", self.at_least)):
            median = statistics.median(values)
            if median >= limit if self.is_more_better else median <= limit:
                return name
        return "no"


def ratios(field, above, below):
    """Of one contender to another, pair by pair and per request."""

    def values(result):
        pairs = zip(result["runs"].get(above, []), result["runs"].get(below, []))
        return [per_request(a, field) / per_request(b, field) for a, b in pairs]

    return values


def per_request(run, field):
    return run[field] / run["requests"] if field == "cpu" else run[field]


def over_ideal(contender):
    return lambda result: [run["wall"] / run["ideal"] for run in result["runs"].get(contender, [])]


def field(name, group=None):
    return lambda result: [run[name] for run in (result["runs"][group] if group else result["runs"])]


def connections(result):
    return [run["connections"] for run in result["runs"].get("genbatch", [])]


def growth(result):
    return [pair["many"]["rss"] / pair["few"]["rss"] for pair in result["runs"]]


TO_SDK = ratios("cpu", "genbatch", "sdk")
RSS_TO_SDK = ratios("rss", "genbatch", "sdk")
TO_RECEIVER = ratios("cpu", "genbatch", "receiver")

GOALS = [
    Goal("sdk-10", "CPU ÷ SDK, 10 chunks, 64 at once", 1 / 40, 1 / 80, TO_SDK, "fixed-10"),
    Goal("sdk-100", "CPU ÷ SDK, 100 chunks, 64 at once", 1 / 120, 1 / 250, TO_SDK, "fixed-100"),
    Goal("bare-64", "CPU ÷ bare libcurl, 64 at once", 3, 1.7, TO_RECEIVER, "fixed-10"),
    Goal("bare-1000", "CPU ÷ bare libcurl, 1,000 at once", 2, 1.4, TO_RECEIVER, "at-1000"),
    Goal("slow-1000", "1,000 slow streams: CPU ÷ bare libcurl", 1.6, 1.25, TO_RECEIVER, "slow-1000"),
    Goal("tls-cpu", "1,000 slow streams over TLS: CPU ÷ SDK", 1 / 10, 1 / 15, TO_SDK, "slow-1000-tls"),
    Goal("tls-rss", "1,000 slow streams over TLS: RSS ÷ SDK", 1 / 5, 1 / 8, RSS_TO_SDK, "slow-1000-tls"),
    Goal("tls-connections", "1,000 slow streams over TLS: connections", 11, 10, connections, "slow-1000-tls", "count"),
    Goal("slow-10000-wall", "10,000 slow streams: wall time ÷ ideal", 1.25, 1.15, over_ideal("genbatch"), "slow-10000"),
    Goal("slow-10000-rss", "10,000 slow streams: RSS ÷ SDK", 0.55, 0.35, RSS_TO_SDK, "slow-10000"),
    Goal("writer", "checkpoint rows/s ÷ a C program writing the same rows", 0.8, 0.95, checkpoint.cpu_ratios, "writer",
         is_more_better=True),
    Goal("million-first", "1,000,000 items in YAML: first request sent after", 1, 0.05, field("first"), "million-yaml",
         "s"),
    Goal("million-rss", "1,000,000 items in YAML: peak RSS of the run", 100e6, 40e6, field("rss"), "million-yaml",
         "MB"),
    Goal("resume", "resume of 1,000,000 items, all but one done: first request sent after", 2, 0.3,
         field("first", "resume"), "million-done", "s"),
    Goal("rss-40k", "answers of 40 KB, 64 at once: RSS of 40,000 items ÷ RSS of 2,000", 1.1, 1.05, growth, "rss-40k"),
    Goal("bare-40k", "answers of 40 KB, 64 at once: CPU ÷ bare libcurl", 6, 3, TO_RECEIVER, "fixed-100"),
    Goal("status", "`genbatch status` on 1,000,000 items", 0.3, 0.3, field("wall", "status"), "million-done", "s"),
    Goal("start-up", "`genbatch --help`", 0.02, 0.02, field("wall"), "start-up", "s"),
]


def write(value, form):
    """A number as the table shows it."""
    if form == "count":
        return f"{value:,.0f}"
    if form == "s":
        return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s" if value % 1 else f"{value:.0f} s"
    if form == "MB":
        return f"{value / 1e6:.0f} MB"
    if value >= 0.3:
        return f"{value:.2f}"
    # So that what is a little below a limit does not look like it.
    return f"1/{round(1 / value, 1 if value > 0.05 else None):g}"


def spread(values, form):
    """The median and, in brackets, the extremes."""
    median = write(statistics.median(values), form)
    if len(values) == 1:
        return median
    return f"{median} [{write(min(values), form)}, {write(max(values), form)}]"
