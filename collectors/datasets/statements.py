"""The statements that read records and that count groups of them, for SQLite and for PostgreSQL.

Names and values are bound, never part of the text. Grouping, counts, sums and distinct values are
the database's work.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from collectors.clock import epoch
from collectors.datasets.dialects import Dialect, Expression
from collectors.datasets.query import Query
from collectors.datasets.tables import PERIODS, records

_COLUMNS: Mapping[str, sa.Column[Any]] = MappingProxyType(
    {
        "_timestamp": records.c.timestamp,
        "_updated_at": records.c.updated_at,
        **{f"_{period}_start_at": records.c[period] for period in PERIODS},
    }
)


def records_asked(query: Query, data_set_id: int, dialect: Dialect) -> sa.Select[Any]:
    """Give the SELECT of the rows of one data set that ``query`` asks for, in its order."""
    order: Sequence[Expression] = ()
    if query.sort_by is not None:
        column = _COLUMNS.get(query.sort_by)
        order = dialect.order(dialect.value(query.sort_by)) if column is None else [column]
    return (
        sa.select(records)
        .where(*_conditions(query, data_set_id, dialect))
        .order_by(*_directed(query, order), records.c.timestamp, records.c.id)
        .limit(query.limit)
    )


def groups(query: Query, data_set_id: int | None, dialect: Dialect, most: int) -> sa.Select[Any]:
    """Give the SELECT of the groups, at most so many; of no data set there are none.

    A row has the start of its period, where there is a period, and its keys; how many records it
    counts; and of each of ``query.figures`` how many values, their sum, and whether there is text
    among them. The order is by start and keys; without a period it is the query's, to its limit.
    """
    values = {f"value_{place}": field for place, field in enumerate(query.figures)}
    columns = {name: dialect.value(field) for name, field in values.items()}
    found = _found(query, data_set_id, dialect, columns)
    figures = [figure for name in values for figure in _figures(found.c[name], dialect)]
    by = _by(query, found)
    select = sa.select(*by, sa.func.count(), *figures).where(*_known(by)).group_by(*by)
    keys = by if query.period is None else by[1:]
    ordered = [each for key in keys for each in dialect.order_of_keys(key)]
    if query.period is not None:
        return select.order_by(found.c.start, *ordered).limit(most)
    first: Sequence[Expression] = ()
    if query.sort_by == "_count":
        first = [sa.func.count()]
    elif query.sort_by is not None:
        first = dialect.order_of_keys(keys[query.group_by.index(query.sort_by)])
    limit = min(most, query.limit or most)
    return select.order_by(*_directed(query, first), *ordered).limit(limit)


def values(query: Query, data_set_id: int | None, dialect: Dialect, field: str) -> sa.Select[Any]:
    """Give the SELECT of the different values of ``field``: start of the period, keys, value."""
    found = _found(query, data_set_id, dialect, {"value": dialect.exact(field)})
    by = [*_by(query, found), found.c.value]
    return sa.select(*by).where(*_known(by)).distinct()


def _found(
    query: Query, data_set_id: int | None, dialect: Dialect, columns: Mapping[str, Expression]
) -> sa.Subquery:
    """Give the records asked for, with the start of the period, the keys and other columns."""
    starts = {} if query.period is None else {"start": records.c[query.period]}
    keys = {f"key_{place}": dialect.exact(field) for place, field in enumerate(query.group_by)}
    named = [column.label(name) for name, column in ({**starts, **keys, **columns}).items()]
    return dialect.source(sa.select(*named).where(*_conditions(query, data_set_id, dialect)))


def _by(query: Query, found: sa.Subquery) -> list[Expression]:
    names = [] if query.period is None else ["start"]
    names += [f"key_{place}" for place in range(len(query.group_by))]
    return [found.c[name] for name in names]


def _known(columns: Sequence[Expression]) -> list[sa.ColumnElement[bool]]:
    return [column.is_not(None) for column in columns]


def _figures(value: Expression, dialect: Dialect) -> list[Expression]:
    return [sa.func.count(value), dialect.total(value), dialect.has_text(value)]


def _directed(query: Query, order: Sequence[Expression]) -> list[Expression]:
    return [sa.desc(key) if query.descending else sa.asc(key) for key in order]


def _conditions(
    query: Query, data_set_id: int | None, dialect: Dialect
) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = [records.c.data_set_id == data_set_id]
    if query.start_at is not None:
        found.append(records.c.timestamp >= epoch(query.start_at))
    if query.end_at is not None:
        end, timestamp = epoch(query.end_at), records.c.timestamp
        found.append(timestamp <= end if query.inclusive else timestamp < end)
    found += [_equals(field, value, dialect) for field, value in query.filter_by]
    found += [dialect.starts(field, prefix) for field, prefix in query.filter_by_prefix]
    return found


def _equals(field: str, value: str | bool, dialect: Dialect) -> sa.ColumnElement[bool]:
    """Compare a field; the starts of periods are kept apart from the record's own fields."""
    if field not in _COLUMNS or field == "_timestamp":
        return dialect.equals(field, value)
    try:
        moment = datetime.fromisoformat(str(value))
        return _COLUMNS[field] == epoch(moment) if moment.tzinfo else sa.false()
    except (ValueError, OverflowError):
        return sa.false()
