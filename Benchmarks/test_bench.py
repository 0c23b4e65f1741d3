"""Tests of what needs no program and no server: bodies, verdicts, tables, charts."""

import json
import re
import unittest
import xml.etree.ElementTree

import bodies
import document
import goals
import plots
import programs


def result(above, below):
    """A result in which both used so much CPU time, pair by pair, for unequal numbers of requests."""
    return {"runs": {
        "genbatch": [{"requests": 1000, "cpu": cpu, "rss": 1} for cpu in above],
        "sdk": [{"requests": 10, "cpu": cpu, "rss": 1} for cpu in below],
    }}


class BuildTests(unittest.TestCase):
    def test_the_makefile_builds_the_same_way(self):
        makefile = (programs.PACKAGE / "Makefile").read_text()
        flags = re.search(r"^RELEASE = (.*)$", makefile, re.MULTILINE)[1].split()
        self.assertEqual(programs.RELEASE, flags)


class BodyTests(unittest.TestCase):
    def test_events_have_the_size_of_their_name_and_the_last_one_a_finish_reason(self):
        events = bodies.body("10x400").split(b"\r\n\r\n")[:-1]
        self.assertEqual([len(event) + 4 for event in events], [400] * 10)
        reasons = [json.loads(event[6:])["candidates"][0].get("finishReason") for event in events]
        self.assertEqual(reasons, [None] * 9 + ["STOP"])


class GoalTests(unittest.TestCase):
    goal = goals.Goal("sdk", "CPU ÷ SDK", 1 / 40, 1 / 80, goals.TO_SDK, "case")

    def test_ratios_are_of_neighbours_and_for_one_request(self):
        self.assertEqual(self.goal.measured({"case": result([2, 6], [1, 2])}), [2 / 100, 6 / 200])

    def test_the_median_decides(self):
        verdicts = {
            "aim": [1, 1, 9], "at least": [1, 2, 9], "no": [1, 9, 9],
        }
        for verdict, cpu in verdicts.items():
            self.assertEqual(self.goal.verdict({"case": result(cpu, [1, 1, 1])}), verdict)
        self.assertEqual(self.goal.verdict({}), "not measured")

    def test_for_some_numbers_more_is_better(self):
        goal = goals.Goal("rows", "rows", 0.8, 0.95, lambda case: case, "case", is_more_better=True)
        self.assertEqual([goal.verdict({"case": [value]}) for value in (0.7, 0.8, 0.95)], ["no", "at least", "aim"])

    def test_numbers_are_written_for_people(self):
        numbers = [(1 / 83, "ratio"), (1.256, "ratio"), (0.05, "s"), (2, "s"), (4e7, "MB"), (1000, "count")]
        self.assertEqual([goals.write(*each) for each in numbers], ["1/83", "1.26", "50 ms", "2 s", "40 MB", "1,000"])


class DocumentTests(unittest.TestCase):
    def test_a_missed_number_comes_with_its_reason(self):
        reasons = document.read_reasons("words before\n\n## sdk-10\nIt waits.\n\n## sdk-100\n")
        self.assertEqual(reasons, {"sdk-10": "It waits."})

    def test_reasons_are_of_numbers_that_there_are(self):
        names = document.read_reasons((document.HERE / "reasons.md").read_text())
        self.assertLessEqual(set(names), {goal.name for goal in goals.GOALS})


class PlotTests(unittest.TestCase):
    def test_axes_go_from_power_to_power(self):
        axis = plots.Axis([3, 1000], 100, 400)
        self.assertEqual(axis.ticks, [1, 10, 100, 1000])
        self.assertEqual([axis.place(value) for value in (1, 10, 1000)], [100, 200, 400])

    def test_a_flat_line_still_has_an_axis(self):
        self.assertEqual(plots.Axis([50, 50], 0, 1).ticks, [10, 20, 50, 100])

    def test_a_chart_is_well_formed(self):
        drawing = plots.chart("a < b", "items", "µs", {"one": [(1, 2), (10, 3)], "two": [(1, 1), (10, 9)]})
        self.assertTrue(xml.etree.ElementTree.fromstring(drawing).tag.endswith("svg"))


if __name__ == "__main__":
    unittest.main()
