"""Who ticks next: a heap of groups of collectors. Pure; a clock or a simulation drives it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from math import floor

from collectors.clock import from_epoch
from collectors.schedule.ticks import Timing, tick_after

AT_ONCE = 1_000
"""How many times one ``Tick`` tells at most: those of a long sleep come in several."""
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Tick:
    """Collectors of one timing whose schedule fired, ``at`` these times, in order.

    There is more than one where nobody looked for a while. Each is aware UTC.
    """

    timing: Timing
    collectors: tuple[str, ...]
    at: tuple[datetime, ...]


@dataclass(slots=True, eq=False)
class _Group:
    """``tick`` is the first that was not told; ``look_at`` when to tell it, mostly the same."""

    timing: Timing
    collectors: tuple[str, ...]
    tick: int
    look_at: int


class Agenda:
    """The groups, by when they tick next. Not for several threads at a time."""

    def __init__(self) -> None:
        self._groups: dict[Timing, _Group] = {}
        self._timings: dict[str, Timing] = {}
        self._heap: list[tuple[int, int, _Group]] = []
        self._numbers = count()

    def replace(self, collectors: Mapping[str, Timing], now: datetime) -> None:
        """Let these collectors tick and no others; groups that were there miss no tick.

        A new group ticks after ``now`` for the first time.
        """
        names: dict[Timing, list[str]] = {}
        for name, timing in collectors.items():
            names.setdefault(timing, []).append(name)
        self._timings = dict(collectors)
        self._groups = {
            timing: group
            for timing, members in names.items()
            if (group := self._group(timing, tuple(members), floor(now.timestamp())))
        }
        groups = self._groups.values()
        self._heap = [(group.look_at, next(self._numbers), group) for group in groups]
        heapify(self._heap)

    def next_tick(self, name: str) -> datetime | None:
        """Give when a collector ticks next; None where it never does, or is not known."""
        timing = self._timings.get(name)
        group = self._groups.get(timing) if timing else None
        return from_epoch(group.tick) if group else None

    def next_look(self) -> datetime | None:
        """Give when something is due next; None where nothing will be."""
        return from_epoch(self._heap[0][0]) if self._heap else None

    def take(self, now: datetime) -> Tick | None:
        """Give what is due by now, the earliest group first; None once nothing is."""
        end = floor(now.timestamp())
        while self._heap and self._heap[0][0] <= end:
            look_at, _, group = heappop(self._heap)
            if look_at == group.look_at:
                return self._told(group, end)
        return None

    def put_back(self, tick: Tick, look_at: datetime) -> None:
        """Let a tick that was taken be due again, not before ``look_at``; unless its group went."""
        if group := self._groups.get(tick.timing):
            group.tick = floor(tick.at[0].timestamp())
            self._push(group, floor(look_at.timestamp()))

    def _group(self, timing: Timing, collectors: tuple[str, ...], now: int) -> _Group | None:
        if group := self._groups.get(timing):
            group.collectors = collectors
            return group
        first = tick_after(timing, now)
        return None if first is None else _Group(timing, collectors, first, first)

    def _told(self, group: _Group, end: int) -> Tick:
        tick: int | None = group.tick
        times: list[datetime] = []
        while tick is not None and tick <= end and len(times) < AT_ONCE:
            times.append(from_epoch(tick))
            tick = tick_after(group.timing, tick)
        if tick is None:
            del self._groups[group.timing]
        else:
            group.tick = tick
            self._push(group, tick)
        return Tick(group.timing, group.collectors, tuple(times))

    def _push(self, group: _Group, look_at: int) -> None:
        group.look_at = look_at
        heappush(self._heap, (look_at, next(self._numbers), group))


def firings(collectors: Mapping[str, Timing], start: datetime, end: datetime) -> Iterator[Tick]:
    """Give the ticks of these collectors in ``[start, end)``, in order of time, at no clock's pace.

    One ``Tick`` tells one time of one group.
    """
    agenda = Agenda()
    agenda.replace(collectors, start - _MOMENT)
    while (at := agenda.next_look()) is not None and at < end:
        while tick := agenda.take(at):
            yield tick
