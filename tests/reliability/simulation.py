"""A simulated time: the ticks, looks and outages of a daemon on a virtual clock, in order of time.

What is due, and what became of it, is left to a book: one in memory, or the real store. So a
year of a whole fleet takes minutes, and the same weeks over a store prove that the book is right.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heappop, heappush
from math import ceil
from typing import Protocol

from collectors.clock import FixedClock, epoch, from_epoch
from collectors.config.model import Collector
from collectors.daemon.retries import Retries
from collectors.errors import Unavailable
from collectors.intervals import Interval
from collectors.runner import Outcome
from collectors.schedule import firings, timing_of
from collectors.store import State
from tests.reliability.weather import ACCOUNTS, DAY, Weather
from tests.reliability.witness import Ask, Why, Witness

CALM = timedelta(days=8)
"""So long before the end nothing is down any more, so that even the last week is settled."""
_DOWN = Unavailable("it is down")


@dataclass(frozen=True, slots=True)
class Errand:
    """A window that a worker is about to collect. ``run`` is its id, where it has one."""

    collector: str
    window: Interval
    kind: str
    run: int = 0


class Book(Protocol):
    """Where coverage is kept."""

    def enter(self, names: Sequence[str], tick: datetime | None) -> tuple[list[Errand], set[str]]:
        """Give what is due of these, in order of urgency, and of whom there may be more."""
        ...

    def collect(self, errand: Errand) -> bool:
        """Collect a window; gives whether that went well."""
        ...

    def leave(self, errand: Errand) -> None:
        """Die while it is being collected."""
        ...

    def deliver(self) -> None:
        """Deliver what waits, as far as the sink takes it."""
        ...

    def restart(self) -> None:
        """Be another process on the same store."""
        ...


class Simulation:
    """A fleet, its weather, its book and its witness."""

    def __init__(
        self,
        collectors: Mapping[str, Collector],
        weather: Weather,
        book: Book,
        witness: Witness,
        clock: FixedClock,
    ) -> None:
        self._collectors = collectors
        self._weather = weather
        self._book = book
        self._witness = witness
        self._clock = clock
        self._agenda: list[tuple[datetime, int, int, str]] = []
        self._lives = 0
        self._retries = Retries(clock.now, self._look_at)

    def run(
        self, start: datetime, end: datetime, tell: Callable[[datetime], None] = lambda _now: None
    ) -> None:
        """Let the time pass; ``tell`` is called once a simulated day."""
        for at in (start, *(from_epoch(back) for _, back in self._weather.daemon.stretches)):
            heappush(self._agenda, (at, -1, 0, "start"))
        for _, back in self._weather.sink.stretches:
            heappush(self._agenda, (from_epoch(back), -2, 0, "sink"))
        today = start
        timings = {name: timing_of(one) for name, one in self._collectors.items()}
        for tick in firings(timings, start, end):
            [at] = tick.at
            self._until(at)
            heard = not self._weather.daemon.down_at(epoch(at))
            self._witness.ticked(tick.collectors, epoch(at), heard=heard)
            if heard:
                self._plan(at, tick.collectors, Why.TICK)
            if at >= today:
                tell(today)
                today += timedelta(seconds=DAY)
        self._until(end)

    def _until(self, moment: datetime) -> None:
        """Do what else falls due up to a moment."""
        while self._agenda and self._agenda[0][0] <= moment:
            at, _, life, what = heappop(self._agenda)
            self._clock.at = at
            if what == "sink":
                self._book.deliver()
            elif what == "start":
                self._start(at)
            elif life == self._lives and not self._weather.daemon.down_at(epoch(at)):
                self._plan(at, [what], Why.LOOK)

    def _start(self, at: datetime) -> None:
        """Begin as the daemon does: whoever failed before is forgotten, and all are looked at."""
        self._lives += 1
        self._retries = Retries(self._clock.now, self._look_at)
        self._book.restart()
        self._plan(at, list(self._collectors), Why.START)

    def _look_at(self, name: str, when: datetime) -> None:
        at = from_epoch(ceil(when.timestamp()))
        heappush(self._agenda, (at, 0, self._lives, name))

    def _plan(self, at: datetime, names: Sequence[str], why: Why) -> None:
        """Plan, collect what is due, and look again at whom there is more of."""
        self._clock.at = at
        tick = at if why is Why.TICK else None
        wanted = sorted(names)
        while wanted:
            errands, unfinished = self._book.enter(wanted, tick)
            went_well = {one.collector for one in errands if self._collect(one, epoch(at), why)}
            wanted, tick = sorted(went_well & unfinished), None
        self._book.deliver()

    def _collect(self, errand: Errand, at: int, why: Why) -> bool:
        collector = self._collectors[errand.collector]
        number = collector.source.number
        ask = Ask(errand.collector, errand.window, at, why)
        if self._weather.dies(number, at):
            self._book.leave(errand)
            self._witness.asked(ask, went_well=False)
            return False
        went_well = self._book.collect(errand)
        self._witness.asked(ask, went_well=went_well)
        outcome = Outcome(
            collector=errand.collector,
            window=None,
            state=State.DONE if went_well else State.FAILED,
            error=None if went_well else _DOWN,
        )
        random.seed(at)  # so that whoever keeps the book, the waits are the same
        self._retries.ended(errand.collector, f"account {number % ACCOUNTS}", outcome)
        return went_well
