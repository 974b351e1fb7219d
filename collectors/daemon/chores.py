"""What the daemon does every so often, in threads beside those that do its work."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import structlog

from collectors.errors import CollectorError

TURN = 0.5
"""Seconds between two looks at what is to be done."""
log = structlog.get_logger()


@dataclass
class Chore:
    """Something to do every ``every`` seconds, and at the next turn where it is ``wanted``.

    A failure is logged, and it is done again.
    """

    name: str
    every: float
    do: Callable[[], object]
    wanted: threading.Event = field(default_factory=threading.Event)
    _next: float = field(init=False, default=0.0)

    def turn(self) -> None:
        """Do it, if its time has come."""
        if time.monotonic() < self._next and not self.wanted.is_set():
            return
        self.wanted.clear()
        self._next = time.monotonic() + self.every
        try:
            self.do()
        except CollectorError as exc:
            log.warning("a chore failed", chore=self.name, reason=str(exc))
        except Exception:
            log.exception("this program broke in a chore", chore=self.name)


class Chores:
    """Does its chores in one thread, one after the other. ``moved`` is called at every turn."""

    def __init__(
        self, name: str, chores: Sequence[Chore], moved: Callable[[], None] = lambda: None
    ) -> None:
        self._chores = chores
        self._moved = moved
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, limit: float) -> bool:
        """Do nothing more; False where what is being done takes longer than ``limit`` seconds."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(limit)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while not self._stopped.is_set():
            for chore in self._chores:
                if not self._stopped.is_set():
                    chore.turn()
                self._moved()
            self._stopped.wait(TURN)
