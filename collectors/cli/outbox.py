"""``outbox``: what is safe here and not yet accepted there."""

from collections import Counter
from collections.abc import Sequence

import click

from collectors.cli import completing, interruption, progress
from collectors.cli.choosing import check_data_sets, usable
from collectors.cli.output import moment, show_json, show_rows
from collectors.cli.settings import Settings
from collectors.engine.local import LocalEngine
from collectors.store import Lane, Store
from collectors.values import counted


@click.group()
def outbox() -> None:
    """Look at what waits to be delivered, and deliver it."""


@outbox.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print the lanes as JSON.")
@click.pass_obj
def list_lanes(settings: Settings, *, as_json: bool) -> int:
    """List the lanes in which something waits or that are owed something, and why."""
    with settings.store() as store:
        owed = Counter(debt.lane.id for debt in store.view.owed())
        depths = [
            depth
            for depth in store.view.depths(empty_too=True)
            if depth.entries or owed[depth.lane.id]
        ]
    rows = [
        {
            "data_set": depth.lane.data_set,
            "target": depth.lane.target,
            "entries": depth.entries,
            "observations": depth.observations,
            "bytes": depth.size,
            "empties": depth.emptying,
            "owed": owed[depth.lane.id],
            "since": moment(depth.oldest),
            "state": _state(depth.lane),
            "reason": depth.lane.reason,
        }
        for depth in depths
    ]
    show_rows(rows, as_json=as_json, empty="the outbox is empty: everything is delivered")
    return 0


@outbox.command()
@click.argument("data_sets", nargs=-1, shell_complete=completing.data_sets)
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.pass_obj
def retry(settings: Settings, data_sets: Sequence[str], *, as_json: bool) -> int:
    """Let parked lanes try again now, and deliver: all, or those of these DATA_SETS."""
    with settings.store() as store:
        _check(settings, store, data_sets)
        count = store.delivery.unpark(set(data_sets) or None)
        holder = store.post.holder()
    click.echo(f"{counted(count, 'lane')} may try again", err=True)
    if holder is not None:
        click.echo(f"{holder.owner.shown} is the daemon, and tries them now", err=True)
        if as_json:
            show_json({"delivered": 0, "refused": 0, "left": {}})
        return 0
    return _flush(settings, data_sets, as_json=as_json)


@outbox.command()
@click.argument("data_sets", nargs=-1, shell_complete=completing.data_sets)
@click.option("--json", "as_json", is_flag=True, help="Print what came of it as JSON.")
@click.pass_obj
def flush(settings: Settings, data_sets: Sequence[str], *, as_json: bool) -> int:
    """Deliver what waits, of all or of these DATA_SETS; collect nothing."""
    return _flush(settings, data_sets, as_json=as_json)


def _check(settings: Settings, store: Store, data_sets: Sequence[str]) -> None:
    lanes = (depth.lane.data_set for depth in store.view.depths(empty_too=True))
    check_data_sets(settings.configuration, data_sets, lanes)


def _flush(settings: Settings, data_sets: Sequence[str], *, as_json: bool) -> int:
    usable(settings)
    with settings.store() as store, settings.parts(store) as parts:
        _check(settings, store, data_sets)
        with progress.shown() as told:
            engine = LocalEngine(parts, settings.platform.workers, told)
            with interruption.heard(engine.stop):
                report = engine.run({}, data_sets=set(data_sets) or None)
        left = {
            store.delivery.lane(lane_id).name: reason
            for lane_id, reason in report.sent.left.items()
        }
    if as_json:
        answer = {"delivered": report.sent.observations, "refused": report.sent.rejected}
        show_json({**answer, "left": left})
    else:
        click.echo(
            f"{counted(report.sent.observations, 'observation')} delivered, "
            f"{report.sent.rejected:,} refused, {counted(len(left), 'lane')} left"
        )
        for name, reason in left.items():
            click.echo(f"{name}: {reason}", err=True)
    return 1 if left or report.sent.rejected or engine.stopped else 0


def _state(lane: Lane) -> str:
    if lane.parked_at is not None:
        return f"parked since {moment(lane.parked_at)}"
    if lane.retry_at is not None:
        return f"waits until {moment(lane.retry_at)}"
    return "waits for the next run"
