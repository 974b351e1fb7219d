"""What is down when: the outages of a simulated time, drawn from a seed."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from zlib import crc32

from collectors.clock import epoch
from collectors.intervals import Interval, intersect, union

ACCOUNTS = 4
"""Collectors share so many accounts at the source; each account has outages of its own."""
MINUTE, HOUR, DAY = 60, 3600, 86400
GLITCHES = 500
"""One run in so many fails by itself."""
LONGEST_RUN = 40
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Outages:
    """Stretches in seconds since 1970, in order and apart."""

    stretches: Sequence[Interval]

    @classmethod
    def drawn(cls, what: str, count: int, longest: int, within: Interval) -> "Outages":
        """Draw some between five minutes and ``longest`` seconds, more short ones than long."""
        random = Random(what)
        drawn = []
        for _ in range(count):
            start = random.randrange(*within)
            drawn.append((start, start + round(300 * (longest / 300) ** random.random())))
        return cls(intersect(union(drawn), [within]))

    def down_at(self, at: int) -> bool:
        """Tell whether it is down at a moment."""
        number = bisect_right(self.stretches, (at + 1,)) - 1
        return number >= 0 and at < self.stretches[number][1]

    def during(self, start: int, end: int) -> list[Interval]:
        """Give the outages that overlap a stretch."""
        return [one for one in self.stretches if one[0] <= end and start <= one[1]]


@dataclass(frozen=True, slots=True)
class Weather:
    """All outages of a time. Whether one run fails by itself follows from its time and number."""

    daemon: Outages
    accounts: Sequence[Outages]
    sink: Outages

    @classmethod
    def drawn(cls, seed: int, start: datetime, end: datetime) -> "Weather":
        """Draw about one outage a month of each kind, up to a week long."""
        within = (epoch(start) + HOUR, epoch(end))
        count = max(2, (within[1] - within[0]) // (30 * DAY))
        longest = min(8 * DAY, (within[1] - within[0]) // 5)
        return cls(
            daemon=Outages.drawn(f"{seed} daemon", count, longest, within),
            accounts=[
                Outages.drawn(f"{seed} account {one}", count, longest, within)
                for one in range(ACCOUNTS)
            ],
            sink=Outages.drawn(f"{seed} sink", count, longest, within),
        )

    def fails(self, number: int, at: int) -> bool:
        """Tell whether what collector ``number`` asks at that moment fails."""
        if self.accounts[number % ACCOUNTS].down_at(at):
            return True
        return crc32(b"%d %d" % (number, at)) % GLITCHES == 0

    def dies(self, number: int, at: int) -> bool:
        """Tell whether the daemon goes down while a run that begins at that moment goes on."""
        takes = 1 + crc32(b"%d takes %d" % (number, at)) % LONGEST_RUN
        return any(at < start <= at + takes for start, _ in self.daemon.during(at, at + takes))
