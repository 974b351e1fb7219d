"""A daemon that lives in the test's own process, beside a place."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr
from datetime import UTC, datetime, timedelta
from io import StringIO

from collectors.cli.assembling import remade
from collectors.cli.settings import Settings, World
from collectors.daemon import Daemon, Notifier, Ways, Why
from collectors.runner import Parts
from collectors.store import Store
from tests.places import Place

LONGEST = 30.0
"""Seconds after which a test gives up."""
TURN = 0.02


class Living:
    """A daemon and what can be seen of it. ``ended`` is what its ``run`` gave."""

    def __init__(self, place: Place, daemon: Daemon, parts: Parts) -> None:
        self.place = place
        self.daemon = daemon
        self.parts = parts
        self.ended: tuple[Why, bool] | None = None

    @property
    def store(self) -> Store:
        """The store of the daemon."""
        return self.parts.store

    def advance(self, by: timedelta) -> None:
        """Set the clock of the place forward, and those of its servers; the planner notices."""
        self.place.clock.advance(by)
        show_time(self.place)
        self.daemon.works.planner.look([])

    def until(self, holds: Callable[[], object], seconds: float = LONGEST) -> None:
        """Wait until something holds, for so long at most."""
        end, turn = time.monotonic() + seconds, threading.Event()
        while not holds():
            assert time.monotonic() < end, "it never came true"
            turn.wait(TURN)


def show_time(place: Place) -> None:
    """Let the servers of a place show its time in their answers."""
    for server in place.servers:
        server.ahead = (place.clock.now() - datetime.now(UTC)).total_seconds()


def settings_of(place: Place) -> Settings:
    """Give the global options with which a place is looked at."""
    world = World(
        sources=place.sources,
        clock=place.clock,
        patience=place.patience,
        busy=place.busy,
        http=place.http,
        step=place.step,
    )
    return Settings(world, place.config, place.credentials, None)


@contextmanager
def opened(place: Place) -> Iterator[Parts]:
    """Give the parts of a place, without a daemon."""
    settings = settings_of(place)
    with settings.store() as store, settings.parts(store) as parts:
        yield parts


@contextmanager
def living(place: Place, *, limit: float = LONGEST) -> Iterator[Living]:
    """Let a daemon of a place live while inside; runs have ``limit`` seconds to end."""
    show_time(place)
    settings = settings_of(place)
    with redirect_stderr(StringIO()), settings.store() as store, settings.parts(store) as parts:
        ways = Ways(load=settings.load, remake=remade)
        one = Living(place, Daemon(settings.configuration, parts, ways, Notifier(None)), parts)
        begun = threading.Event()

        def run() -> None:
            one.ended = one.daemon.run(limit, begun.set)

        thread = threading.Thread(target=run)
        thread.start()
        assert begun.wait(LONGEST)
        try:
            yield one
        finally:
            one.daemon.stop()
            thread.join(LONGEST)
            assert not thread.is_alive()
