"""From a credential to rows: one pool a credential, read only, with an end to waiting."""

import time
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from collectors.api import Context, Credential, Refused, Secret
from collectors.sources.sql.problems import explained

CONNECT_SECONDS = 10
BLOCK = 1000
"""How many rows are fetched at once."""
_POOL = 4
_STEPS = 10_000
"""How often SQLite looks at the clock, in its own instructions."""
_SET = sa.text("SELECT set_config(:name, :value, true)")
_EXAMPLE = "postgresql+psycopg://user:password@host/name or sqlite:////srv/figures.db"


class SqlCredential(Credential):
    """``url``: where the database is, as SQLAlchemy writes it, with user and password."""

    url: Secret


@dataclass(frozen=True)
class Database:
    """The database of a collector's credential, for one run."""

    context: Context
    timeout: float

    @property
    def what(self) -> str:
        """What it is called in messages."""
        return f"the database of the credential {self.context.credential_name}"

    @contextmanager
    def connected(self, query: str) -> Iterator[Connection]:
        """Give a connection in a transaction that reads only, and is rolled back.

        Whatever the database says against ``query`` meanwhile is raised as our error.
        """
        try:
            with self._engine().connect() as connection:
                self._limit(connection)
                yield connection
        except SQLAlchemyError as exc:
            raise explained(exc, self.what, query, self.timeout) from exc

    def _engine(self) -> Engine:
        credential: SqlCredential = self.context.credential
        url = self._url(credential)
        if url.password:
            self.context.hide(Secret(str(url.password)))
        engine: Engine = self.context.shared.get(
            ("sql engine", credential.url), lambda: self._made(url)
        )
        return engine

    def _url(self, credential: SqlCredential) -> URL:
        try:
            url = make_url(credential.url.reveal())
        except (ArgumentError, ValueError):
            raise Refused(f"{self.what}: this is no database URL; one is {_EXAMPLE}") from None
        if url.drivername == "postgresql":
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() != "sqlite" and "@" in f"{url.host}{url.database}":
            raise Refused(f"{self.what}: write '@' in the password as '%40'")
        return url

    def _made(self, url: URL) -> Engine:
        try:
            engine = _make(url)
        except NoSuchModuleError:
            kind = url.drivername
            raise Refused(f"{self.what}: {kind!r} is no database we know; see {_EXAMPLE}") from None
        except ModuleNotFoundError as exc:
            raise Refused(f"{self.what}: its driver {exc.name} is not installed") from exc
        # Whoever drops the pool leaves no connection behind.
        weakref.finalize(engine, engine.pool.dispose)
        return engine

    def _limit(self, connection: Connection) -> None:
        match connection.dialect.name:
            case "postgresql":
                settings = {"statement_timeout": f"{round(self.timeout * 1000)}ms"}
                for name, value in {**settings, "TimeZone": self.context.zone.key}.items():
                    connection.execute(_SET, {"name": name, "value": value})
            case "sqlite":
                driver: Any = connection.connection.driver_connection
                ends = time.monotonic() + self.timeout
                driver.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)


def _make(url: URL) -> Engine:
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    options: Mapping[str, Any] = {}
    if url.get_backend_name() == "postgresql":
        if "connect_timeout" not in url.query:
            url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
        options = {"execution_options": {"postgresql_readonly": True}}
    return sa.create_engine(
        url, pool_size=_POOL, pool_pre_ping=True, hide_parameters=True, **options
    )


def _sqlite(url: URL) -> Engine:
    """Open the file to read: a mistyped name makes no file."""
    if url.database in (None, "", ":memory:"):
        raise Refused(f"a SQLite URL names a file: {_EXAMPLE}")
    read_only = url.set(database=f"file:{quote(url.database or '')}")
    read_only = read_only.update_query_dict({"mode": "ro", "uri": "true"})
    engine = sa.create_engine(read_only, hide_parameters=True, poolclass=sa.pool.NullPool)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA query_only=ON")

    return engine
