"""``dead-letters``: what was refused, and why."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
import orjson

from collectors.cli import completing
from collectors.cli.choosing import check_data_sets
from collectors.cli.output import moment, show_json, show_rows, stretch
from collectors.cli.settings import Settings
from collectors.store import DeadLetter, Store


@click.group("dead-letters")
def dead_letters() -> None:
    """Look at observations that were refused, and throw them away."""


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


def _whole(letter: DeadLetter) -> dict[str, Any]:
    return {
        **asdict(letter),
        "start": moment(letter.start),
        "end": moment(letter.end),
        "created_at": moment(letter.created_at),
        "observation": orjson.loads(letter.observation),
    }
