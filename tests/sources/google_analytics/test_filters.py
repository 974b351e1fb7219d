"""Filters in YAML and in the old text, to the expressions of the API."""

import re
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.sources.google_analytics.filters import Filters, parse
from collectors.sources.google_analytics.names import adds_up, is_count, legal, today


def text(field, how, value):
    return {"filter": {"fieldName": field, "stringFilter": {"matchType": how, "value": value}}}


def number(field, how, value):
    kept = {"operation": how, "value": {"int64Value": value}}
    return {"filter": {"fieldName": field, "numericFilter": kept}}


MOBILE = text("deviceCategory", "EXACT", "mobile")
APPLY = text("pagePath", "BEGINS_WITH", "/apply")
MANY = number("sessions", "GREATER_THAN", "10")


@pytest.mark.parametrize(
    ("filters", "dimensions", "metrics"),
    [
        ({"deviceCategory": "mobile"}, MOBILE, None),
        ({"deviceCategory": {"is": "mobile"}}, MOBILE, None),
        ({"ga:deviceCategory": "mobile"}, MOBILE, None),
        (
            {"deviceCategory": ["mobile", "tablet"]},
            {
                "filter": {
                    "fieldName": "deviceCategory",
                    "inListFilter": {"values": ["mobile", "tablet"]},
                }
            },
            None,
        ),
        ({"deviceCategory": {"not": "mobile"}}, {"notExpression": MOBILE}, None),
        (
            {"deviceCategory": "mobile", "pagePath": {"begins": "/apply"}},
            {"andGroup": {"expressions": [MOBILE, APPLY]}},
            None,
        ),
        (
            {"pagePath": {"begins": ["/a", "/b"]}},
            {
                "orGroup": {
                    "expressions": [
                        text("pagePath", "BEGINS_WITH", "/a"),
                        text("pagePath", "BEGINS_WITH", "/b"),
                    ]
                }
            },
            None,
        ),
        (
            {"any": [{"deviceCategory": "mobile"}, {"pagePath": {"begins": "/apply"}}]},
            {"orGroup": {"expressions": [MOBILE, APPLY]}},
            None,
        ),
        (
            {"none": [{"deviceCategory": "mobile"}]},
            {"notExpression": MOBILE},
            None,
        ),
        ({"sessions": {"more_than": "10"}, "deviceCategory": "mobile"}, MOBILE, MANY),
        (
            {"bounceRate": {"between": ["0.1", "1"]}},
            None,
            {
                "filter": {
                    "fieldName": "bounceRate",
                    "betweenFilter": {
                        "fromValue": {"doubleValue": 0.1},
                        "toValue": {"int64Value": "1"},
                    },
                }
            },
        ),
        ("ga:deviceCategory==mobile", MOBILE, None),
        ("deviceCategory!=mobile", {"notExpression": MOBILE}, None),
        ("ga:deviceCategory==mobile;ga:sessions>10", MOBILE, MANY),
        ("sessions==10", None, number("sessions", "EQUAL", "10")),
        (
            "deviceCategory==mobile,hostName=@gov",
            {"orGroup": {"expressions": [MOBILE, text("hostName", "CONTAINS", "gov")]}},
            None,
        ),
        ("pagePath=~^/a", text("pagePath", "PARTIAL_REGEXP", "^/a"), None),
        (
            r"pagePath!~a\,b\;c",
            {"notExpression": text("pagePath", "PARTIAL_REGEXP", "a,b;c")},
            None,
        ),
        ("customEvent:kind==a", text("customEvent:kind", "EXACT", "a"), None),
    ],
)
def test_a_filter_becomes_what_the_api_takes(filters, dimensions, metrics):
    assert parse(filters, ["sessions"]) == Filters(dimensions, metrics)


@pytest.mark.parametrize(
    ("filters", "said"),
    [
        ({}, "a filter is a mapping of a field to what it must be"),
        ([], "a filter is a mapping of a field to what it must be"),
        ("", "is not a filter like"),
        (";", "is not a filter like"),
        ("nothing", "is not a filter like"),
        ("ga:pagePath==/a", "'ga:pagePath' is a name of Universal Analytics, which is switched off: say"),
        ({"visits": {"more_than": "1"}}, "say sessions"),
        ({"pagePath": {}}, "the filter of 'pagePath' says nothing"),
        ({"pagePath": []}, "wants a text, or a list of texts"),
        ({"pagePath": {"begins": ["a", 1]}}, "wants a text, or a list of texts"),
        ({"pagePath": {"starts": "/a"}}, "'starts' is not what a filter of 'pagePath' can say; it can"),
        ({"sessions": {"more_than": "many"}}, "'many' in a filter is not a number"),
        ({"any": "x"}, "`any` in a filter takes a list of mappings"),
        ({"any": []}, "`any` in a filter takes a list of mappings"),
        (
            {"any": [{"deviceCategory": "mobile"}, {"sessions": {"more_than": "1"}}]},
            "cannot stand in one alternative",
        ),
        ("deviceCategory==mobile,sessions>1", "cannot stand in one alternative"),
        ("sessions=~1", "=~ is for dimensions, and sessions is a metric"),
    ],
)  # fmt: skip
def test_a_filter_that_is_wrong_says_what_would_be_right(filters, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        parse(filters, ["sessions"])


@given(st.text(min_size=1).filter(lambda text: "\n" not in text))
def test_any_value_survives_the_old_text(value):
    escaped = value.replace("\\", "\\\\").replace(",", r"\,").replace(";", r"\;")
    assert parse(f"pagePath=={escaped}", []) == Filters(text("pagePath", "EXACT", value))


@given(st.text())
def test_any_text_is_a_filter_or_a_mistake(filters):
    with suppress(ValueError):
        parse(filters, [])


@pytest.mark.parametrize(
    ("old", "said"),
    [
        ("ga:users", "say totalUsers"),
        ("visitors", "say totalUsers"),
        ("pageviews", "say screenPageViews"),
        ("avgSessionDuration", "say averageSessionDuration"),
        ("entrances", "the nearest is sessions, with the dimension landingPage"),
        ("exits", "nothing today has its meaning"),
        ("goal12Starts", "the nearest is `goals`, with the event that starts"),
        ("goalXXConversionRate", "the nearest is `goals`"),
        ("eventCategory", "the nearest is eventName, or customEvent:<parameter>"),
        ("userType", "say newVsReturning"),
        ("keyword", "say sessionManualTerm or sessionGoogleAdsKeyword"),
        ("dimension3", "the nearest is customEvent:<parameter>"),
        ("ga:source", "say sessionSource"),
        ("rt:activeVisitors", "say activeUsers"),
        ("two words", "is not the name of a metric or dimension"),
    ],
)
def test_names_of_old_are_mistakes_with_the_name_of_today(old, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        today(old)


@pytest.mark.parametrize(
    "name", ["sessions", "ga:sessions", "pagePath", "keyEvents:done", "customEvent:a_b", "source"]
)
def test_names_of_today_are_taken(name):
    assert today(name) == name.removeprefix("ga:")


def test_users_rates_and_means_do_not_add_up():
    assert not any(
        map(
            adds_up,
            ("totalUsers", "activeUsers", "bounceRate", "sessionsPerUser", "sessionKeyEventRate:x"),
        )
    )
    assert all(map(adds_up, ("sessions", "eventCount", "keyEvents", "keyEvents:x", "newUsers")))
    assert is_count("totalUsers")
    assert not is_count("bounceRate")


@given(st.text(min_size=1))
def test_any_name_has_a_legal_one(name):
    assert legal(name).replace("_", "a").isalnum()
    assert legal(legal(name)) == legal(name)
