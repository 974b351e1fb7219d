"""Progress of long work: a bar on a terminal, a plain line now and then elsewhere; on stderr."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from collectors.engine.local import Progress as Told
from collectors.runner import Delivered, Outcome
from collectors.values import counted

PATIENCE = 2.0
"""Seconds of silence: what is done by then needs no progress."""
LINE_EVERY = 10.0


class _Counts:
    """What has been done so far, counted from many threads."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.planned = self.done = self.kept = self.delivered = 0

    def told(self) -> Told:
        return Told(
            planned=lambda runs: self._add(planned=runs),
            kept=lambda _data_set, observations: self._add(kept=observations),
            collected=self._collected,
            delivered=self._delivered,
        )

    def line(self) -> str:
        kept = counted(self.kept, "observation")
        windows = counted(self.planned, "window")
        return f"{self.done} of {windows}, {kept} kept, {self.delivered} delivered"

    def _add(self, planned: int = 0, kept: int = 0) -> None:
        with self.lock:
            self.planned += planned
            self.kept += kept

    def _collected(self, outcome: Outcome) -> None:
        with self.lock:
            self.done += outcome.window is not None

    def _delivered(self, delivered: Delivered) -> None:
        with self.lock:
            self.delivered += delivered.observations


@contextmanager
def shown() -> Iterator[Told]:
    """Show what an engine tells, once it has worked for longer than ``PATIENCE``."""
    counts = _Counts()
    stop = threading.Event()
    show = _show_bar if sys.stderr.isatty() else _show_lines
    thread = threading.Thread(target=show, args=(counts, stop), name="progress", daemon=True)
    thread.start()
    try:
        yield counts.told()
    finally:
        stop.set()
        thread.join()


def _show_lines(counts: _Counts, stop: threading.Event) -> None:
    wait = PATIENCE
    began = time.monotonic()
    while not stop.wait(wait):
        click.echo(f"{time.monotonic() - began:.0f} s: {counts.line()}", err=True)
        wait = LINE_EVERY


def _show_bar(counts: _Counts, stop: threading.Event) -> None:
    if stop.wait(PATIENCE):
        return
    columns = (
        TextColumn("collecting"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("windows, {task.fields[kept]:,} kept, {task.fields[delivered]:,} delivered"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, kept=0, delivered=0)
        while not stop.wait(0.2):
            bar.update(
                task,
                total=counts.planned or None,
                completed=counts.done,
                kept=counts.kept,
                delivered=counts.delivered,
            )
