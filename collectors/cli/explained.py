"""An explanation as it is printed: for people, and as JSON."""

from collections.abc import Iterator, Sequence
from typing import Any

from collectors.cli.output import moment, stretch
from collectors.clock import epoch, from_epoch, spelt
from collectors.standing.explanation import Explanation
from collectors.standing.missing import Missing
from collectors.store import QuotaStanding, Run, State, Waiting
from collectors.values import counted

LISTED = 20
"""How many stretches are listed for people; ``--json`` has them all."""
_LABEL = 12


def lines(one: Explanation) -> Iterator[str]:
    """Give an explanation line by line."""
    yield f"{one.name}: {one.state}{_since(one)}"
    if why := _why(one):
        yield f"  {why}"
    if one.missing:
        yield from ("", "  missing")
        yield from (f"    {_shown(missing)}" for missing in one.missing[:LISTED])
        if len(one.missing) > LISTED:
            yield f"    and {len(one.missing) - LISTED} more"
    yield from ("", "  what happens next")
    for step, concerned in one.steps:
        yield f"    - {step.text}{_of(concerned)}"
    yield from ("", "  what is known")
    for label, text in _facts(one):
        yield f"    {label:<{_LABEL}}{text}"


def as_json_takes_it(one: Explanation) -> dict[str, Any]:
    """Give an explanation for programs."""
    known, common = one.standing, one.common
    late = known.late if known else None
    return {
        "collector": one.name,
        "state": one.state,
        "wrong": one.is_wrong,
        "why": _why(one),
        "late_since": moment(epoch(late.since)) if late else None,
        "missing": [_missing(missing) for missing in one.missing],
        "next": [
            {
                "what": step.text,
                "when": moment(epoch(step.at)) if step.at else None,
                "by_hand": step.by_hand,
                "windows": [stretch(*missing.window) for missing in concerned],
            }
            for step, concerned in one.steps
        ],
        "last_tick": _tick(one),
        "next_tick": moment(epoch(one.next_tick)) if one.next_tick else None,
        "runs": [_run(run) for run in one.runs],
        "lanes": [_lane(lane) for lane in one.lanes],
        "refused": [
            {"by": each.target, "reason": each.reason, "observations": each.observations}
            for each in one.refused
        ],
        "quotas": [
            {"key": quota.key, "budget": budget.name, "limit": budget.limit, "left": budget.left}
            | {"resets_at": moment(budget.resets_at)}
            for quota in one.quotas
            for budget in quota.budgets
        ],
        "incidents": [
            {"kind": each.kind, "subject": each.subject, "reason": each.reason}
            | {"since": moment(each.opened_at)}
            for each in one.incidents
        ],
        "backfills": [
            {"id": each.backfill.id, "state": str(each.backfill.state), "left": each.left}
            for each in one.backfills
        ],
        "failed_chunks": [
            {"backfill": each.backfill_id, "window": stretch(each.reached, each.end)}
            | {"reason": each.reason}
            for each in one.failed
        ],
        "mistakes": list(one.mistakes),
        "daemon": common.daemon.owner.shown if common.daemon else None,
        "daemon_alive_at": moment(epoch(common.alive_at)) if common.alive_at else None,
    }


def _since(one: Explanation) -> str:
    late = one.standing.late if one.standing else None
    return f" since {spelt(late.since)}" if late else ""


def _why(one: Explanation) -> str | None:
    known = one.standing
    if known is None:
        return one.trouble
    if known.paused is not None:
        return str(known.paused)
    if known.late is not None:
        return known.late.reason
    return known.unmet or (known.ended.reason if known.ended else None)


def _shown(one: Missing) -> str:
    periods = "" if one.periods is None else f"{counted(one.periods, 'period')}, "
    return f"{stretch(*one.window)}  {periods}{one.kind}: {one.reason}"


def _of(concerned: Sequence[Missing]) -> str:
    if not concerned:
        return ""
    first = stretch(*concerned[0].window)
    more = len(concerned) - 1
    return f" ({first}{f' and {more} more' if more else ''})"


def _facts(one: Explanation) -> Iterator[tuple[str, str]]:
    ticked = one.last_tick
    if ticked:
        when = spelt(from_epoch(ticked.at))
        yield "last tick", f"{when}: {ticked.outcome}: {ticked.reason}"
    yield "next tick", _next_tick(one)
    for run in one.runs:
        yield from _facts_of_run(run)
    if not one.runs:
        yield "last run", "it has never run"
    for lane in one.lanes:
        yield "delivery", _delivery(lane)
    for refused in one.refused:
        by = refused.target or "our own check"
        yield "refused", f"{refused.observations} by {by}: {refused.reason}"
    for quota in one.quotas:
        yield "quota", _quota(quota)
    for told in _backfills(one):
        yield "backfill", told
    for incident in one.incidents:
        since = spelt(from_epoch(incident.opened_at))
        yield "incident", f"{incident.kind} {incident.subject}, since {since}: {incident.reason}"
    for mistake in one.mistakes:
        yield "mistake", mistake
    yield "daemon", _daemon(one)


