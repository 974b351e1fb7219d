"""Turns: threads of one process wait for one another here, and not at the store.

Where eight requests may be under way and sixty threads want one, eight ask the store and the others
wait without costing anything.
"""

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from collectors.api import Limits


class Turns:
    """As many turns of each key as there may be requests of it under way."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: dict[tuple[str, int], threading.BoundedSemaphore] = {}

    @contextmanager
    def taken(self, limits: Mapping[str, Limits], patience: float) -> Iterator[str | None]:
        """Hold a turn of every key; gives the key of which none came in ``patience`` seconds."""
        with ExitStack() as held:
            for key in sorted(limits):
                at_most = limits[key].concurrent
                if at_most is None:
                    continue
                turn = self._turn(key, at_most)
                if not turn.acquire(timeout=patience):
                    yield key
                    return
                held.callback(turn.release)
            yield None

    def _turn(self, key: str, at_most: int) -> threading.BoundedSemaphore:
        with self._guard:
            return self._turns.setdefault((key, at_most), threading.BoundedSemaphore(at_most))
