"""Doing the work of a backfill, or following the daemon while it does; and what came of it."""

import signal
from collections import Counter
from collections.abc import Sequence

import click

from collectors.cli import interruption
from collectors.cli.following import follow, show_progress, shown
from collectors.cli.settings import Settings
from collectors.engine.backfill import BackfillEngine
from collectors.engine.sender import Sent
from collectors.store import BackfillProgress, BackfillState, PartState, Store
from collectors.values import counted

REASONS_AT_MOST = 20


def go_on(
    settings: Settings, store: Store, ids: Sequence[int], *, detach: bool, as_json: bool
) -> tuple[int, list[BackfillProgress]]:
    """Have these backfills worked on until they end; gives the exit code, and how far they are.

    A daemon of the store does the work and is followed; else this process does it. With
    ``detach`` it is left to a daemon, now or later.
    """
    numbers = ", ".join(map(str, ids))
    holder = store.post.holder()
    sent = Sent()
    if detach:
        who = holder.owner.shown if holder else "the next daemon, or 'backfill resume'"
        click.echo(f"backfill {numbers} is left to {who}", err=True)
    elif holder:
        click.echo(f"backfill {numbers} is done by the daemon, {holder.owner.shown}", err=True)
        follow(store, ids)
    else:
        sent = _work(settings, store, ids)
    progress = store.backfills.progress(ids)
    if not as_json:
        show_progress(progress, as_json=False)
    _tell_failures(store, progress)
    if not detach and store.post.holder() is None:
        _tell_waiting(progress)
    for lane_id, reason in sorted(sent.left.items()):
        name = store.delivery.lane(lane_id).name
        click.echo(f"{name}: not delivered: {reason}", err=True)
    ended = all(one.backfill.state is BackfillState.DONE for one in progress)
    good = ended and not sent.left and not sent.rejected
    return (0 if good or detach else 1), progress


def _work(settings: Settings, store: Store, ids: Sequence[int]) -> Sent:
    with settings.parts(store) as parts, shown(store, ids):
        engine = BackfillEngine(parts, settings.platform.workers)
        with interruption.heard(engine.stop, signal.SIGTERM):
            return engine.run(ids)


def _tell_failures(store: Store, progress: Sequence[BackfillProgress]) -> None:
    """Say on stderr what failed, and what to do about it."""
    for number in [one.backfill.id for one in progress if one.failed]:
        failed = [one for one in store.backfills.parts(number) if one.state is PartState.FAILED]
        reasons = Counter((one.collector, one.reason) for one in failed)
        for (collector, reason), times in reasons.most_common(REASONS_AT_MOST):
            click.echo(f"{collector}: {counted(times, 'chunk')} failed: {reason}", err=True)
        click.echo(
            f"every chunk: python run_collector.py backfill show {number}   "
            f"try again: python run_collector.py backfill retry {number}",
            err=True,
        )


def _tell_waiting(progress: Sequence[BackfillProgress]) -> None:
    """Say on stderr what nobody works on now, and how it goes on."""
    for one in progress:
        if one.backfill.state is not BackfillState.RUNNING:
            continue
        moments = [when for when in (one.parked_until, one.retried_at) if when is not None]
        when = f", not before {min(moments):%Y-%m-%dT%H:%M:%SZ}" if moments else ""
        command = f"python run_collector.py backfill resume {one.backfill.id}"
        click.echo(f"a daemon goes on with it{when}, or: {command}", err=True)
