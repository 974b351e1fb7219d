"""Every stretch of time that is missing of a collector, each with what happens to it next."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from collectors.api import Document
from collectors.clock import epoch, from_epoch, spelt
from collectors.config.model import Collector
from collectors.intervals import Interval, subtract, union
from collectors.periods import Window, count
from collectors.runner import WINDOWS_A_TURN, Parts
from collectors.schedule import Kind
from collectors.standing import steps
from collectors.standing.calendar import wanted_of
from collectors.standing.standing import Standing
from collectors.standing.steps import Circumstances, Step
from collectors.store import Run, Waiting
from collectors.store.runs import OPEN, REFILL
from collectors.values import counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A stretch of time that is missing, in seconds since 1970, and what happens to it next.

    ``kind`` is that of the window that is due, or ``lost``, ``owed`` (to ``target``, whose outbox
    was full) or ``undelivered`` (to ``target``). ``periods`` is None where nobody counted them;
    ``run`` is the one that it waits for, or else the last that tried it.
    """

    kind: str
    window: Interval
    periods: int | None
    reason: str
    step: Step
    run: Run | None = None
    target: str | None = None


def uncollected(parts: Parts, known: Circumstances, standing: Standing) -> Iterator[Missing]:
    """Give what is due, what is lost, and what lanes are owed."""
    for due in standing.due:
        window = _interval(due.window)
        run = steps.run_about(known, window)
        yield Missing(
            kind=due.kind,
            window=window,
            periods=due.periods,
            reason=due.reason,
            step=steps.to_collect(known, run),
            run=run,
        )
    yield from _beyond(parts, known, standing)
    for one in standing.lost:
        reason = "it was not collected while its source remembered it"
        yield _whole("lost", _interval(one), standing.collector, reason, steps.lost(known))
    for debt in standing.owed:
        yield Missing(
            kind="owed",
            window=(debt.start, debt.end),
            periods=None,
            reason=f"the outbox of {debt.lane.name} was full",
            step=steps.owed(known, debt),
            target=debt.lane.target,
        )


def under_way(known: Circumstances) -> Iterator[Missing]:
    """Give the runs that have not ended, for where nobody can tell what is due."""
    for run in known.runs:
        if run.state in OPEN and run.kind != REFILL:
            yield Missing(
                kind=run.kind,
                window=run.window,
                periods=None,
                reason=run.reason,
                step=steps.to_collect(known, run),
                run=run,
            )


def undelivered(known: Circumstances, lanes: Iterable[Waiting]) -> Iterator[Missing]:
    """Give what is collected, and not delivered yet."""
    for one in lanes:
        if one.since is None:
            continue
        what = counted(one.observations, "observation waits", "observations wait")
        what = what if one.observations else "something waits"
        since = spelt(from_epoch(one.since))
        for window in one.stretches or [_interval_of(known.now)]:
            yield Missing(
                kind="undelivered",
                window=window,
                periods=None,
                reason=f"{what} for {one.lane.target} since {since}",
                step=steps.to_deliver(known, one),
                target=one.lane.target,
            )


def _beyond(parts: Parts, known: Circumstances, standing: Standing) -> Iterator[Missing]:
    """Give what is missing and is not planned in this turn."""
    collector = standing.collector
    if len(standing.due) < WINDOWS_A_TURN or isinstance(collector.source, Document):
        return
    wanted = wanted_of(parts, standing, known.now)
    there = union(
        ((one.start, one.end) for one in standing.stretches),
        (_interval(one.window) for one in standing.due),
        map(_interval, standing.lost),
    )
    for window in subtract([wanted] if wanted else [], there):
        step = steps.beyond(WINDOWS_A_TURN)
        yield _whole(Kind.CATCH_UP, window, collector, "ended, never collected", step)


def _whole(kind: str, window: Interval, collector: Collector, reason: str, step: Step) -> Missing:
    held = Window(from_epoch(window[0]), from_epoch(window[1]))
    periods = count(held, collector.period, collector.zone)
    return Missing(kind=kind, window=window, periods=periods, reason=reason, step=step)


def _interval(window: Window) -> Interval:
    return epoch(window.start), epoch(window.end)


def _interval_of(now: datetime) -> Interval:
    """Give the stretch of an entry that only empties a data set: all that there is."""
    return 0, epoch(now)
