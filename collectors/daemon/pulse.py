"""Whether the loops of a process still move."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True)
class _Beat:
    within: float
    at: float


class Pulse:
    """Loops touch it at every turn; who has not for too long is stuck. Safe between threads."""

    def __init__(self, ticking: Callable[[], float] = time.monotonic) -> None:
        self._ticking = ticking
        self._lock = threading.Lock()
        self._beats: dict[str, _Beat] = {}

    def expect(self, name: str, within: float) -> None:
        """Expect a loop to touch this at least every ``within`` seconds from now on."""
        with self._lock:
            self._beats[name] = _Beat(within, self._ticking())

    def touch(self, name: str) -> None:
        """Say that a loop moves; one that is not expected is not watched."""
        with self._lock:
            if beat := self._beats.get(name):
                beat.at = self._ticking()

    def forget(self, name: str) -> None:
        """Expect nothing more of a loop: it has come to its end."""
        with self._lock:
            self._beats.pop(name, None)

    def ages(self) -> dict[str, float]:
        """Give how many seconds ago each loop moved."""
        with self._lock:
            now = self._ticking()
            return {name: now - beat.at for name, beat in self._beats.items()}

    def stuck(self) -> list[str]:
        """Name the loops that have not moved in time."""
        with self._lock:
            now = self._ticking()
            return [name for name, beat in self._beats.items() if now - beat.at > beat.within]
