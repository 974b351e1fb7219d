"""From where every collector stands to what is wrong: as few problems as there are causes.

A collector is in trouble when it is late. One without a deadline is in trouble when its last run
failed, or its target takes nothing, and that has not passed within ``GRACE``. What is parked waits
for somebody to act, so it is told after ``GRACE`` whatever the deadline. Figures that are not as
expected are a problem of their own.

Whose trouble it is shows by who else is in it. Of all that ask the same source in the same way (or
post to the same target), the last tries are put in order of time: where two neighbours failed, the
source has failed; where one failed alone, among others that went well, it is its own problem. While
a problem of a source is open, what was not tried since the source came back still belongs to it.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import NamedTuple
from urllib.parse import urlsplit

from collectors.clock import epoch, from_epoch, spelt
from collectors.config.model import Collector
from collectors.standing import Standing
from collectors.store import SUCCEEDED, Lane, Queued, State
from collectors.store.incidents import Problem

GRACE = timedelta(minutes=15)
"""How long a failure may last before it is told where no deadline says so."""
FAILING = (State.FAILED, State.PARKED)
BACKLOG = "collecting"
"""The subject of the one problem of all that nobody has tried to collect."""

Key = tuple[str, str]
"""The kind and the subject of a problem."""


class Try(NamedTuple):
    """The last try of a collector or lane, in seconds since 1970."""

    at: int
    name: str
    failed: bool


def shared(tries: Iterable[Try], *, is_open: bool) -> set[str]:
    """Name those whose failure is not theirs alone; ``is_open``: that is known already."""
    ordered = sorted(tries)
    alive = max((one.at for one in ordered if not one.failed), default=-1)
    found = {one.name for one in ordered if is_open and one.failed and one.at <= alive}
    for failed, group in groupby(ordered, lambda one: one.failed):
        names = [one.name for one in group]
        if failed and len(names) > 1:
            found |= set(names)
    return found


def way_of(collector: Collector) -> str:
    """Name how a collector asks its source: the source, the credential, the host of its query."""
    source = collector.source
    credential = collector.credentials
    hosts = (_host(getattr(source, name)) for name in type(source).model_fields)
    host = next((one for one in hosts if one), "")
    named = f" as {credential}" if credential not in (None, source.name) else ""
    return f"{source.name}{named}{f' at {host}' if host else ''}"


def judge(
    standings: Sequence[Standing],
    lanes: Collection[Lane],
    open_ones: Collection[Key],
    now: datetime,
    feeders: Callable[[Collector], Collection[str]] = lambda _collector: (),
) -> list[Problem]:
    """Give what is wrong now, each cause once, with the data sets that it delays.

    ``open_ones`` are the problems that are open already; ``feeders`` gives the collectors that
    write what a collector reads.
    """
    active = [one for one in standings if one.collector.enabled and one.paused is None]
    found = _Found()
    _blame_targets(found, active, lanes, open_ones, now)
    troubled = [one for one in active if _is_uncollected(one)]
    _blame_sources(found, active, [one for one in troubled if _fails(one)], open_ones, now)
    _blame_feeders(found, [one for one in troubled if not _fails(one)], feeders)
    for one in active:
        if one.unmet is not None:
            found.blame(("expectation", one.collector.name), one.unmet, one.collector)
    return found.problems()


@dataclass
class _Found:
    """The problems that are known so far, and which of them holds up which collector."""

    reasons: dict[Key, str] = field(default_factory=dict)
    data_sets: defaultdict[Key, set[str]] = field(default_factory=lambda: defaultdict(set))
    blamed: dict[str, Key] = field(default_factory=dict)

    def blame(self, key: Key, reason: str, collector: Collector) -> None:
        self.reasons.setdefault(key, reason)
        self.data_sets[key].add(str(collector.data_set))
        self.blamed.setdefault(collector.name, key)

    def problems(self) -> list[Problem]:
        return [
            Problem(kind=kind, subject=subject, reason=reason, data_sets=tuple(sorted(delayed)))
            for (kind, subject), reason in self.reasons.items()
            for delayed in [self.data_sets[kind, subject]]
        ]


def _is_uncollected(known: Standing) -> bool:
    if known.late is not None:
        return not known.late.undelivered
    ended = known.ended
    return known.collector.deadline is None and ended is not None and ended.state == State.FAILED


def _fails(known: Standing) -> bool:
    return known.ended is not None and known.ended.state in FAILING


def _blame_sources(
    found: _Found,
    active: Iterable[Standing],
    failing: Iterable[Standing],
    open_ones: Collection[Key],
    now: datetime,
) -> None:
    tries = defaultdict[str, list[Try]](list)
    for one in active:
        if (last := _last_try(one)) is not None:
            tries[way_of(one.collector)].append(last)
    in_common = {
        way: shared(some, is_open=("source", way) in open_ones) for way, some in tries.items()
    }
    for one in sorted(failing, key=_ended_at, reverse=True):
        way, own = way_of(one.collector), ("collector", one.collector.name)
        is_shared = one.collector.name in in_common[way] and own not in open_ones
        key = ("source", way) if is_shared else own
        # What is open already fails anew with every try: that is no new failure to wait with.
        if one.late is None and key not in open_ones and _ended_at(one) > epoch(now - GRACE):
            continue
        found.blame(key, one.ended.reason if is_shared and one.ended else _why(one), one.collector)


def _last_try(known: Standing) -> Try | None:
    name = known.collector.name
    if _fails(known):
        return Try(_ended_at(known), name, failed=True)
    if known.seen_at is not None:
        return Try(epoch(known.seen_at), name, failed=False)
    return None


def _ended_at(known: Standing) -> int:
    ended = known.ended
    return (ended.ended_at or ended.planned_at) if ended else 0


def _why(known: Standing) -> str:
    if known.late is not None:
        return known.late.reason
    return f"its last run failed: {known.ended.reason}" if known.ended else ""


def _blame_feeders(
    found: _Found,
    troubled: Iterable[Standing],
    feeders: Callable[[Collector], Collection[str]],
) -> None:
    """Blame what holds up those that a collector is fed by; else itself, or that nobody tried."""
    left = _spread(found, _unblamed(found, troubled), feeders)
    for one in left:
        if one.ended is None or one.ended.state != State.NOT_YET:
            found.blame(("backlog", BACKLOG), _not_tried(one), one.collector)
    for one in _spread(found, _unblamed(found, left), feeders):
        found.blame(("collector", one.collector.name), _why(one), one.collector)


def _spread(
    found: _Found, left: Sequence[Standing], feeders: Callable[[Collector], Collection[str]]
) -> Sequence[Standing]:
    """Blame for each what is blamed for one that feeds it; gives those of which none is."""
    while True:
        for one in left:
            named = (found.blamed.get(name) for name in feeders(one.collector))
            if (key := next(filter(None, named), None)) is not None:
                found.blame(key, found.reasons[key], one.collector)
        still = _unblamed(found, left)
        if len(still) == len(left):
            return still
        left = still


def _unblamed(found: _Found, troubled: Iterable[Standing]) -> Sequence[Standing]:
    return [one for one in troubled if one.collector.name not in found.blamed]


def _not_tried(known: Standing) -> str:
    ended = known.ended
    if ended is None or ended.state in SUCCEEDED:
        return "nothing has failed, but it was not collected in time: is the daemon keeping up?"
    return f"the last run was {ended.state}: {ended.reason}"


def _blame_targets(
    found: _Found,
    active: Iterable[Standing],
    lanes: Collection[Lane],
    open_ones: Collection[Key],
    now: datetime,
) -> None:
    tries = defaultdict[str, list[Try]](list)
    for lane in lanes:
        if (last := _last_post(lane, now)) is not None:
            tries[lane.target].append(last)
    in_common = {
        target: shared(some, is_open=("sink", target) in open_ones)
        for target, some in tries.items()
    }
    for one in active:
        for queued in one.queued:
            lane = queued.lane
            if not _is_held_up(one.collector, queued, now):
                continue
            alone = lane.reason and lane.name not in in_common.get(lane.target, ())
            own = alone or ("sink", lane.name) in open_ones
            reason = lane.reason or f"delivery is behind since {spelt(from_epoch(queued.since))}"
            found.blame(("sink", lane.name if own else lane.target), reason, one.collector)


def _is_held_up(collector: Collector, queued: Queued, now: datetime) -> bool:
    waited = now - from_epoch(queued.since)
    if queued.lane.parked_at is not None:
        return waited >= GRACE
    if queued.lane.reason:
        return waited >= (collector.deadline or GRACE)
    return collector.deadline is not None and waited >= collector.deadline


def _last_post(lane: Lane, now: datetime) -> Try | None:
    if lane.reason:
        return Try(lane.parked_at or epoch(now), lane.name, failed=True)
    return None if lane.accepted_at is None else Try(lane.accepted_at, lane.name, failed=False)


def _host(value: object) -> str:
    """Give the host, and port, of a text that is a URL; empty for anything else."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        return ""
    try:
        return urlsplit(value).netloc.rpartition("@")[2]
    except ValueError:
        return ""
