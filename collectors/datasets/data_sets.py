"""The data sets: records in, by the rules of the write API; records out, as the read API gives."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.clock import Clock, epoch, from_epoch
from collectors.database import BUSY_SECONDS, Database
from collectors.datasets.answers import answer
from collectors.datasets.dialects import Dialect, Postgresql, Sqlite
from collectors.datasets.query import Query
from collectors.datasets.rows import key, row_of, to_record, to_row
from collectors.datasets.statements import records_asked
from collectors.datasets.tables import data_sets, records
from collectors.record_rules import are_welcome
from collectors.values import DataSet, Rejected

MIGRATIONS = Path(__file__).parent / "migrations"
PAGE = 1000
"""How many rows are fetched, or ids removed, at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What one data set holds; ``first`` and ``last`` are timestamps, None where it is empty."""

    data_set: DataSet
    observations: int
    first: datetime | None
    last: datetime | None
    updated_at: datetime


class DataSets:
    """All data sets of one database; each comes into being with its first record.

    ``synchronous`` is SQLite's; ``patience`` is how many seconds it waits for a lock. Every method
    raises StoreError where the database fails.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        synchronous: str = "FULL",
        patience: float = BUSY_SECONDS,
    ) -> None:
        self._clock = clock
        self._database = Database(
            url,
            what="the data sets",
            migrations=MIGRATIONS,
            synchronous=synchronous,
            patience=patience,
        )
        self._dialect: Dialect = Sqlite() if self._database.is_sqlite else Postgresql()
        self._upsert = _upsert(is_sqlite=self._database.is_sqlite)

    def open(self) -> None:
        """Bring the tables up to this version."""
        self._database.upgrade()

    def upsert(
        self, data_set: DataSet, observations: Sequence[Mapping[str, Any]]
    ) -> list[Rejected]:
        """Keep the observations in one transaction, each replacing the one with its ``_id``.

        Gives those that the write API's rules refuse, with the reason; the others are kept. Where
        two have the same ``_id``, the last one counts; one without ``_id`` is given one.
        """
        rows: dict[str, dict[str, Any]] = {}
        refused = []
        welcome = are_welcome(data_set.type, observations)
        for observation in observations:
            try:
                row = row_of(observation) if welcome else to_row(data_set.type, observation)
            except ValueError as exc:
                refused.append(Rejected(observation, str(exc)))
            else:
                rows[row["id"]] = row
        if rows:
            self._database.write(lambda connection: self._keep(connection, data_set, rows))
        return refused

    def keep(
        self, data_set: DataSet, rows: Sequence[dict[str, Any]], *, capped_size: int | None = None
    ) -> None:
        """Keep ``rows`` (see ``row_of``) in one transaction: all of them, or none.

        Where two have the same id, the last one counts. Beyond ``capped_size`` bytes the records
        with the oldest timestamps go.
        """
        last = {row["id"]: row for row in rows}
        if last:
            self._database.write(lambda one: self._keep(one, data_set, last, capped_size))

    def change(
        self,
        data_set: DataSet,
        identity: str,
        change: Callable[[dict[str, Any]], dict[str, Any]],
        *,
        capped_size: int | None = None,
    ) -> bool:
        """Put the row that ``change`` makes of a record in its place; False where there is none.

        It is one transaction, which an exception of ``change`` undoes. The record is as it was
        posted, with its times in UTC.
        """

        def work(connection: Connection) -> bool:
            number = _number(connection, data_set, lock=True)
            body = connection.scalar(
                sa.select(records.c.body)
                .where(records.c.data_set_id == number)
                .where(records.c.id == key(identity))
            )
            if body is None:
                return False
            row = change(body)
            self._keep(connection, data_set, {row["id"]: row}, capped_size)
            return True

        return self._database.write(work)

    def delete(self, data_set: DataSet, ids: Collection[str]) -> int:
        """Remove the records with these ``_id``s; gives how many there were."""
        keys = [key(identity) for identity in ids]

        def work(connection: Connection) -> int:
            number = _number(connection, data_set)
            pages = [keys[start : start + PAGE] for start in range(0, len(keys), PAGE)]
            return _remove(connection, number, [records.c.id.in_(page) for page in pages])

        return self._database.write(work)

    def empty(self, data_set: DataSet) -> int:
        """Remove all records of the data set; gives how many there were."""
        return self._database.write(
            lambda connection: _remove(connection, _number(connection, data_set), [sa.true()])
        )

    def read(self, data_set: DataSet, query: Query | None = None) -> Iterator[dict[str, Any]]:
        """Give the records one by one, as the read API spells them; none of an unknown data set.

        A record has ``_id``, ``_timestamp``, its own fields, and as ISO text in UTC the start of
        each period it lies in (``_hour_start_at`` … ``_year_start_at``) and ``_updated_at``.
        """
        asked = query or Query()

        def items(connection: Connection) -> Iterator[dict[str, Any]]:
            number = _number(connection, data_set)
            if number is not None:
                select = records_asked(asked, number, self._dialect)
                with connection.execute(select, execution_options={"yield_per": PAGE}) as rows:
                    yield from map(to_record, rows)

        return self._database.stream(items)

    def query(self, data_set: DataSet, query: Query) -> Iterator[dict[str, Any]]:
        """Give the rows of the read API's answer: records as ``read``, or groups of them.

        Groups are counted at once, records read one by one. Raises BadQuery where groups cannot be
        given: text is to be summed, or there are too many.
        """
        if query.is_raw:
            return self.read(data_set, query)

        def work(connection: Connection) -> list[dict[str, Any]]:
            return answer(connection, query, _number(connection, data_set), self._dialect)

        return iter(self._database.read(work))

    def revision(self, data_set: DataSet) -> int | None:
        """Give a number that grows with every change of the data set; None if it is unknown."""
        return self._database.read(
            lambda connection: connection.scalar(_of(data_set, data_sets.c.revision))
        )

    def updated(self) -> dict[DataSet, datetime]:
        """Give when each data set was written last."""
        select = sa.select(data_sets.c.data_group, data_sets.c.data_type, data_sets.c.updated_at)
        rows = self._database.read(lambda connection: connection.execute(select).all())
        return {DataSet(group, kind): from_epoch(updated_at) for group, kind, updated_at in rows}

    def summary(self) -> list[Summary]:
        """Give what each data set holds, by name."""
        return self._database.read(_summary)

    def close(self) -> None:
        """Finish what is being written and close the database."""
        self._database.close()

    def _keep(
        self,
        connection: Connection,
        data_set: DataSet,
        rows: Mapping[str, dict[str, Any]],
        capped_size: int | None = None,
    ) -> None:
        now = epoch(self._clock.now())
        names = {"data_group": data_set.group, "data_type": data_set.type, "updated_at": now}
        number = connection.scalar(self._upsert.data_set, names)
        common = {"data_set_id": number, "updated_at": now}
        connection.execute(self._upsert.record, [row | common for row in rows.values()])
        if capped_size is not None:
            size = _size(is_sqlite=self._database.is_sqlite)
            connection.execute(_beyond(capped_size, number, size))


