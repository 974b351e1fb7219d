"""Opening, writing and upgrading a database: SQLite or PostgreSQL through the same code.

Writes of one process to SQLite go through one thread that commits together whatever is waiting,
so that many small writes cost one sync of the disk. PostgreSQL does that by itself.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError

from collectors.errors import StoreError

Result = TypeVar("Result")
Work = Callable[[Connection], Result]

BUSY_SECONDS = 30
GROUP = 64
"""How many waiting writes are committed together at most."""


def ignore(_step: str) -> None:
    """Stop at no step: what a step point does outside of tests."""


class Database:
    """One database: many readers, one writer at a time.

    ``what`` names it in messages; ``migrations`` is the directory of its Alembic scripts;
    ``synchronous`` is SQLite's ``FULL`` or ``NORMAL``. Errors come out as StoreError.
    """

    def __init__(self, url: str, *, what: str, migrations: Path, synchronous: str = "FULL") -> None:
        self.what = what
        self._migrations = migrations
        self.engine = _engine(url, what, synchronous)
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._queue: queue.SimpleQueue[tuple[Work[Any], Future[Any]] | None] = queue.SimpleQueue()
        self._writer: threading.Thread | None = None
        self._starting = threading.Lock()

    def read(self, work: Work[Result]) -> Result:
        """Give ``work(connection)``; the connection sees one consistent state."""
        try:
            with self.engine.connect().execution_options(reading=True) as connection:
                return work(connection)
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc

    def write(self, work: Work[Result]) -> Result:
        """Give ``work(connection)``, done in one transaction that is committed on return.

        Any exception of ``work`` undoes all that it did, and is raised here.
        """
        if not self.is_sqlite:
            return self._write_now(work)
        self._start_writer()
        future: Future[Result] = Future()
        self._queue.put((work, future))
        return future.result()

    def upgrade(self, step: Callable[[str], None] = ignore) -> None:
        """Bring the tables up to this version, all or nothing; refuse those of a newer one."""
        config = Config()
        config.set_main_option("script_location", str(self._migrations).replace("%", "%%"))
        config.attributes["step"] = step
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}

        def work(connection: Connection) -> None:
            current = MigrationContext.configure(connection).get_current_revision()
            if current is not None and current not in known:
                message = (
                    f"{self.what} {self.shown} was made by a newer version (revision {current}); "
                    "run that version, or point to another database"
                )
                raise StoreError(message)
            config.attributes["connection"] = connection
            if not self.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(74123)"))
            command.upgrade(config, "head")

        try:
            self.write(work)
        except CommandError as exc:
            raise StoreError(f"{self.what} {self.shown} cannot be upgraded: {exc}") from exc

    @property
    def shown(self) -> str:
        """The database's URL without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Finish what is queued and close every connection."""
        with self._starting:
            if self._writer is not None:
                self._queue.put(None)
                self._writer.join()
                self._writer = None
        self.engine.dispose()

    def _write_now(self, work: Work[Result]) -> Result:
        try:
            with self.engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc

    def _start_writer(self) -> None:
        with self._starting:
            if self._writer is None:
                self._writer = threading.Thread(
                    target=self._write_loop, name=f"writer of {self.what}", daemon=True
                )
                self._writer.start()

    def _write_loop(self) -> None:
        while (first := self._queue.get()) is not None:
            group = [first]
            stop = False
            while len(group) < GROUP and not self._queue.empty():
                following = self._queue.get()
                if following is None:
                    stop = True
                    break
                group.append(following)
            self._commit(group)
            if stop:
                return

    def _commit(self, group: list[tuple[Work[Any], Future[Any]]]) -> None:
        done: list[tuple[Future[Any], Any]] = []
        try:
            with self.engine.begin() as connection:
                for work, future in group:
                    self._attempt(connection, work, future, done)
        except BaseException as exc:  # noqa: BLE001 - handed to whoever waits
            for _, future in group:
                if not future.done():
                    future.set_exception(self._translated(exc))
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
        savepoint = connection.begin_nested()
        try:
            result = work(connection)
            savepoint.commit()
        except BaseException as exc:  # noqa: BLE001 - handed to whoever waits
            if savepoint.is_active:
                savepoint.rollback()
            future.set_exception(self._translated(exc))
        else:
            done.append((future, result))

    def _translated(self, exc: BaseException) -> BaseException:
        if not isinstance(exc, SQLAlchemyError):
            return exc
        cause = exc.orig if isinstance(exc, DBAPIError) else exc
        text = str(cause).strip().splitlines()[0] if str(cause).strip() else type(exc).__name__
        error = StoreError(f"{self.what} {self.shown}: {text}{_advice(text)}")
        error.__cause__ = exc
        return error


def _advice(text: str) -> str:
    if "locked" in text:
        return "; another process holds it for longer than 30 s: find it with fuser, or wait"
    if "disk is full" in text or "No space" in text:
        return "; free some space: nothing that was collected is lost, it is collected again"
    if "unable to open" in text or "readonly" in text:
        return "; see that the directory exists and may be written"
    return ""


def _engine(url: str, what: str, synchronous: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(parsed, synchronous)
        return sa.create_engine(parsed, pool_pre_ping=True, pool_size=16, max_overflow=16)
    except (ArgumentError, NoSuchModuleError) as exc:
        raise StoreError(f"{what}: the database URL cannot be read: {exc}") from exc
    except ModuleNotFoundError as exc:
        message = f"{what}: the driver {exc.name} is missing; install requirements-postgresql.txt"
        raise StoreError(message) from exc


def _sqlite(url: sa.URL, synchronous: str) -> Engine:
    if url.database and url.database != ":memory:":
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            raise StoreError(f"{Path(url.database).parent} cannot be made: {exc.strerror}") from exc
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_SECONDS})

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("reading")
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
