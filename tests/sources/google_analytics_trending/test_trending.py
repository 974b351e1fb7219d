"""What rises and falls, over Google's real client, at a local Google that counts a log of events."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from collectors.api import (
    CollectorError,
    NotYet,
    Period,
    QuotaSpent,
    Refused,
    Unexpected,
    Window,
    beginning,
)
from collectors.config.load import load
from collectors.sources import manual, registry
from collectors.sources.google_analytics.report import Row
from collectors.sources.google_analytics.trending import GoogleAnalyticsTrending, trends
from tests.google import google_context
from tests.servers.google import Bucket, GoogleAccount, GoogleServer
from tests.servers.http import json_answer
from tests.sources.google_analytics_trending.case import EVENTS, LONDON

HERE = Path(__file__).parent
PROPERTY = "94954354"


def days(first, end):
    """London's days of November 2026."""
    return Window(*(beginning(date(2026, 11, day), LONDON) for day in (first, end)))


@pytest.fixture
def account():
    return GoogleAccount(events=list(EVENTS), custom={"pageTitle"})


@pytest.fixture
def server(account):
    with GoogleServer(account) as server:
        yield server


@pytest.fixture
def context(server, tmp_path):
    return google_context(server, tmp_path)


def source(**query):
    return GoogleAnalyticsTrending(property=PROPERTY, **({"floor": 8} | query))


def collected(context, window=None, **query):
    """The trends as value, the first week, the second, the change."""
    found = source(**query).collect(window or days(19, 20), context)
    return [(*one.dimensions.values(), *one.measures.values()) for one in found]


def error_of(context, window=None, **query):
    with pytest.raises(CollectorError) as caught:
        collected(context, window, **query)
    return caught.value


def test_recorded_replies_give_the_expected_readings(context, account):
    case = json.loads((HERE / "cases" / "pages-of-a-service.json").read_text())
    account.faults = [json_answer(reply) for reply in case["replies"]]
    found = GoogleAnalyticsTrending(property=PROPERTY, **case["query"]).collect(
        days(19, 20), context
    )
    assert [[dict(one.dimensions), dict(one.measures)] for one in found] == case["readings"]
    assert "more values than Google keeps apart" in context.warn.told[0]


def test_each_page_has_two_weeks_and_how_much_the_second_is_above_the_first(context):
    (reading, *_) = source().collect(days(19, 20), context)
    assert reading.at == days(19, 20).start
    assert reading.dimensions == {"pageTitle": "Help"}
    assert reading.measures == {"week1": 8, "week2": 16, "percent_change": 100.0}
    assert reading.span is Period.WEEK


def test_those_that_have_risen_most_come_first_and_few_views_count_as_the_floor(context):
    assert collected(context) == [
        ("Help", 8, 16, 100.0),
        ("Rare", 8, 8, 0.0),
        ("Apply", 16, 14, -12.5),
    ]
    assert collected(context, floor=1)[0] == ("Help", 4, 16, 300.0)
    assert collected(context, top=1) == [("Help", 8, 16, 100.0)]


def test_a_page_of_several_paths_is_told_with_the_outermost(context):
    assert collected(context, beside=["pagePath"])[-1] == ("Apply", "/apply", 16, 14, -12.5)


def test_both_weeks_are_asked_for_at_once(context, server):
    collected(context, filters={"pageTitle": {"begins": "H"}})
    (batch,) = server.bodies("batchRunReports")
    before, last = batch["requests"]
    assert before["dateRanges"] == [{"startDate": "2026-11-06", "endDate": "2026-11-12"}]
    assert last["dateRanges"] == [{"startDate": "2026-11-13", "endDate": "2026-11-19"}]
    for asked in (before, last):
        assert asked["dimensions"] == [{"name": "pageTitle"}]
        assert asked["metrics"] == [{"name": "screenPageViews"}]
        assert asked["dimensionFilter"]["filter"]["fieldName"] == "pageTitle"
    assert server.bodies() == []


def test_more_rows_than_a_reply_holds_are_asked_for_page_by_page(context, server, account):
    account.page = 1
    assert collected(context) == [
        ("Help", 8, 16, 100.0),
        ("Rare", 8, 8, 0.0),
        ("Apply", 16, 14, -12.5),
    ]
    assert sorted(one["offset"] for one in server.bodies()) == ["1", "1", "2"]


def test_a_week_may_be_that_of_the_calendar(server, tmp_path):
    context = google_context(server, tmp_path, period=Period.WEEK)
    assert collected(context, days(9, 16), floor=1) == [
        ("Help", 1, 4, 300.0),
        ("Rare", 1, 2, 100.0),
        ("Apply", 109, 11, (11 - 109) / 109 * 100),
    ]


def test_people_are_counted_where_nothing_is_added_up(context):
    assert collected(context, metric="totalUsers")[0] == ("Help", 8, 16, 100.0)


