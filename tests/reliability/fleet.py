"""A fleet of collectors of a source that lives in this process, read from configuration files."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import ClassVar

from collectors.api import Context, Period, Reading, Source, Unavailable, Window
from collectors.clock import epoch
from collectors.config import load
from collectors.config.model import Collector
from collectors.periods import periods_of
from tests.reliability.weather import Weather

ZONES = ("Europe/London", "UTC", "Asia/Kolkata")
SETTLES = {
    "hourly": ("0 hours",) * 16 + ("6 hours",) * 3 + ("2 days",),
    "daily": ("0 days", "1 day", "2 days", "3 days"),
    "weekly": ("0 days", "3 days"),
    "every 2 hours": ("0 hours",),
}
"""How long the collectors of a schedule wait for the last word, in turn."""
SPANS = ("", ", span_days: 2", ", span_days: 30")
"""The longest window that the source of a collector takes, in turn."""


class Simulated(Source):
    """A reading a period, which tells when it was asked for; down in bad ``weather``."""

    name: ClassVar[str] = "simulated"
    periods: ClassVar[frozenset[Period]] = frozenset(Period)
    weather: ClassVar[Weather | None] = None
    number: int
    span_days: int | None = None

    @property
    def max_span(self) -> timedelta | None:
        return None if self.span_days is None else timedelta(days=self.span_days)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        now = epoch(context.clock.now())
        if self.weather is not None and self.weather.fails(self.number, now):
            raise Unavailable("it is down")
        if context.period is Period.INSTANT:
            yield Reading(window.start, {"began": now}, {})
            return
        for one in periods_of(window, context.period, context.zone):
            yield Reading(one.start, {"began": now}, {})


@dataclass(frozen=True)
class Fleet:
    """How many collectors of each schedule there are.

    One in ten of the daily ones has a past, from ``since`` on.
    """

    daily: int
    hourly: int
    weekly: int
    instants: int
    since: date

    def configured(self, directory: Path) -> dict[str, Collector]:
        """Write the files of the fleet, and read them."""
        services = directory / "services"
        services.mkdir(parents=True)
        kinds = {
            "daily": self.daily,
            "hourly": self.hourly,
            "weekly": self.weekly,
            "every 2 hours": self.instants,
        }
        for schedule, count in kinds.items():
            name = schedule.split()[0]
            lines = [self._line(schedule, number) for number in range(count)]
            text = f"service: {name}\ncollectors:\n" + "".join(lines)
            (services / f"{name}.yaml").write_text(text)
        found = load(directory, directory, sources={"simulated": Simulated}, environment={})
        assert not found.mistakes
        return dict(found.collectors)

    def _line(self, schedule: str, number: int) -> str:
        settle = SETTLES[schedule][number % len(SETTLES[schedule])]
        span = SPANS[number // 2 % len(SPANS)]
        zone = ZONES[number // 4 % len(ZONES)]
        when = f"{schedule} in {zone}" if schedule in ("daily", "weekly") else schedule
        since = f", since: {self.since}" if schedule == "daily" and number % 10 == 0 else ""
        splay = ", splay: 0 hours" if schedule.startswith("every") else ""
        query = f"query: {{number: {number}{span}}}"
        kept = f"settle: {settle}, zone: {zone}{since}{splay}"
        return f"  c{number}: {{source: simulated, schedule: {when}, {kept}, {query}}}\n"
