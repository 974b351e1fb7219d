import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.clock import FixedClock
from collectors.datasets import DataSets, Query, Summary
from collectors.datasets.tables import metadata
from collectors.values import DataSet, Rejected

NOW = datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)
VISITS = DataSet("carers-allowance", "visits")
OTHER = DataSet("carers-allowance", "journey")
FRESH = count()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def data_sets(database_url: str, clock: FixedClock) -> Iterator[DataSets]:
    opened = DataSets(database_url, clock=clock)
    opened.open()
    yield opened
    opened.close()


def record(identity: str, timestamp: str = "2026-06-17T00:00:00+00:00", **fields: Any) -> dict:
    return {"_id": identity, "_timestamp": timestamp, **fields}


def ids(data_sets: DataSets, **query: Any) -> list[str]:
    return [one["_id"] for one in data_sets.read(VISITS, Query(**query))]


def own_fields(one: dict[str, Any]) -> dict[str, Any]:
    added = ("_hour_", "_day_", "_week_", "_month_", "_quarter_", "_year_", "_updated_at")
    return {name: value for name, value in one.items() if not name.startswith(added)}


def test_a_record_is_read_with_the_starts_of_its_periods(data_sets: DataSets):
    posted = record("a", "2026-06-17T13:45:10+00:00", count=3, channel="digital", rate=None)
    assert data_sets.upsert(VISITS, [posted]) == []
    assert list(data_sets.read(VISITS)) == [
        {
            **posted,
            "_hour_start_at": "2026-06-17T13:00:00+00:00",
            "_day_start_at": "2026-06-17T00:00:00+00:00",
            "_week_start_at": "2026-06-15T00:00:00+00:00",
            "_month_start_at": "2026-06-01T00:00:00+00:00",
            "_quarter_start_at": "2026-04-01T00:00:00+00:00",
            "_year_start_at": "2026-01-01T00:00:00+00:00",
            "_updated_at": "2026-11-20T12:30:15+00:00",
        }
    ]


def test_times_are_kept_in_utc(data_sets: DataSets):
    data_sets.upsert(VISITS, [record("a", "2026-06-17T00:30:00+01:00", _end_at="2026-06-18")])
    (found,) = data_sets.read(VISITS)
    assert found["_timestamp"] == "2026-06-16T23:30:00+00:00"
    assert found["_end_at"] == "2026-06-18T00:00:00+00:00"
    assert found["_day_start_at"] == "2026-06-16T00:00:00+00:00"


@pytest.mark.parametrize("year", ["0001", "1969", "9999"])
def test_any_year_of_the_calendar_can_be_kept(data_sets: DataSets, year: str):
    posted = record("a", f"{year}-12-31T23:59:59.500000+00:00")
    assert data_sets.upsert(VISITS, [posted]) == []
    (found,) = data_sets.read(VISITS)
    assert own_fields(found) == posted
    assert found["_hour_start_at"] == f"{year}-12-31T23:00:00+00:00"


def test_a_record_replaces_the_one_with_its_id_and_is_not_merged(data_sets: DataSets, clock):
    data_sets.upsert(VISITS, [record("a", count=1, old=True)])
    clock.advance(timedelta(hours=1))
    data_sets.upsert(VISITS, [record("a", "2026-06-18T00:00:00+00:00", count=2)])
    (found,) = data_sets.read(VISITS)
    assert own_fields(found) == record("a", "2026-06-18T00:00:00+00:00", count=2)
    assert found["_day_start_at"] == "2026-06-18T00:00:00+00:00"
    assert found["_updated_at"] == "2026-11-20T13:30:15+00:00"


def test_the_last_of_two_records_with_one_id_counts(data_sets: DataSets):
    data_sets.upsert(VISITS, [record("a", count=1), record("b"), record("a", count=2)])
    assert [one.get("count") for one in data_sets.read(VISITS)] == [2, None]


def test_the_same_id_in_another_data_set_is_another_record(data_sets: DataSets):
    data_sets.upsert(VISITS, [record("a", count=1)])
    data_sets.upsert(OTHER, [record("a", count=2)])
    assert data_sets.delete(OTHER, ["a"]) == 1
    assert [one["count"] for one in data_sets.read(VISITS)] == [1]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ({"_id": "b", "count": 1}, "'_timestamp' is a required property"),
        (record("b b"), '_id "b b" is not a valid id'),
        (record("b", **{"with-hyphen": 1}), "with-hyphen is not a valid key"),
        (record("b", parts=[1]), "parts has an invalid value"),
        (record("b", "yesterday"), "_timestamp must be a date in the format yyyy-MM-dd"),
        (record("b", note="nul\0"), "note holds a NUL character"),
        (record("b\0"), "_id holds a NUL character"),
        (record("b", note="\ud800"), "note is not valid text"),
        (record("b", rate=float("nan")), "rate is not a finite number"),
        (record("b", count=2**70), "count has an invalid value"),
    ],
)
def test_a_bad_record_costs_only_itself_and_says_why(data_sets: DataSets, bad, reason: str):
    (refused,) = data_sets.upsert(VISITS, [record("a"), bad, record("c")])
    assert isinstance(refused, Rejected)
    assert refused.observation == bad
    assert reason in refused.reason
    assert ids(data_sets) == ["a", "c"]


