"""The ticker: APScheduler wakes it, and the agenda says who is due. Its only import of the project.

APScheduler has one job here, whose trigger is the agenda. It runs in the scheduler's own thread, so
no pool can refuse it and no grace time can pass: what is due stays in the agenda until it is told.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any

import structlog
from apscheduler.executors.base import BaseExecutor  # type: ignore[import-untyped] # it has no types
from apscheduler.schedulers.background import BackgroundScheduler  # type: ignore[import-untyped] # it has no types
from apscheduler.triggers.base import BaseTrigger  # type: ignore[import-untyped] # it has no types

from collectors.clock import Clock
from collectors.schedule.agenda import Agenda, Tick
from collectors.schedule.ticks import Timing

AT_LEAST = timedelta(seconds=1)
"""How often it looks, so that a reload, a clock that was set or a machine that slept is noticed."""
AGAIN = timedelta(seconds=10)
"""When a tick is told again that could not be taken."""
_AT_MOST = timedelta(milliseconds=10)

log = structlog.get_logger()
OnTick = Callable[[Tick], None]


class Ticker:
    """Calls ``on_tick`` with who ticked and when, one tick after the other, in a thread of its own.

    A tick is told once it was taken: if ``on_tick`` raises, that is logged, and the tick told again
    ten seconds later. ``moved`` is called at every look, once a second at least. The other methods
    may be called from any thread, but ``stop`` not by ``on_tick``.
    """

    def __init__(
        self, clock: Clock, on_tick: OnTick, moved: Callable[[], None] = lambda: None
    ) -> None:
        self._clock = clock
        self._moved = moved
        self._on_tick = on_tick
        self._agenda = Agenda()
        self._lock = Lock()
        logging.getLogger("apscheduler").setLevel(logging.WARNING)
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": _InPlace()},
            job_defaults={"misfire_grace_time": None, "coalesce": False},
        )
        self._scheduler.add_job(self._tell, _Looks(self._until_next_look), id="ticks")

    def start(self) -> None:
        """Begin to tick; what fell due since ``replace`` is told at once."""
        self._scheduler.start()

    def stop(self) -> None:
        """Tell no more; returns once a tick that is being told has been taken."""
        if self._scheduler.running:
            self._scheduler.shutdown()

    def replace(self, collectors: Mapping[str, Timing]) -> datetime:
        """Let these collectors tick from now on, and no others; whose timing stays misses none.

        Gives the moment that was now: the others tick after it for the first time.
        """
        with self._lock:
            now = self._clock.now()
            self._agenda.replace(collectors, now)
            return now

    def next_tick(self, name: str) -> datetime | None:
        """Give when a collector ticks next, aware UTC; None where it never does or is not known."""
        with self._lock:
            return self._agenda.next_tick(name)

    def _until_next_look(self) -> timedelta | None:
        """Give how long it is until something is due, by the clock that the ticks go by."""
        with self._lock:
            look = self._agenda.next_look()
            return None if look is None else look - self._clock.now()

    def _tell(self) -> None:
        self._moved()
        now = self._clock.now()
        while tick := self._take(now):
            try:
                self._on_tick(tick)
            except Exception:
                log.exception("a tick was not taken", collectors=tick.collectors, at=tick.at)
                with self._lock:
                    self._agenda.put_back(tick, now + AGAIN)

    def _take(self, now: datetime) -> Tick | None:
        with self._lock:
            return self._agenda.take(now)


class _Looks(BaseTrigger):  # type: ignore[misc] # as above
    """Fires when something is due, and at least once a second."""

    def __init__(self, until_next_look: Callable[[], timedelta | None]) -> None:
        self._until_next_look = until_next_look

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """Give the next moment to look, after ``now``: what is due by now, this look tells."""
        wait = self._until_next_look()
        return now + (AT_LEAST if wait is None else min(max(wait, _AT_MOST), AT_LEAST))


class _InPlace(BaseExecutor):  # type: ignore[misc] # as above
    """Runs a job at once, in the scheduler's thread, and never refuses one."""

    def submit_job(self, job: Any, run_times: list[datetime]) -> None:
        """Run it once, however many times it was to run: one look tells all that is due."""
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Any, run_times: list[datetime]) -> None:
        job.func()
