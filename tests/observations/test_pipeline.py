from datetime import UTC, datetime, timedelta

import pytest

from collectors.config.mapping import MappingSpec
from collectors.errors import Unexpected
from collectors.observations import compile_pipeline
from collectors.periods import UTC_ZONE, Period
from collectors.values import DataSet, Rejected
from tests.observations.mappings import DAY, observe, reading

NEXT = DAY + timedelta(days=1)


def test_a_period_comes_whole_with_its_start_and_how_many_readings_it_had():
    result = observe(
        [
            reading(page="a", visits=1),
            reading(page="b", visits=None),
            reading(NEXT, page="a", visits=None),
        ]
    )

    assert [one.start for one in result.periods] == [DAY, NEXT]
    assert [one.readings for one in result.periods] == [2, 1]
    assert [len(one.observations) for one in result.periods] == [1, 0]


def test_nothing_gives_nothing():
    assert observe([]).periods == []


def test_a_period_is_given_as_soon_as_the_next_begins():
    taken = []

    def source():
        for at in (DAY, DAY, NEXT, NEXT + timedelta(days=1)):
            taken.append(at)
            yield reading(at, page=str(len(taken)), visits=1)

    pipeline = compile_pipeline(
        MappingSpec(), data_set=DataSet("a", "b"), period=Period.DAY, zone=UTC_ZONE
    )
    periods = pipeline(source(), [].append)

    assert next(periods).start == DAY
    assert taken == [DAY, DAY, NEXT]


def test_one_pipeline_serves_two_runs_at_once():
    pipeline = compile_pipeline(
        MappingSpec.model_validate({"map": {"page": "path"}}),
        data_set=DataSet("a", "b"),
        period=Period.DAY,
        zone=UTC_ZONE,
    )
    one = pipeline([reading(visits=1), reading(NEXT, visits=2)], [].append)
    other = pipeline([reading(page="a", visits=1), reading(NEXT, page="a", visits=2)], [].append)

    pairs = list(zip(one, other, strict=True))

    assert all("path" not in first.observations[0] for first, _ in pairs)
    assert [second.observations[0]["path"] for _, second in pairs] == ["a", "a"]


def test_a_start_in_another_zone_is_told_in_utc():
    plus_one = datetime.fromisoformat("2026-06-01T01:00:00+01:00")

    (mapped,) = observe([reading(plus_one, visits=1)]).periods

    assert mapped.start == DAY
    assert mapped.start.tzinfo is UTC


@pytest.mark.parametrize("order", [[NEXT, DAY], [DAY, NEXT, DAY]], ids=["backwards", "twice"])
def test_a_period_out_of_order_is_unexpected(order):
    with pytest.raises(Unexpected) as error:
        observe([reading(at, visits=1) for at in order])

    assert str(error.value) == (
        "the source gave the period 2026-06-01T00:00:00+00:00 after 2026-06-02T00:00:00+00:00;"
        " it must give every period once, and in order"
    )


def test_a_time_without_a_zone_is_unexpected():
    with pytest.raises(Unexpected) as error:
        observe([reading(DAY.replace(tzinfo=None), visits=1)])

    assert str(error.value) == (
        "the source gave a reading at 2026-06-01 00:00:00, which names no time zone"
    )


def test_an_observation_given_twice_is_kept_once_and_told():
    result = observe([reading(page="a", visits=1), reading(page="a", visits=1)])

    assert len(result.observations) == 1
    assert result.periods[0].readings == 2
    assert result.warnings == [
        (
            "the source gave the same observation twice; one is kept"
            " (once, first in the period 2026-06-01T00:00:00+00:00: {'page': 'a'})"
        )
    ]


def test_two_different_observations_with_one_id_are_unexpected():
    readings = [reading(page="a", visits=1), reading(page="a", visits=2)]
    known = observe(readings[:1]).ids[0]

    with pytest.raises(Unexpected) as error:
        observe(readings)

    assert str(error.value) == (
        "two different observations of the period 2026-06-01T00:00:00+00:00 have one id, "
        f"{known}, because their dimensions are the same: {{'page': 'a'}}; collect the dimension"
        " that tells them apart, or aggregate them"
    )
    assert "'visits': 1" in error.value.sample
    assert "'visits': 2" in error.value.sample


@pytest.mark.parametrize(
    ("mapping", "values", "named"),
    [
        ({"map": {"one": "two"}}, {"one": "a", "two": "b"}, "'two'"),
        ({"map": {"one": "three", "two": "three"}}, {"one": "a", "two": "b"}, "'three'"),
        ({"map": {"one": "two", "two": "one", "six": "one"}}, {"two": "a", "six": "b"}, "'one'"),
        ({"map": {"one_0": "two"}}, {"one": "a:b", "two": "b"}, "'two'"),
        ({}, {"dataType": "a"}, "'dataType'"),
        ({}, {"_timestamp": "a"}, "'_timestamp'"),
    ],
)
def test_two_fields_of_one_name_are_unexpected(mapping, values, named):
    with pytest.raises(Unexpected) as error:
        observe([reading(visits=1, **values)], mapping)

    assert str(error.value) == (
        f"two fields of a record are called {named};"
        " give one of them another name in the query, in 'map' or in 'add'"
    )


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("ga:visits", 1, "ga:visits is not a valid key"),
        ("x", 1, "x is not a valid key"),
        ("_week_start_at", 1, "_week_start_at is not a recognised internal field"),
        ("visits", float("nan"), "visits is not a finite number"),
        ("visits", float("-inf"), "visits is not a finite number"),
        ("visits", 2**63, "visits has an invalid value"),
        ("visits", [1], "visits has an invalid value"),
        ("page", "\ud800", "page is not valid text"),
        (
            "_start_at",
            "soon",
            (
                "_start_at must be a date in the format yyyy-MM-ddT00:00:00Z;"
                " _start_at is not a valid datetime object"
            ),
        ),
    ],
)
def test_what_the_write_api_would_refuse_is_rejected_alone_and_with_its_reason(
    field, value, reason
):
    result = observe(
        [reading(kept="a", hits=1), reading(kept="b", hits=1, **{field: value}), reading(hits=1.5)]
    )

    assert [one.get("kept") for one in result.observations] == ["a", None]
    assert [one.reason for one in result.rejected] == [reason]
    (rejected,) = result.rejected
    assert isinstance(rejected, Rejected)
    assert rejected.observation["kept"] == "b"
    assert rejected.observation["_id"]


def test_a_welcome_record_is_welcome_whatever_its_numbers():
    result = observe([reading(one=2**63 - 1, two=-(2**63), three=1e21, four=True, five=None)])

    assert len(result.observations) == 1


def test_the_schema_of_the_data_type_is_obeyed():
    result = observe(
        [
            reading(check="a", uptime=3600, downtime=0),
            reading(check="b", uptime=3599.5, downtime=0),
            reading(check="c", uptime=3600),
        ],
        data_set="carers-allowance/monitoring",
    )

    assert [one["check"] for one in result.observations] == ["a"]
    assert [one.reason for one in result.rejected] == [
        "3599.5 is not of type 'integer'",
        "'downtime' is a required property",
    ]
