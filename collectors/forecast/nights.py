"""Nights on which clocks change: when, and what that does to whose ticks and days."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from collectors.clock import epoch, from_epoch
from collectors.config.cron import Cron
from collectors.config.model import Collector
from collectors.periods import Period
from collectors.schedule.offsets import Stretch, stretches

_NO_DAYS = (Period.INSTANT, Period.HOUR)


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """The clocks of a zone change ``at`` a time by so much, forward if it is positive.

    ``long_days`` are the collectors of which a period is so much shorter or longer.
    ``moved`` are those with a tick that comes once nevertheless: where the clocks go forward at the
    moment of the change, where they go back the first time. ``by_the_clock`` are those whose cron
    text goes by what the clock shows: they have less or more ticks.
    """

    zone: str
    at: datetime
    by: timedelta
    long_days: tuple[str, ...]
    moved: tuple[str, ...]
    by_the_clock: tuple[str, ...]


def nights(collectors: Mapping[str, Collector], start: datetime, end: datetime) -> list[Night]:
    """Give the changes of clocks in ``[start, end)`` that concern any of these collectors."""
    zones: defaultdict[ZoneInfo, list[Collector]] = defaultdict(list)
    for one in collectors.values():
        for zone in {one.zone, one.tick_zone}:
            zones[zone].append(one)
    found = [night for zone, some in zones.items() for night in _of_zone(zone, some, start, end)]
    return sorted(found, key=lambda night: (night.at, night.zone))


def _of_zone(
    zone: ZoneInfo, collectors: list[Collector], start: datetime, end: datetime
) -> Iterator[Night]:
    for before, after in pairwise(_until(zone, epoch(start), epoch(end))):
        if before.offset == after.offset or after.start < epoch(start):
            continue
        ticking = [one for one in collectors if one.tick_zone == zone]
        concerned = [one for one in ticking if _ticks_within(one, before, after)]
        by_the_clock = [one for one in concerned if _cron(one).by_elapsed_time]
        yield Night(
            zone=zone.key,
            at=from_epoch(after.start),
            by=timedelta(seconds=after.offset - before.offset),
            long_days=_names(
                one for one in collectors if one.zone == zone and one.period not in _NO_DAYS
            ),
            moved=_names(one for one in concerned if one not in by_the_clock),
            by_the_clock=_names(by_the_clock),
        )


def _until(zone: ZoneInfo, start: int, end: int) -> Iterator[Stretch]:
    for stretch in stretches(zone, start):
        if stretch.start >= end:
            return
        yield stretch


def _ticks_within(collector: Collector, before: Stretch, after: Stretch) -> bool:
    """Tell whether a time of its schedule is left out, or comes twice."""
    if collector.schedule.calendar is None:
        return False
    first, past = sorted((after.start + before.offset, after.start + after.offset))
    following = collector.schedule.calendar.following(first - 1)
    return following is not None and following < past


def _cron(collector: Collector) -> Cron:
    calendar = collector.schedule.calendar
    assert calendar is not None  # noqa: S101 - asked only of those that have one
    return calendar


def _names(collectors: Iterator[Collector] | list[Collector]) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in collectors))
