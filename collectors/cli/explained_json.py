"""An explanation as JSON."""

from typing import Any

from collectors.cli.explained import reason_of
from collectors.cli.output import moment, stretch
from collectors.clock import epoch
from collectors.runner import Probed
from collectors.standing.explanation import Explanation
from collectors.standing.missing import Missing
from collectors.store import Run, Waiting


def as_json_takes_it(one: Explanation) -> dict[str, Any]:
    """Give an explanation for programs."""
    known, common = one.standing, one.common
    late = known.late if known else None
    return {
        "collector": one.name,
        "state": one.state,
        "wrong": one.is_wrong,
        "why": reason_of(one),
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
        "last_probe": _probe(known.probed) if known and known.probed else None,
        "next_tick": moment(epoch(one.next_tick)) if one.next_tick else None,
        "runs": [_run(run) for run in one.runs],
        "lanes": [_lane(lane) for lane in one.lanes],
        "refused": [
            {"by": each.target, "reason": each.reason, "observations": each.observations}
            for each in one.refused
        ],
        "quotas": _quotas(one),
        "incidents": [
            {"kind": each.kind, "subject": each.subject, "reason": each.reason}
            | {"since": moment(each.opened_at)}
            for each in one.incidents
        ],
        **_backfills(one),
        "mistakes": list(one.mistakes),
        "daemon": common.daemon.owner.shown if common.daemon else None,
        "daemon_alive_at": moment(epoch(common.alive_at)) if common.alive_at else None,
    }


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


def _probe(probed: Probed) -> dict[str, Any]:
    when = moment(epoch(probed.at))
    return {"tick": when, "told": probed.told, "gathered": probed.gathered}


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


def _quotas(one: Explanation) -> list[dict[str, Any]]:
    return [
        {"key": quota.key, "budget": budget.name, "limit": budget.limit, "left": budget.left}
        | {"resets_at": moment(budget.resets_at)}
        for quota in one.quotas
        for budget in quota.budgets
    ]


def _backfills(one: Explanation) -> dict[str, list[dict[str, Any]]]:
    going_on = [
        {"id": each.backfill.id, "state": str(each.backfill.state), "left": each.left}
        for each in one.backfills
    ]
    failed = [
        {"backfill": each.backfill_id, "window": stretch(each.reached, each.end)}
        | {"reason": each.reason}
        for each in one.failed
    ]
    return {"backfills": going_on, "failed_chunks": failed}
