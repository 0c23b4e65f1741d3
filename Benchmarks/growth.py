"""What each further item and each further stream costs: it should always be the same."""

import shutil
import statistics

from cases import SideBySide
from contenders import Genbatch, Receiver
from servers import SLOW_BODY, provide_body, slow_seconds

ITEMS = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000]
STREAMS = [10, 30, 100, 300, 1_000, 3_000, 10_000]


class Items:
    name = "growth-items"
    title = "1,000 to 1,000,000 items, 10 chunks of 400 B, 64 at once"

    def run(self, bench):
        provide_body(bench.folder, "10x400")
        case = SideBySide(self.name, self.title, "10x400", 64, {})
        genbatch = Genbatch(bench)
        start = min(genbatch.run(case, 1)["cpu"] for _ in range(3))
        points = []
        for items in ITEMS:
            if items > ITEMS[-1] * bench.options.scale:
                continue
            # Short runs are noisy, and cheap to do again.
            runs = [genbatch.run(case, items) for _ in range(3 if items <= 10_000 else 1)]
            if not all(run["is_complete"] for run in runs):
                bench.fail(f"{self.name}: not all of {items:,} items were done")
            point = {
                "x": items, "cpu": statistics.median(run["cpu"] - start for run in runs) / items,
                "rss": max(run["rss"] for run in runs), "wall": statistics.median(run["wall"] for run in runs),
                "bytes": (bench.folder / "work" / "bench.db").stat().st_size,
            }
            bench.tell(
                f"{self.name} {items:9,}   cpu {point['cpu'] * 1e6:6.1f} µs an item   rss {point['rss'] / 1e6:6.1f} MB   "
                f"file {point['bytes'] / 1e6:8.1f} MB   wall {point['wall']:.1f} s"
            )
            points.append(point)
        shutil.rmtree(bench.folder / "work", ignore_errors=True)
        return {"points": points, "start": start}


class Streams:
    name = "growth-streams"
    title = "10 to 10,000 slow streams at once"

    def run(self, bench):
        points = []
        for streams in STREAMS:
            if streams > STREAMS[-1] * bench.options.scale:
                continue
            case = SideBySide(self.name, self.title, SLOW_BODY, streams, {}, protocol="slow")
            point = {"x": streams, "ideal": 4 * slow_seconds()}
            for name, contender in (("receiver", Receiver(bench)), ("genbatch", Genbatch(bench))):
                run = contender.run(case, 4 * streams)
                if not run["is_complete"]:
                    bench.fail(f"{self.name}: {name} did not end all of {streams:,} streams")
                point[name] = {"cpu": run["cpu"] / run["requests"], "rss": run["rss"], "wall": run["wall"],
                               "most_streams": run["most_streams"]}
                bench.tell(
                    f"{self.name} {streams:6,} {name:9} cpu {point[name]['cpu'] * 1e6:7.1f} µs a stream   "
                    f"rss {run['rss'] / 1e6:6.1f} MB   wall {run['wall']:6.2f} s   {run['most_streams']:,} at once"
                )
            points.append(point)
        return {"points": points}


class AnswersOf40KB:
    """Whether memory grows with the number of items whose answers are long."""

    name = "rss-40k"
    title = "answers of 40 KB, 64 at once: few items and many"

    def run(self, bench):
        provide_body(bench.folder, "100x400")
        case = SideBySide(self.name, self.title, "100x400", 64, {})
        few, many = bench.scaled(2_000, 500), bench.scaled(40_000, 2_000)
        pairs = []
        for _ in range(min(3, bench.options.pairs)):
            pair = {}
            for name, items in (("few", few), ("many", many)):
                run = Genbatch(bench).run(case, items)
                if not run["is_complete"]:
                    bench.fail(f"{self.name}: not all of {items:,} items were done")
                pair[name] = run
            bench.tell(f"{self.name} {few:,} items {pair['few']['rss'] / 1e6:.1f} MB, {many:,} items "
                       f"{pair['many']['rss'] / 1e6:.1f} MB")
            pairs.append(pair)
        return {"few": few, "many": many, "runs": pairs}