def _next_tick(one: Explanation) -> str:
    if one.next_tick is not None:
        return spelt(one.next_tick)
    if one.is_kept:
        return "by the schedule that the daemon last read right"
    return "none until its file is mended" if one.collector is None and one.mistakes else "none"


def _facts_of_run(run: Run) -> Iterator[tuple[str, str]]:
    attempt = f", attempt {run.attempts}" if run.attempts > 1 else ""
    said = f": {run.reason}" if run.reason else ""
    window = stretch(*run.window)
    yield f"run {run.id}", f"{run.kind}, {window}: {run.state}{_lasted(run)}{attempt}{said}"
    if run.sample:
        yield "", f"its source said: {run.sample}"
    for warning in run.warnings:
        yield "", f"warning: {warning}"


def _lasted(run: Run) -> str:
    if run.began_at is None or run.ended_at is None or run.state == State.RUNNING:
        return ""
    return f" after {run.ended_at - run.began_at} s"


def _delivery(one: Waiting) -> str:
    lane = one.lane
    waits = "nothing waits"
    if one.since is not None:
        entries = counted(one.entries, "entry", "entries")
        waits = counted(one.observations, "observation waits", "observations wait")
        waits += f" in {entries} since {spelt(from_epoch(one.since))}"
    state = "flows"
    if lane.parked_at is not None:
        state = f"parked since {spelt(from_epoch(lane.parked_at))}: {lane.reason}"
    elif lane.retry_at is not None:
        state = f"waits until {spelt(from_epoch(lane.retry_at))}: {lane.reason}"
    accepted = f"; last accepted {spelt(from_epoch(lane.accepted_at))}" if lane.accepted_at else ""
    return f"{lane.target}: {waits}; {state}{accepted}"


def _quota(one: QuotaStanding) -> str:
    budgets = [
        f"{budget.left:,} of {budget.limit:,} left of the {budget.name}"
        + (f" until {spelt(from_epoch(budget.resets_at))}" if budget.resets_at else "")
        for budget in one.budgets
    ]
    return f"{one.key}: {'; '.join(budgets) or 'no limit is known'}"


def _backfills(one: Explanation) -> Iterator[str]:
    for each in one.backfills:
        left = f"{each.left} of {counted(each.periods, 'period')} left"
        yield f"{each.backfill.id} is {each.backfill.state}: {left}"
    for chunk in one.failed[:LISTED]:
        window = stretch(chunk.reached, chunk.end)
        yield f"{chunk.backfill_id} failed for {window}: {chunk.reason}"


def _daemon(one: Explanation) -> str:
    common = one.common
    if common.daemon is not None:
        return f"{common.daemon.owner.shown}, since {spelt(common.daemon.since)}"
    if common.alive_at is not None:
        return f"none; the last one lived until {spelt(common.alive_at)}"
    return "none has ever run on this store"


def _missing(one: Missing) -> dict[str, Any]:
    return {
        "window": stretch(*one.window),
        "start": moment(one.window[0]),
        "end": moment(one.window[1]),
        "periods": one.periods,
        "kind": one.kind,
        "target": one.target,
        "reason": one.reason,
        "run": one.run.id if one.run else None,
        "next": one.step.text,
        "when": moment(epoch(one.step.at)) if one.step.at else None,
    }


def _tick(one: Explanation) -> dict[str, Any] | None:
    ticked = one.last_tick
    if ticked is None:
        return None
    told = {"tick": moment(ticked.at), "outcome": str(ticked.outcome), "reason": ticked.reason}
    return {**told, "run": ticked.run_id}


def _run(run: Run) -> dict[str, Any]:
    lasted = run.ended_at is not None and run.began_at is not None
    return {
        "id": run.id,
        "kind": run.kind,
        "window": stretch(*run.window),
        "state": run.state,
        "reason": run.reason,
        "attempts": run.attempts,
        "began_at": moment(run.began_at),
        "ended_at": moment(run.ended_at),
        "seconds": (run.ended_at or 0) - (run.began_at or 0) if lasted else None,
        "not_before": moment(run.not_before),
        "warnings": list(run.warnings),
        "sample": run.sample,
    }


def _lane(one: Waiting) -> dict[str, Any]:
    lane = one.lane
    return {
        "target": lane.target,
        "data_set": lane.data_set,
        "entries": one.entries,
        "observations": one.observations,
        "since": moment(one.since),
        "failures": one.failures,
        "parked_at": moment(lane.parked_at),
        "retry_at": moment(lane.retry_at),
        "reason": lane.reason,
        "accepted_at": moment(lane.accepted_at),
    }
