"""``sample``: one period of a source, and what would be made of it."""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from collectors.cli.choosing import one_collector, usable
from collectors.cli.completing import collector_name
from collectors.cli.output import show_json, show_rows
from collectors.cli.settings import Settings
from collectors.config.model import Collector
from collectors.runner.sampling import Made, Sample, take_sample
from collectors.store import State
from collectors.values import Reading, counted

LOCAL = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M"])


@click.command()
@click.argument("name", shell_complete=collector_name)
@click.option(
    "--at",
    type=LOCAL,
    help="The period that this local day lies in (or 2026-11-20T06:00), not the last one ended.",
)
@click.option(
    "--limit",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Show so many readings of each kind: sent, refused, not sent.",
)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.pass_obj
def sample(settings: Settings, name: str, at: datetime | None, limit: int, *, as_json: bool) -> int:
    """Ask the source of the collector NAME for one period; show what would be made of it.

    It is the last period that has ended, of a file or sheet the last one in it. Readings and
    observations stand side by side, also those that would be refused, and why. Nothing is stored
    and nothing is sent, but the source is asked for real. Exits with 1 if it cannot be had.
    """
    collector = one_collector(usable(settings), name)
    with settings.store(passing=True) as store, settings.look_only(store) as parts:
        found = take_sample(parts, collector, at)
    chosen = list(_some(found, limit))
    if as_json:
        show_json(_answer(collector, found, chosen))
    else:
        _show(collector, found, chosen)
    return 0 if found.state in (State.DONE, State.NOT_YET) else 1


def _some(found: Sample, limit: int) -> Iterator[Made]:
    """Give the first few of each kind: one that is refused tells more than many that are not."""
    counts: Counter[tuple[str, bool]] = Counter()
    for one in found.made:
        kind = one.result.partition(":")[0], one.reading is None
        counts[kind] += 1
        if counts[kind] <= limit:
            yield one


def _answer(collector: Collector, found: Sample, chosen: list[Made]) -> dict[str, Any]:
    return {
        "collector": collector.name,
        "data_set": str(collector.data_set),
        "window": found.window,
        "state": found.state,
        "reason": found.reason or None,
        "readings": found.readings,
        "observations": found.observations,
        "refused": found.rejected,
        "warnings": found.warnings,
        "samples": [
            {
                "reading": None if one.reading is None else _fields(one.reading),
                "observation": one.observation,
                "result": one.result,
            }
            for one in chosen
        ],
    }


def _show(collector: Collector, found: Sample, chosen: list[Made]) -> None:
    for warning in found.warnings:
        click.echo(warning, err=True)
    if found.state != State.DONE:
        click.echo(f"{collector.name}: {found.state}: {found.reason}", err=True)
        return
    click.echo(
        f"{collector.name}, {found.window or 'nothing in it'}: "
        f"{counted(found.readings, 'reading')}, "
        f"{counted(found.observations, 'observation')}, {found.rejected:,} refused; "
        "nothing was stored or sent"
    )
    for one in chosen:
        click.echo(f"\n{one.result}")
        show_rows(list(_side_by_side(one)), as_json=False, empty="")


def _side_by_side(made: Made) -> Iterator[dict[str, Any]]:
    left = {} if made.reading is None else _flat(_fields(made.reading))
    sides = {"reading": left, "observation": made.observation or {}}
    for name in dict.fromkeys(name for side in sides.values() for name in side):
        shown = {title: side.get(name, "") for title, side in sides.items() if side}
        yield {"field": name, **shown}


def _flat(fields: dict[str, Any]) -> dict[str, Any]:
    rest = {name: value for name, value in fields.items() if not isinstance(value, dict)}
    return {**rest, **fields["dimensions"], **fields["measures"]}


def _fields(reading: Reading) -> dict[str, Any]:
    fields = {
        "at": f"{reading.at:%Y-%m-%dT%H:%M:%SZ}",
        "dimensions": dict(reading.dimensions),
        "measures": dict(reading.measures),
    }
    return fields if reading.span is None else {**fields, "span": str(reading.span)}