def test_the_schema_of_the_data_type_is_applied(data_sets: DataSets):
    monitoring = DataSet("carers-allowance", "monitoring")
    good, bad = record("a", uptime=60, downtime=0), record("b", uptime="60")
    (refused,) = data_sets.upsert(monitoring, [good, bad])
    assert refused.reason == "'downtime' is a required property; '60' is not of type 'integer'"


def test_a_data_set_of_refusals_only_does_not_come_into_being(data_sets: DataSets):
    data_sets.upsert(VISITS, [{"_id": "a"}])
    data_sets.upsert(OTHER, [])
    assert data_sets.summary() == []


def test_a_backslash_before_u0000_is_text_like_any_other(data_sets: DataSets):
    posted = record("a", note="\\u0000 \\\\")
    assert data_sets.upsert(VISITS, [posted]) == []
    assert own_fields(next(data_sets.read(VISITS))) == posted


def test_a_record_without_an_id_is_given_one(data_sets: DataSets):
    timestamp = {"_timestamp": "2026-06-17T00:00:00+00:00"}
    data_sets.upsert(VISITS, [timestamp, timestamp])
    assert len(set(ids(data_sets))) == 2


def test_a_very_long_id_is_kept_replaced_and_removed_like_any_other(data_sets: DataSets):
    long = [letter * 100_000 for letter in "xy"]
    data_sets.upsert(VISITS, [record(one, count=1) for one in long])
    data_sets.upsert(VISITS, [record(long[0], count=2)])
    found = {one["_id"]: one["count"] for one in data_sets.read(VISITS)}
    assert found == {long[0]: 2, long[1]: 1}
    assert data_sets.delete(VISITS, long) == 2


def test_deleting_gives_how_many_there_were(data_sets: DataSets):
    data_sets.upsert(VISITS, [record(f"{number:04}") for number in range(2500)])
    gone = [f"{number:04}" for number in range(2499)]
    assert data_sets.delete(VISITS, [*gone, "never there"]) == 2499
    assert ids(data_sets) == ["2499"]
    assert data_sets.delete(VISITS, []) == 0


def test_emptying_touches_no_other_data_set(data_sets: DataSets):
    data_sets.upsert(VISITS, [record("a"), record("b")])
    data_sets.upsert(OTHER, [record("a")])
    assert data_sets.empty(VISITS) == 2
    assert ids(data_sets) == []
    assert len(list(data_sets.read(OTHER))) == 1


def test_an_unknown_data_set_is_empty(data_sets: DataSets):
    assert list(data_sets.read(VISITS)) == []
    assert data_sets.delete(VISITS, ["a"]) == 0
    assert data_sets.empty(VISITS) == 0


def test_a_summary_counts_what_each_data_set_holds(data_sets: DataSets, clock: FixedClock):
    data_sets.upsert(VISITS, [record("a"), record("b", "2026-06-19T00:00:00+00:00")])
    clock.advance(timedelta(hours=1))
    data_sets.upsert(OTHER, [record("a")])
    data_sets.empty(OTHER)
    first, last = datetime(2026, 6, 17, tzinfo=UTC), datetime(2026, 6, 19, tzinfo=UTC)
    later = NOW + timedelta(hours=1)
    assert data_sets.summary() == [
        Summary(data_set=OTHER, observations=0, first=None, last=None, updated_at=later),
        Summary(data_set=VISITS, observations=2, first=first, last=last, updated_at=NOW),
    ]


def test_records_come_oldest_first_then_by_id(data_sets: DataSets):
    later = "2026-06-18T00:00:00+00:00"
    data_sets.upsert(VISITS, [record("a", later), record("é"), record("b"), record("B")])
    assert ids(data_sets) == ["B", "b", "é", "a"]


def test_a_range_of_time_is_half_open(data_sets: DataSets):
    hours = [datetime(2026, 6, 17, hour, tzinfo=UTC) for hour in range(4)]
    data_sets.upsert(VISITS, [record(str(at.hour), at.isoformat()) for at in hours])
    assert ids(data_sets, start_at=hours[1], end_at=hours[3]) == ["1", "2"]


def test_filters_are_all_met_and_text_is_no_number(data_sets: DataSets):
    data_sets.upsert(
        VISITS,
        [
            record("a", channel="digital", paid=True, size="3"),
            record("b", channel="digital", paid=False, size=3),
            record("c", channel="post", paid=True, size="3"),
            record("d", channel="digital", paid=1),
            record("e", channel="digital", paid="true"),
        ],
    )
    assert ids(data_sets, filter_by=(("channel", "digital"), ("paid", True))) == ["a"]
    assert ids(data_sets, filter_by=(("paid", False),)) == ["b"]
    assert ids(data_sets, filter_by=(("size", "3"),)) == ["a", "c"]
    assert ids(data_sets, filter_by=(("size", "' OR 1=1"),)) == []
    assert ids(data_sets, filter_by=(("_id", "c"),)) == ["c"]


