"""When a collector is looked at again after a run of it ended without its window."""

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from collectors.errors import NotYet, StoreError, Unavailable
from collectors.runner import Outcome
from collectors.runner.patience import TRIED_WITHIN
from collectors.store import SUCCEEDED, State

FIRST = timedelta(minutes=1)
JITTER = 1.25
"""Up to so many times as long is waited, or that much shorter."""
SPREAD = timedelta(seconds=30)
"""Over so long those are spread that are tried again together."""
MANY = 3
"""Collectors that fail in a row with nothing between them: it is what they share that failed."""


@dataclass
class _Shared:
    """What collectors share (a source and its credential): those that it failed, in a row."""

    failing: set[str] = field(default_factory=set)
    since_success: int = 0


class Retries:
    """Waits double from a minute to an hour with each failure in a row; what is over is forgotten.

    Where everything that shares a source failed, and one of them succeeds, all are tried at once.
    ``look_at`` is told who is to be looked at again, and when. A look is for all windows of a
    collector: those that fail before it comes are one failure.
    """

    def __init__(
        self, now: Callable[[], datetime], look_at: Callable[[str, datetime], None]
    ) -> None:
        self._now = now
        self._look_at = look_at
        self._failures: dict[str, int] = {}
        self._looks: dict[str, datetime] = {}
        self._shared: dict[str, _Shared] = defaultdict(_Shared)
        self._lock = Lock()

    def ended(self, collector: str, shared: str, outcome: Outcome) -> None:
        """Take note of how a run ended, of a collector that shares ``shared`` with others."""
        with self._lock:
            if outcome.state in SUCCEEDED:
                self._succeeded(collector, shared)
            elif outcome.state not in (State.PARKED, State.MISSED):
                self._failed(collector, shared, outcome)

    def failing(self) -> list[str]:
        """Give the collectors whose last run failed."""
        with self._lock:
            return list(self._failures)

    def _succeeded(self, collector: str, shared: str) -> None:
        self._failures.pop(collector, None)
        ours = self._shared[shared]
        ours.failing.discard(collector)
        if ours.since_success >= MANY:
            for name in ours.failing:
                self._look_at(name, self._now() + random.random() * SPREAD)
            ours.failing.clear()
        ours.since_success = 0

    def _failed(self, collector: str, shared: str, outcome: Outcome) -> None:
        now, failures = self._now(), self._failures.get(collector, 0)
        if self._looks.get(collector, now) > now:
            self._failures[collector] = failures
            return
        self._failures[collector] = failures + 1
        if isinstance(outcome.error, Unavailable):
            self._shared[shared].failing.add(collector)
            self._shared[shared].since_success += 1
        self._looks[collector] = now + wait_after(outcome, failures + 1)
        self._look_at(collector, self._looks[collector])


def wait_after(outcome: Outcome, failures: int) -> timedelta:
    """Give how long to wait after so many failures in a row, this one included.

    Passing failures wait from a minute on, what ``Retry-After`` asked for at least; lasting ones,
    that somebody has to mend, an hour.
    """
    passing = outcome.error is None or isinstance(outcome.error, NotYet | StoreError | Unavailable)
    if not passing:
        return TRIED_WITHIN
    doubled = min(TRIED_WITHIN / JITTER, FIRST * 2.0 ** min(failures - 1, 12))
    wait = doubled * random.uniform(2 - JITTER, JITTER)
    asked = outcome.error.retry_after if isinstance(outcome.error, Unavailable) else None
    return wait if asked is None else max(wait, min(TRIED_WITHIN, timedelta(seconds=asked)))
