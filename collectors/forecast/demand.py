"""The runs that ticks, what is due now, and backfills will lead to, in order of time."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from collectors.api import Document
from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.forecast.planner import Course, advance, course_of
from collectors.periods import ALWAYS, Period, Window
from collectors.runner import Parts
from collectors.runner.planning import first_origin
from collectors.runner.reading import border
from collectors.runner.terms import terms_of
from collectors.schedule import (
    Collected,
    Due,
    Kind,
    Tick,
    due_instant,
    firings,
    timing_of,
    windows_between,
)
from collectors.store import BackfillState, History, PartState, Run, State
from collectors.store.runs import OPEN

ALL = 1_000_000
_LOOK = Due(ALWAYS, Kind.LIVE, 1, "whether it has changed is seen when it is looked at")


@dataclass(frozen=True, slots=True)
class Job:
    """A run that will be due ``at`` a time, in seconds since 1970, and what it asks.

    What is ``regular`` comes again and again: live runs and revisits, unless they wait already.
    """

    at: int
    collector: Collector
    kind: Kind
    requests: int
    regular: bool


@dataclass
class Demand:
    """Plans collectors on a virtual clock from ``start`` to ``end``. Raises StoreError.

    ``ticks`` counts those told so far, by the hour they come in; ``broken`` are the collectors
    whose source breaks, each with how.
    """

    parts: Parts
    collectors: Mapping[str, Collector]
    start: datetime
    end: datetime
    ticks: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    broken: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        view = self.parts.store.view
        self._histories = view.histories(list(self.collectors))
        self._open = _first_open(view.runs(states=OPEN, limit=ALL))
        self._courses: dict[str, Course] = {}

    def jobs(self, told: Callable[[datetime], None]) -> Iterator[Job]:
        """Give the runs in order of time; ``told`` is called with the time that is reached."""
        yield from sorted(self._now(), key=lambda job: job.at)
        timings = {name: timing_of(one) for name, one in self.collectors.items()}
        for tick in firings(timings, self.start, self.end):
            told(tick.at[0])
            yield from self._ticked(tick)

    def backfills(self) -> list[list[Job]]:
        """Give the runs that each backfill which goes on has yet to lead to, in their order."""
        book = self.parts.store.backfills
        going = [
            one.backfill for one in book.progress() if one.backfill.state is BackfillState.RUNNING
        ]
        unfinished = (PartState.WAITING, PartState.ENTERED)
        return [
            [
                job
                for part in book.parts(one.id)
                if part.state in unfinished and part.collector in self.collectors
                for job in self._of_part(self.collectors[part.collector], part.reached, part.end)
            ]
            for one in going
        ]

    def _now(self) -> Iterator[Job]:
        """Give what waits now; where no daemon runs, one that starts looks at everything."""
        everything = self.parts.store.post.holder() is None
        for name, collector in self.collectors.items():
            if name not in self._open and not everything:
                continue
            run = self._open.get(name)
            parked = run.not_before if run is not None and run.state == State.PARKED else None
            at = max(self.start, from_epoch(parked)) if parked else self.start
            if at < self.end:
                yield from self._jobs(at, collector, self._due(collector, at), waits=True)

    def _ticked(self, tick: Tick) -> Iterator[Job]:
        at = tick.at[0]
        self.ticks[epoch(at) // 3600] += len(tick.collectors)
        for name in tick.collectors:
            collector = self.collectors[name]
            if found := self._due(collector, at):
                yield from self._jobs(at, collector, found)

    def _due(self, collector: Collector, now: datetime) -> tuple[Due, ...]:
        if isinstance(collector.source, Document):
            return (_LOOK,)
        if collector.period is Period.INSTANT:
            found = due_instant(collector.schedule, (), now)
            return (found,) if found else ()
        name = collector.name
        course = self._courses.get(name) or self._begun(collector)
        if course is None:
            return ()
        found_now, self._courses[name] = advance(course, now)
        return found_now

    def _begun(self, collector: Collector) -> Course | None:
        """Give the course of a collector as it is now; None where its source breaks."""
        name = collector.name
        if name in self.broken:
            return None
        history: History = self._histories[name]
        try:
            origin = history.origin or first_origin(self.parts, collector, history)
            terms = terms_of(collector, origin, self.start)
        except CollectorError as exc:
            self.broken[name] = self.parts.vault.scrub(str(exc))
            return None
        coverage = [
            Collected(
                Window(from_epoch(one.start), from_epoch(one.end)),
                one.settled,
                from_epoch(one.collected_at),
            )
            for one in history.stretches
        ]
        return course_of(terms, coverage, self.start)

    def _of_part(self, collector: Collector, reached: int, end: int) -> list[Job]:
        if isinstance(collector.source, Document) or collector.period is Period.INSTANT:
            return []
        terms = replace(terms_of(collector, None, self.start), limit=None)
        found = windows_between(terms, from_epoch(reached), from_epoch(end), self.start)
        return self._jobs(
            self.start, collector, (replace(one, kind=Kind.BACKFILL) for one in found)
        )

    def _jobs(
        self, at: datetime, collector: Collector, found: Iterable[Due], *, waits: bool = False
    ) -> list[Job]:
        with border(collector):
            requests = collector.source.requests
            return [
                Job(
                    at=epoch(at),
                    collector=collector,
                    kind=one.kind,
                    requests=requests(one.window),
                    regular=one.kind in (Kind.LIVE, Kind.REVISIT) and not waits,
                )
                for one in found
            ]


def _first_open(runs: list[Run]) -> dict[str, Run]:
    """Give of each collector the run that goes on first, of those that have not ended."""
    found: dict[str, Run] = {}
    for run in sorted(runs, key=lambda run: run.not_before or 0, reverse=True):
        found[run.collector] = run
    return found
