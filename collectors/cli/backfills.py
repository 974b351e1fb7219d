"""Looking at backfills that were begun, and steering them."""

from collections.abc import Callable, Collection, Sequence

import click

from collectors.cli.following import row_of, show_progress
from collectors.cli.output import moment, show_json, show_rows, stretch
from collectors.cli.settings import Settings
from collectors.cli.working import go_on
from collectors.store import Backfill, BackfillPart, BackfillState, Store

_ids = click.argument("ids", nargs=-1, required=True, type=int)
_detach = click.option(
    "--detach", is_flag=True, help="Leave the work to the daemon, and do not follow it."
)
_json = click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")


@click.command("list")
@_json
@click.pass_obj
def list_backfills(settings: Settings, *, as_json: bool) -> int:
    """List the backfills, the newest first: what was asked for, and how far they are."""
    with settings.store() as store:
        store.backfills.settle()
        progress = store.backfills.progress()
    show_progress(progress[::-1], as_json=as_json)
    return 0


@click.command()
@click.argument("id", type=int)
@_json
@click.pass_obj
def show(
    settings: Settings,
    id: int,  # noqa: A002 - so it is called on the command line
    *,
    as_json: bool,
) -> int:
    """Show every chunk of the backfill with this ID, in the order in which they are collected."""
    with settings.store() as store:
        _known(store, [id])
        store.backfills.settle()
        progress = store.backfills.progress([id])
        chunks = [_chunk(one) for one in store.backfills.parts(id)]
    if as_json:
        show_json({"backfill": row_of(progress[0]), "chunks": chunks})
        return 0
    show_progress(progress, as_json=False)
    show_rows(chunks, as_json=False, empty="")
    return 0


@click.command()
@_ids
@_json
@click.pass_obj
def pause(settings: Settings, ids: Sequence[int], *, as_json: bool) -> int:
    """Begin nothing more of the backfills with these IDS until they are resumed.

    What runs just now ends as it would have.
    """
    with settings.store() as store:
        _check(_known(store, ids), [BackfillState.RUNNING], "paused")
        return _steer(store, ids, store.backfills.pause, as_json=as_json)


@click.command()
@_ids
@_json
@click.pass_obj
def cancel(settings: Settings, ids: Sequence[int], *, as_json: bool) -> int:
    """Begin nothing more of the backfills with these IDS, for good; what is collected stays."""
    with settings.store() as store:
        _check(_known(store, ids), [BackfillState.RUNNING, BackfillState.PAUSED], "cancelled")
        return _steer(store, ids, store.backfills.cancel, as_json=as_json)


@click.command()
@_ids
@_detach
@_json
@click.pass_obj
def resume(settings: Settings, ids: Sequence[int], *, detach: bool, as_json: bool) -> int:
    """Go on with the backfills with these IDS: paused ones, or such that nobody works on.

    A running daemon does the work, else this process does.
    """
    with settings.store() as store:
        _check(_known(store, ids), [BackfillState.RUNNING, BackfillState.PAUSED], "resumed")
        for number in ids:
            store.backfills.resume(number)
        return _work(settings, store, ids, detach=detach, as_json=as_json)


@click.command()
@_ids
@_detach
@_json
@click.pass_obj
def retry(settings: Settings, ids: Sequence[int], *, detach: bool, as_json: bool) -> int:
    """Try the failed chunks of the backfills with these IDS again, and nothing else of them."""
    with settings.store() as store:
        known = _known(store, ids)
        _check(known, set(BackfillState) - {BackfillState.CANCELLED}, "tried again")
        tried = [number for number in ids if store.backfills.retry(number)]
        for number in ids:
            if number not in tried:
                click.echo(f"backfill {number} has no chunk that failed", err=True)
        if not tried:
            show_progress(store.backfills.progress(ids), as_json=as_json)
            return 0
        return _work(settings, store, tried, detach=detach, as_json=as_json)


def _known(store: Store, ids: Sequence[int]) -> list[Backfill]:
    found = {number: store.backfills.get(number) for number in ids}
    unknown = [str(number) for number, one in found.items() if one is None]
    if unknown:
        raise click.UsageError(
            f"no backfill has the number {' or '.join(unknown)}; 'backfill list' shows them"
        )
    return [one for one in found.values() if one is not None]


def _check(known: Sequence[Backfill], states: Collection[BackfillState], done: str) -> None:
    """Refuse, as a mistake of usage, what cannot be done with some of the backfills."""
    wrong = [
        f"backfill {one.id} is {one.state}, so it cannot be {done}"
        for one in known
        if one.state not in states
    ]
    if wrong:
        raise click.UsageError("\n".join(wrong))


def _steer(
    store: Store, ids: Sequence[int], change: Callable[[int], bool], *, as_json: bool
) -> int:
    for number in ids:
        change(number)
    show_progress(store.backfills.progress(ids), as_json=as_json)
    return 0


def _work(
    settings: Settings, store: Store, ids: Sequence[int], *, detach: bool, as_json: bool
) -> int:
    code, progress = go_on(settings, store, ids, detach=detach, as_json=as_json)
    if as_json:
        show_json([row_of(one) for one in progress])
    return code


def _chunk(part: BackfillPart) -> dict[str, object]:
    return {
        "collector": part.collector,
        "window": stretch(part.start, part.end),
        "periods": part.periods,
        "state": str(part.state),
        "run": part.run_id,
        "tries": part.attempts,
        "not_before": moment(part.not_before),
        "reason": part.reason or None,
    }
