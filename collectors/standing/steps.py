"""What happens next to what is missing, in plain sentences: by itself, or after somebody acts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.clock import epoch, from_epoch, spelt
from collectors.config.model import Collector, Target
from collectors.intervals import Interval, overlap
from collectors.runner.patience import TRIED_WITHIN
from collectors.store import Debt, Lane, Owner, Pause, Run, State, Waiting
from collectors.store.owner import is_free
from collectors.store.post import Holder
from collectors.store.runs import OPEN, REFILL
from collectors.values import counted

_NOT_A_TOKEN = re.compile(r"answered 40[13]\b")


@dataclass(frozen=True, slots=True)
class Step:
    """What happens next, and when, as far as that is known.

    ``by_hand`` tells that it waits for somebody to act.
    """

    text: str
    at: datetime | None = None
    by_hand: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What decides what happens next to one collector.

    ``collector`` is None where no file configures it; with ``is_kept`` the daemon goes on with what
    it last read right of it. ``runs`` are its last ones, the newest first; ``me`` is this process;
    ``queue`` is how many runs of all collectors wait for a worker.
    """

    name: str
    now: datetime
    me: Owner
    collector: Collector | None
    is_kept: bool
    targets: Sequence[Target]
    paused: Pause | None
    daemon: Holder | None
    next_tick: datetime | None
    runs: Sequence[Run]
    queue: int


def run_about(known: Circumstances, window: Interval) -> Run | None:
    """Give the run that a window waits for, or else the last one that tried it."""
    about = [
        run
        for run in known.runs
        if run.kind != REFILL and run.state != State.SUPERSEDED and overlap(run.window, window)
    ]
    open_ones = (run for run in about if run.state in OPEN)
    return next(open_ones, None) or next(iter(about), None)


def to_collect(known: Circumstances, run: Run | None) -> Step:
    """Tell what happens next to a window that is due; ``run`` is the one about it."""
    collector, paused = known.collector, known.paused
    if run is not None and run.state == State.RUNNING:
        return _running(run)
    if collector is None and not known.is_kept:
        return Step("no file configures it, so nothing collects it", by_hand=True)
    if collector is not None and not collector.enabled:
        text = f"it is not enabled: take 'enabled: no' out of its file, {collector.place}"
        return Step(text, by_hand=True)
    if paused is not None:
        return Step(f"it is {paused}; it goes on with: resume {paused.shown}", by_hand=True)
    if run is not None and run.state in _AFTER:
        return _AFTER[State(run.state)](known, run)
    return _planned(known)


def lost(known: Circumstances) -> Step:
    """Tell what happens next to what the source does not remember any more."""
    data_set = str(known.collector.data_set) if known.collector else "DATA_SET"
    text = "its source does not remember it any more, so nothing brings it back by itself; who has "
    return Step(f"{text}the figures elsewhere posts them: send {data_set} FILE", by_hand=True)


def beyond(turn: int) -> Step:
    """Tell what happens next to what has to wait for other windows of its collector."""
    return Step(f"its turn comes after the windows before it: {turn} are planned at a time")


def owed(known: Circumstances, debt: Debt) -> Step:
    """Tell what happens next to what a lane did not take, as it was full."""
    if trouble := _trouble(known, debt.lane):
        return trouble
    text = f"the outbox of {debt.lane.name} was full"
    if known.daemon:
        return Step(f"{text}; the daemon pays it within a minute of there being room")
    return Step(f"{text}; no daemon runs on this store: 'run' pays it once there is room")


def to_deliver(known: Circumstances, waiting: Waiting) -> Step:
    """Tell what happens next to what waits in a lane."""
    lane = waiting.lane
    if trouble := _trouble(known, lane):
        return trouble
    if waiting.is_held:
        return Step("a snapshot is held back until all of it is there: its run has not ended")
    if lane.owner is not None and not _is_dead(known, lane.owner, lane.lease_until):
        return Step(f"{Owner.parse(lane.owner).shown} is delivering it to {lane.target}")
    if known.daemon:
        return Step(f"the daemon delivers it to {lane.target} next")
    text = "no daemon runs on this store: deliver it with 'run', or: outbox flush"
    return Step(f"{text} {lane.data_set}", by_hand=True)


