"""The data sets: records in, by the rules of the write API; records out, as the read API gives."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.clock import Clock, epoch, from_epoch
from collectors.database import BUSY_SECONDS, Database
from collectors.datasets.query import Query, statement
from collectors.datasets.rows import key, row_of, to_record, to_row
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

    def delete(self, data_set: DataSet, ids: Collection[str]) -> int:
        """Remove the records with these ``_id``s; gives how many there were."""
        keys = [key(identity) for identity in ids]

        def work(connection: Connection) -> int:
            number = _number(connection, data_set)
            pages = [keys[start : start + PAGE] for start in range(0, len(keys), PAGE)]
            return sum(_remove(connection, number, records.c.id.in_(page)) for page in pages)

        return self._database.write(work)

    def empty(self, data_set: DataSet) -> int:
        """Remove all records of the data set; gives how many there were."""
        return self._database.write(
            lambda connection: _remove(connection, _number(connection, data_set), sa.true())
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
                select = statement(asked, number, is_sqlite=self._database.is_sqlite)
                with connection.execute(select, execution_options={"yield_per": PAGE}) as rows:
                    yield from map(to_record, rows)

        return self._database.stream(items)

    def summary(self) -> list[Summary]:
        """Give what each data set holds, by name."""
        return self._database.read(_summary)

    def close(self) -> None:
        """Finish what is being written and close the database."""
        self._database.close()

    def _keep(
        self, connection: Connection, data_set: DataSet, rows: Mapping[str, dict[str, Any]]
    ) -> None:
        now = epoch(self._clock.now())
        names = {"data_group": data_set.group, "data_type": data_set.type, "updated_at": now}
        number = connection.scalar(self._upsert.data_set, names)
        common = {"data_set_id": number, "updated_at": now}
        connection.execute(self._upsert.record, [row | common for row in rows.values()])


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
            set_={"updated_at": name.excluded.updated_at},
        ).returning(data_sets.c.id),
        record.on_conflict_do_update(index_elements=["data_set_id", "id"], set_=replaced),
    )


def _number(connection: Connection, data_set: DataSet) -> int | None:
    return connection.scalar(
        sa.select(data_sets.c.id)
        .where(data_sets.c.data_group == data_set.group)
        .where(data_sets.c.data_type == data_set.type)
    )


def _remove(connection: Connection, number: int | None, which: sa.ColumnElement[bool]) -> int:
    gone = connection.execute(
        sa.delete(records).where(records.c.data_set_id == number).where(which)
    )
    return gone.rowcount


def _summary(connection: Connection) -> list[Summary]:
    times = records.c.timestamp
    rows = connection.execute(
        sa.select(data_sets, sa.func.count(times), sa.func.min(times), sa.func.max(times))
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
        for _, group, kind, updated_at, count, first, last in rows
    ]
    return sorted(found, key=lambda summary: summary.data_set)
