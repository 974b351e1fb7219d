"""Groups counted by the database are those that a few lines of Python count."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.clock import FixedClock
from collectors.datasets import BadQuery, Collect, DataSets, Query
from collectors.datasets.query import METHODS
from collectors.periods import Period, floor, following
from collectors.values import DataSet

NOW = datetime(2026, 11, 20, tzinfo=UTC)
START = datetime(2026, 1, 28, tzinfo=UTC)
FRESH = count()
FIELDS = ("kind", "size", "paid")

Record = dict[str, Any]

NUMBERS = st.one_of(st.integers(-1000, 1000), st.integers(-4000, 4000).map(lambda four: four / 4))
FEW = st.sampled_from([None, True, False, 0, 1, 1.0, -2.5, 7, "", "a", "A", "é", "1", "true", "10"])
RECORDS = st.lists(
    st.fixed_dictionaries(
        {"_timestamp": st.integers(0, 24 * 70).map(lambda hours: START + timedelta(hours=hours))},
        optional={"kind": FEW, "size": st.one_of(NUMBERS, st.none()), "paid": FEW},
    ),
    max_size=25,
)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    group_by = tuple(draw(st.lists(st.sampled_from(FIELDS), unique=True, max_size=2)))
    periods = [Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR]
    period = draw(st.sampled_from([*periods, None] if group_by else periods))
    rest = [field for field in FIELDS if field not in group_by]
    collect = st.builds(Collect, st.sampled_from(rest), st.sampled_from(METHODS))
    has_ends = draw(st.booleans())
    return Query(
        group_by=group_by,
        period=period,
        collect=tuple(dict.fromkeys(draw(st.lists(collect, max_size=3)))),
        start_at=START + timedelta(hours=draw(st.integers(0, 400))) if has_ends else None,
        end_at=START + timedelta(hours=draw(st.integers(0, 1800))) if has_ends else None,
        inclusive=draw(st.booleans()),
        filter_by=draw(st.sampled_from([(), (("kind", "a"),), (("paid", True),)])),
        sort_by=draw(st.sampled_from([None, "_count", *group_by])) if group_by else None,
        descending=draw(st.booleans()),
        limit=draw(st.sampled_from([None, 1, 2])) if group_by else None,
        flatten=draw(st.booleans()),
    )


@pytest.fixture
def data_sets(database_url: str) -> Iterator[DataSets]:
    opened = DataSets(database_url, clock=FixedClock(NOW))
    opened.open()
    yield opened
    opened.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(records=RECORDS, query=queries())
def test_what_the_database_counts_is_what_python_counts(
    data_sets: DataSets, records: list[Record], query: Query
):
    data_set = DataSet("any", f"number-{next(FRESH)}")
    posted = [
        {**one, "_id": str(place), "_timestamp": one["_timestamp"].isoformat()}
        for place, one in enumerate(records)
    ]
    assert data_sets.upsert(data_set, posted) == []
    chosen = [one for one in records if is_chosen(one, query)]
    summed = {one.field for one in query.collect if one.method in ("sum", "mean")}
    if any(isinstance(one.get(field), str) for one in chosen for field in summed):
        with pytest.raises(BadQuery, match="Unable to sum"):
            data_sets.query(data_set, query)
    else:
        assert list(data_sets.query(data_set, query)) == expected(chosen, query)


def is_chosen(one: Record, query: Query) -> bool:
    if any(one.get(field) is None for field in query.group_by):
        return False
    if any(not is_same(one.get(field), value) for field, value in query.filter_by):
        return False
    if query.start_at is None or query.end_at is None:
        return True
    before = one["_timestamp"] < query.end_at or (
        query.inclusive and one["_timestamp"] == query.end_at
    )
    return query.start_at <= one["_timestamp"] and before


def is_same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def expected(chosen: list[Record], query: Query) -> list[Record]:
    groups = grouped(chosen, query)
    if query.period is None:
        return [keys(query, one) | shown(query, one) for one in groups]
    starts = periods(chosen, query)
    rows = [[in_period(query, one, start) for start in starts] for one in groups]
    if query.group_by and not query.flatten:
        return [
            keys(query, one)
            | shown(query, one)
            | {"_group_count": sum(row["_count"] > 0 for row in values), "values": values}
            for one, values in zip(groups, rows, strict=True)
        ]
    return [
        keys(query, one) | values[place]
        for place in range(len(starts))
        for one, values in zip(groups, rows, strict=True)
    ]


def grouped(chosen: list[Record], query: Query) -> list[list[Record]]:
    if not query.group_by:
        return [chosen]
    found: dict[Any, list[Record]] = {}
    for one in sorted(chosen, key=lambda one: order_of_keys(query, one)):
        found.setdefault(repr(order_of_keys(query, one)).replace(".0,", ","), []).append(one)
    groups = list(found.values())
    if query.flatten and query.period is not None:
        groups.sort(key=lambda group: min(floor(one["_timestamp"], query.period) for one in group))
    if query.sort_by == "_count":
        groups.sort(key=len, reverse=query.descending)
    elif query.sort_by is not None:
        groups.sort(key=lambda group: order(group[0][query.sort_by]), reverse=query.descending)
    return groups[: query.limit]


def order_of_keys(query: Query, one: Record) -> list[Any]:
    return [order(one[field]) for field in query.group_by]


def order(value: Any) -> tuple[Any, ...]:
    return isinstance(value, str), value, isinstance(value, bool)


def periods(chosen: list[Record], query: Query) -> list[datetime]:
    assert query.period is not None
    left = [one for group in grouped(chosen, query) for one in group]
    starts = {floor(one["_timestamp"], query.period) for one in left}
    if query.start_at is not None and query.end_at is not None:
        start = floor(query.start_at, query.period)
        while start < query.end_at:
            starts.add(start)
            start = following(start, query.period)
    return sorted(starts)


def in_period(query: Query, group: list[Record], start: datetime) -> Record:
    assert query.period is not None
    end = following(start, query.period)
    limits = {"_start_at": start.isoformat(), "_end_at": end.isoformat()}
    within = [one for one in group if start <= one["_timestamp"] < end]
    if not within:
        return limits | {"_count": 0} | {one.name: None for one in query.collect}
    return limits | shown(query, within)


def keys(query: Query, group: list[Record]) -> Record:
    return {field: group[0][field] for field in query.group_by}


def shown(query: Query, group: list[Record]) -> Record:
    return {"_count": len(group)} | {one.name: collected(one, group) for one in query.collect}


def collected(one: Collect, group: list[Record]) -> Any:
    known = [record[one.field] for record in group if record.get(one.field) is not None]
    if one.method == "set":
        return sorted(set(known), key=order)
    if one.method == "count":
        return len(known)
    if not known:
        return None
    return sum(known) if one.method == "sum" else sum(known) / len(known)
