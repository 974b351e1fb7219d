"""The book in memory: coverage by the rules of the store, without its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count

from collectors.clock import FixedClock, epoch, from_epoch
from collectors.config.model import Collector
from collectors.intervals import Interval, subtract, union
from collectors.periods import Period, Window, following
from collectors.runner import WINDOWS_A_TURN
from collectors.runner.terms import terms_of
from collectors.schedule import PRIORITY, Collected, due, due_instant, is_settled, origin
from tests.reliability.simulation import Errand
from tests.reliability.weather import Weather
from tests.reliability.witness import Witness


@dataclass(slots=True)
class _Page:
    """What is known of one collector; ``waiting`` is what the sink has not taken yet, by run."""

    origin: datetime | None = None
    coverage: list[Collected] = field(default_factory=list)
    delivered: list[Interval] = field(default_factory=list)
    waiting: list[tuple[Interval, int]] = field(default_factory=list)


class MemoryBook:
    """Plans with the real planner, and keeps the rest in lists."""

    def __init__(
        self,
        collectors: Mapping[str, Collector],
        weather: Weather,
        witness: Witness,
        clock: FixedClock,
    ) -> None:
        self._collectors = collectors
        self._weather = weather
        self._witness = witness
        self._clock = clock
        self._waiting: set[str] = set()
        self._arriving: list[tuple[str, Interval, int]] = []
        self.pages = {name: _Page() for name in collectors}

    def enter(self, names: Sequence[str], tick: datetime | None) -> tuple[list[Errand], set[str]]:
        """Give what is due of these, in order of urgency, and of whom there may be more."""
        found = [(name, self._due(name)) for name in names]
        unfinished = {name for name, windows in found if len(windows) >= WINDOWS_A_TURN}
        order = count()
        urgent = sorted(
            (PRIORITY[one.kind], next(order), name, one)
            for name, windows in found
            for one in windows
        )
        errands = [
            Errand(name, (epoch(one.window.start), epoch(one.window.end)), one.kind)
            for _, _, name, one in urgent
        ]
        return errands, unfinished

    def collect(self, errand: Errand) -> bool:
        """Collect a window; gives whether that went well."""
        collector, page = self._collectors[errand.collector], self.pages[errand.collector]
        now = epoch(self._clock.now())
        if self._weather.fails(collector.source.number, now):
            return False
        window = Window(*map(from_epoch, errand.window))
        new = self._stretches(collector, window)
        if page.coverage and page.coverage[-1].window.end <= window.start:
            page.coverage = _merged([page.coverage[-1], *new], page.coverage[:-1])
        else:
            kept = [piece for one in page.coverage for piece in _without(one, window)]
            page.coverage = _merged(sorted([*kept, *new], key=lambda one: one.window), [])
        self._keep(errand, now)
        return True

    def leave(self, errand: Errand) -> None:
        """Die while it is being collected: nothing is kept of it."""

    def deliver(self) -> None:
        """Deliver what waits, as far as the sink takes it."""
        if self._weather.sink.down_at(epoch(self._clock.now())):
            return
        for name in sorted(self._waiting):
            page = self.pages[name]
            for window, began in page.waiting:
                self._arrive(name, window, began)
            page.waiting = []
        self._waiting.clear()

    def restart(self) -> None:
        """Be another process: all that is remembered is in the pages."""

    def _due(self, name: str) -> Sequence:
        collector, page, now = self._collectors[name], self.pages[name], self._clock.now()
        if collector.period is Period.INSTANT:
            one = due_instant(collector.schedule, page.coverage, now)
            return [one] if one else []
        if page.origin is None:
            page.origin = origin(terms_of(collector, None, now), now)
        return due(terms_of(collector, page.origin, now), page.coverage, now)

    def _stretches(self, collector: Collector, window: Window) -> list[Collected]:
        """Give one stretch of what is settled, and one a period for the rest."""
        now, start, made = self._clock.now(), window.start, []
        if collector.period is Period.INSTANT or is_settled(window.end, collector.settle, now):
            return [Collected(window, settled=True, collected_at=now)]
        while start < window.end:
            end = following(start, collector.period, collector.zone)
            settled = is_settled(end, collector.settle, now)
            made.append(Collected(Window(start, end), settled=settled, collected_at=now))
            start = end
        return _merged(made, [])

    def _keep(self, errand: Errand, now: int) -> None:
        """Let what was collected wait for the sink, in the place of what waited of it."""
        page, window = self.pages[errand.collector], errand.window
        kept = [(part, at) for one, at in page.waiting for part in subtract([one], [window])]
        page.waiting = [*kept, (window, now)]
        self._waiting.add(errand.collector)
        if page.delivered and page.delivered[-1][1] > window[0]:
            page.delivered = subtract(page.delivered, [window])

    def _arrive(self, name: str, window: Interval, began: int) -> None:
        page = self.pages[name]
        if page.delivered and page.delivered[-1][1] == window[0]:
            page.delivered[-1] = (page.delivered[-1][0], window[1])
        else:
            page.delivered = union(page.delivered, [window])
        for number in range(*(self._witness.number(name, edge) for edge in window)):
            self._witness.arrived(name, number, began)


def _merged(stretches: Sequence[Collected], before: list[Collected]) -> list[Collected]:
    """Join settled neighbours, after those before."""
    for one in stretches:
        last = before[-1] if before else None
        if last and last.settled and one.settled and last.window.end == one.window.start:
            window = Window(last.window.start, one.window.end)
            at = max(last.collected_at, one.collected_at)
            before[-1] = Collected(window, settled=True, collected_at=at)
        else:
            before.append(one)
    return before


def _without(one: Collected, taken: Window) -> list[Collected]:
    own = one.window
    if own.end <= taken.start or taken.end <= own.start:
        return [one]
    edges = [(own.start, taken.start), (taken.end, own.end)]
    return [
        Collected(Window(start, end), one.settled, one.collected_at)
        for start, end in edges
        if start < end
    ]
