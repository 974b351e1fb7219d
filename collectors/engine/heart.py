"""The heart of a process: while it beats, the runs and lanes that it holds are its own."""

import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from collectors.errors import CollectorError
from collectors.store import Store

HEARTBEAT = 15.0
"""Seconds between heartbeats; a lease lasts four of them."""


class Heart:
    """Prolongs the leases of this process while it is alive; ``also`` is done at each beat.

    ``moved`` is called at every turn, also where the store fails.
    """

    def __init__(
        self,
        store: Store,
        also: Callable[[], object] = lambda: None,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._also = also
        self._moved = moved
        self._runs: set[int] = set()
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heart", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._thread.join()

    def add(self, run_id: int) -> None:
        """Hold the lease of a run from now on."""
        with self._lock:
            self._runs.add(run_id)

    def remove(self, run_id: int) -> None:
        """Let go of a run that has ended."""
        with self._lock:
            self._runs.discard(run_id)

    def _beat(self) -> None:
        while not self._stopped.wait(HEARTBEAT):
            self._moved()
            with self._lock:
                held = sorted(self._runs)
            try:
                self._store.ledger.heartbeat(held)
                self._also()
            except CollectorError:
                # The next beat tries again; a run that loses its lease finds out when it writes.
                continue
