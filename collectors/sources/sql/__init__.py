r"""SQL: the figures that a query finds in a database.

::

    service: blue-badge
    collectors:
      applications:
        source: sql
        schedule: daily
        credentials: case-work
        query:
          query: |
            SELECT date_trunc('day', received) AS day, channel, count(*) AS applications
            FROM application
            WHERE received >= :start AND received < :end
            GROUP BY day, channel
            ORDER BY day
          time: day
          measures: [applications]
          dimensions: [channel]

What is so just now::

    service: blue-badge
    collectors:
      waiting:
        source: sql
        schedule: every 15 minutes
        credentials: case-work
        query:
          query: SELECT count(*) AS waiting FROM application WHERE decided IS NULL
          measures: [waiting]

===============  =================================================================================
``query``        one statement that only reads, with ``:start`` and ``:end`` where the ends of what
                 is asked for go (a colon of another meaning is written ``\:``)
``file``         a file with the query instead, relative to the configuration directory
``time``         the column that says which period a row is of, or a mapping of ``field``,
                 ``format`` (of times that are texts or numbers: ``iso``, ``epoch``, ``epoch_ms``,
                 a text such as ``%d/%m/%Y``, or a list of those that occur), ``zone`` (of times
                 that name none; else the collector's) and ``marks``: whether a time stands at the
                 ``start`` or at the ``end`` of its period
``measures``     column to measure, or a list of columns that are called like their measures
``dimensions``   column to dimension, or such a list
``bounds``       how ``:start`` and ``:end`` are given: a ``format`` (``timestamp``, ``date``,
                 ``iso``, ``epoch``, ``epoch_ms``, or a text such as ``%Y%m%d``), or a mapping of
                 ``format``, ``zone`` and ``end``: ``exclusive``, or ``inclusive`` for the last
                 second, or day, that is wanted
``unknown``      texts that mean that nobody knows, besides NULL
``timeout``      how many seconds the database may think before each answer (60)
===============  =================================================================================

A row is a reading, and rows come in the order of their periods: end the query with ``ORDER BY``. A
time counts for the period in which it lies. Without ``time`` each period is asked for by itself,
and all rows belong to it. NULL is unknown and not 0; a dimension must not be NULL. True is 1. When
the database fails half-way, nothing of the window counts as collected.

On PostgreSQL the session's time zone is the collector's, so ``date_trunc('day', …)`` gives its
days; a ``timestamp`` is an instant. Elsewhere it is the local time, and on SQLite a text such as
``2026-11-20 00:00:00``. Rows are read with a cursor of the server, a thousand at a time.

The credential, which the collector may name, is where the database is, as SQLAlchemy writes it::

    # credentials/sql.yaml
    url: postgresql+psycopg://reader:the-password@db.internal/case_work

PostgreSQL and SQLite come with the collector, and are told to only read; for any other database
install its driver, and give a user who may only read. A SQLite file is named like
``sqlite:////srv/figures.db``. Each credential has one pool of connections.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Self

import sqlalchemy as sa
from pydantic import Field, model_validator
from sqlalchemy.engine import Connection

from collectors.api import (
    Context,
    Credential,
    Period,
    Reading,
    Refused,
    Source,
    Unavailable,
    Window,
)
from collectors.api.times import Time, asked_alone, last_period
from collectors.sources.sql.binding import BOUND, TimeBounds, bound, parameters
from collectors.sources.sql.database import BLOCK, Database, SqlCredential
from collectors.sources.sql.reading import Rows, columns

__all__ = ["Sql", "SqlCredential"]

Names = Mapping[str, str] | tuple[str, ...]


class Sql(Source):
    """A query on a database; the module is its manual page."""

    name: ClassVar[str] = "sql"
    periods: ClassVar[frozenset[Period]] = frozenset(Period)
    credential: ClassVar[type[Credential] | None] = SqlCredential

    query: Annotated[str, Field(min_length=1)] | None = None
    file: Annotated[str, Field(min_length=1)] | None = None
    time: Time | None = None
    measures: Annotated[Names, Field(min_length=1)]
    dimensions: Names = ()
    bounds: TimeBounds = TimeBounds()
    unknown: frozenset[str] = frozenset()
    timeout: Annotated[float, Field(gt=0, le=3600)] = 60

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.query is None) == (self.file is None):
            raise ValueError("say either `query` or `file`")
        if self.query is not None:
            self._check(self.query)
        names = Counter(self.yields)
        if twice := [name for name, count in names.items() if count > 1]:
            raise ValueError(f"more than one column becomes {', '.join(twice)}")
        return self

    @property
    def yields(self) -> tuple[str, ...]:
        """The names that the query gives."""
        return (*_named(self.measures).values(), *_named(self.dimensions).values())

    def _check(self, query: str) -> None:
        named = parameters(query)
        if stray := sorted(named - BOUND):
            raise ValueError(f"{stray[0]!r} stands after a colon: a mere colon is written '\\:'")
        if self.time is not None and not named:
            raise ValueError("it has no :start or :end, so it reads all there ever was")

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of ``window``, row by row. Raises Unavailable or Refused."""
        query = self._query(context)
        alone = self.time is None or context.period is Period.INSTANT
        windows = asked_alone(window, context.period, context.zone) if alone else [window]
        for one in windows:
            yield from self._rows(query, one, context)

    def examine(self, context: Context) -> Iterator[str]:
        """Connect, and let the database read the query without looking for its rows."""
        query = self._query(context)
        window = last_period(context.clock.now(), context.period, context.zone)
        database = Database(context, self.timeout)
        with database.connected(query) as connection:
            yield f"{database.what} can be reached"
            self._execute(connection, f"EXPLAIN {query}", window, context).close()
            yield "the query is understood"
        text = query.rstrip().removesuffix(";")
        with database.connected(query) as connection:
            empty = f"SELECT * FROM (\n{text}\n) AS found WHERE 1 = 0"  # noqa: S608 - it is theirs
            found = self._execute(connection, empty, window, context)
            self._reader(list(found.keys()), context)
            yield "it has the columns that are asked for"

    def _rows(self, query: str, window: Window, context: Context) -> Iterator[Reading]:
        with Database(context, self.timeout).connected(query) as connection:
            streaming = connection.execution_options(stream_results=True, max_row_buffer=BLOCK)
            with self._execute(streaming, query, window, context) as result:
                if not result.returns_rows:
                    raise Refused("the query gives no rows; it has to SELECT")
                rows = self._reader(list(result.keys()), context)
                yield from rows.readings(iter(result.yield_per(BLOCK)), window)

    def _execute(
        self, connection: Connection, statement: str, window: Window, context: Context
    ) -> sa.CursorResult[Any]:
        ends = self.bounds.values(window, context.zone, connection.dialect.name)
        return connection.execute(bound(statement, ends))

    def _reader(self, found: list[str], context: Context) -> Rows:
        timed = self.time if context.period is not Period.INSTANT else None
        time = timed or Time(field="none")
        return Rows(
            columns=columns(
                found,
                timed.field if timed else None,
                _named(self.measures),
                _named(self.dimensions),
            ),
            read=time.reader(context.period, context.zone),
            unknown=self.unknown,
        )

    def _query(self, context: Context) -> str:
        text = self.query if self.query is not None else self._read(context)
        if self.time is None and context.period is not Period.INSTANT and not parameters(text):
            raise Refused(
                "the query has no :start or :end and no `time`, so its rows could be of any "
                "period: say one of them, or use a schedule such as `every 5 minutes`"
            )
        return text

    def _read(self, context: Context) -> str:
        path = context.directory / str(self.file)
        try:
            text = path.read_text(encoding="utf-8")
            self._check(text)
        except OSError as exc:
            raise Unavailable(f"{path} cannot be read: {exc.strerror}") from exc
        except ValueError as exc:
            raise Refused(f"{path}: {exc}") from exc
        return text


def _named(names: Names) -> Mapping[str, str]:
    return names if isinstance(names, Mapping) else {name: name for name in names}
