"""``empty``: every observation of a data set goes, at one target."""

import sys
from collections.abc import Sequence

import click

from collectors.cli import completing
from collectors.cli.choosing import check_data_sets, one_data_set, one_target
from collectors.cli.settings import Settings
from collectors.config.model import EMBEDDED, Target
from collectors.datasets import DataSets
from collectors.errors import CollectorError, Unavailable
from collectors.runner import Parts
from collectors.values import DataSet, counted


@click.command()
@click.argument("data_set", shell_complete=completing.data_sets)
@click.option(
    "--target",
    "target_name",
    shell_complete=completing.targets,
    help="The target's name; needed where there are several.",
)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.pass_obj
def empty(settings: Settings, data_set: str, target_name: str | None, *, yes: bool) -> int:
    """Throw away all that DATA_SET holds at one target, for good.

    What still waits in the outbox stays there and is delivered afterwards. What was collected
    still counts as collected, so nothing comes back by itself: 'run NAME --start DAY --end DAY'
    collects it again, 'targets fill' sends what the embedded data sets hold. Let no run of its
    collectors go on meanwhile.
    """
    named = one_data_set(data_set)
    target = _target(settings.platform.targets, target_name)
    with settings.store() as store, settings.parts(store) as parts:
        _check(settings, parts, data_set)
        lost = _loss(parts, target.name, data_set)
        if not yes:
            _ask(f"{lost}. Throw away all that {data_set} holds at {target.name}?")
        _empty(parts, target.name, named, lost)
    click.echo(f"{data_set} at {target.name} is empty")
    return 0


def _target(targets: Sequence[Target], name: str | None) -> Target:
    if name is not None:
        return one_target(targets, name)
    if len(targets) > 1:
        known = ", ".join(one.name for one in targets)
        raise click.UsageError(f"there are several targets: name one with --target: {known}")
    return targets[0]


def _check(settings: Settings, parts: Parts, data_set: str) -> None:
    lanes = {depth.lane.data_set for depth in parts.store.view.depths(empty_too=True)}
    held = parts.embedded.summary() if parts.embedded else ()
    known = lanes | {str(one.data_set) for one in held}
    check_data_sets(settings.configuration, [data_set], known)


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is nobody to ask here: say --yes")
    click.confirm(question, abort=True, err=True)


def _loss(parts: Parts, target: str, data_set: str) -> str:
    """Say what will be gone, and what will come afterwards, as far as it is known here."""
    depth = next(
        (
            one
            for one in parts.store.view.depths(empty_too=True)
            if (one.lane.target, one.lane.data_set) == (target, data_set)
        ),
        None,
    )
    if target == EMBEDDED and parts.embedded is not None:
        said = _held(parts.embedded, data_set)
    elif depth is not None:
        sent = counted(depth.lane.accepted, "observation was sent", "observations were sent")
        said = f"{sent} there; what it holds is not known"
    else:
        said = "nothing was ever sent there from here; what it holds is not known"
    if depth is None or not depth.observations:
        return said
    waiting = counted(depth.observations, "waits", "wait")
    return f"{said}; {waiting} in the outbox, and will be sent there afterwards"


def _held(data_sets: DataSets, data_set: str) -> str:
    for one in data_sets.summary():
        if str(one.data_set) == data_set and one.first and one.last:
            held = counted(one.observations, "observation")
            return f"{held}, {one.first:%Y-%m-%d} to {one.last:%Y-%m-%d}"
    return "no observations"


def _empty(parts: Parts, target: str, data_set: DataSet, detail: str) -> None:
    lane = parts.store.delivery.begin_emptying(target, str(data_set), detail)
    if lane is None:
        raise Unavailable(
            f"another process sends to {data_set} at {target} now: try again when it has ended"
        )
    failure = None
    try:
        parts.sinks[target].empty(data_set)
    except CollectorError as exc:
        failure = parts.vault.scrub(str(exc))
        raise
    finally:
        parts.store.delivery.end_emptying(lane, failure)
