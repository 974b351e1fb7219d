"""Reading, writing and upgrading a database: SQLite or PostgreSQL through the same code.

Writes of one process to SQLite go through one thread, see ``collectors.group_commit``; PostgreSQL
groups commits by itself. Errors come out as StoreError, and never show a password.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from collectors.connections import READING, make_engine, shown
from collectors.errors import StoreError
from collectors.group_commit import GroupCommit, Work

Result = TypeVar("Result")
Item = TypeVar("Item")

BUSY_SECONDS = 30.0
_UPGRADING = threading.Lock()
"""Alembic keeps the migration that runs in a global."""
_ADVICE = {
    "locked": "another process holds it for over {patience:g} s: find it with fuser, or wait",
    "disk is full": "free some space: nothing was recorded of this write, so it is done again",
    "No space": "free some space: nothing was recorded of this write, so it is done again",
    "disk I/O error": "see the kernel's log, quotas and limits of that disk: nothing was recorded",
    "not a database": "move that file away, or point to another",
    "unable to open": "see that it is a file in a directory that exists and may be written",
    "readonly": "see that the file and its directory may be written",
    "Connection refused": "see that the server runs and listens there",
    "authentication failed": "see the user and the password in the URL",
}


def ignore(_step: str) -> None:
    """Stop at no step: what a step point does outside of tests."""


class Database:
    """One database: many readers, one writer at a time.

    ``what`` names it in messages; ``migrations`` is the directory of its Alembic scripts;
    ``synchronous`` is SQLite's ``FULL`` or ``NORMAL``; ``patience`` is how many seconds SQLite
    waits for a lock that another process holds.
    """

    def __init__(
        self,
        url: str,
        *,
        what: str,
        migrations: Path,
        synchronous: str = "FULL",
        patience: float = BUSY_SECONDS,
    ) -> None:
        self.what = what
        self.engine = make_engine(url, what=what, synchronous=synchronous, patience=patience)
        self._reading = self.engine.execution_options(**{READING: True})
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._patience = patience
        self._migrations = migrations
        self._writer = GroupCommit(self.engine, f"writer of {what}")
        self._moment = threading.local()

    @property
    def shown(self) -> str:
        """The database's URL without its password."""
        return shown(self.engine.url)

    def read(self, work: Work[Result]) -> Result:
        """Give ``work(connection)``; the connection sees one consistent state."""
        held: Connection | None = getattr(self._moment, "connection", None)
        try:
            if held is not None:
                return work(held)
            with self._reader() as connection:
                return work(connection)
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc

    def look(self, work: Work[Result]) -> Result:
        """As ``read``, of one statement or of some that need not agree; no transaction."""
        if not self.is_sqlite or getattr(self._moment, "connection", None) is not None:
            return self.read(work)
        try:
            with self._reading.connect() as connection:
                return work(connection)
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc

    @contextmanager
    def at_one_moment(self) -> Iterator[None]:
        """Let whatever this thread reads in the body be of one consistent state."""
        if getattr(self._moment, "connection", None) is not None:
            yield
            return
        try:
            with self._reader() as connection:
                self._moment.connection = connection
                yield
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc
        finally:
            self._moment.connection = None

    def stream(self, items: Callable[[Connection], Iterator[Item]]) -> Iterator[Item]:
        """Give what ``items(connection)`` gives, one by one, all of one consistent state.

        The connection is held until the iterator ends or is closed.
        """
        try:
            with self._reader() as connection:
                yield from items(connection)
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc

    def write(self, work: Work[Result]) -> Result:
        """Give ``work(connection)``, done in one transaction that is committed on return.

        Any exception of ``work`` undoes all that it did, and is raised here.
        """
        try:
            if self.is_sqlite:
                return self._writer.write(work)
            with self.engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as exc:
            raise self._translated(exc) from exc

    def upgrade(self, step: Callable[[str], None] = ignore) -> None:
        """Bring the tables up to this version, all or nothing; refuse those of a newer one.

        A migration's file is called by its revision and, after an underscore, what it is about. The
        ``env.py`` finds ``connection``, ``version_table`` and ``step`` among the attributes of its
        configuration. The table of the version is named after the folder that holds the migrations,
        so that two sets of tables may share a database.
        """
        scripts = (self._migrations / "versions").glob("[0-9]*.py")
        known = {script.stem.partition("_")[0] for script in scripts}
        if self.read(self._revision) == max(known):
            return
        # Alembic takes a while to load, and there is nothing for it to do at most starts.
        from collectors.migrating import migrate  # noqa: PLC0415

        def work(connection: Connection) -> None:
            if not self.is_sqlite:
                connection.execute(sa.text("SELECT pg_advisory_xact_lock(74123)"))
            self._refuse_newer(self._revision(connection), known)
            attributes = {"connection": connection, "version_table": self._version_table}
            migrate(self._migrations, **attributes, step=step)

        with _UPGRADING:
            self.write(work)

    def close(self) -> None:
        """Finish what is waiting to be written and close every connection."""
        self._writer.close()
        self.engine.dispose()

    def _reader(self) -> Connection:
        """Give a connection in a transaction that only reads, which ends when it is closed."""
        connection = self._reading.connect()
        if not self.is_sqlite:
            connection = connection.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        connection.begin()
        return connection

    @property
    def _version_table(self) -> str:
        return f"{self._migrations.parent.name}_version"

    def _revision(self, connection: Connection) -> str | None:
        if not sa.inspect(connection).has_table(self._version_table):
            return None
        table = sa.table(self._version_table, sa.column("version_num", sa.Text))
        return connection.execute(sa.select(table.c.version_num)).scalar()

    def _refuse_newer(self, current: str | None, known: set[str]) -> None:
        if current is not None and current not in known:
            message = (
                f"{self.what} {self.shown} was made by a newer version (revision {current}); "
                "run that version, or point to another database"
            )
            raise StoreError(message)

    def _translated(self, exc: SQLAlchemyError) -> StoreError:
        cause = exc.orig if isinstance(exc, DBAPIError) else exc
        lines = str(cause).strip().splitlines() or [type(exc).__name__]
        advice = [text for sign, text in _ADVICE.items() if sign in lines[0]][:1]
        parts = [lines[0], *(text.format(patience=self._patience) for text in advice)]
        return StoreError(f"{self.what} {self.shown}: {'; '.join(parts)}")
