"""What a backfill would do, for people and programs."""

from collections.abc import Mapping
from typing import Any

import click

from collectors.cli.output import moment, roughly, show_rows
from collectors.runner import Draft, Share
from collectors.runner.drafting import SECONDS_A_REQUEST
from collectors.store import QuotaStanding, Store
from collectors.values import counted

ROWS_AT_MOST = 60
"""A longer plan is summed up where nobody asked for the plan alone; --json has it all."""


def answer_of(store: Store, made: Draft, workers: int) -> dict[str, Any]:
    """Give the plan as it is printed; ``seconds`` is how long so many workers take."""
    side_by_side = max(1, min(workers, sum(len(one.chunks) for one in made.shares)))
    quotas = _quotas(store, made)
    spread = (one.spread(made.by_key[one.key]) for one in quotas)
    return {
        "collectors": [_row(one) for one in made.shares],
        "quotas": [_quota(one, made.by_key[one.key]) for one in quotas],
        "periods": sum(one.periods for one in made.shares),
        "requests": made.requests,
        "seconds": round(max(made.seconds / side_by_side, *spread, 0), 1),
        "guessed": made.is_guessed,
    }


def show_draft(made: Draft, answer: Mapping[str, Any], *, in_full: bool) -> None:
    """Print the plan for people."""
    rows = [_for_people(row) for row in answer["collectors"]]
    if in_full or len(rows) <= ROWS_AT_MOST:
        show_rows(rows, as_json=False, empty="")
    for one in made.shares:
        if one.forgotten:
            days = f"{one.forgotten.start:%Y-%m-%d} to {one.forgotten.end:%Y-%m-%d}"
            name = one.collector.name
            click.echo(f"{name}: its source does not remember {days} any more", err=True)
    for quota in answer["quotas"]:
        click.echo(_quota_line(quota))
    click.echo(_total(made, answer))


def _row(share: Share) -> dict[str, Any]:
    return {
        "collector": share.collector.name,
        "source": share.collector.source.name,
        "from": moment(min((one.start for one in share.chunks), default=None)),
        "to": moment(max((one.end for one in share.chunks), default=None)),
        "periods": share.periods,
        "chunks": len(share.chunks),
        "runs": share.runs,
        "requests": share.requests,
        "settled": share.settled,
        "forgotten": str(share.forgotten) if share.forgotten else None,
        "keys": sorted(share.keys),
    }


def _for_people(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("keys", "forgotten")}


def _quotas(store: Store, made: Draft) -> list[QuotaStanding]:
    limits = {key: one for share in made.shares for key, one in share.keys.items()}
    return [one for one in store.quota.standing(limits) if one.key in limits] if limits else []


def _quota(standing: QuotaStanding, requests: int) -> dict[str, Any]:
    budgets = [
        {
            "name": one.name,
            "limit": one.limit - one.reserved,
            "left": one.left_for_others,
        }
        for one in standing.budgets
    ]
    return {"key": standing.key, "requests": requests, "budgets": budgets}


def _quota_line(quota: Mapping[str, Any]) -> str:
    budgets = [
        f"{one['left']:,} of {one['limit']:,} left of the {one['name']}, without what is reserved"
        for one in quota["budgets"]
    ]
    said = "; ".join(budgets) or "no limit is known"
    return f"quota {quota['key']}: {counted(quota['requests'], 'request')}; {said}"


def _total(made: Draft, answer: Mapping[str, Any]) -> str:
    if not made.runs:
        return _nothing(made)
    basis = (
        f"at a guess of {SECONDS_A_REQUEST:g} s a request"
        if made.is_guessed
        else "judged by past runs"
    )
    busy = sum(one.runs > 0 for one in made.shares)
    return (
        f"{counted(answer['periods'], 'period')} of {counted(busy, 'collector')} in "
        f"{counted(answer['requests'], 'request')}: {roughly(answer['seconds'])}, {basis}"
    )


def _nothing(made: Draft) -> str:
    if any(one.settled for one in made.shares):
        return "nothing to do: all of it is settled; --force collects it again"
    return "nothing to do: none of these periods has ended, or none is remembered"
