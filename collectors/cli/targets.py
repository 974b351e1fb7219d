"""``targets``: where the data sets live, how far each target is, and filling a new one."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import click

from collectors.cli import interruption, progress
from collectors.cli.choosing import usable
from collectors.cli.output import show_json, show_rows
from collectors.cli.settings import Settings
from collectors.config.model import EMBEDDED, Collector
from collectors.datasets import Summary
from collectors.engine.local import LocalEngine
from collectors.intervals import intersect
from collectors.runner import Parts, known_data_sets, owe
from collectors.store import DELIVERED, Debt, Depth, Store
from collectors.values import counted

SOURCES = (EMBEDDED,)


@click.group()
def targets() -> None:
    """Look at where the data sets live, and bring a new target up to date."""


@targets.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the targets as JSON.")
@click.pass_obj
def list_targets(settings: Settings, *, as_json: bool) -> int:
    """List the targets: their lanes, what waits there, and how much of all they have."""
    configuration = usable(settings)
    platform = settings.platform
    collectors = [one for one in configuration.collectors.values() if one.enabled]
    with settings.store() as store:
        depths = store.view.depths(empty_too=True)
        owed = store.view.owed()
        named = {one.name: one.url for one in platform.targets}
        gone = {one.lane.target: None for one in depths if one.entries} - named.keys()
        rows: list[dict[str, Any]] = [
            {
                "target": name,
                "url": named.get(name),
                "configured": name in named,
                **_lanes(name, depths, owed),
                "delivered": _share(store, collectors, name, depths),
            }
            for name in [*named, *sorted(gone)]
        ]
    if not as_json:
        for row in rows:
            row["delivered"] = _percent(row["delivered"])
    show_rows(rows, as_json=as_json, empty="no targets")
    return 0


@targets.command()
@click.argument("name")
@click.option(
    "--from", "source", type=click.Choice(SOURCES), required=True, help="Where the records are."
)
@click.option("--data-set", "patterns", multiple=True, help="Only these; a pattern; repeatable.")
@click.option("--dry-run", is_flag=True, help="Show what the target lacks; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.pass_obj
def fill(
    settings: Settings,
    name: str,
    source: str,
    patterns: Sequence[str],
    *,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Bring the target NAME up to date with what the embedded data sets hold.

    Only what NAME lacks is sent. What is interrupted goes on where it was, when called again.
    """
    configuration = usable(settings)
    _check(settings, name, source)
    with settings.store() as store, settings.parts(store) as parts:
        held = _chosen(known_data_sets(parts), patterns)
        collectors = {
            key: one for key, one in configuration.collectors.items() if str(one.data_set) in held
        }
        if dry_run:
            lacks = owe(parts, collectors, name, held, dry=True)
            show_rows(
                [{"data_set": one.data_set, "holds": one.holds} for one in lacks],
                as_json=as_json,
                empty=f"{name} lacks nothing that the embedded data sets hold",
            )
            return 0
        answer, stopped = _fill(settings, parts, collectors, name, held)
    if as_json:
        show_json(answer)
    else:
        _tell(name, answer)
    return 1 if stopped or answer["left"] or answer["refused"] or answer["owed"] else 0


def _check(settings: Settings, name: str, source: str) -> None:
    known = [one.name for one in settings.platform.targets]
    if source not in known:
        raise click.UsageError(f"{source!r} is not among the targets of platform.yaml")
    if name == source:
        raise click.UsageError(f"{name!r} cannot be filled from itself")
    if name not in known:
        others = " or ".join(sorted(set(known) - {source})) or "none: add it to platform.yaml"
        raise click.UsageError(f"no target is called {name!r}; there is {others}")


def _chosen(
    held: Mapping[str, Summary | None], patterns: Sequence[str]
) -> dict[str, Summary | None]:
    for pattern in patterns:
        if not any(fnmatchcase(one, pattern) for one in held):
            raise click.UsageError(f"the embedded data sets hold nothing like {pattern!r}")
    return {
        one: summary
        for one, summary in held.items()
        if not patterns or any(fnmatchcase(one, pattern) for pattern in patterns)
    }


def _fill(
    settings: Settings,
    parts: Parts,
    collectors: Mapping[str, Collector],
    name: str,
    held: Mapping[str, Summary | None],
) -> tuple[dict[str, Any], bool]:
    store = parts.store
    store.filling.begin(name, f"from {EMBEDDED}: {len(held)} data sets")
    with progress.shown() as told:
        engine = LocalEngine(parts, settings.platform.workers, told)
        with interruption.heard(engine.stop):
            lacks = owe(parts, collectors, name, held)
            sent = engine.fill(collectors, name, frozenset(held))
    rest = {one.lane.data_set for one in store.view.owed() if one.lane.target == name}
    answer = {
        "data_sets": [one.data_set for one in lacks],
        "delivered": sent.observations,
        "refused": sent.rejected,
        "left": {store.delivery.lane(one).name: reason for one, reason in sent.left.items()},
        "owed": sorted(rest & held.keys()),
    }
    return answer, engine.stopped


def _tell(name: str, answer: Mapping[str, Any]) -> None:
    click.echo(
        f"{counted(answer['delivered'], 'observation')} delivered to {name}, "
        f"{answer['refused']:,} refused, "
        f"{counted(len(answer['data_sets']), 'data set')} lacked something"
    )
    for lane, reason in answer["left"].items():
        click.echo(f"{lane}: not delivered: {reason}", err=True)
    for data_set in answer["owed"]:
        click.echo(
            f"{data_set}: some of it is still owed: its lane is full, or it is being collected; "
            "call this again",
            err=True,
        )


def _lanes(name: str, depths: Sequence[Depth], owed: Sequence[Debt]) -> dict[str, int]:
    mine = [one for one in depths if one.lane.target == name]
    return {
        "lanes": len(mine),
        "entries": sum(one.entries for one in mine),
        "observations": sum(one.observations for one in mine),
        "bytes": sum(one.size for one in mine),
        "parked": sum(one.lane.parked_at is not None for one in mine),
        "waiting": sum(one.lane.retry_at is not None and not one.lane.parked_at for one in mine),
        "owed": sum(one.lane.target == name for one in owed),
    }


def _share(
    store: Store, collectors: Sequence[Collector], name: str, depths: Sequence[Depth]
) -> float | None:
    """Give how much of what is collected a target has: the mean of all collectors, 0 to 1."""
    lanes = {one.lane.data_set: one.lane.id for one in depths if one.lane.target == name}
    shares = []
    for collector in collectors:
        collected = [(one.start, one.end) for one in store.view.collected(collector.name)]
        lane = lanes.get(str(collector.data_set))
        has = [] if lane is None else store.view.lane_intervals(lane, collector.name, DELIVERED)
        if collected:
            shares.append(_length(intersect(collected, has)) / _length(collected))
    return sum(shares) / len(shares) if shares else None


def _length(stretches: Sequence[tuple[int, int]]) -> int:
    return sum(end - start for start, end in stretches)


def _percent(share: float | None) -> str | None:
    return None if share is None else f"{int(share * 1000) / 10:g} %"
