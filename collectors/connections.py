"""From a database URL to an engine: SQLite or PostgreSQL, set up the way the program needs them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError

from collectors.errors import ConfigError, StoreError
from collectors.statements import Statement

CONNECT_SECONDS = 10
DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
READERS = 32
"""How many connections to SQLite are kept open: opening one takes longer than most reads do."""
READING = "reading"
"""The execution option of a connection that only reads: SQLite then asks for no write lock."""


_BEGIN, _BEGIN_READING = Statement(sa.text("BEGIN IMMEDIATE")), Statement(sa.text("BEGIN"))


def make_engine(url: str, *, what: str, synchronous: str, patience: float) -> Engine:
    """Give the engine of ``url``; nothing connects yet.

    ``what`` names the database in messages, ``synchronous`` is SQLite's, ``patience`` is how many
    seconds SQLite waits for a lock. Raises ConfigError for a wrong URL, StoreError where there is
    no such place or driver.
    """
    parsed = database_url(url)
    if parsed.drivername == "sqlite":
        return _sqlite(parsed, what, synchronous, patience)
    return _postgresql(parsed, what)


def shown(url: URL) -> str:
    """Spell ``url`` for a message: without its password and without its options."""
    return url.set(query={}).render_as_string(hide_password=True)


def database_url(url: str) -> URL:
    """Read a database URL. Raises ConfigError, without the URL: it may hold a password."""
    examples = "sqlite:///var/state.db or postgresql+psycopg://user:password@host/name"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError(f"this is not a database URL; one looks like {examples}") from None
    if parsed.drivername not in DRIVERS:
        raise ConfigError(f"{parsed.drivername!r} is not a database we know; use {examples}")
    parsed = parsed.set(drivername=DRIVERS[parsed.drivername])
    if any("password" in option for option in parsed.query):
        raise ConfigError("write the password as user:password@host, not as an option")
    if parsed.drivername == "sqlite":
        _check_file(parsed)
    elif "@" in f"{parsed.host}{parsed.database}":
        raise ConfigError("write '@' in the password of the database URL as '%40'")
    return parsed


def _check_file(url: URL) -> None:
    if url.host:
        raise ConfigError("a SQLite URL has three slashes before a relative path, four before /")
    if url.database in (None, "", ":memory:") or url.query:
        raise ConfigError("name a file, with no options, such as sqlite:///var/state.db")


def _postgresql(url: URL, what: str) -> Engine:
    if "connect_timeout" not in url.query:
        url = url.update_query_dict({"connect_timeout": str(CONNECT_SECONDS)})
    try:
        return sa.create_engine(
            url,
            pool_pre_ping=True,
            pool_size=16,
            max_overflow=16,
            hide_parameters=True,
            json_serializer=_dumps,
            json_deserializer=orjson.loads,
        )
    except ModuleNotFoundError as exc:
        message = f"{what}: the driver {exc.name} is missing; install requirements-postgresql.txt"
        raise StoreError(message) from exc


def _sqlite(url: URL, what: str, synchronous: str, patience: float) -> Engine:
    directory = Path(str(url.database)).parent
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"{what}: {directory} cannot be made: {exc.strerror}") from exc
    engine = sa.create_engine(
        url,
        connect_args={"timeout": patience},
        pool_size=READERS,
        max_overflow=-1,
        hide_parameters=True,
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
    )
    _prepare_sqlite(engine, synchronous)
    return engine


def _prepare_sqlite(engine: Engine, synchronous: str) -> None:
    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, _: Any) -> None:
        # The driver's own transactions leave out DDL and take the write lock too late.
        connection.isolation_level = None
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get(READING)
        (_BEGIN_READING if reading else _BEGIN).run(connection)


def _dumps(value: Any) -> str:
    return orjson.dumps(value).decode()
