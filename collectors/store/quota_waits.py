"""How one run waits for quotas: what is told of it, when it is parked instead, how long it took."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from collectors.store.quota_rules import Refusal

Told = Callable[[Refusal | None], None]


@dataclass
class Waits:
    """The waits of one run, which may make several requests at once. Safe between threads.

    ``may_park`` tells whether the run is to be parked rather than to wait for long. ``told`` is
    called with what a long wait is for, and with None once the run goes on. ``seconds`` is for how
    long it has waited without any request under way; ``has_asked`` tells that it has made one.
    """

    may_park: Callable[[], bool] = lambda: False
    told: Told = lambda _: None
    seconds: float = 0.0
    has_asked: bool = False
    _waiting: int = 0
    _working: int = 0
    _telling: int = 0
    _since: float = 0.0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    @contextmanager
    def waiting(self, clock: Callable[[], float]) -> Iterator[None]:
        """While inside, a request waits; ``clock`` gives the time in seconds."""
        self._change(clock(), waiting=1)
        try:
            yield
        finally:
            self._change(clock(), waiting=-1)

    @contextmanager
    def working(self, clock: Callable[[], float]) -> Iterator[None]:
        """While inside, a request is under way."""
        self.has_asked = True
        self._change(clock(), working=1)
        try:
            yield
        finally:
            self._change(clock(), working=-1)

    @contextmanager
    def long(self, found: Refusal) -> Iterator[None]:
        """While inside, a request waits for long."""
        self._tell(1, found)
        try:
            yield
        finally:
            self._tell(-1, None)

    def _change(self, now: float, *, waiting: int = 0, working: int = 0) -> None:
        with self._lock:
            if self._waiting and not self._working:
                self.seconds += now - self._since
            self._since = now
            self._waiting += waiting
            self._working += working

    def _tell(self, change: int, found: Refusal | None) -> None:
        with self._lock:
            before, self._telling = self._telling, self._telling + change
            if 0 in (before, self._telling):
                self.told(found)
