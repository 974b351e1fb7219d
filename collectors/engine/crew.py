"""The crew: threads that take due runs from the store, the most urgent first, and collect them."""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import structlog

from collectors.config.model import Collector
from collectors.engine.heart import Heart
from collectors.errors import StoreError
from collectors.runner import Outcome, Parts, collect_taken
from collectors.store import Lanes, Run

LOOK_AGAIN = 5.0
"""Seconds after which the queue is looked at unasked: another process may have entered something,
and what is parked becomes due by itself."""
GATHER = 0.01
"""Seconds for which a busy crew lets runs end, so as to take several in one transaction."""
log = structlog.get_logger()


class Crew:
    """Works off the due queue of the store with ``workers`` threads until it is stopped.

    ``parts`` gives what to work with; a run ends with what it began with. ``collector`` gives the
    collector of a name, None where there is none (any more). ``ended`` is told of each run's
    outcome, ``kept`` of observations that are safe; both are called from any thread. ``kinds``
    are the kinds of runs that it takes, all if there are none. ``moved`` is called at every turn.
    """

    def __init__(
        self,
        parts: Callable[[], Parts],
        workers: int,
        heart: Heart,
        *,
        ended: Callable[[Run, Outcome], None],
        kept: Callable[[Lanes, int], None],
        kinds: Collection[str] = (),
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._parts = parts
        self._workers = workers
        self._heart = heart
        self._ended = ended
        self._kept = kept
        self._kinds = kinds
        self._changed = threading.Condition()
        self._woken = True
        self._stopped = threading.Event()
        self._running: dict[int, str] = {}
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="collector")
        self._thread = threading.Thread(target=self._work, name="crew", daemon=True)
        self._moved = moved

    def start(self) -> None:
        """Begin to take runs."""
        self._thread.start()

    def wake(self) -> None:
        """Say that something may be due."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    @property
    def running(self) -> dict[int, str]:
        """The runs under way, by id, each with its collector."""
        with self._changed:
            return dict(self._running)

    def stop(self) -> None:
        """Take nothing more; what runs runs on."""
        with self._changed:
            self._stopped.set()
            self._changed.notify_all()

    def wait(self, seconds: float) -> bool:
        """Wait until nothing runs; False where something still does after these seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._running, seconds)

    def close(self) -> None:
        """Let the threads go, once they have nothing to do."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()
        self._pool.shutdown(wait=False)

    def is_idle(self) -> bool:
        """Tell whether nothing runs, and the queue was empty when it was last looked at."""
        with self._changed:
            return not self._running and not self._woken

    def _work(self) -> None:
        while self._wait_for_room():
            if self.running:
                self._stopped.wait(GATHER)
            free = self._workers - len(self.running)
            for run in self._take(free):
                self._begin(run)
            self._moved()

    def _wait_for_room(self) -> bool:
        """Wait until there is a worker free and something may be due; False when it is stopped."""
        with self._changed:
            while not self._stopped.is_set():
                if len(self._running) < self._workers and self._woken:
                    self._woken = False
                    return True
                if not self._changed.wait(LOOK_AGAIN):
                    self._woken = True
                self._moved()
            return False

    def _take(self, free: int) -> list[Run]:
        try:
            taken = self._parts().store.queue.take(free, self._kinds)
        except StoreError as exc:
            log.warning("the queue cannot be read", error=str(exc))
            return []
        if len(taken) == free:
            self.wake()
        return taken

    def _begin(self, run: Run) -> None:
        parts = self._parts()
        collector = parts.collectors.get(run.collector)
        if collector is None:
            reason = "its collector is not configured any more"
            parts.store.queue.put_back([run.id], reason)
            return
        self._heart.add(run.id)
        with self._changed:
            self._running[run.id] = run.collector
        self._pool.submit(self._collect, parts, collector, run)

    def _collect(self, parts: Parts, collector: Collector, run: Run) -> None:
        try:
            outcome = collect_taken(parts, collector, run, self._kept, parks=True)
        finally:
            self._heart.remove(run.id)
            with self._changed:
                del self._running[run.id]
                self._woken = True
                self._changed.notify_all()
        self._ended(run, outcome)
