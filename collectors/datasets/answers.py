"""The read API's answers to queries that group: from counted groups to rows."""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from collectors.clock import epoch, from_epoch, iso
from collectors.datasets import statements
from collectors.datasets.dialects import Dialect
from collectors.datasets.query import NO_SUCH_TIME, BadQuery, Collect, Query
from collectors.periods import Period, Window, count, following, periods_of

MOST_ROWS = 250_000
"""How many rows, and how many values in sets, an answer has at most."""
MOST_EXACT = 2**53
"""Up to here every whole number is a float of its own."""
PAGE = 1000
"""How many values are fetched at a time."""

Row = dict[str, Any]
_Split = tuple[int | None, tuple[Any, ...], Sequence[Any]]
"""The start of the period, the keys, and what follows them."""


@dataclass(slots=True)
class _Tally:
    """What is known of some records: how many, of each field how many values and their sum."""

    count: int
    figures: Mapping[str, tuple[int, float]]
    sets: dict[str, set[Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Group:
    """The records with the same keys, by the start of their period; without one it is None."""

    keys: tuple[Any, ...]
    tallies: dict[int | None, _Tally] = field(default_factory=dict)


def answer(
    connection: Connection, query: Query, data_set_id: int | None, dialect: Dialect
) -> list[Row]:
    """Give the rows of the answer to a query with ``group_by`` or ``period``.

    Raises BadQuery where a text is to be summed, the answer would be too large, or a period ends
    beyond the calendar.
    """
    try:
        return _answer(connection, query, data_set_id, dialect)
    except OverflowError:
        raise BadQuery(NO_SUCH_TIME) from None


def _answer(
    connection: Connection, query: Query, data_set_id: int | None, dialect: Dialect
) -> list[Row]:
    groups = _read(connection, query, data_set_id, dialect)
    if query.period is None:
        return [_keys(query, group) | _shown(query, group.tallies.values()) for group in groups]
    groups = _chosen(query, groups)
    if empty := _empty_periods(query, groups):
        return _answer(connection, query.moved(empty), data_set_id, dialect)
    limits = _limits(query, groups)
    _check_size(len(limits) * len(groups))
    if query.group_by and not query.flatten:
        return [_nested(query, group, limits) for group in groups]
    return [
        _keys(query, group) | _in_period(query, group, start, limits)
        for start in limits
        for group in groups
    ]


def _read(
    connection: Connection, query: Query, data_set_id: int | None, dialect: Dialect
) -> list[_Group]:
    """Give the groups in the order in which the database gives them first."""
    found: dict[Any, _Group] = {} if query.group_by else {(): _Group(())}
    rows = connection.execute(statements.groups(query, data_set_id, dialect, MOST_ROWS + 1)).all()
    _check_size(len(rows))
    for row in rows:
        start, keys, rest = _split(query, row, dialect)
        group = found.setdefault(_identity(keys), _Group(keys))
        group.tallies[start] = _tally(query, rest)
    for name in query.sets:
        select = statements.values(query, data_set_id, dialect, name)
        with connection.execute(select, execution_options={"yield_per": PAGE}) as different:
            _fill(found, name, (_split(query, row, dialect) for row in different))
    return list(found.values())


def _fill(found: Mapping[Any, _Group], name: str, different: Iterable[_Split]) -> None:
    """Put the different values of a field into the groups that are ``found``."""
    kept = 0
    for start, keys, (value,) in different:
        group = found.get(_identity(keys))
        if group is not None:
            group.tallies[start].sets.setdefault(name, set()).add(value)
            kept += 1
            _check_size(kept)


def _split(query: Query, row: Sequence[Any], dialect: Dialect) -> _Split:
    values = list(map(dialect.decoded, row))
    start = None if query.period is None else values.pop(0)
    size = len(query.group_by)
    return start, tuple(values[:size]), values[size:]


def _tally(query: Query, row: Sequence[Any]) -> _Tally:
    count, *rest = row
    figures = {}
    for place, name in enumerate(query.figures):
        known, total, has_text = rest[3 * place : 3 * place + 3]
        if has_text and name in query.summed:
            raise BadQuery(f"Unable to sum that data: {name} holds text")
        figures[name] = (known, total or 0.0)
    return _Tally(count, figures)


def _chosen(query: Query, groups: list[_Group]) -> list[_Group]:
    """Put groups with periods in the query's order, to its limit.

    Flat rows come in the order in which their groups first appear, unless told otherwise.
    """
    if not query.flatten:
        groups = sorted(groups, key=lambda group: [_order(value) for value in group.keys])
    if query.sort_by == "_count":
        groups = sorted(groups, key=_count, reverse=query.descending)
    elif query.sort_by is not None:
        place = query.group_by.index(query.sort_by)
        groups = sorted(
            groups, key=lambda group: _order(group.keys[place]), reverse=query.descending
        )
    return groups[: query.limit]


def _empty_periods(query: Query, groups: Sequence[_Group]) -> int:
    """Give by how many periods a relative query has to move to meet records; 0 if none would do."""
    window = query.window
    if not query.relative or window is None or query.period is None:
        return 0
    known = {from_epoch(start) for group in groups for start in group.tallies if start is not None}
    if not known:
        return 0
    if query.relative > 0:
        return _between(query.period, window.start, min(known))
    return -_between(query.period, following(max(known), query.period), window.end)


def _between(period: Period, start: datetime, end: datetime) -> int:
    return count(Window(start, end), period) if start < end else 0


def _limits(query: Query, groups: Sequence[_Group]) -> dict[int | None, Row]:
    """Give start and end of each period, as the read API spells them, in order.

    They are those from the query's start to its end, or where it has none those with records.
    """
    if query.period is None:
        return {}
    known = {start for group in groups for start in group.tallies if start is not None}
    if query.window is not None:
        known.update(epoch(one.start) for one in periods_of(query.window, query.period))
    starts = {start: from_epoch(start) for start in sorted(known)}
    return {
        start: {"_start_at": iso(at), "_end_at": iso(following(at, query.period))}
        for start, at in starts.items()
    }


def _nested(query: Query, group: _Group, limits: Mapping[int | None, Row]) -> Row:
    values = [_in_period(query, group, start, limits) for start in limits]
    counted = {"_group_count": len(group.tallies), "values": values}
    return _keys(query, group) | counted | _shown(query, group.tallies.values())


def _in_period(
    query: Query, group: _Group, start: int | None, limits: Mapping[int | None, Row]
) -> Row:
    """Give what is known of a group in a period: counted nought, collected nothing, if nothing."""
    if start in group.tallies:
        return limits[start] | _shown(query, [group.tallies[start]])
    return limits[start] | {"_count": 0} | {one.name: None for one in query.collect}


def _keys(query: Query, group: _Group) -> Row:
    return dict(zip(query.group_by, group.keys, strict=True))


def _shown(query: Query, tallies: Collection[_Tally]) -> Row:
    """Give the count of all ``tallies``, and what is collected."""
    shown: Row = {"_count": sum(tally.count for tally in tallies)}
    for one in query.collect:
        shown[one.name] = _collected(one, tallies)
        if one.plain:
            shown[one.field] = shown[one.name]
    return shown


def _collected(one: Collect, tallies: Collection[_Tally]) -> Any:
    """Give the figure; None where a sum or mean is of nothing, or more than a float can be."""
    if one.method == "set":
        values = set[Any]().union(*(tally.sets.get(one.field, ()) for tally in tallies))
        return sorted(values, key=_order)
    known = sum(tally.figures[one.field][0] for tally in tallies)
    if one.method == "count":
        return known
    total = sum((tally.figures[one.field][1] for tally in tallies), 0.0)
    if not known or not math.isfinite(total):
        return None
    if one.method == "mean":
        return total / known
    return int(total) if total.is_integer() and abs(total) <= MOST_EXACT else total


def _count(group: _Group) -> int:
    return sum(tally.count for tally in group.tallies.values())


def _identity(keys: tuple[Any, ...]) -> tuple[Any, ...]:
    """Tell True from 1, which Python does not."""
    return tuple((value, isinstance(value, bool)) for value in keys)


def _order(value: Any) -> tuple[bool, Any, bool]:
    """Put numbers before texts, and a truth after its number."""
    return isinstance(value, str), value, isinstance(value, bool)


def _check_size(rows: int) -> None:
    if rows > MOST_ROWS:
        raise BadQuery(f"The answer has more than {MOST_ROWS} rows: ask for less, or set a limit")
