"""The answers of the read API: those recorded from the original server, and its rules."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest

from collectors.clock import FixedClock
from collectors.config.model import DeclaredDataSet
from collectors.datasets import BadQuery, Collect, DataSets, Query
from collectors.datasets.csv_lines import csv_lines
from collectors.datasets.parameters import parse
from collectors.periods import Period
from collectors.values import DataSet

NOW = datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)
VISITS = DataSet("carers-allowance", "visits")
SHARED = Path(__file__).parents[3] / "shared" / "cases"
FILE = SHARED / "http_cases.json"
RECORDED = json.loads(FILE.read_text()) if FILE.exists() else {"cases": [], "data_sets": []}
DECLARED = {
    one["name"]: DeclaredDataSet(
        data_set=DataSet(one["data_group"], one["data_type"]),
        raw_queries_allowed=one["raw_queries_allowed"],
        queryable=one["queryable"],
    )
    for one in RECORDED["data_sets"]
}


def cases(kind: str) -> list[Any]:
    found = [one for one in RECORDED["cases"] if one["kind"] == kind]
    return [pytest.param(one, id=f"{one['number']} {one['name']}") for one in found]


@pytest.fixture(scope="module")
def filled(common_database_url: str) -> Iterator[DataSets]:
    data_sets = DataSets(common_database_url, clock=FixedClock(NOW))
    data_sets.open()
    for one in RECORDED["data_sets"]:
        if "fixture" in one:
            fixture = json.loads((SHARED / "fixtures" / one["fixture"]).read_text())
            records = [as_the_cases_say(record) for record in fixture]
            assert data_sets.upsert(DECLARED[one["name"]].data_set, records) == []
    yield data_sets
    data_sets.close()


@pytest.fixture
def data_sets(database_url: str) -> Iterator[DataSets]:
    opened = DataSets(database_url, clock=FixedClock(NOW))
    opened.open()
    yield opened
    opened.close()


def as_the_cases_say(one: dict[str, Any]) -> dict[str, Any]:
    known = ("_id", "_timestamp", "_start_at", "_end_at")
    kept = {name: value for name, value in one.items() if name[0] != "_" or name in known}
    return {"_timestamp": "2013-01-01T00:00:00+00:00", **kept}


def test_no_recorded_case_is_missing(shared: Path):
    assert len(cases("query")) == 96
    assert len(cases("read")) == 55


@pytest.mark.parametrize("case", cases("query"))
def test_a_query_is_judged_as_by_the_original_server(filled: DataSets, case: dict[str, Any]):
    declared, expected = DECLARED[case["data_set"]], case["expected"]
    parameters = [(name, value) for name, value in case["params"]]
    if expected["status"] == 404:
        assert not declared.queryable
    elif expected["status"] == 200:
        assert list(filled.query(declared.data_set, parse(parameters, declared, NOW))) is not None
    else:
        with pytest.raises(BadQuery) as caught:
            parse(parameters, declared, NOW)
        assert str(caught.value) == expected["message"]


@pytest.mark.parametrize("case", cases("read"))
def test_an_answer_is_that_of_the_original_server(filled: DataSets, case: dict[str, Any]):
    declared, expected = DECLARED[case["data_set"]], case["expected"]
    parameters = parse_qsl(case["query"], keep_blank_values=True)
    if expected["status"] != 200:
        with pytest.raises(BadQuery):
            filled.query(declared.data_set, parse(parameters, declared, NOW))
        return
    query = parse(parameters, declared, NOW)
    found = list(filled.query(declared.data_set, query))
    if "csv" in expected:
        assert "".join(csv_lines(found)) == expected["csv"]
    elif query.is_raw:
        compare_records(query, found, expected["data"])
    else:
        assert found == expected["data"]


def compare_records(query: Query, found: list[Any], expected: list[Any]) -> None:
    """Which of equals came first was left to chance."""
    found, expected = [comparable(one) for one in found], [comparable(one) for one in expected]
    if query.sort_by is not None:
        field = query.sort_by
        assert [one.get(field) for one in found] == [one.get(field) for one in expected]
    if query.limit is None:
        assert sorted(found, key=json.dumps) == sorted(expected, key=json.dumps)


def comparable(one: dict[str, Any]) -> dict[str, Any]:
    made = ("_updated_at", "_id") if len(str(one.get("_id", ""))) > 12 else ("_updated_at",)
    return {name: value for name, value in sorted(one.items()) if name not in made}


def keep(data_sets: DataSets, *records: dict[str, Any]) -> None:
    numbered = [
        {"_id": str(place), "_timestamp": "2026-06-17T00:00:00+00:00", **one}
        for place, one in enumerate(records)
    ]
    assert data_sets.upsert(VISITS, numbered) == []


def day(number: int) -> str:
    return f"2026-06-{number:02}T00:00:00+00:00"


def asked(data_sets: DataSets, **query: Any) -> list[dict[str, Any]]:
    return list(data_sets.query(VISITS, Query(**query)))


def test_a_group_is_told_by_value_and_type(data_sets: DataSets):
    values = [1, True, "1", 1.0, False, 0, "true", None]
    keep(data_sets, *({"kind": value} for value in values), {})
    found = asked(data_sets, group_by=("kind",))
    assert [(repr_of(one["kind"]), one["_count"]) for one in found] == [
        ("0", 1),
        ("False", 1),
        ("1", 2),
        ("True", 1),
        ("'1'", 1),
        ("'true'", 1),
    ]


def repr_of(value: Any) -> str:
    return repr(int(value) if isinstance(value, float) else value)


def test_what_is_unknown_is_neither_summed_nor_counted_nor_listed(data_sets: DataSets):
    keep(
        data_sets,
        {"kind": "a", "size": 3},
        {"kind": "a", "size": None},
        {"kind": "a"},
        {"kind": "b"},
    )
    collect = tuple(Collect("size", method) for method in ("sum", "count", "mean", "set"))
    assert asked(data_sets, group_by=("kind",), collect=collect) == [
        {
            "kind": "a",
            "_count": 3,
            "size:sum": 3,
            "size:count": 1,
            "size:mean": 3.0,
            "size:set": [3],
        },
        {
            "kind": "b",
            "_count": 1,
            "size:sum": None,
            "size:count": 0,
            "size:mean": None,
            "size:set": [],
        },
    ]


def test_sums_beyond_whole_numbers_and_beyond_floats_are_answered(data_sets: DataSets):
    keep(
        data_sets,
        *({"kind": "whole", "size": 2**63 - 1} for _ in range(3)),
        *({"kind": "float", "size": 1.7e308} for _ in range(3)),
        {"kind": "truth", "size": True},
    )
    found = asked(data_sets, group_by=("kind",), collect=(Collect("size", "sum"),))
    assert [one["size:sum"] for one in found] == [None, 1, pytest.approx(3 * 2**63)]


@pytest.mark.parametrize("method", ["sum", "mean"])
def test_text_is_not_summed(data_sets: DataSets, method: Any):
    keep(data_sets, {"kind": "a", "size": 3}, {"kind": "a", "size": "4"})
    with pytest.raises(BadQuery, match="Unable to sum that data: size holds text"):
        asked(data_sets, group_by=("kind",), collect=(Collect("size", method),))


def test_a_relative_query_moves_to_where_records_are(data_sets: DataSets):
    keep(data_sets, {"_timestamp": day(3)}, {"_timestamp": day(5)})

    def days(**given: str) -> list[tuple[str, int]]:
        parameters = [("period", "day"), ("duration", "3"), *given.items()]
        query = parse(
            parameters, DeclaredDataSet(data_set=VISITS), datetime(2026, 6, 7, tzinfo=UTC)
        )
        return [(one["_start_at"][8:10], one["_count"]) for one in data_sets.query(VISITS, query)]

    assert days() == [("03", 1), ("04", 0), ("05", 1)]
    assert days(end_at=day(6)) == [("03", 1), ("04", 0), ("05", 1)]
    assert days(start_at=day(2)) == [("03", 1), ("04", 0), ("05", 1)]
    assert days(start_at=day(4)) == [("05", 1), ("06", 0), ("07", 0)]
    assert days(start_at=day(6)) == [("06", 0), ("07", 0), ("08", 0)]


def test_an_unknown_data_set_has_its_periods_and_no_groups(data_sets: DataSets):
    ends = {
        "start_at": datetime(2026, 6, 1, tzinfo=UTC),
        "end_at": datetime(2026, 6, 3, tzinfo=UTC),
    }
    assert [one["_count"] for one in asked(data_sets, period=Period.DAY, **ends)] == [0, 0]
    assert asked(data_sets, period=Period.DAY, group_by=("kind",), **ends) == []
    assert asked(data_sets, group_by=("kind",)) == []
    assert asked(data_sets) == []


def test_an_inclusive_end_loses_nothing(data_sets: DataSets):
    keep(data_sets, {"_timestamp": day(1)}, {"_timestamp": day(2)})
    end = datetime(2026, 6, 2, tzinfo=UTC)
    query = {"period": Period.DAY, "start_at": end - timedelta(days=1), "end_at": end}
    assert [one["_count"] for one in asked(data_sets, **query)] == [1]
    assert [one["_count"] for one in asked(data_sets, inclusive=True, **query)] == [1, 1]


@pytest.mark.parametrize(
    "parameters",
    [
        [("start_at", "9991-01-01T00:00:00Z"), ("duration", "8")],
        [
            ("start_at", "9990-01-01T00:00:00Z"),
            ("end_at", "9999-01-01T00:00:00Z"),
            ("inclusive", "true"),
        ],
    ],
)
def test_the_end_of_the_calendar_is_told(data_sets: DataSets, parameters: list[tuple[str, str]]):
    keep(
        data_sets,
        {"_timestamp": "9998-01-01T00:00:00+00:00"},
        {"_timestamp": "9999-01-01T00:00:00+00:00"},
    )
    query = parse([("period", "year"), *parameters], DeclaredDataSet(data_set=VISITS), NOW)
    with pytest.raises(BadQuery, match="The query leaves the calendar"):
        data_sets.query(VISITS, query)


def test_periods_without_ends_are_those_with_records(data_sets: DataSets):
    keep(data_sets, {"_timestamp": day(1)}, {"_timestamp": day(5)})
    starts = [one["_start_at"] for one in asked(data_sets, period=Period.DAY)]
    assert starts == [day(1), day(5)]


def test_a_prefix_is_of_texts_and_minds_case(data_sets: DataSets):
    keep(data_sets, *({"kind": value} for value in ["Ab", "ab", "a%b", "a_b", 4, True, "é1", None]))

    def count(prefix: str) -> int:
        return len(asked(data_sets, filter_by_prefix=(("kind", prefix),)))

    found = [count(prefix) for prefix in ["a", "A", "a%", "a_", "é", "4", "t", "", "' OR 1=1"]]
    assert found == [3, 1, 1, 1, 1, 0, 0, 5, 0]


def test_the_starts_of_periods_can_be_filtered_by(data_sets: DataSets):
    keep(data_sets, {"_timestamp": day(2)}, {"_timestamp": day(9)})

    def ids(field: str, value: str) -> list[str]:
        return [one["_id"] for one in asked(data_sets, filter_by=((field, value),))]

    assert ids("_week_start_at", day(8)) == ["1"]
    assert ids("_week_start_at", "2026-06-01T00:00:00Z") == ["0"]
    assert ids("_timestamp", day(9)) == ["1"]
    for other in ("2026-06-08", "2026-06-08T00:00:00", "no", "0001-01-01T00:00:00+23:59"):
        assert ids("_week_start_at", other) == []


def test_groups_with_periods_are_sorted_and_limited_as_groups(data_sets: DataSets):
    kinds = {"a": 1, "b": 3, "c": 3, "d": 2}
    keep(data_sets, *({"kind": kind} for kind, count in kinds.items() for _ in range(count)))
    for period in (None, Period.DAY):
        for flatten in (False, True):
            found = asked(
                data_sets,
                group_by=("kind",),
                period=period,
                flatten=flatten,
                sort_by="_count",
                descending=True,
                limit=3,
            )
            assert [one["kind"] for one in found] == ["b", "c", "d"]
    found = asked(data_sets, group_by=("kind",), sort_by="kind", descending=True, limit=1)
    assert found == [{"kind": "d", "_count": 2}]


def test_too_large_an_answer_is_refused_and_not_made(data_sets: DataSets):
    keep(data_sets, {"kind": "a"}, {"kind": "b"}, {"kind": "c"})
    ends = {
        "start_at": datetime(2016, 1, 1, tzinfo=UTC),
        "end_at": datetime(2027, 1, 1, tzinfo=UTC),
    }
    with pytest.raises(BadQuery, match="The answer has more than 250000 rows"):
        asked(data_sets, group_by=("kind",), period=Period.HOUR, **ends)
    assert len(asked(data_sets, group_by=("kind",), period=Period.HOUR, limit=1, **ends)) == 1


def test_every_change_has_a_revision_and_nothing_else_has(data_sets: DataSets):
    assert data_sets.revision(VISITS) is None
    seen = []
    for write in (
        lambda: keep(data_sets, {"size": 1}, {"size": 2}),
        lambda: keep(data_sets, {"size": 1}),
        lambda: data_sets.delete(VISITS, ["no", "0"]),
        lambda: data_sets.empty(VISITS),
    ):
        write()
        seen.append(data_sets.revision(VISITS))
    assert seen == sorted(set(seen))
    data_sets.delete(VISITS, ["0"])
    data_sets.empty(VISITS)
    assert data_sets.revision(VISITS) == seen[-1]
    assert data_sets.revision(DataSet("carers-allowance", "other")) is None
