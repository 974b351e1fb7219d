"""Many small writes to SQLite as few commits: one thread commits together whatever is waiting.

A commit costs a sync of the disk, so sixteen workers that write a few rows each would otherwise
wait for sixteen syncs in a row, and for each other's locks.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy.engine import Connection, Engine

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

GROUP = 64
"""How many waiting writes are committed together at most."""


class GroupCommit:
    """The one thread of this process that writes to ``engine``; ``name`` is the thread's.

    Where a work fails, nothing of its group is kept, and each is done again by itself; so a work
    does nothing but read and write by its connection. Where the whole transaction fails (a lock, a
    full disk), every work of the group fails with that error.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._name = name
        self._queue: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._changing = threading.Lock()

    def write(self, work: Work[Result]) -> Result:
        """Give ``work(connection)`` once it is committed, or raise what undid it."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside a write: pass the connection on instead")
        future: Future[Result] = Future()
        with self._changing:
            self._start()
            self._queue.put((work, future))
        return future.result()

    def close(self) -> None:
        """Finish what is waiting and end the thread; a later write starts another."""
        with self._changing:
            if self._thread is not None:
                self._queue.put(None)
                self._thread.join()
                self._thread = None

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._loop, name=self._name, daemon=True)
            self._thread.start()

    def _loop(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            while len(group) < GROUP and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    self._commit(group)
                    return
                group.append(following)
            self._commit(group)

    def _commit(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        works = _Works([work for work, _ in group])
        try:
            with self._engine.begin() as connection:
                works.do(connection)
        except BaseException as exc:  # noqa: BLE001 - handed to whoever waits
            if works.failed and len(group) > 1:
                for one in group:
                    self._commit([one])
                return
            for _, future in group:
                future.set_exception(exc)
            return
        for (_, future), result in zip(group, works.results, strict=True):
            future.set_result(result)


class _Works:
    """Works of one transaction; ``failed`` tells that one of them did, and not what is around."""

    def __init__(self, works: list[Work[Any]]) -> None:
        self._works = works
        self.results: list[Any] = []
        self.failed = False

    def do(self, connection: Connection) -> None:
        for work in self._works:
            self.failed = True
            self.results.append(work(connection))
            self.failed = False