def _running(run: Run) -> Step:
    who = f" by {Owner.parse(run.owner).shown}" if run.owner else ""
    since = spelt(from_epoch(run.began_at or run.planned_at))
    text = f"run {run.id} is being collected{who}, since {since}"
    if run.not_before is None:
        return Step(text)
    return Step(f"{text}; it {run.reason}", from_epoch(run.not_before))


def _due(known: Circumstances, run: Run) -> Step:
    if known.daemon is None:
        return _no_daemon(known, f"run {run.id} waits for a worker, and ")
    others = f", with {counted(known.queue - 1, 'other')}" if known.queue > 1 else ""
    return Step(f"run {run.id} waits for a worker of the daemon{others}: the most urgent first")


def _parked(known: Circumstances, run: Run) -> Step:
    until = from_epoch(run.not_before or epoch(known.now))
    text = f"run {run.id} is parked until {spelt(until)}: {run.reason}"
    if known.daemon is None:
        return Step(f"{text}; no daemon runs on this store: after that, run {known.name}", until)
    return Step(f"{text}; then it is tried again by itself", until)


def _failed(known: Circumstances, run: Run) -> Step:
    passes = run.not_before is not None or run.state == State.NOT_YET
    what = "found nothing yet" if run.state == State.NOT_YET else "failed"
    text = f"run {run.id} {what}: {run.reason}"
    if known.daemon is None:
        return _no_daemon(known, f"{text}; ")
    at_last = from_epoch(run.ended_at or run.planned_at) + TRIED_WITHIN
    moments = [one for one in (at_last, known.next_tick) if one is not None and one > known.now]
    at = min(moments, default=None)
    when = f", at the latest at {spelt(at)}" if at else ""
    if passes:
        return Step(f"{text}; it is tried again by itself{when}", at)
    mended = "as soon as a file of its configuration or credentials changes"
    return Step(f"{text}; that has to be mended: it is tried again {mended}{when}", at, True)


def _again(known: Circumstances, run: Run) -> Step:
    planned = _planned(known)
    return Step(f"run {run.id} was lost: {run.reason}; {planned.text}", planned.at, planned.by_hand)


_AFTER = {
    State.DUE: _due,
    State.PARKED: _parked,
    State.FAILED: _failed,
    State.NOT_YET: _failed,
    State.LOST: _again,
}


def _planned(known: Circumstances) -> Step:
    if known.daemon is None:
        return _no_daemon(known)
    if known.next_tick is None:
        text = f"its schedule never ticks again; collect it with: run {known.name}"
        return Step(text, by_hand=True)
    return Step(f"the next tick, at {spelt(known.next_tick)}, plans it", known.next_tick)


def _no_daemon(known: Circumstances, before: str = "") -> Step:
    text = "no daemon runs on this store: start one, or collect it with: run"
    return Step(f"{before}{text} {known.name}", by_hand=True)


def _trouble(known: Circumstances, lane: Lane) -> Step | None:
    """Tell why a lane does not flow; None where it does."""
    target = next((one for one in known.targets if one.name == lane.target), None)
    if target is None:
        text = f"the target {lane.target} is not in platform.yaml any more: put it back there"
        return Step(text, by_hand=True)
    if lane.parked_at is not None:
        since = spelt(from_epoch(lane.parked_at))
        text = f"the lane {lane.name} is parked since {since}: {_to_mend(lane, target)}"
        noticed = "the daemon notices, and tries every hour" if known.daemon else "then"
        either = ", or at once with" if known.daemon else ""
        return Step(f"{text}: {noticed}{either}: outbox retry {lane.data_set}", by_hand=True)
    if lane.retry_at is None:
        return None
    at = from_epoch(lane.retry_at)
    failures = counted(lane.failures, "failure")
    text = f"the lane {lane.name} waits until {spelt(at)}, after {failures} in a row"
    after = "it is tried again by itself" if known.daemon else "'run', or 'outbox flush', tries it"
    return Step(f"{text}: {lane.reason}; then {after}", at)


def _to_mend(lane: Lane, target: Target) -> str:
    """Tell what is wrong with a parked lane, and what to do about it."""
    reason = lane.reason or ""
    if not _NOT_A_TOKEN.search(reason):
        return f"{reason}; mend that"
    wrong = reason.partition("; ")[0]
    return f"{wrong}; put a right token into credentials/{target.tokens}.yaml"


def _is_dead(known: Circumstances, owner: str | None, lease_until: int | None) -> bool:
    return owner != str(known.me) and is_free(owner, lease_until, known.me, epoch(known.now))
