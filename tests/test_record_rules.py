import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.record_rules import (
    LARGEST_INTEGER,
    are_welcome,
    key_problem,
    parse_timestamp,
    problems,
    schema_problems,
)

STAMP = {"_timestamp": "2012-12-12T00:00:00+00:00"}
KINDS = {"case_schema_0": "dated", "case_timestamp": "dated", "case_schema_2": "monitoring"}


def refusals(case):
    """What the original server answered, without the spellings of Python 2."""
    return [re.sub(r"\bu'", "'", one) for one in case["expected"].get("messages", [])]


def test_every_record_that_the_original_judged_is_judged_alike(shared):
    cases = json.loads(shared.joinpath("cases", "http_cases.json").read_text(encoding="utf-8"))
    judged = 0
    for case in cases["cases"]:
        if not is_about_records(case):
            continue
        judged += 1
        body = json.loads(case["body"])
        said = [
            message
            for record in (body if isinstance(body, list) else [body])
            for message in judge(KINDS.get(case["data_set"]), record)
        ]
        assert said == refusals(case), case["name"]
    assert judged > 60


def is_about_records(case):
    """Leave out ids made by the server, headers and tokens, and the original's own failures."""
    return (
        case["kind"] == "write"
        and case["method"] == "POST"
        and not case["data_set"].startswith("case_auto")
        and case["expected"]["status"] in (200, 400)
        and "message" not in case["expected"]
        and not any("Content-type" in one for one in case["expected"].get("messages", []))
    )


def judge(kind, record):
    # The case's set of uptimes has a schema of its own, which does not ask for a timestamp.
    given = {**STAMP, **record, **STAMP} if kind == "monitoring" else record
    return [*(schema_problems(kind, given) if kind else []), *problems(record)]


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({"näme": 1}, ["näme is not a valid key"]),
        ({"visits": float("nan")}, ["visits is not a finite number"]),
        ({"visits": float("inf")}, ["visits is not a finite number"]),
        ({"visits": 2**63}, ["visits has an invalid value"]),
        ({"visits": -(2**63)}, []),
        ({"page": "\ud800"}, ["page is not valid text"]),
        ({"_id": None}, ['_id "None" is not a valid id']),
        (
            {"_timestamp": 1363774210},
            [
                "the _timestamp must be a date in the format yyyy-MM-ddT00:00:00Z",
                "_timestamp is not a valid datetime object",
            ],
        ),
        (
            {"_timestamp": None},
            [
                "the _timestamp must be a date in the format yyyy-MM-ddT00:00:00Z",
                "_timestamp is not a valid datetime object",
            ],
        ),
        (
            {"_start_at": "2013-13-20T00:00:00Z", "x": 1},
            [
                "2013-13-20T00:00:00Z in the _start_at field is not a valid date",
                "_start_at is not a valid datetime object",
                "x is not a valid key",
            ],
        ),
    ],
)
def test_what_the_original_failed_at_is_refused_with_a_message(record, said):
    assert problems(STAMP | record) == said


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("ab", None),
        ("aB_1", None),
        ("_id", None),
        ("_timestamp", None),
        ("a", "a is not a valid key"),
        ("_", "_ is not a valid key"),
        ("ab\n", "ab\n is not a valid key"),
        ("\u212aelvin", "\u212aelvin is not a valid key"),
        ("_Id", "_Id is not a recognised internal field"),
    ],
)
def test_a_key_is_valid_or_is_told_why_not(key, said):
    assert key_problem(key) == said


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2013-03-20T10:10:10+00:00", datetime(2013, 3, 20, 10, 10, 10, tzinfo=UTC)),
        ("2013-03-20T10:10:10+0100", datetime(2013, 3, 20, 9, 10, 10, tzinfo=UTC)),
        ("2013-03-20T10:10:10", datetime(2013, 3, 20, 10, 10, 10, tzinfo=UTC)),
        ("2013-03-20 10:10:10 UTC", datetime(2013, 3, 20, 10, 10, 10, tzinfo=UTC)),
        ("2013-03-20T10:10:10.5Z", datetime(2013, 3, 20, 10, 10, 10, 500000, tzinfo=UTC)),
        ("2013-03-20", datetime(2013, 3, 20, tzinfo=UTC)),
        ("2013", datetime(2013, 1, 1, tzinfo=UTC)),
        ("10:00", datetime(1970, 1, 1, 10, tzinfo=UTC)),
    ],
)
def test_a_timestamp_is_read_as_the_same_instant_every_day(text, moment):
    read = parse_timestamp(text)

    assert read == moment
    assert read.tzinfo is UTC


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2013-02-30", "9" * 40, "0001-01-01T00:00:00+10:00", "2013-03-20 10:00 XYZ"],
)
def test_a_text_that_is_no_timestamp_is_a_value_error(text):
    with pytest.raises(ValueError):
        parse_timestamp(text)