@dataclass(frozen=True, slots=True)
class _Upsert:
    """The two statements of an upsert. That of the data set also locks it, on PostgreSQL."""

    data_set: sa.Executable
    record: sa.Executable


def _upsert(*, is_sqlite: bool) -> _Upsert:
    insert = sqlite.insert if is_sqlite else postgresql.insert
    text = sa.bindparam("body_text", type_=sa.Text())
    name = insert(data_sets)
    record = insert(records).values(body=text if is_sqlite else sa.cast(text, postgresql.JSONB))
    replaced = {
        column.name: record.excluded[column.name]
        for column in records.columns
        if not column.primary_key
    }
    return _Upsert(
        name.on_conflict_do_update(
            index_elements=["data_group", "data_type"],
            set_={
                "updated_at": name.excluded.updated_at,
                "revision": data_sets.c.revision + 1,
            },
        ).returning(data_sets.c.id),
        record.on_conflict_do_update(index_elements=["data_set_id", "id"], set_=replaced),
    )


def _number(connection: Connection, data_set: DataSet, *, lock: bool = False) -> int | None:
    """Give the data set's number; with ``lock`` nobody else writes it until the transaction ends.

    SQLite needs no lock: it has one writer at a time.
    """
    found = _of(data_set, data_sets.c.id)
    return connection.scalar(found.with_for_update() if lock else found)


def _of(data_set: DataSet, column: sa.Column[int]) -> sa.Select[int]:
    return (
        sa.select(column)
        .where(data_sets.c.data_group == data_set.group)
        .where(data_sets.c.data_type == data_set.type)
    )


def _size(*, is_sqlite: bool) -> sa.ColumnElement[int]:
    """Give how many bytes of JSON a record is."""
    if is_sqlite:
        return sa.func.length(sa.cast(records.c.body, sa.LargeBinary))
    return sa.func.octet_length(sa.cast(records.c.body, sa.Text))


def _beyond(limit: int, number: int | None, size: sa.ColumnElement[int]) -> sa.Delete:
    """Give the statement that removes what, counted from the newest back, is beyond ``limit``."""
    newest = (records.c.timestamp.desc(), records.c.id.desc())
    total = sa.func.sum(size).over(order_by=newest, rows=(None, 0)).label("total")
    counted = sa.select(records.c.id, total).where(records.c.data_set_id == number).subquery()
    old = sa.select(counted.c.id).where(counted.c.total > limit)
    return sa.delete(records).where(records.c.data_set_id == number, records.c.id.in_(old))


def _remove(
    connection: Connection, number: int | None, which: Sequence[sa.ColumnElement[bool]]
) -> int:
    some = sa.delete(records).where(records.c.data_set_id == number)
    gone = sum(connection.execute(some.where(condition)).rowcount for condition in which)
    if gone:
        written = sa.update(data_sets).where(data_sets.c.id == number)
        connection.execute(written.values(revision=data_sets.c.revision + 1))
    return gone


def _summary(connection: Connection) -> list[Summary]:
    times = records.c.timestamp
    names = (data_sets.c.data_group, data_sets.c.data_type, data_sets.c.updated_at)
    rows = connection.execute(
        sa.select(*names, sa.func.count(times), sa.func.min(times), sa.func.max(times))
        .select_from(data_sets)
        .outerjoin(records)
        .group_by(data_sets.c.id)
    )
    found = [
        Summary(
            data_set=DataSet(group, kind),
            observations=count,
            first=None if first is None else from_epoch(first),
            last=None if last is None else from_epoch(last),
            updated_at=from_epoch(updated_at),
        )
        for group, kind, updated_at, count, first, last in rows
    ]
    return sorted(found, key=lambda summary: summary.data_set)
