"""Ctrl-C: the first one ends the work in good order, a second one ends the process."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click


@contextmanager
def heard(stop: Callable[[], None], *more: signal.Signals) -> Iterator[None]:
    """While inside, let the first Ctrl-C call ``stop``, and a second one kill the process.

    ``more`` are signals that do the same. Killing is safe: what is kept is kept in whole
    transactions, and the rest is due again.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, _frame: Any) -> None:
        signal.signal(number, signal.SIG_DFL)
        click.echo("stopping once what is under way has ended; Ctrl-C again: at once", err=True)
        stop()

    before = {one: signal.signal(one, handle) for one in (signal.SIGINT, *more)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