@given(st.text())
def test_whatever_the_text_it_is_a_timestamp_or_a_value_error(text):
    try:
        assert parse_timestamp(text).tzinfo is UTC
    except ValueError:
        assert problems({"_timestamp": text})


@given(st.datetimes(), st.timezones())
def test_a_timestamp_in_any_zone_is_converted(naive, zone):
    moment = naive.replace(tzinfo=zone)
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        return
    if moment.utcoffset().total_seconds() % 60:
        return  # ISO 8601 has no seconds in an offset

    assert parse_timestamp(moment.isoformat()) == expected


@pytest.mark.parametrize(
    ("data_type", "record", "said"),
    [
        ("journey", {}, []),
        (
            "customer-satisfaction",
            {f"rating_{grade}": 1 for grade in range(1, 6)}
            | {"total": 5, "comments": None, "slug": 7},
            ["None is not of type 'integer'", "7 is not of type 'string'"],
        ),
        ("customer-satisfaction", {"rating_1": 1, "total": 5}, None),
        ("monitoring", {"uptime": True}, None),
        ("monitoring", {"uptime": 3600, "downtime": 0}, []),
        (
            "monitoring",
            {"uptime": True, "downtime": 1.0},
            ["True is not of type 'integer'", "1.0 is not of type 'integer'"],
        ),
        ("realtime", {"unique_visitors": 5}, ["'for_url' is a required property"]),
        (
            "transactions-by-channel",
            {},
            ["'count' is a required property", "'channel' is a required property"],
        ),
    ],
)
def test_a_data_type_has_its_schema(data_type, record, said):
    found = schema_problems(data_type, STAMP | record)

    assert found if said is None else found == said


@pytest.mark.parametrize(
    ("record", "said"),
    [
        ({}, ["'_timestamp' is a required property"]),
        ({"_timestamp": 5}, ["5 is not of type 'string'"]),
        ({"_timestamp": "2013-03-20"}, ["'2013-03-20' is not a 'date-time'"]),
        ({"_timestamp": "2013-13-20T00:00:00Z"}, ["'2013-13-20T00:00:00Z' is not a 'date-time'"]),
        ({"_timestamp": "2013-03-20T00:00Z"}, []),
    ],
)
def test_every_data_type_asks_for_a_timestamp(record, said):
    assert schema_problems("journey", record) == said


PLAIN = {"_id": "a1", "_timestamp": "2014-01-02T00:00:00+00:00"}
VALUES = (
    st.none()
    | st.booleans()
    | st.sampled_from(["", "web", "\ud800", [], {}, LARGEST_INTEGER, LARGEST_INTEGER + 1])
    | st.integers(-(2**64), 2**64)
    | st.floats()
)
KEYS = st.sampled_from(["count", "_id", "_timestamp", "_start_at", "_count", "x", "b d"])
IDS = st.sampled_from(["a1", "a 1", "", 5, None])
TIMES = st.sampled_from(["2014-01-02T00:00:00Z", "2014-01-02", "2014-13-02T00:00:00Z", 5, None])
RECORDS = st.one_of(
    st.dictionaries(KEYS, VALUES, max_size=3),
    st.dictionaries(KEYS, VALUES, max_size=1).map(lambda one: PLAIN | one),
    st.tuples(IDS, TIMES).map(lambda pair: {"_id": pair[0], "_timestamp": pair[1], "count": 1}),
)


@given(st.lists(RECORDS, max_size=4), st.sampled_from(["journey", "realtime"]))
def test_records_that_are_welcome_together_are_welcome_one_by_one(records, kind):
    if are_welcome(kind, records):
        assert [problems(one) + schema_problems(kind, one) for one in records] == [[]] * len(
            records
        )


def test_plain_records_are_welcome_at_one_look():
    others = [{**PLAIN, "count": 1, "share": 0.5, "paid": True, "cost": None, "name": "né"}]

    assert are_welcome("journey", [PLAIN, *others * 2])
    assert not are_welcome("realtime", [PLAIN])
