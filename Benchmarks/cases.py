"""Side by side: genbatch and other clients on the same work, in turn, A B A B …"""

import dataclasses

from contenders import CONTENDERS
from servers import SLOW_BODY, provide_body, slow_seconds

# Clients in Python need minutes where the others need seconds: they get fewer turns and no warm-up.
PYTHON = {"sdk", "aiohttp"}


@dataclasses.dataclass(frozen=True)
class SideBySide:
    name: str
    title: str
    body: str
    concurrency: int
    # By contender; costs are compared per request.
    requests: dict
    protocol: str = "http1"
    image: str = ""
    pairs: int = 5
    python_pairs: int = 3

    @property
    def model(self):
        return f"bench-{self.body}"

    @property
    def is_tls(self):
        return self.protocol.startswith("tls")

    @property
    def is_slow(self):
        return self.protocol.endswith("slow")

    @property
    def is_http2(self):
        return self.protocol in ("tls-http2", "tls-slow")

    def run(self, bench):
        bench.servers.get(self.protocol)
        if not self.is_slow:
            provide_body(bench.folder, self.body)
        runs = {name: [] for name in self.requests if name in bench.contenders}
        pairs = min(self.pairs, bench.options.pairs)
        for turn in range(pairs + 1):
            for name in runs:
                if name in PYTHON and (turn == 0 or turn > self.python_pairs):
                    continue
                run = CONTENDERS[name](bench).run(self, self.scaled(self.requests[name], bench))
                if self.is_slow:
                    run["ideal"] = -(-run["requests"] // self.concurrency) * slow_seconds()
                bench.tell(describe(self.name, turn, name, run))
                if not run["is_complete"]:
                    bench.fail(f"{self.name}: {name} did not do all of the work")
                if turn > 0:
                    runs[name].append(run)
        return {"title": self.title, "concurrency": self.concurrency, "runs": runs}

    def scaled(self, requests, bench):
        return max(self.concurrency, int(requests * bench.options.scale))


def describe(case, turn, contender, run):
    mark = "warm-up" if turn == 0 else str(turn)
    thousands = run["requests"] / 1000
    return (
        f"{case:17} {mark:8} {contender:9} {run['requests']:7,} requests   cpu {run['cpu'] / thousands:8.4f} s/1,000   "
        f"wall {run['wall']:7.3f} s   rss {run['rss'] / 1e6:6.1f} MB   {run['connections']:,} connections"
    )


def side_by_side(name, title, body, concurrency, both, **more):
    """A case for the receiver and genbatch, with others as they are named."""
    others = {other: more.pop(other) for other in ("aiohttp", "sdk") if other in more}
    return SideBySide(name, title, body, concurrency, {"receiver": both, "genbatch": both, **others}, **more)


CASES = [
    side_by_side("fixed-10", "10 chunks of 400 B, 64 at once", "10x400", 64, 20_000, aiohttp=5_000, sdk=2_000),
    side_by_side("fixed-100", "100 chunks of 400 B, 64 at once", "100x400", 64, 10_000, aiohttp=2_000, sdk=500),
    side_by_side("fixed-1", "1 chunk of 400 B, 64 at once", "1x400", 64, 20_000),
    side_by_side("chunks-4k", "10 chunks of 4 KB, 64 at once", "10x4096", 64, 10_000),
    side_by_side("at-1", "10 chunks of 400 B, 1 at once", "10x400", 1, 200),
    side_by_side("at-16", "10 chunks of 400 B, 16 at once", "10x400", 16, 10_000),
    side_by_side("at-256", "10 chunks of 400 B, 256 at once", "10x400", 256, 20_000),
    side_by_side("at-1000", "10 chunks of 400 B, 1,000 at once", "10x400", 1_000, 20_000, aiohttp=5_000, sdk=2_000),
    side_by_side("tls-http1", "the same over TLS, HTTP/1.1, 64 at once", "10x400", 64, 20_000, protocol="tls-http1"),
    side_by_side("tls-http2", "the same over TLS, HTTP/2, 64 at once", "10x400", 64, 20_000, protocol="tls-http2"),
    side_by_side("image-received", "an image of 2 MB in the answer, 16 at once", "image", 16, 200, image="received"),
    side_by_side("image-sent", "an image of 2 MB in the request, 16 at once", "10x400", 16, 200, image="sent",
                 protocol="whole"),
    side_by_side("slow-1000", "1,000 slow streams", SLOW_BODY, 1_000, 4_000, protocol="slow"),
    side_by_side("slow-1000-tls", "1,000 slow streams over TLS", SLOW_BODY, 1_000, 4_000, protocol="tls-slow", pairs=3,
                 sdk=2_000),
    side_by_side("slow-10000", "10,000 slow streams", SLOW_BODY, 10_000, 40_000, protocol="slow", pairs=3,
                 python_pairs=2, sdk=10_000),
]
