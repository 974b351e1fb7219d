"""An explanation as it is printed for people."""

from collections.abc import Iterator, Sequence

from collectors.cli.output import stretch
from collectors.clock import from_epoch, spelt
from collectors.runner import Probed
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
    if why := reason_of(one):
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


def _since(one: Explanation) -> str:
    late = one.standing.late if one.standing else None
    return f" since {spelt(late.since)}" if late else ""


def reason_of(one: Explanation) -> str | None:
    """Give the reason of the state, as far as one is known."""
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
    yield from _ran(one)
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


def _ran(one: Explanation) -> Iterator[tuple[str, str]]:
    probed = one.standing.probed if one.standing else None
    if probed:
        yield "last probe", str(probed)
    for run in one.runs:
        yield from _facts_of_run(run)
    if not one.runs:
        yield "last run", _none_yet(probed) if probed else "it has never run"


def _none_yet(probed: Probed) -> str:
    return f"none yet: its probes are gathered when the {probed.period} is over"


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
