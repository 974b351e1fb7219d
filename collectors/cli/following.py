"""How far backfills are, while they go on: a bar on a terminal, a line now and then elsewhere."""

import sys
import threading
import time
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import groupby
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from collectors.cli.output import moment, roughly, show_rows
from collectors.cli.progress import LINE_EVERY, PATIENCE
from collectors.errors import StoreError
from collectors.standing.backfilled import Failed
from collectors.store import BackfillProgress, BackfillState, Store
from collectors.values import counted

LOOK_EVERY = 0.5
"""Seconds between two looks into the store."""

Tell = Callable[[Sequence[BackfillProgress]], None]


@contextmanager
def shown(store: Store, ids: Sequence[int]) -> Iterator[None]:
    """While inside, show how far these backfills are, once that has lasted for ``PATIENCE``."""
    stop = threading.Event()

    def show() -> None:
        if not stop.wait(PATIENCE):
            _watch(store, ids, stop)

    thread = threading.Thread(target=show, name="progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def follow(store: Store, ids: Sequence[int]) -> None:
    """Show how far these backfills are until they end, are stopped, or the daemon ends.

    Ctrl-C ends the following, not the backfill.
    """
    try:
        _watch(store, ids, threading.Event(), needed=True)
    except KeyboardInterrupt:
        click.echo("no longer followed; the daemon goes on: see 'backfill list'", err=True)


def tell_running(store: Store) -> None:
    """Say on stderr how far the backfills are that go on."""
    running = [one.id for one in store.backfills.running()]
    for one in store.backfills.progress(running) if running else ():
        click.echo(f"backfill {one.backfill.id}: {line(one)}", err=True)


def tell_failed(failed: Failed, names: Container[str]) -> None:
    """Say on stderr which backfills failed for some of these collectors, and what to do."""
    chunks = [one for name, some in failed.items() if name in names for one in some]
    chunks.sort(key=lambda one: one.backfill_id)
    for number, group in groupby(chunks, lambda one: one.backfill_id):
        some = list(group)
        what = f"{counted(len(some), 'chunk')} failed, the last of {some[-1].collector}"
        again = f"try again: backfill retry {number}"
        click.echo(f"backfill {number}: {what}: {some[-1].reason}; {again}", err=True)


def _watch(
    store: Store, ids: Sequence[int], stop: threading.Event, *, needed: bool = False
) -> None:
    with _teller() as tell:
        while not stop.is_set():
            try:
                progress = store.backfills.progress(ids)
            except StoreError as exc:
                click.echo(f"how far it is cannot be read now: {exc}", err=True)
            else:
                tell(progress)
                if needed and not _goes_on(store, progress):
                    return
            stop.wait(LOOK_EVERY)


def _goes_on(store: Store, progress: Sequence[BackfillProgress]) -> bool:
    if not any(one.backfill.state is BackfillState.RUNNING for one in progress):
        return False
    if store.post.holder() is None:
        click.echo("the daemon has ended", err=True)
        return False
    return True


@contextmanager
def _teller() -> Iterator[Tell]:
    if not sys.stderr.isatty():
        yield _Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    said = TextColumn("{task.fields[said]}")
    with Progress(*columns, said, console=Console(stderr=True), transient=True) as bar:
        yield _Bars(bar)


class _Lines:
    """Tells in lines, seldom."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, progress: Sequence[BackfillProgress]) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + LINE_EVERY
        for one in progress:
            click.echo(f"backfill {one.backfill.id}: {line(one)}", err=True)


class _Bars:
    """Tells as bars."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._tasks: dict[int, TaskID] = {}

    def __call__(self, progress: Sequence[BackfillProgress]) -> None:
        for one in progress:
            number = one.backfill.id
            if number not in self._tasks:
                self._tasks[number] = self._bar.add_task(f"backfill {number}", said="")
            self._bar.update(
                self._tasks[number], total=one.periods, completed=one.done, said=line(one)
            )


def line(one: BackfillProgress) -> str:
    """Tell in one line how far a backfill is, and how long it will take."""
    said = [f"{one.done:,} of {counted(one.periods, 'period')}"]
    if one.seconds_left is not None:
        said.append(f"{roughly(one.seconds_left)} left")
    if one.failed:
        said.append(f"{counted(one.failed, 'chunk')} failed")
    if one.parked_until:
        said.append(f"parked until {_spelt(one.parked_until)}")
    return ", ".join(said)


def show_progress(progress: Sequence[BackfillProgress], *, as_json: bool) -> None:
    """Print how far backfills are."""
    rows = [row_of(one) if as_json else _for_people(one) for one in progress]
    show_rows(rows, as_json=as_json, empty="there are no backfills")


def row_of(one: BackfillProgress) -> dict[str, Any]:
    """Give how far a backfill is, for programs."""
    backfill, seconds = one.backfill, one.seconds_left
    return {
        "id": backfill.id,
        "who": backfill.who,
        "what": backfill.what,
        "start": backfill.start,
        "end": backfill.end,
        "chunk": backfill.chunk,
        "newest_first": backfill.newest_first,
        "force": backfill.force,
        "since": moment(backfill.created_at),
        "ended": moment(backfill.ended_at),
        "state": str(backfill.state),
        "collectors": one.collectors,
        "periods": one.periods,
        "done": one.done,
        "chunks": one.parts,
        "failed": one.failed,
        "seconds_left": None if seconds is None else round(seconds),
        "parked_until": _spelt(one.parked_until),
        "retried_at": _spelt(one.retried_at),
    }


def _for_people(one: BackfillProgress) -> dict[str, Any]:
    backfill, seconds = one.backfill, one.seconds_left
    return {
        "id": backfill.id,
        "what": backfill.what,
        "days": f"{backfill.start} - {backfill.end}",
        "state": str(backfill.state),
        "periods": f"{one.done:,} of {one.periods:,}",
        "left": None if seconds is None else roughly(seconds),
        "failed_chunks": one.failed,
        "waits_until": _spelt(min(filter(None, (one.parked_until, one.retried_at)), default=None)),
        "who": backfill.who,
    }


def _spelt(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
