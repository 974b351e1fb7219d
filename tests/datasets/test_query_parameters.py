"""What the read API's parameters mean, and what becomes of those that mean nothing."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from collectors.clock import FixedClock
from collectors.config.model import DeclaredDataSet
from collectors.datasets import BadQuery, Collect, DataSets, Query
from collectors.datasets.parameters import PARAMETERS, parse
from collectors.periods import Period
from collectors.values import DataSet

NOW = datetime(2026, 11, 20, 12, 30, 15, tzinfo=UTC)
VISITS = DataSet("carers-allowance", "visits")
OPEN = DeclaredDataSet(data_set=VISITS)
GUARDED = DeclaredDataSet(data_set=VISITS, raw_queries_allowed=False)
Pairs = list[tuple[str, str]]


def moment(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T00:00:00+00:00")


def dates(start: str, end: str) -> Pairs:
    return [("start_at", start), ("end_at", end)]


def test_every_parameter_says_what_it_means():
    query = parse(
        [
            *dates("2026-06-01T01:00:00+01:00", "2026-07-01T00:00:00Z"),
            ("inclusive", "true"),
            ("period", "week"),
            ("filter_by", "channel:web:new"),
            ("filter_by", "paid:true"),
            ("group_by", "channel"),
            ("group_by", "kind"),
            ("group_by", "channel"),
            ("collect", "size:sum"),
            ("collect", "name"),
            ("sort_by", "_count:descending"),
            ("limit", "3"),
            ("flatten", "true"),
        ],
        OPEN,
        NOW,
    )
    assert query == Query(
        start_at=moment("2026-06-01"),
        end_at=moment("2026-07-01"),
        inclusive=True,
        period=Period.WEEK,
        filter_by=(("channel", "web:new"), ("paid", True)),
        group_by=("channel", "kind"),
        collect=(Collect("size", "sum"), Collect("name", plain=True)),
        sort_by="_count",
        descending=True,
        limit=3,
        flatten=True,
    )


def test_no_parameters_ask_for_every_record():
    assert parse([], OPEN, NOW) == Query()


def test_a_prefix_is_text_even_if_it_says_true():
    assert parse([("filter_by_prefix", "paid:true")], OPEN, NOW) == Query(
        filter_by_prefix=(("paid", "true"),)
    )


def test_a_table_has_no_nested_rows():
    query = parse([("format", "csv")], OPEN, NOW)
    assert (query.format, query.flatten) == ("csv", True)


@pytest.mark.parametrize(
    ("ends", "start", "end", "relative"),
    [
        ([], "2026-10-01", "2026-11-01", -1),
        ([("end_at", "2026-05-20T00:00:00Z")], "2026-04-01", "2026-05-01", -1),
        ([("start_at", "2026-05-20T00:00:00Z")], "2026-05-01", "2026-06-01", 1),
    ],
)
def test_a_duration_is_of_whole_periods(ends: Pairs, start: str, end: str, relative: int):
    query = parse([("period", "month"), ("duration", "1"), *ends], OPEN, NOW)
    assert (query.start_at, query.end_at, query.relative) == (moment(start), moment(end), relative)


@pytest.mark.parametrize("value", ["-1", "1.5", "1e3", "", " 1", "1_0", "٣", "9" * 5000])
def test_a_number_is_a_positive_integer(value: str):
    with pytest.raises(BadQuery, match=r"^limit must be a positive integer$"):
        parse([("limit", value)], OPEN, NOW)
    with pytest.raises(BadQuery, match=r"^duration must be a positive integer$"):
        parse([("period", "day"), ("duration", value)], OPEN, NOW)


@pytest.mark.parametrize(
    "value",
    [
        "99999-01-01T00:00:00Z",
        "2026-02-30T00:00:00Z",
        "2026-02-03T24:00:01Z",
        "2026-02-03T00:00:00",
        "2026-02-03T00:00:00.5Z",
        "2026-02-03 00:00:00Z",
        "2026-02-03T00:00:00+24:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "٢٠٢٦-02-03T00:00:00Z",
        "2026-02-03T00:00:00Z\0",
        "",
    ],
)
def test_a_moment_is_a_date_a_time_and_a_zone(value: str):
    good = "2026-02-03T00:00:00Z"
    with pytest.raises(BadQuery, match=r"^start_at is not a valid datetime$"):
        parse(dates(value, good), OPEN, NOW)
    with pytest.raises(BadQuery, match=r"^end_at is not a valid datetime$"):
        parse(dates(good, value), OPEN, NOW)


FIRST, LAST = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ([("period", "hour"), *dates(FIRST, "9000-01-01T00:00:00Z")], "more than 100000 periods"),
        ([("period", "year"), *dates(FIRST, LAST)], "leaves the calendar"),
        ([("period", "hour"), ("duration", "9" * 19)], "more than 100000 periods"),
        ([("period", "year"), ("duration", "99999")], "leaves the calendar"),
        (
            [("period", "day"), ("limit", "3"), ("duration", "3")],
            "only be limited if it is grouped",
        ),
        ([("limit", "0")], "limit must be a positive integer"),
        ([("limit", "9" * 19)], "limit must be a positive integer"),
        ([("filter_by", "name:x")] * 10_000, "filter_by is given more than 50 times"),
        ([("group_by", f"name{number}") for number in range(51)], "group_by is given more than"),
        ([("group_by", "kind"), ("collect", "size:sum:sum")], "Unknown collection method"),
        ([("group_by", "kind"), ("sort_by", "other:ascending")], "Invalid sort key other"),
        ([("filter_by", "name:a\0b")], "filter_by name holds what is no text"),
        ([("filter_by", "name:\ud800")], "filter_by name holds what is no text"),
        ([("filter_by_prefix", "name:\ud800")], "filter_by name holds what is no text"),
        ([("filter_by", "nam\ud800e:x")], "Cannot filter by an invalid field name"),
        ([("group_by", "kind\n")], "Cannot group by an invalid field name"),
        ([("sort_by", 'x"; DROP TABLE records:ascending')], "Cannot sort by an invalid field name"),
        ([("format", "xml")], "format must be either 'csv' or 'json'"),
        ([("\ud800", "x")], "An unrecognised parameter was provided"),
    ],
)
def test_what_is_absurd_is_refused_in_words(parameters: Pairs, said: str):
    with pytest.raises(BadQuery, match=said):
        parse(parameters, OPEN, NOW)


def test_names_and_values_may_be_long(data_sets: DataSets):
    name = "x" * 100_000
    parameters = [("filter_by", f"{name}:{name}"), ("sort_by", f"{name}:ascending")]
    assert list(data_sets.query(VISITS, parse(parameters, OPEN, NOW))) == []


def test_the_guarded_rules_are_judged_in_utc():
    midnight = dates("2026-06-01T01:00:00+01:00", "2026-06-08T01:00:00+01:00")
    assert parse([("period", "week"), *midnight], GUARDED, NOW).period is Period.WEEK
    local = dates("2026-06-01T00:00:00+01:00", "2026-06-08T00:00:00+01:00")
    with pytest.raises(BadQuery, match="start_at must be midnight"):
        parse([("period", "week"), *local], GUARDED, NOW)


def test_a_guarded_data_set_answers_for_a_duration():
    assert parse([("period", "day"), ("duration", "1")], GUARDED, NOW).relative == -1


MOMENTS = st.sampled_from(["2026-06-01T00:00:00Z", "2026-06-08T12:00:00+01:00", FIRST, LAST])
VALUES: dict[str, st.SearchStrategy[str]] = {
    "start_at": MOMENTS,
    "end_at": MOMENTS,
    "duration": st.sampled_from(["1", "3", "0", "100000", "99999999"]),
    "period": st.sampled_from(["hour", "day", "week", "month", "quarter", "year"]),
    "filter_by": st.sampled_from(["kind:a", "size:3", "paid:true", "_week_start_at:x", "kind:"]),
    "filter_by_prefix": st.sampled_from(["kind:a", "size:3", "kind:"]),
    "group_by": st.sampled_from(["kind", "size", "paid", "missing"]),
    "collect": st.sampled_from(["kind", "size:sum", "size:mean", "size:count", "paid:set"]),
    "sort_by": st.sampled_from(["kind:ascending", "_count:descending", "_timestamp:descending"]),
    "limit": st.sampled_from(["1", "2", "9223372036854775807", "9223372036854775808"]),
    "flatten": st.sampled_from(["true", "false"]),
    "inclusive": st.sampled_from(["true", "false"]),
    "format": st.sampled_from(["csv", "json"]),
}
ANY_TEXT = st.text(st.characters(), max_size=12)
LIKELY = st.sampled_from(sorted(VALUES)).flatmap(
    lambda name: st.tuples(st.just(name), st.one_of(VALUES[name], ANY_TEXT))
)
PARAMETER_LISTS = st.lists(st.one_of(LIKELY, st.tuples(ANY_TEXT, ANY_TEXT)), max_size=8)
SENSIBLE = st.dictionaries(st.sampled_from(sorted(VALUES)), st.none(), max_size=7).flatmap(
    lambda names: st.tuples(*(st.tuples(st.just(name), VALUES[name]) for name in names)).map(list)
)


def test_every_parameter_is_tried_here():
    assert set(VALUES) == PARAMETERS


@pytest.fixture
def data_sets(database_url: str) -> Iterator[DataSets]:
    opened = DataSets(database_url, clock=FixedClock(NOW))
    opened.open()
    common = {"_timestamp": "2026-06-05T00:00:00+00:00"}
    fields: list[dict[str, Any]] = [
        {"kind": "a", "size": 3, "paid": True},
        {"kind": "b", "size": 2.5},
        {"kind": None, "size": "3"},
    ]
    opened.upsert(VISITS, [common | {"_id": str(one), **own} for one, own in enumerate(fields)])
    yield opened
    opened.close()


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(parameters=st.one_of(PARAMETER_LISTS, SENSIBLE), guarded=st.booleans())
@example(parameters=[("period", "year"), *dates(LAST, LAST)], guarded=False)
@example(
    parameters=[("period", "year"), ("start_at", "9990-01-01T00:00:00Z"), ("duration", "9")],
    guarded=False,
)
def test_any_parameters_are_answered_or_refused_in_words(
    data_sets: DataSets, parameters: Pairs, guarded: bool
):
    with suppress(BadQuery):
        query = parse(parameters, GUARDED if guarded else OPEN, NOW)
        list(data_sets.query(VISITS, query))
