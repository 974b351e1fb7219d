"""Lateness, judged on data time: no run is needed to find out.

A collector is late once its deadline has passed since

==============  ==================================================================================
a period        its end, where it is not collected; if that was before the collector was first
                planned, since then
an instant      the end of the last one that was collected, or when it was first planned
a document      it was last read, or found to be as it was read, or when it was first planned
what waits      the oldest of it came into the outbox: it is collected, and not delivered
==============  ==================================================================================

What was never planned has but its data to count from: nobody has looked at it, which is no excuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.api import Document
from collectors.clock import from_epoch
from collectors.config.model import Collector
from collectors.periods import Period, following, label
from collectors.schedule import Due, Kind
from collectors.store import SUCCEEDED, History, Queued, Run

Wait = tuple[datetime, str]
"""Since when something is waited for, and what."""


@dataclass(frozen=True, slots=True)
class Lateness:
    """Since when a collector is late, and why; ``undelivered`` where all of it is collected."""

    since: datetime
    reason: str
    undelivered: bool = False


def lateness(
    collector: Collector,
    history: History,
    due: Sequence[Due],
    queued: Sequence[Queued],
    ended: Run | None,
    now: datetime,
) -> Lateness | None:
    """Give since when a collector is late; None where it is not, or has no deadline.

    ``ended`` is the last of its runs that has: it tells why.
    """
    deadline = collector.deadline
    if deadline is None:
        return None
    wait = _uncollected(collector, history, due, now - deadline)
    if wait is not None and wait[0] + deadline <= now:
        return Lateness(wait[0] + deadline, f"{wait[1]}; {_cause(ended)}")
    wait = _undelivered(queued)
    if wait is not None and wait[0] + deadline <= now:
        return Lateness(wait[0] + deadline, wait[1], undelivered=True)
    return None


def _uncollected(
    collector: Collector, history: History, due: Sequence[Due], at_the_latest: datetime
) -> Wait | None:
    if isinstance(collector.source, Document):
        read = [from_epoch(one.collected_at) for one in history.stretches]
        seen = max([*read, *filter(None, [history.looked_at])], default=None)
        return _since_seen(seen, "read or found unchanged", history, at_the_latest)
    if collector.period is Period.INSTANT:
        last = from_epoch(history.stretches[-1].end) if history.stretches else None
        return _since_seen(last, "collected", history, at_the_latest)
    missing = [one.window for one in due if one.kind is not Kind.REVISIT]
    if not missing:
        return None
    start = min(missing).start
    end = following(start, collector.period, collector.zone)
    return max(end, history.planned_at or end), f"{_spelt(collector, start)} is not collected"


def _since_seen(
    seen: datetime | None, done: str, history: History, at_the_latest: datetime
) -> Wait:
    """Give since when nothing has been seen of what has no periods that could be missing."""
    if seen is not None:
        return seen, f"last {done} {seen:%Y-%m-%dT%H:%MZ}"
    return history.planned_at or at_the_latest, f"never {done}"


def _undelivered(queued: Sequence[Queued]) -> Wait | None:
    if not queued:
        return None
    oldest = min(queued, key=lambda one: one.since)
    since = from_epoch(oldest.since)
    trouble = f": {oldest.lane.reason}" if oldest.lane.reason else ""
    return since, f"it waits for {oldest.lane.target} since {since:%Y-%m-%dT%H:%MZ}{trouble}"


def _cause(ended: Run | None) -> str:
    if ended is None:
        return "no run has ended yet"
    if ended.state in SUCCEEDED:
        return "its last run went well, and nothing has tried since"
    return f"last run {ended.state}: {ended.reason}"


def _spelt(collector: Collector, start: datetime) -> str:
    if collector.period is Period.HOUR:
        return f"the hour {start:%Y-%m-%dT%H:%MZ}"
    return f"the {collector.period} of {label(start, collector.period, collector.zone):%Y-%m-%d}"
