"""What there is now, over Google's real client, at a local Google that counts a log of events."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError

from collectors.api import (
    CollectorError,
    Period,
    QuotaSpent,
    Refused,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.clock import FixedClock
from collectors.config.load import load
from collectors.sources import manual, registry
from collectors.sources.google_analytics import GoogleAnalytics
from collectors.sources.google_analytics.realtime import GoogleAnalyticsRealtime
from tests.google import google_context
from tests.servers.google import Bucket, GoogleAccount, GoogleServer, exhausted
from tests.servers.http import json_answer
from tests.sources.google_analytics_realtime.case import EVENTS, NOON

HERE = Path(__file__).parent
PROPERTY = "94954354"
TICK = Window(NOON, NOON + timedelta(minutes=2))
KEY = f"google:property:{PROPERTY}:realtime"


@pytest.fixture
def account():
    return GoogleAccount(events=list(EVENTS), now=NOON)


@pytest.fixture
def server(account):
    with GoogleServer(account) as server:
        yield server


@pytest.fixture
def context(server, tmp_path):
    clock = FixedClock(NOON + timedelta(seconds=5))
    return google_context(server, tmp_path, period=Period.INSTANT, clock=clock)


def source(**query):
    return GoogleAnalyticsRealtime(property=PROPERTY, **query)


def collected(context, **query):
    """What is told of now: measures, and dimensions where there are any."""
    found = list(source(**query).collect(TICK, context))
    assert {one.at for one in found} <= {NOON}
    return [
        (dict(one.measures), *one.dimensions.values()) if one.dimensions else dict(one.measures)
        for one in found
    ]


def error_of(context, **query):
    with pytest.raises(CollectorError) as caught:
        list(source(**query).collect(TICK, context))
    return caught.value


def test_a_recorded_reply_gives_the_expected_readings(context, account):
    case = json.loads((HERE / "cases" / "people-by-device.json").read_text())
    account.faults = [json_answer(case["reply"])]
    found = source(**case["query"]).collect(TICK, context)
    assert [[dict(one.dimensions), dict(one.measures)] for one in found] == case["readings"]


def test_who_was_there_in_the_last_half_hour_is_told_as_of_the_tick(context, server):
    assert collected(context) == [{"activeUsers": 3}]
    assert server.bodies("runRealtimeReport") == [
        {
            "dimensions": [],
            "metrics": [{"name": "activeUsers"}],
            "orderBys": [],
            "limit": "250000",
            "returnPropertyQuota": True,
            "minuteRanges": [{"startMinutesAgo": 29, "endMinutesAgo": 0}],
        }
    ]


def test_fewer_minutes_may_count_as_now(context):
    assert collected(context, minutes=5) == [{"activeUsers": 2}]


def test_pages_are_told_apart_and_filtered_by_their_titles(context):
    assert collected(context, dimensions=["unifiedScreenName"]) == [
        ({"activeUsers": 3}, "Apply"),
        ({"activeUsers": 1}, "Done"),
    ]
    assert collected(context, filters={"unifiedScreenName": "done"}) == [{"activeUsers": 1}]
    assert collected(context, filters="rt:unifiedScreenName==Done") == [{"activeUsers": 1}]


def test_any_metric_in_any_order_as_many_rows_as_wanted(context):
    query = {"metrics": ["screenPageViews", "activeUsers"], "dimensions": ["deviceCategory"]}
    assert collected(context, **query, order=["-screenPageViews"], limit=1) == [
        ({"screenPageViews": 3, "activeUsers": 2}, "mobile")
    ]


def test_where_nobody_is_there_figures_are_zero_and_rows_are_none(context, account):
    account.events.clear()
    assert collected(context, metrics=["activeUsers", "eventCount"]) == [
        {"activeUsers": 0, "eventCount": 0}
    ]
    assert collected(context, dimensions=["unifiedScreenName"]) == []


def test_its_quota_is_not_that_of_the_other_reports(context, account):
    collected(context)
    assert [asked[KEY].concurrent for asked in context.quota.asked] == [8]
    assert context.quota.left[KEY, "tokensPerDay"][0] == 199_999
    of_both = f"google:project-x:property:{PROPERTY}:realtime"
    assert (of_both, "tokensPerProjectPerHour") in context.quota.left
    assert account.quota["tokensPerDay"].remaining == 200_000

    account.realtime_quota["tokensPerDay"] = Bucket(0)
    assert isinstance(error_of(context), QuotaSpent)
    midnight = NOON.replace(hour=0)
    day = Window(midnight, midnight + timedelta(days=1))
    core = GoogleAnalytics(property=PROPERTY, metrics=["sessions"])
    (reading,) = core.collect(day, replace(context, period=Period.DAY))
    assert reading.measures == {"sessions": 4}


def test_too_many_requests_at_once_wait_half_a_minute(context, account):
    account.faults = [exhausted("Exhausted concurrent requests quota.")] * 3
    error = error_of(context)
    assert isinstance(error, Unavailable)
    assert error.retry_after == 30


@pytest.mark.parametrize(
    "reply",
    [
        {"metricHeaders": [{"name": "activeUsers"}], "rowCount": 3},
        {"metricHeaders": [{"name": "activeUsers"}], "rows": [{"metricValues": [{"value": "1"}]}]},
        {"metricHeaders": [{"name": "eventCount"}], "rowCount": 0},
        {"metricHeaders": [{"name": "activeUsers"}], "rowCount": 1, "rows": [{}]},
        [],
    ],
)
def test_a_reply_that_is_not_as_documented_is_no_figure(context, account, reply):
    account.faults = [json_answer(reply)]
    assert isinstance(error_of(context), Unexpected)


def test_what_google_does_not_know_is_refused_in_its_words(context):
    error = error_of(context, dimensions=["browser"])
    assert isinstance(error, Refused)
    assert "Field browser is not a valid dimension" in str(error)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"filters": "ga:pagePath=~^/vehicle-tax$"}, "say unifiedScreenName, which is its title"),
        ({"filters": {"any": [{"pagePath": "/a"}]}}, "say unifiedScreenName"),
        ({"dimensions": ["pageTitle"]}, "'pageTitle' is not known in realtime"),
        ({"metrics": ["totalUsers"]}, "'totalUsers' is not known in realtime: say activeUsers"),
        ({"metrics": ["ga:activeVisitors"]}, "say activeUsers"),
        ({"metrics": ["pageviews"]}, "say screenPageViews"),
        ({"metrics": ["eventCount", "eventCount"]}, "asked for twice: eventCount"),
        ({"order": ["-eventCount"]}, "`order` names '-eventCount'"),
        ({"limit": 5}, "needs an `order`"),
        ({"minutes": 61}, "less than or equal to 60"),
        ({"metrics": []}, "at least 1 item"),
    ],
)
def test_a_query_that_is_wrong_says_what_would_be_right(query, said):
    with pytest.raises(ValidationError) as caught:
        source(**query)
    assert said in str(caught.value)


def test_it_is_looked_at_before_it_is_trusted(context):
    assert list(source().examine(context)) == [
        "the credential google-analytics logs in",
        f"the property {PROPERTY} answers in realtime, with 1 row",
    ]


def test_the_sample_of_the_manual_is_a_configuration(tmp_path):
    (sample,) = [one.sample for one in manual.blocks(GoogleAnalyticsRealtime) if one.sample]
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "one.yaml").write_text(sample)
    loaded = load(tmp_path, tmp_path / "none", sources=registry(), environment={})
    assert loaded.mistakes == ()
    (collector,) = loaded.collectors.values()
    assert collector.period is Period.INSTANT
    assert collector.credentials == "google-analytics"


def test_a_run_keeps_each_tick_under_the_id_that_it_always_had(place, server, account):
    server.service_account(place.credentials)
    keys = f"kind: service_account\nkey_file: key.json\nbase_url: {server.url}\n"
    place.secret("google-analytics.yaml", keys)
    place.service("toll", COLLECTOR)
    place.servers.append(server)
    place.clock = FixedClock(NOON + timedelta(seconds=70))
    assert place.run("run", "toll").code == 0
    account.events.clear()
    place.clock.advance(timedelta(minutes=2))
    assert place.run("run", "toll").code == 0
    assert "nothing is due" in place.run("run", "toll").out

    first, second = (f"2026-11-20T12:0{minute}:00+00:00" for minute in (0, 2))
    common = {"for_url": "", "_id": first, "_timestamp": first}
    assert place.read("toll/realtime") == [
        {**common, "unique_visitors": 3},
        {**common, "unique_visitors": 0, "_id": second, "_timestamp": second},
    ]


COLLECTOR = f"""\
realtime:
  source: google-analytics-realtime
  schedule: every 2 minutes
  query: {{property: "{PROPERTY}"}}
  map: {{activeUsers: unique_visitors}}
  add: {{for_url: ""}}
  steps: [drop: [dataType]]
  id: {{scheme: legacy, fields: [_timestamp], timestamps: {{}}, encoding: plain}}
"""
