"""Calls by quota key, against what may be asked: by the minute, the hour and the provider's day.

What live runs and revisits ask comes again and again, so it must fit. What waits already, is caught
up or backfilled is parked where it does not fit, and goes on later.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from collectors.api import Limits
from collectors.api.quotas import Resets
from collectors.clock import epoch, from_epoch
from collectors.forecast.demand import Job
from collectors.schedule import Kind
from collectors.store.quota_asking import PATIENCE
from collectors.store.quota_rules import SPANS

HOUR = 3600
_REGULAR = (Kind.LIVE, Kind.REVISIT)
_MINUTE = SPANS["minute"]
_PATIENT_MINUTES = 1 + int(PATIENCE // _MINUTE)
"""In so many minutes a request may be made that is asked for in the first: it waits that long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Requests of one run against a key; ``kind`` is None unless they come again and again."""

    at: float
    kind: Kind | None
    requests: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetUse:
    """The busiest ``span`` of a key: what live runs, revisits and other work would ask in it.

    ``limit`` is what may be asked, of which ``reserved`` is for live work only; ``used`` is what
    had been asked before; ``at`` is when that span begins, in seconds since 1970. ``limit`` is
    None, and the span an hour, where nobody knows a limit.
    """

    key: str
    span: str
    limit: int | None
    reserved: int
    used: int
    at: int | None
    live: int
    revisit: int
    other: int

    @property
    def breaks(self) -> bool:
        """Tell whether live runs and revisits ask for more than there is."""
        if self.limit is None:
            return False
        regular = self.used + self.live + self.revisit
        return regular > self.limit or self.revisit > self.limit - self.reserved

    @property
    def parks(self) -> int:
        """How many requests of other work do not fit, and are parked until there is more."""
        if self.limit is None:
            return 0
        room = self.limit - self.used - self.live - self.revisit
        return max(0, self.other - max(0, min(room, self.limit - self.reserved - self.revisit)))


def budgets_of(
    begun: Sequence[tuple[float, Job]],
    keys: Mapping[str, Mapping[str, Limits]],
    used: Mapping[tuple[str, str], int],
) -> tuple[list[BudgetUse], dict[str, Counter[int]]]:
    """Give the busiest span of each budget, and the calls of each key by the hour they begin in.

    ``keys`` are those of each collector; ``used`` is what has been asked of a key's span by now.
    """
    calls = defaultdict[str, list[Call]](list)
    limits: dict[str, Limits] = {}
    for at, job in begun:
        for key, known in keys.get(job.collector.name, {}).items():
            limits[key] = known
            kind = job.kind if job.regular else None
            calls[key].append(Call(at=at, kind=kind, requests=job.requests))
    found = [use for key in sorted(calls) for use in _uses(key, limits[key], calls[key], used)]
    return found, {key: _hours(calls[key]) for key in sorted(calls)}


def _uses(
    key: str, limits: Limits, calls: Sequence[Call], used: Mapping[tuple[str, str], int]
) -> Iterator[BudgetUse]:
    for span, limit in limits.windows.items():
        if span == "minute":
            at, most = _busiest(calls, _MINUTE * _PATIENT_MINUTES)
            most = Counter({kind: -(-count // _PATIENT_MINUTES) for kind, count in most.items()})
            before = 0
        elif span == "hour":
            at, most, before = *_busiest(calls, SPANS[span]), 0
        else:
            at, most, before = _busiest_day(
                calls, limits.resets or Resets(), used.get((key, span), 0)
            )
        yield _use(key, span, limit, limits.reserved(limit), before, at, most)
    if not limits.windows:
        at, most = _busiest(calls, HOUR)
        yield _use(key, "hour", None, 0, 0, at, most)


def _use(
    key: str,
    span: str,
    limit: int | None,
    reserved: int,
    used: int,
    at: int,
    most: Counter[Kind | None],
) -> BudgetUse:
    return BudgetUse(
        key=key,
        span=span,
        limit=limit,
        reserved=reserved,
        used=used,
        at=at,
        live=most[Kind.LIVE],
        revisit=most[Kind.REVISIT],
        other=most[None],
    )


def _busiest(calls: Sequence[Call], seconds: int) -> tuple[int, Counter[Kind | None]]:
    """Give the stretch of so many seconds with most calls, of live runs and revisits first."""
    within, best, best_at, first = Counter[Kind | None](), Counter[Kind | None](), 0, 0
    for call in calls:
        within[call.kind] += call.requests
        while calls[first].at <= call.at - seconds:
            within[calls[first].kind] -= calls[first].requests
            first += 1
        if _rank(within) > _rank(best):
            best, best_at = within.copy(), int(calls[first].at)
    return best_at, best


def _busiest_day(
    calls: Sequence[Call], resets: Resets, used: int
) -> tuple[int, Counter[Kind | None], int]:
    """Give the provider's day with most calls; ``used`` were made in the first one before."""
    best: tuple[int, Counter[Kind | None], int] = (0, Counter(), 0)
    before = used
    for _, group in groupby(calls, lambda call: epoch(resets.after(from_epoch(call.at)))):
        together = list(group)
        most = Counter[Kind | None]()
        for call in together:
            most[call.kind] += call.requests
        if best[0] == 0 or _with(most, before) > _with(best[1], best[2]):
            best = (int(together[0].at), most, before)
        before = 0
    return best


def _with(most: Counter[Kind | None], before: int) -> tuple[int, int]:
    regular, whole = _rank(most)
    return regular + before, whole


def _rank(most: Counter[Kind | None]) -> tuple[int, int]:
    return sum(most[kind] for kind in _REGULAR), most.total()


def _hours(calls: Sequence[Call]) -> Counter[int]:
    hours = Counter[int]()
    for call in calls:
        hours[int(call.at // HOUR * HOUR)] += call.requests
    return hours
