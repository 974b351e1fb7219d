"""What another configuration would change: added, dropped, moved, collected differently."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from collectors.api import Document
from collectors.config.model import Collector
from collectors.schedule import next_tick, timing_of
from collectors.standing.explanation import redo_command
from collectors.store import History


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A collector that ticks at other times: its schedule and next tick, before and after."""

    name: str
    before: str
    after: str
    next_before: datetime | None
    next_after: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Redone:
    """A collector whose figures would mean something else.

    ``command`` collects its history again; None where there is none, or where it is read whole
    anyway.
    """

    name: str
    command: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Differences:
    """What changes from one configuration to another."""

    added: list[str]
    dropped: list[str]
    moved: list[Moved]
    redone: list[Redone]

    def __bool__(self) -> bool:
        return bool(self.added or self.dropped or self.moved or self.redone)


def differences(
    before: Mapping[str, Collector],
    after: Mapping[str, Collector],
    histories: Mapping[str, History],
    now: datetime,
) -> Differences:
    """Tell what changes for collectors from one configuration to the other."""
    both = sorted(before.keys() & after.keys())
    return Differences(
        added=sorted(after.keys() - before.keys()),
        dropped=sorted(before.keys() - after.keys()),
        moved=[
            _moved(before[name], after[name], now)
            for name in both
            if timing_of(before[name]) != timing_of(after[name])
        ],
        redone=[
            Redone(name=name, command=_command(after[name], histories.get(name, History())))
            for name in both
            if before[name].fingerprint != after[name].fingerprint
        ],
    )


def _moved(before: Collector, after: Collector, now: datetime) -> Moved:
    return Moved(
        name=after.name,
        before=_spelt(before),
        after=_spelt(after),
        next_before=next_tick(timing_of(before), now),
        next_after=next_tick(timing_of(after), now),
    )


def _spelt(collector: Collector) -> str:
    zone = "" if collector.schedule.calendar is None else f" in {collector.tick_zone.key}"
    return (
        collector.schedule.text
        if " in " in collector.schedule.text
        else (f"{collector.schedule.text}{zone}")
    )


def _command(collector: Collector, history: History) -> str | None:
    if isinstance(collector.source, Document) or not history.stretches:
        return None
    return redo_command(collector, history.stretches[0].start, history.stretches[-1].end)