def test_sorting_puts_the_unknown_first_then_numbers_then_text(data_sets: DataSets):
    values = {"a": "b", "b": "B", "c": 10, "d": 9.5, "e": None, "f": True, "g": "10"}
    data_sets.upsert(VISITS, [record(key, size=value) for key, value in values.items()])
    data_sets.upsert(VISITS, [record("h")])
    assert ids(data_sets, sort_by="size") == list("ehfdcgba")
    assert ids(data_sets, sort_by="size", descending=True) == list("abgcdfeh")
    assert ids(data_sets, sort_by="_id", descending=True, limit=2) == ["h", "g"]
    assert ids(data_sets, sort_by="_month_start_at", limit=1) == ["a"]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"filter_by": (("with-hyphen", "x"),)}, "Cannot filter by an invalid field name"),
        ({"filter_by": (('x"', "x"),)}, "Cannot filter by an invalid field name"),
        ({"sort_by": "x; DROP TABLE"}, "Cannot sort by an invalid field name"),
        ({"limit": 0}, "limit must be a positive integer"),
    ],
)
def test_a_query_that_makes_no_sense_cannot_be_made(query: dict[str, Any], said: str):
    with pytest.raises(ValueError, match=said):
        Query(**query)


def test_what_is_read_is_one_state_whatever_is_written_meanwhile(data_sets: DataSets):
    data_sets.upsert(VISITS, [record("a"), record("b")])
    found = data_sets.read(VISITS)
    seen = [next(found)["_id"]]
    data_sets.empty(VISITS)
    assert seen + [one["_id"] for one in found] == ["a", "b"]
    assert ids(data_sets) == []


def test_memory_does_not_grow_with_what_is_read(data_sets: DataSets):
    def peak() -> int:
        tracemalloc.start()
        for _ in data_sets.read(VISITS):
            pass
        _, highest = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return highest

    data_sets.upsert(VISITS, [record(f"{number}", note="x" * 100) for number in range(1500)])
    peak()
    few = peak()
    data_sets.upsert(VISITS, [record(f"{number}", note="x" * 100) for number in range(6000)])
    assert peak() < 1.5 * few


def test_data_sets_are_there_after_a_restart(database_url: str, clock: FixedClock):
    for _ in range(2):
        data_sets = DataSets(database_url, clock=clock)
        data_sets.open()
        data_sets.upsert(VISITS, [record("a")])
        assert ids(data_sets) == ["a"]
        data_sets.close()


def test_the_migrations_make_the_tables_that_the_code_knows(data_sets: DataSets):
    def differences(connection: Any) -> Any:
        options = {"version_table": "datasets_version", "compare_type": False}
        return compare_metadata(MigrationContext.configure(connection, opts=options), metadata)

    assert data_sets._database.read(differences) == []


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    TEXT,
)
RECORDS = st.builds(
    lambda identity, at, fields: {**fields, "_id": identity, "_timestamp": at.isoformat()},
    st.sampled_from(["a", "b", "c", "d"]),
    st.datetimes(timezones=st.just(UTC)),
    st.dictionaries(st.from_regex(r"[a-z][A-Za-z0-9_]{1,8}", fullmatch=True), VALUES, max_size=4),
)
CHANGES = st.one_of(
    st.tuples(st.just("upsert"), st.lists(RECORDS, max_size=4)),
    st.tuples(st.just("delete"), st.lists(st.sampled_from("abcd"), max_size=3)),
    st.tuples(st.just("empty"), st.none()),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes=st.lists(CHANGES, max_size=6))
def test_a_data_set_is_a_dictionary_from_id_to_record(data_sets: DataSets, changes: list):
    data_set = DataSet("any", f"number-{next(FRESH)}")
    model: dict[str, dict[str, Any]] = {}
    for change, argument in changes:
        if change == "upsert":
            assert data_sets.upsert(data_set, argument) == []
            model |= {one["_id"]: one for one in argument}
        elif change == "delete":
            gone = set(argument) & set(model)
            assert data_sets.delete(data_set, argument) == len(gone)
            model = {key: one for key, one in model.items() if key not in gone}
        else:
            assert data_sets.empty(data_set) == len(model)
            model = {}
    found = [own_fields(one) for one in data_sets.read(data_set)]
    assert {one["_id"]: comparable(one) for one in found} == {
        key: comparable(one) for key, one in model.items()
    }
    assert found == sorted(found, key=lambda one: (one["_timestamp"][:19], one["_id"]))


def comparable(one: dict[str, Any]) -> dict[str, Any]:
    """PostgreSQL spells the float 1e16 as an integer: as JSON numbers they are the same."""
    return {
        name: float(value) if isinstance(value, float) or is_large(value) else value
        for name, value in one.items()
    }


def is_large(value: Any) -> bool:
    return isinstance(value, int) and abs(value) > 2**53
