"""Gathering what the probes of an hour saw into Pingdom's fields."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from collectors.api import Reading, Window, counted
from collectors.sources.uptime.seeing import Seen

Probe = tuple[datetime, Seen]
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Hour:
    """An hour and its ``probes``, in order: those in it, and the last one before.

    What a probe saw holds until the next one, and at the most for ``every``.
    """

    window: Window
    every: timedelta
    probes: Sequence[Probe]

    def reading(self, check: str) -> Reading:
        """Give the hour in seconds up, down and unmonitored; and the mean time in milliseconds.

        The mean is of the probes in the hour that found it up; without any it is unknown.
        """
        seconds = Counter[bool | None]()
        for up, length in self._stretches():
            seconds[up] += length
        times = [one.total for one in self._within() if one.up and one.total is not None]
        whole = (self.window.end - self.window.start) // _SECOND
        measures = {
            "avgresponse": round(sum(times) / len(times)) if times else None,
            "uptime": seconds[True],
            "downtime": seconds[False],
            "unmonitored": whole - seconds[True] - seconds[False],
        }
        return Reading(at=self.window.start, measures=measures, dimensions={"check": check})

    def warnings(self) -> Iterator[str]:
        """Say how often it was down, or could not be looked at, and why the last time."""
        within = list(self._within())
        for up, what in ((False, "found it down"), (None, "could not look")):
            reasons = [one.reason for one in within if one.up is up]
            if reasons:
                probes = f"{len(reasons)} of {counted(len(within), 'probe')}"
                told = f"{probes} {what}, the last: {reasons[-1]}"
                yield f"{self.window.start:%Y-%m-%dT%H:%MZ}: {told}"

    def _within(self) -> Iterable[Seen]:
        return (seen for at, seen in self.probes if self.window.contains(at))

    def _stretches(self) -> Iterator[tuple[bool | None, int]]:
        times = [*(at for at, _ in self.probes), self.window.end]
        for (at, following), (_, seen) in zip(pairwise(times), self.probes, strict=True):
            start = max(at, self.window.start)
            end = min(at + self.every, following, self.window.end)
            if start < end:
                yield seen.up, (end - start) // _SECOND
