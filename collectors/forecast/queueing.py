"""Runs and workers: when each run will begin, by priority and age, and how long it waits.

Pure. Times are seconds since 1970.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from itertools import count, groupby
from operator import attrgetter

from collectors.forecast.demand import Job
from collectors.runner import share_of
from collectors.schedule import PRIORITY, Kind

HOUR = 3600
Seconds = Callable[[Job], float]


@dataclass
class Hour:
    """What one hour brings: ticks, runs that begin by kind, how many at once, the longest wait."""

    at: int
    ticks: int = 0
    runs: Counter[Kind] = field(default_factory=Counter)
    peak: int = 0
    longest_wait: float = 0.0


@dataclass
class Load:
    """What ``workers`` make of the runs until ``end``.

    ``begun`` are all that begin, each with when; ``waiting`` is how many do not. ``behind`` are the
    collectors of which a live run waits for longer than until the next tick. ``regular`` are the
    seconds of work that comes again and again.
    """

    workers: int
    start: int
    end: int
    hours: dict[int, Hour] = field(default_factory=dict)
    begun: list[tuple[float, Job]] = field(default_factory=list)
    peak: int = 0
    peak_at: float = 0.0
    longest_wait: float = 0.0
    longest_of: str | None = None
    waiting: Counter[Kind] = field(default_factory=Counter)
    behind: set[str] = field(default_factory=set)
    regular: float = 0.0

    @property
    def busy(self) -> float:
        """The share of the workers' time that live runs and revisits take."""
        return self.regular / (self.workers * max(1, self.end - self.start))

    @property
    def keeps_up(self) -> bool:
        """Tell whether the workers keep up with live runs and revisits."""
        return not self.behind and self.busy < 1

    def hour(self, at: float) -> Hour:
        """Give the hour that holds a time."""
        start = int(at // HOUR * HOUR)
        found = self.hours.get(start)
        if found is None:
            found = self.hours[start] = Hour(start)
        return found


def simulate(
    jobs: Iterable[Job], backfills: Sequence[Sequence[Job]], seconds: Seconds, load: Load
) -> Load:
    """Let the workers of ``load`` work off jobs, which come in order of time.

    Of each of ``backfills`` as many are in the queue or under way at once as in the daemon.
    """
    queue = _Queue(load, seconds, [deque(one) for one in backfills])
    queue.feed(load.start)
    for at, together in groupby(jobs, attrgetter("at")):
        queue.work_until(at)
        for job in together:
            queue.add(job, at)
        queue.begin(at)
    queue.work_until(load.end)
    queue.close()
    return load


class _Queue:
    """Runs that wait, the most urgent first, and the workers that are busy."""

    def __init__(self, load: Load, seconds: Seconds, backfills: Sequence[deque[Job]]) -> None:
        self._load = load
        self._seconds = seconds
        self._backfills = backfills
        self._fed = Counter[int]()
        self._waiting: list[tuple[int, int, float, Job, int | None]] = []
        self._busy: list[tuple[float, int, int | None]] = []
        self._numbers = count()
        self._clock: float = load.start

    def add(self, job: Job, at: float, backfill: int | None = None) -> None:
        """Let a run wait; ``backfill`` is the number of the one that it is of."""
        heappush(self._waiting, (PRIORITY[job.kind], next(self._numbers), at, job, backfill))
        if job.regular:
            self._load.regular += self._seconds(job)

    def feed(self, at: float) -> None:
        """Let the next runs of the backfills wait, as far as they may."""
        going = [of for of, left in enumerate(self._backfills) if left or self._fed[of]]
        share = share_of(self._load.workers, len(going))
        for of in going:
            while self._backfills[of] and self._fed[of] < share:
                self.add(self._backfills[of].popleft(), at, of)
                self._fed[of] += 1

    def work_until(self, end: float) -> None:
        """Let what is busy end, and begin what waits for it."""
        if end > self._clock:
            self.begin(self._clock)
        while self._busy and self._busy[0][0] <= end:
            at, _, of = heappop(self._busy)
            if of is not None:
                self._fed[of] -= 1
                self.feed(at)
            self.begin(at)
        self._clock = end

    def begin(self, at: float) -> None:
        """Begin what waits, as far as workers are free."""
        load = self._load
        while self._waiting and len(self._busy) < load.workers:
            _, _, since, job, of = heappop(self._waiting)
            at_last = at + self._seconds(job)
            heappush(self._busy, (at_last, next(self._numbers), of))
            load.begun.append((at, job))
            load.hour(at).runs[job.kind] += 1
            self._waited(job, since, at)
        hour = load.hour(at)
        hour.peak = max(hour.peak, len(self._busy))
        if len(self._busy) > load.peak:
            load.peak, load.peak_at = len(self._busy), at

    def close(self) -> None:
        """Count what has not begun."""
        load = self._load
        for _, _, since, job, _ in self._waiting:
            load.waiting[job.kind] += 1
            self._waited(job, since, load.end)
        load.waiting[Kind.BACKFILL] += sum(map(len, self._backfills))

    def _waited(self, job: Job, since: float, at: float) -> None:
        load, wait = self._load, at - since
        if job.kind is Kind.BACKFILL or not wait:
            return
        hour = load.hour(min(since, load.end - 1))
        hour.longest_wait = max(hour.longest_wait, wait)
        if wait > load.longest_wait:
            load.longest_wait, load.longest_of = wait, job.collector.name
        if (
            job.regular
            and job.kind is Kind.LIVE
            and wait > job.collector.schedule.interval.total_seconds()
        ):
            load.behind.add(job.collector.name)


def by_hour(load: Load, ticks: dict[int, int]) -> Iterator[Hour]:
    """Give the hours in order, with their ticks; ``ticks`` are by hours since 1970."""
    for number in range(load.start // HOUR, (load.end - 1) // HOUR + 1):
        hour = load.hour(number * HOUR)
        hour.ticks = ticks.get(number, 0)
        yield hour
