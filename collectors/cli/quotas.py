"""``quotas``: what may be asked of providers, what was, and what waits for more."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from collectors.api import Limits
from collectors.cli.choosing import usable
from collectors.cli.output import moment, show_json, show_rows
from collectors.cli.settings import Settings
from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.runner import Parts
from collectors.runner.quotas import quota_limits
from collectors.store import QuotaStanding, Run, State

ALL = 100_000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def quotas(settings: Settings, *, as_json: bool) -> int:
    """Tell what may be asked of each provider, what is left, and what is parked until when.

    Each key is listed that a collector counts against and that is limited, by the configuration,
    its source or what replies said.
    """
    configuration = usable(settings)
    with settings.store() as store, settings.look_only(store) as parts:
        asking = dict(_keys(parts, configuration.collectors.values()))
        known = {key: one for keys in asking.values() for key, one in keys.items() if one.counted}
        standings = store.quota.standing(known)
        parked = _parked(store.view.runs(states=[State.PARKED], limit=ALL), asking)
    if as_json:
        show_json([_whole(one, parked[one.key]) for one in standings])
    else:
        rows = [row for one in standings for row in _rows(one, parked[one.key])]
        show_rows(rows, as_json=False, empty="no collector has a quota")
    return 1 if configuration.mistakes else 0


def _keys(
    parts: Parts, collectors: Iterable[Collector]
) -> Iterator[tuple[str, Mapping[str, Limits]]]:
    """Give the keys of each collector; where they cannot be known, say why, once."""
    told: set[str] = set()
    for one in collectors:
        try:
            yield one.name, quota_limits(parts, one)
        except CollectorError as exc:
            if str(exc) not in told:
                click.echo(f"{one.name}: its quota is not known: {exc}", err=True)
            told.add(str(exc))


def _parked(
    runs: Sequence[Run], asking: Mapping[str, Mapping[str, Limits]]
) -> defaultdict[str, list[Run]]:
    """Give what is parked of the collectors of each key, the first to go on first."""
    found = defaultdict[str, list[Run]](list)
    for run in sorted(runs, key=lambda run: (run.not_before or 0, run.id)):
        for key in asking.get(run.collector, ()):
            found[key].append(run)
    return found


def _rows(one: QuotaStanding, parked: Sequence[Run]) -> Iterator[dict[str, Any]]:
    waits = {
        "parked": len(parked),
        "until": moment(parked[0].not_before) if parked else None,
    }
    at_once = one.limits.concurrent
    yield {
        "key": one.key,
        "counted": "under way",
        "limit": at_once,
        "used": one.under_way,
        "left": None if at_once is None else max(0, at_once - one.under_way),
        "reserved": None if at_once is None else one.limits.reserved(at_once),
        "resets_at": None,
        **waits,
    }
    for budget in one.budgets:
        yield {
            "key": one.key,
            "counted": budget.name if budget.reported else f"a {budget.name}",
            "limit": budget.limit,
            "used": budget.used,
            "left": budget.left,
            "reserved": budget.reserved,
            "resets_at": moment(budget.resets_at),
            **waits,
        }


def _whole(one: QuotaStanding, parked: Sequence[Run]) -> dict[str, Any]:
    return {
        "key": one.key,
        "limits": one.limits.said(),
        "under_way": one.under_way,
        "budgets": [
            asdict(budget) | {"resets_at": moment(budget.resets_at)} for budget in one.budgets
        ],
        "parked": [
            {"collector": run.collector, "until": moment(run.not_before), "reason": run.reason}
            for run in parked
        ],
    }