def test_every_day_of_a_longer_window_has_its_trends(context):
    assert [one[0] for one in collected(context, days(19, 21), top=1)] == ["Help", "Help"]


def test_nothing_at_all_is_not_yet_until_google_has_counted(context, account):
    account.events.clear()
    assert isinstance(error_of(context), NotYet)
    assert collected(context, days(2, 3)) == []


def test_its_quota_is_that_of_all_reports(context, account):
    account.quota["tokensPerDay"] = Bucket(0)
    assert isinstance(error_of(context), QuotaSpent)
    assert context.quota.left[f"google:property:{PROPERTY}", "tokensPerDay"][0] == 0


def test_days_of_another_zone_are_told(context, account):
    account.zone = "America/New_York"
    assert "set `zone: America/New_York`" in str(error_of(context))


@pytest.mark.parametrize("reply", [[], {"reports": [{}]}, {"reports": [{}, {"rowCount": 2}]}])
def test_a_reply_that_is_not_as_documented_is_no_trend(context, account, reply):
    account.faults = [json_answer(reply)]
    assert isinstance(error_of(context), Unexpected)


def test_a_count_that_is_no_number_is_no_trend():
    with pytest.raises(Unexpected, match="counts 'Apply' with no number"):
        trends([(0, Row(["Apply"], [None]))], 1)


def test_the_row_of_all_others_is_no_page():
    assert trends([(0, Row(["(other)"], [5])), (1, Row(["(other)"], [9]))], 1) == []


COUNTS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.integers(0, 10**6)))


@given(COUNTS, st.integers(1, 1000), st.randoms())
def test_whatever_the_order_of_rows_trends_are_the_same_and_sums_of_their_rows(rows, floor, random):
    said = [(week, Row([value, f"/{count}"], [count])) for value, week, count in rows]
    found = trends(said, floor)
    random.shuffle(said)
    assert trends(said, floor) == found
    for trend in found:
        sums = [
            sum(count for value, week, count in rows if (value, week) == (trend.value, number))
            for number in (0, 1)
        ]
        assert trend.weeks == [max(one, floor) for one in sums]
    assert [one.percent_change for one in found] == sorted(
        (one.percent_change for one in found), reverse=True
    )


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"metric": "pageviews"}, "say screenPageViews"),
        ({"metric": "bounceRate"}, "'bounceRate' is no count"),
        ({"metric": "totalUsers", "beside": ["pagePath"]}, "cannot be added up over what is"),
        ({"beside": ["pageTitle"]}, "name a dimension twice"),
        ({"floor": 0}, "greater than 0"),
        ({"top": 0}, "greater than 0"),
        ({"filters": {}}, "a filter is a mapping"),
    ],
)
def test_a_query_that_is_wrong_says_what_would_be_right(query, said):
    with pytest.raises(ValidationError) as caught:
        source(**query)
    assert said in str(caught.value)


def test_it_is_looked_at_before_it_is_trusted(context):
    names = "pageTitle, pagePath, screenPageViews"
    assert list(source(beside=["pagePath"]).examine(context)) == [
        "the credential google-analytics logs in",
        f"the property {PROPERTY} may be read",
        "the property counts its days as the collector does, in Europe/London",
        f"the property knows these names, and they go together: {names}",
    ]
    with pytest.raises(Refused, match="has no dimension 'pageTitel'; nearest: 'pageTitle'"):
        list(source(dimension="pageTitel").examine(context))


def test_the_sample_of_the_manual_is_a_configuration(tmp_path):
    (sample,) = [one.sample for one in manual.blocks(GoogleAnalyticsTrending) if one.sample]
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "one.yaml").write_text(sample)
    loaded = load(tmp_path, tmp_path / "none", sources=registry(), environment={})
    assert loaded.mistakes == ()
    (collector,) = loaded.collectors.values()
    assert collector.replace
    assert collector.credentials == "google-analytics"
    assert collector.source.max_span == timedelta(days=7)
    assert collector.source.settle == timedelta(days=3)


def test_a_run_replaces_the_trends_of_the_day_before(place, server, account):
    server.service_account(place.credentials)
    keys = f"kind: service_account\nkey_file: key.json\nbase_url: {server.url}\n"
    place.secret("google-analytics.yaml", keys)
    place.service("toll", COLLECTOR)
    place.servers.append(server)
    assert place.run("run", "toll").code == 0
    before = place.read("toll/trending")
    place.clock.advance(timedelta(days=1))
    assert place.run("run", "toll").code == 0
    after = place.read("toll/trending")

    assert [(one["pageTitle"], one["week1"], one["week2"]) for one in before] == [("Help", 8, 16)]
    assert [(one["pageTitle"], one["week1"], one["week2"]) for one in after] == [("Help", 8, 115)]
    assert [one["timeSpan"] for one in after] == ["week"]


COLLECTOR = f"""\
trending:
  source: google-analytics-trending
  schedule: daily
  replace: yes
  query: {{property: "{PROPERTY}", floor: 8, top: 1}}
"""
