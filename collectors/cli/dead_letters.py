"""``dead-letters``: what was refused, why, and what becomes of it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
import orjson

from collectors.cli import completing
from collectors.cli.choosing import check_collectors, check_data_sets, usable
from collectors.cli.output import moment, show_json, show_rows, stretch
from collectors.cli.settings import Settings
from collectors.runner.replaying import Replayed
from collectors.runner.replaying import replay as replay_letters
from collectors.store import DeadLetter, Store


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at observations that were refused, deliver them again, or throw them away."""


@dead_letters.command("list")
@click.argument("data_set", required=False, shell_complete=completing.data_sets)
@click.option("--json", "as_json", is_flag=True, help="Print the list as JSON.")
@click.pass_obj
def list_letters(settings: Settings, data_set: str | None, *, as_json: bool) -> int:
    """List the dead letters of all data sets, or of one."""
    with settings.store() as store:
        letters = _of(settings, store, data_set)
    rows = [
        {
            "id": letter.id,
            "data_set": letter.data_set,
            "collector": letter.collector,
            "refused_by": letter.target or "our own check",
            "period": stretch(letter.start, letter.end),
            "at": moment(letter.created_at),
            "reason": letter.reason,
        }
        for letter in letters
    ]
    show_rows(rows, as_json=as_json, empty="no dead letters: nothing was refused")
    return 0


@dead_letters.command()
@click.argument("letter_id", type=int)
@click.pass_obj
def show(settings: Settings, letter_id: int) -> int:
    """Show one dead letter as JSON: the whole observation, and why it was refused."""
    with settings.store() as store:
        (letter,) = _found(store.view.dead_letters(), [letter_id])
    show_json(_whole(letter))
    return 0


@dead_letters.command()
@click.argument("letter_ids", type=int, nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All dead letters.")
@click.option("--data-set", shell_complete=completing.data_sets, help="Those of this data set.")
@click.option(
    "--collector", "name", shell_complete=completing.collector_name, help="Those of this collector."
)
@click.option("--dry-run", is_flag=True, help="Tell what would be put back; change nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print what becomes of each as JSON.")
@click.pass_obj
def replay(
    settings: Settings,
    letter_ids: Sequence[int],
    data_set: str | None,
    name: str | None,
    *,
    everything: bool,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Put dead letters back into the outbox: those with these LETTER_IDS, or all of a kind.

    The next run, or 'outbox flush', delivers them. One stays where it is, with the reason, if
    our own check would refuse it again, or if a later run has a newer version of it. For when the
    data set was wrong, not the observation. Exits with 1 if one stays.
    """
    if bool(letter_ids) == bool(everything or data_set or name):
        raise click.UsageError("give the ids of dead letters, or --all, --data-set, --collector")
    configuration = usable(settings)
    platform = settings.platform
    with settings.store() as store:
        letters = _of(settings, store, data_set)
        if letter_ids:
            letters = _found(letters, letter_ids)
        if name:
            check_collectors(configuration, [name], (one.collector for one in letters))
            letters = [one for one in letters if one.collector == name]
        done = replay_letters(
            store,
            letters,
            configuration.collectors,
            [target.name for target in platform.targets],
            limit=platform.outbox_limit,
            dry_run=dry_run,
        )
    rows = [_replayed(one) for one in done]
    show_rows(rows, as_json=as_json, empty="no dead letters: nothing was refused")
    stay = sum(one.obstacle is not None for one in done)
    if rows and not as_json:
        verb = "would be put back" if dry_run else "put back"
        click.echo(f"{len(done) - stay} {verb}, {stay} stay", err=True)
    return 1 if stay else 0


@dead_letters.command()
@click.argument("letter_ids", type=int, nargs=-1)
@click.option(
    "--data-set", shell_complete=completing.data_sets, help="All dead letters of this data set."
)
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.pass_obj
def discard(
    settings: Settings, letter_ids: Sequence[int], data_set: str | None, *, yes: bool
) -> int:
    """Throw dead letters away for good: those with these LETTER_IDS, or of a data set."""
    if bool(letter_ids) == bool(data_set):
        raise click.UsageError("give the ids of dead letters, or --data-set")
    with settings.store() as store:
        letters = _of(settings, store, data_set)
        if letter_ids:
            letters = _found(letters, letter_ids)
        if letters and not yes:
            click.confirm(f"throw away {len(letters)} dead letters?", abort=True, err=True)
        count = store.delivery.discard(letters)
    click.echo(f"{count} dead letters thrown away")
    return 0


def _of(settings: Settings, store: Store, data_set: str | None) -> list[DeadLetter]:
    letters = store.view.dead_letters()
    if data_set is None:
        return letters
    check_data_sets(settings.configuration, [data_set], (one.data_set for one in letters))
    return [one for one in letters if one.data_set == data_set]


def _found(letters: Sequence[DeadLetter], wanted: Sequence[int]) -> list[DeadLetter]:
    found = {letter.id: letter for letter in letters}
    missing = [str(one) for one in wanted if one not in found]
    if missing:
        raise click.UsageError(f"no dead letter has the id {', '.join(missing)}")
    return [found[one] for one in dict.fromkeys(wanted)]


def _replayed(done: Replayed) -> dict[str, Any]:
    return {
        "id": done.letter.id,
        "data_set": done.letter.data_set,
        "collector": done.letter.collector,
        "put_back": done.obstacle is None,
        "reason": done.obstacle,
    }


def _whole(letter: DeadLetter) -> dict[str, Any]:
    return {
        **asdict(letter),
        "start": moment(letter.start),
        "end": moment(letter.end),
        "created_at": moment(letter.created_at),
        "observation": orjson.loads(letter.observation),
    }
