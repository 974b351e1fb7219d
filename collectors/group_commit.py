"""Many small writes to SQLite as few commits: one thread commits together whatever is waiting.

A commit costs a sync of the disk, so sixteen workers that write a few rows each would otherwise
wait for sixteen syncs in a row, and for each other's locks.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from collectors.statements import Statement

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

_SAVEPOINT, _RELEASE, _ROLLBACK = (
    Statement(sa.text(f"{what} work")) for what in ("SAVEPOINT", "RELEASE", "ROLLBACK TO")
)
GROUP = 64
"""How many waiting writes are committed together at most."""


class GroupCommit:
    """The one thread of this process that writes to ``engine``; ``name`` is the thread's.

    Each work has a savepoint of its own, so one that fails undoes only itself; one that is alone
    needs none. Where the whole transaction fails (a lock, a full disk), every work of the group
    fails with that error.
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
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self._engine.begin() as connection:
                if len(group) == 1:
                    done.append((group[0][1], group[0][0](connection)))
                else:
                    for work, future in group:
                        self._attempt(connection, work, future, done)
        except BaseException as exc:  # noqa: BLE001 - handed to whoever waits
            for _, future in group:
                if not future.done():
                    future.set_exception(exc)
            return
        for future, result in done:
            future.set_result(result)

    def _attempt(
        self,
        connection: Connection,
        work: Work[Any],
        future: Future[Any],
        done: list[tuple[Future[Any], Any]],
    ) -> None:
        # Spelt out: SQLAlchemy compiles each of its own savepoints anew.
        _SAVEPOINT.run(connection)
        try:
            result = work(connection)
            _RELEASE.run(connection)
        except BaseException as exc:
            if not _undone(connection):
                raise
            future.set_exception(exc)
        else:
            done.append((future, result))


def _undone(connection: Connection) -> bool:
    """Undo one work; False where SQLite has already undone the whole transaction with it."""
    try:
        _ROLLBACK.run(connection)
        _RELEASE.run(connection)
    except SQLAlchemyError:
        return False
    return True
