"""Google Analytics, over Google's real client, at a local Google that counts a log of events."""

import json
import textwrap
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from pydantic import ValidationError

import collectors.sources.google_analytics as manual
from collectors.api import (
    CollectorError,
    HttpClient,
    NotYet,
    Period,
    QuotaSpent,
    Refused,
    Unavailable,
    Unexpected,
    Window,
    beginning,
)
from collectors.api.google import GoogleCredential
from collectors.clock import FixedClock
from collectors.config.load import load
from collectors.sources.google_analytics import GoogleAnalytics
from collectors.sources.google_analytics import report as reports
from tests.contexts import NOW, RecordingSleep
from tests.google import LONDON, google_context
from tests.servers.google import (
    CLIENT,
    REFRESH_TOKEN,
    Bucket,
    Event,
    GoogleAccount,
    GoogleServer,
    exhausted,
    failed,
)
from tests.servers.http import Answer, html_answer, json_answer

HERE = Path(__file__).parent
PROPERTY = "94954354"
KEY = f"google:property:{PROPERTY}"
GOALS = {"start": "begin", "done": "complete"}


def day(text):
    """The start of a London day."""
    return beginning(datetime.fromisoformat(text).date(), LONDON)


def days(first, end):
    return Window(day(first), day(end))


WEEK = days("2026-11-09", "2026-11-16")


def event(at, name="page_view", user="u", session="s", **texts):
    return Event(datetime.fromisoformat(at).replace(tzinfo=LONDON), name, user, session, texts)


def funnel(started):
    """Events of days on which so many began, and every second one got to the end."""
    for date, count in started.items():
        for number in range(count):
            person = f"user{number}"
            yield event(
                f"{date}T12:00", "begin", person, f"{date}-{number}", deviceCategory="mobile"
            )
            if number % 2:
                yield event(
                    f"{date}T12:05", "complete", person, f"{date}-{number}", deviceCategory="mobile"
                )


@pytest.fixture
def account():
    return GoogleAccount(
        events=list(funnel({"2026-11-09": 4, "2026-11-10": 5, "2026-11-12": 1})),
        key_events={"complete"},
    )


@pytest.fixture
def server(account):
    with GoogleServer(account) as server:
        yield server


@pytest.fixture
def context(server, tmp_path):
    return google_context(server, tmp_path)


def source(**query):
    return GoogleAnalytics(property=PROPERTY, **query)


def collected(context, window=WEEK, **query):
    """The readings as dates, measures and dimensions."""
    found = list(source(**query).collect(window, context))
    return [
        (
            f"{one.at.astimezone(context.zone):%m-%d}",
            dict(one.measures),
            *([dict(one.dimensions)] if one.dimensions else []),
        )
        for one in found
    ]


def error_of(context, window=WEEK, **query):
    with pytest.raises(CollectorError) as caught:
        list(source(**query or {"metrics": ["sessions"]}).collect(window, context))
    said = f"{caught.value} {vars(caught.value)}"
    assert not [one for one in (REFRESH_TOKEN, CLIENT["client_secret"], "ya29.") if one in said]
    return caught.value


# Golden cases


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(json.loads(path.read_text()), id=path.stem)
        for path in sorted((HERE / "cases").glob("*.json"))
    ],
)
def test_a_recorded_reply_gives_the_expected_readings(context, server, case):
    window = days(*case["window"])
    server.account.faults = [json_answer(reply) for reply in case["replies"]]
    found = source(**case["query"]).collect(
        window,
        google_context(server, context.credential.file.parent, period=Period(case["period"])),
    )
    shown = [
        {
            "at": f"{one.at:%Y-%m-%dT%H:%MZ}",
            "measures": dict(one.measures),
            "dimensions": dict(one.dimensions),
        }
        for one in found
    ]
    assert shown == case["readings"]
    assert server.account.faults == []


# Goals


def test_goals_stand_side_by_side_with_their_rate(context):
    assert collected(context, goals=GOALS) == [
        ("11-09", {"starts": 4, "completions": 2, "completion_rate": 0.5}),
        ("11-10", {"starts": 5, "completions": 2, "completion_rate": 0.4}),
        ("11-11", {"starts": 0, "completions": 0, "completion_rate": None}),
        ("11-12", {"starts": 1, "completions": 0, "completion_rate": 0.0}),
        ("11-13", {"starts": 0, "completions": 0, "completion_rate": None}),
        ("11-14", {"starts": 0, "completions": 0, "completion_rate": None}),
        ("11-15", {"starts": 0, "completions": 0, "completion_rate": None}),
    ]


def test_a_key_event_is_asked_for_as_such_and_any_other_by_its_name(context, server):
    collected(context, goals=GOALS)
    by_name, as_key_event = server.bodies()
    assert by_name["metrics"] == [{"name": "eventCount"}]
    assert by_name["dimensionFilter"] == {
        "filter": {
            "fieldName": "eventName",
            "inListFilter": {"values": ["begin"], "caseSensitive": True},
        }
    }
    assert as_key_event["metrics"] == [{"name": "keyEvents:complete"}]
    assert "dimensionFilter" not in as_key_event


def test_the_names_of_a_property_are_read_once_for_all_its_collectors(context, server):
    collected(context, goals=GOALS)
    collected(context, goals=GOALS)
    assert sum(one.path.endswith("/metadata") for one in server.requests) == 1


def test_what_is_counted_can_be_said_and_then_no_names_are_read(context, server):
    assert collected(context, goals=GOALS, count="events")[0] == (
        "11-09",
        {"starts": 4, "completions": 2, "completion_rate": 0.5},
    )
    assert [one.path.rpartition("/")[2] for one in server.requests] == [
        "token",
        f"{PROPERTY}:runReport",
    ]
    goals = {
        "start": {"event": "begin", "count": "users"},
        "done": {"event": "complete", "count": "sessions"},
    }
    assert collected(context, goals=goals)[1][1]["starts"] == 5


def test_stages_may_be_readings_of_their_own(context):
    window = days("2026-11-12", "2026-11-14")
    assert collected(context, window, goals=GOALS, stages="rows") == [
        ("11-12", {"count": 1}, {"stage": "start"}),
        ("11-12", {"count": 0}, {"stage": "done"}),
        ("11-13", {"count": 0}, {"stage": "start"}),
        ("11-13", {"count": 0}, {"stage": "done"}),
    ]
    assert collected(
        context, window, goals=GOALS, count="events", stages="rows", fill="absent"
    ) == [
        ("11-12", {"count": 1}, {"stage": "start"}),
    ]


def test_nothing_is_filled_in_where_that_is_asked_for(context):
    found = collected(context, goals=GOALS, count="events", fill="absent")
    assert found[-1] == ("11-12", {"starts": 1, "completions": None, "completion_rate": None})
    assert len(found) == 3


def test_goals_may_be_told_apart_by_dimensions(context, account):
    account.events.append(event("2026-11-09T09:00", "begin", deviceCategory="desktop"))
    found = collected(
        context, days("2026-11-09", "2026-11-10"), goals=GOALS, dimensions=["deviceCategory"]
    )
    assert found == [
        (
            "11-09",
            {"starts": 1, "completions": 0, "completion_rate": 0.0},
            {"deviceCategory": "desktop"},
        ),
        (
            "11-09",
            {"starts": 4, "completions": 2, "completion_rate": 0.5},
            {"deviceCategory": "mobile"},
        ),
    ]


def test_two_stages_may_have_one_event_and_other_stages_keep_their_names(context):
    goals = {"start": "begin", "begun": "begin", "done": "complete"}
    assert collected(context, goals=goals)[0][1] == {
        "starts": 4, "begun": 4, "completions": 2, "completion_rate": 0.5,
    }  # fmt: skip


def test_an_event_that_is_never_counted_where_another_often_is_is_told_once(context, account):
    account.events.extend(funnel({"2026-11-11": 40}))
    goals = {"start": "begin", "done": "compleet"}
    found = collected(context, goals=goals, dimensions=["deviceCategory"])
    assert found[0][1] == {"starts": 4, "completions": 0, "completion_rate": 0}
    [told] = context.warn.told
    assert told == (
        "Google Analytics counted no event 'compleet' from 2026-11-09 to 2026-11-15, though "
        "'begin' was counted: is it spelt so, or was it renamed? `check` looks"
    )


def test_an_event_that_filters_may_leave_out_is_told_so(context, account):
    account.events.extend(funnel({"2026-11-11": 40}))
    goals = {"start": "complete", "done": "compleet"}
    collected(context, goals=goals, filters={"deviceCategory": "mobile"})
    [told] = context.warn.told
    assert told.endswith(
        "is it spelt so, was it renamed, or do `filters` leave it out? `check` looks"
    )


def test_goals_that_are_all_counted_and_goals_that_all_are_not_are_not_told(context):
    collected(context, goals=GOALS)
    collected(context, days("2026-11-13", "2026-11-16"), goals=GOALS)
    collected(context, goals={"first": "bgin", "last": "compleet"})
    assert context.warn.told == []


def test_a_quiet_week_without_a_completion_is_not_told(context):
    collected(context, goals={"start": "begin", "done": "compleet"})
    assert context.warn.told == []


def test_an_event_that_is_marked_later_is_told(context, server, tmp_path):
    collected(context, goals=GOALS)
    server.account.key_events.add("begin")
    later = google_context(server, tmp_path, state=context.state)
    collected(later, goals=GOALS)
    [told] = later.warn.told
    assert told == (
        "'begin' is counted as key_events, and was as events: it was marked as a key event, or no "
        "longer is; say `count` to keep to one"
    )


def test_key_events_that_are_none_say_what_to_do(context):
    error = error_of(context, goals=GOALS, count="key_events")
    assert isinstance(error, Refused)
    assert "mark the event as a key event, in Admin > Events, or say `count: events`" in str(error)


# Reports


def test_a_report_has_its_figures_by_type_and_legal_names(context, server):
    query = {
        "dimensions": ["deviceCategory"],
        "metrics": ["sessions", "keyEvents:complete", "bounceRate"],
    }
    found = collected(context, days("2026-11-09", "2026-11-11"), **query)
    assert found == [
        (
            "11-09",
            {"sessions": 4, "keyEvents_complete": 2, "bounceRate": 0.25},
            {"deviceCategory": "mobile"},
        ),
        (
            "11-10",
            {"sessions": 5, "keyEvents_complete": 2, "bounceRate": 0.25},
            {"deviceCategory": "mobile"},
        ),
    ]
    assert [type(one) for one in found[0][1].values()] == [int, int, float]
    [body] = server.bodies()
    assert body["dateRanges"] == [{"startDate": "2026-11-09", "endDate": "2026-11-10"}]
    assert [one["name"] for one in body["dimensions"]] == ["date", "deviceCategory"]
    assert body["returnPropertyQuota"] is True


def test_order_and_limit_keep_the_first_rows_of_each_period(context, account, server):
    for number in range(20):
        for date in ("2026-11-09", "2026-11-10"):
            account.events += [event(f"{date}T10:00", pagePath=f"/{number:02}")] * (number + 1)
    query = {
        "dimensions": ["pagePath"],
        "metrics": ["screenPageViews"],
        "order": ["-screenPageViews"],
    }
    found = collected(context, days("2026-11-09", "2026-11-11"), **query, limit=2)
    assert [(at, dimensions["pagePath"]) for at, _, dimensions in found] == [
        ("11-09", "/19"), ("11-09", "/18"), ("11-10", "/19"), ("11-10", "/18"),
    ]  # fmt: skip
    [batch] = server.bodies("batchRunReports")
    assert [one["limit"] for one in batch["requests"]] == ["2", "2"]


def test_filters_are_sent(context, account):
    account.events += [
        event("2026-11-09T10:00", pagePath="/apply/a"),
        event("2026-11-09T10:00", pagePath="/other"),
    ]
    found = collected(
        context,
        days("2026-11-09", "2026-11-10"),
        dimensions=["pagePath"],
        metrics=["eventCount"],
        filters={"pagePath": {"begins": "/apply"}},
    )
    assert found == [("11-09", {"eventCount": 1}, {"pagePath": "/apply/a"})]


def test_a_report_is_read_page_by_page_without_a_gap_or_a_double(
    context, account, server, monkeypatch
):
    account.page = 7  # whatever is asked for
    account.events = [event("2026-11-09T10:00", pagePath=f"/{number:03}") for number in range(100)]
    found = collected(context, dimensions=["pagePath"], metrics=["eventCount"])
    assert [one[2]["pagePath"] for one in found] == [f"/{number:03}" for number in range(100)]
    assert len(server.bodies()) == 15
    order = server.bodies()[0]["orderBys"]
    assert [one["dimension"]["dimensionName"] for one in order] == ["date", "pagePath"]


def test_pages_that_come_shorter_are_completed(context, account, server):
    account.events = [event("2026-11-09T10:00", pagePath=f"/{number:03}") for number in range(50)]
    account.page = 20

    def shorter(request):
        account.page = 6
        return server.answer(request)

    account.faults = [shorter]
    found = collected(context, dimensions=["pagePath"], metrics=["eventCount"])
    assert len(found) == 50


def test_a_report_that_changes_between_its_pages_is_read_again_later(context, account, server):
    account.page = 5
    account.events = [event("2026-11-09T10:00", pagePath=f"/{number:03}") for number in range(20)]

    def grown(request):
        account.events.append(event("2026-11-09T10:00", pagePath="/new"))
        return server.answer(request)

    account.faults = [None, grown]
    assert isinstance(
        error_of(context, dimensions=["pagePath"], metrics=["eventCount"]), Unavailable
    )


def test_readings_come_before_the_last_page_is_read(context, account, server):
    account.page = 5
    account.events = [event("2026-11-09T10:00", pagePath=f"/{number:03}") for number in range(200)]
    found = source(dimensions=["pagePath"], metrics=["eventCount"]).collect(WEEK, context)
    next(found)
    assert len(server.bodies()) < 10
    found.close()


# Users are never added up


def test_users_of_weeks_are_asked_for_week_by_week_five_at_once(context, account, server, tmp_path):
    account.events = [
        event(f"2026-{month:02}-{date:02}T12:00") for month in (9, 10) for date in range(1, 29)
    ]
    weekly = google_context(server, tmp_path, period=Period.WEEK)
    window = days("2026-08-31", "2026-10-26")
    found = collected(weekly, window, metrics=["totalUsers"])
    assert found == [
        (f"{day:%m-%d}", {"totalUsers": 1})
        for day in (datetime(2026, 8, 31, tzinfo=UTC) + timedelta(weeks=n) for n in range(8))
    ]
    batches = sorted(server.bodies("batchRunReports"), key=lambda one: -len(one["requests"]))
    assert [len(one["requests"]) for one in batches] == [5, 3]
    ranges = [one["dateRanges"][0] for batch in batches for one in batch["requests"]]
    assert ranges[0] == {"startDate": "2026-08-31", "endDate": "2026-09-06"}


def test_what_adds_up_is_one_report_over_all_weeks(server, tmp_path):
    weekly = google_context(server, tmp_path, period=Period.WEEK)
    assert collected(weekly, days("2026-11-02", "2026-11-16"), metrics=["sessions"]) == [
        ("11-09", {"sessions": 10})
    ]
    [body] = server.bodies()
    assert body["dimensions"] == [{"name": "isoYearIsoWeek"}]


@pytest.mark.parametrize(
    ("period", "window", "label"),
    [
        (Period.MONTH, ("2026-09-01", "2026-11-01"), "yearMonth"),
        (Period.YEAR, ("2025-01-01", "2026-01-01"), "year"),
        (Period.DAY, ("2026-09-01", "2026-11-01"), "date"),
    ],
)
def test_each_period_has_its_dimension(server, tmp_path, account, period, window, label):
    account.events = [
        event("2025-07-01T12:00"),
        event("2026-09-01T00:10"),
        event("2026-10-31T23:50"),
    ]
    found = collected(
        google_context(server, tmp_path, period=period), days(*window), metrics=["eventCount"]
    )
    assert sum(one[1]["eventCount"] for one in found) == (1 if period is Period.YEAR else 2)
    assert server.bodies()[0]["dimensions"][0] == {"name": label}


def test_quarters_are_asked_for_one_by_one(server, tmp_path, account):
    account.events = [event("2026-02-01T12:00"), event("2026-05-01T12:00")]
    quarterly = google_context(server, tmp_path, period=Period.QUARTER)
    found = collected(quarterly, days("2026-01-01", "2026-07-01"), metrics=["eventCount"])
    assert found == [("01-01", {"eventCount": 1}), ("04-01", {"eventCount": 1})]


# Time


def test_hours_are_those_of_the_property_and_the_night_of_two_is_told(server, tmp_path, account):
    account.events = [
        Event(datetime(2026, 10, 24, 22, tzinfo=UTC) + timedelta(hours=n)) for n in range(6)
    ]
    hourly = google_context(server, tmp_path, period=Period.HOUR)
    window = Window(datetime(2026, 10, 24, 22, tzinfo=UTC), datetime(2026, 10, 25, 4, tzinfo=UTC))
    found = list(source(metrics=["eventCount"], fill="zero").collect(window, hourly))
    assert [(one.at.hour, one.measures["eventCount"]) for one in found] == [
        (22, 1),
        (23, 1),
        (0, 2),
        (2, 1),
        (3, 1),
    ]
    [told] = hourly.warn.told
    assert (
        "the figures of the hour from 2026-10-25T01:00Z are told with those of the hour before"
        in told
    )


def test_hours_of_a_zone_of_half_hours_are_refused(server, tmp_path):
    hourly = google_context(server, tmp_path, period=Period.HOUR, zone=ZoneInfo("Asia/Kolkata"))
    assert "collect days instead" in str(error_of(hourly))


def test_a_property_of_another_zone_says_which_zone_to_set(context, account):
    account.zone = "America/Los_Angeles"
    error = error_of(context)
    assert isinstance(error, Refused)
    assert str(error).startswith(
        f"the property {PROPERTY} counts its days in America/Los_Angeles, and this collector in "
        "Europe/London: set `zone: America/Los_Angeles`"
    )


def test_a_zone_of_another_name_with_the_same_days_will_do(context, account):
    account.zone = "Europe/Jersey"
    assert collected(context, metrics=["sessions"])


def test_what_is_younger_than_three_days_is_left_alone_where_there_is_nothing(context, account):
    account.events = list(funnel({"2026-11-15": 1}))
    found = collected(context, days("2026-11-14", "2026-11-20"), goals=GOALS)
    assert [one[0] for one in found] == ["11-14", "11-15", "11-16"]
    assert isinstance(error_of(context, days("2026-11-18", "2026-11-20"), goals=GOALS), NotYet)


def test_a_property_in_which_nothing_happens_has_zeros_once_they_are_sure(context, account):
    account.events = []
    assert len(collected(context, days("2026-11-09", "2026-11-20"), goals=GOALS)) == 8
    assert collected(context, metrics=["sessions"]) == []
    assert len(collected(context, metrics=["sessions", "bounceRate"], fill="zero")) == 7
    assert collected(context, metrics=["bounceRate", "sessions"], fill="zero")[0][1] == {
        "bounceRate": None,
        "sessions": 0,
    }


# How good the figures are


def test_what_google_says_of_its_figures_is_told_and_given_on_request(context, account):
    account.metadata = {
        "dataLossFromOtherRow": True,
        "subjectToThresholding": True,
        "samplingMetadatas": [{"samplesReadCount": "250", "samplingSpaceSize": "1000"}],
        "dataTruncationReasons": [{"dataTruncationType": "DATA_TRUNCATION_TYPE_PROPERTY"}],
        "emptyReason": "none",
        "schemaRestrictionResponse": {"activeMetricRestrictions": [{"metricName": "adCost"}]},
    }
    [first, *_] = collected(context, metrics=["sessions"], quality=True)
    assert first[1] == {
        "sessions": 4,
        "sampled_share": 0.25,
        "thresholded": 1,
        "other_row": 1,
        "truncated": 1,
    }
    told = " ".join(context.warn.told)
    for words in (
        "'(other)'",
        "thresholding",
        "25.0% of the events",
        "cut the data off",
        "is empty",
        "adCost",
    ):
        assert words in told


def test_good_figures_are_told_to_be_good(context):
    [first, *_] = collected(context, goals=GOALS, quality=True)
    assert (
        first[1] | {"sampled_share": 1.0, "thresholded": 0, "other_row": 0, "truncated": 0}
        == first[1]
    )
    assert context.warn.told == []


# Quota


def test_what_is_left_is_reported_by_property_and_project(context):
    collected(context, metrics=["sessions"])
    hour, midnight = datetime(2026, 11, 20, 13, tzinfo=UTC), datetime(2026, 11, 21, tzinfo=UTC)
    of_both = f"google:project-x:property:{PROPERTY}"
    assert context.quota.left == {
        (KEY, "tokensPerDay"): (199_999, midnight),
        (KEY, "tokensPerHour"): (39_999, hour),
        (of_both, "tokensPerProjectPerHour"): (13_999, hour),
        (of_both, "serverErrorsPerProjectPerHour"): (10, hour),
        (KEY, "potentiallyThresholdedRequestsPerHour"): (120, hour),
    }


def test_eight_requests_of_a_property_may_be_under_way_or_as_the_credential_says(
    context, server, tmp_path
):
    collected(context, metrics=["sessions"])
    [asked] = context.quota.asked
    assert [(key, one.concurrent) for key, one in asked.items()] == [
        ("google:project-x", None),
        (KEY, 8),
        (f"google:project-x:property:{PROPERTY}", None),
    ]
    source = GoogleAnalytics(property=PROPERTY, metrics=["sessions"])
    assert source.quota_keys(context.credential, "google-analytics") == asked
    few = context.credential.model_copy(update={"concurrent": 2})
    other = google_context(server, tmp_path, credential=few)
    collected(other, metrics=["sessions"])
    assert [asked[KEY].concurrent for asked in other.quota.asked] == [2]


def test_nothing_is_asked_while_a_budget_is_known_to_be_used_up(context, server):
    context.quota.report(KEY, 0, NOW + timedelta(hours=1), "tokensPerDay")
    assert isinstance(error_of(context), QuotaSpent)
    assert server.bodies() == []


def test_tokens_of_the_day_are_spent_until_the_propertys_midnight(server, tmp_path, account):
    account.quota["tokensPerDay"] = Bucket(0)
    context = google_context(
        server, tmp_path, clock=FixedClock(datetime(2026, 7, 1, 12, tzinfo=UTC))
    )
    error = error_of(context, days("2026-06-01", "2026-06-02"))
    assert isinstance(error, QuotaSpent)
    assert error.resets_at == datetime(2026, 7, 1, 23, tzinfo=UTC)
    before = len(server.requests)
    assert isinstance(error_of(context, days("2026-06-01", "2026-06-02")), QuotaSpent)
    assert len(server.requests) == before


@pytest.mark.parametrize(
    "name",
    [
        "tokensPerHour",
        "tokensPerProjectPerHour",
        "serverErrorsPerProjectPerHour",
        "potentiallyThresholdedRequestsPerHour",
    ],
)
def test_tokens_of_the_hour_are_spent_for_half_of_it_without_asking_again(
    context, server, account, name
):
    account.quota[name] = Bucket(0)
    error = error_of(context)
    assert isinstance(error, QuotaSpent)
    assert error.resets_at == NOW + timedelta(minutes=30)
    assert context.http.sleep.seconds == []
    assert [bucket for (_, bucket), (left, _) in context.quota.left.items() if left == 0] == [name]
    asked = len(server.requests)
    assert isinstance(error_of(context), QuotaSpent)
    assert len(server.requests) == asked


def test_too_many_at_once_is_waited_for(context, account):
    account.faults = [
        exhausted("Exhausted concurrent requests quota. Please send fewer requests concurrently.")
    ]
    assert collected(context, metrics=["sessions"])
    assert context.http.sleep.seconds[0] >= 30


# Refusals and faults


def test_a_property_that_may_not_be_read_says_who_to_let_in(context, account):
    account.readers = set()
    error = error_of(context)
    assert isinstance(error, Refused)
    assert str(error).endswith(
        f"collector@project-x.iam.gserviceaccount.com may not read the property {PROPERTY}, or there is none "
        "of that number: add that account as a Viewer in Admin > Property access management, or "
        "correct `property`"
    )


def test_names_that_google_does_not_know_are_refused_with_what_it_says(context):
    error = error_of(context, metrics=["sesions"])
    assert isinstance(error, Refused)
    assert "Field sesions is not a valid metric." in str(error)


@pytest.mark.parametrize(
    "reply",
    [
        [],
        {
            "dimensionHeaders": [{"name": "date"}],
            "metricHeaders": [{"name": "other", "type": "TYPE_INTEGER"}],
        },
        {"rows": 5},
        {"rowCount": "many"},
        {"metadata": 5},
        {"metadata": {"timeZone": "Mars/Base"}},
    ],
)
def test_a_reply_of_another_shape_is_unexpected(context, account, reply):
    good = {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}],
    }
    account.faults = [json_answer({**good, **reply} if isinstance(reply, dict) else reply)]
    assert isinstance(error_of(context), Unexpected)


@pytest.mark.parametrize(
    "row",
    [
        {},
        5,
        {"dimensionValues": [{"value": "20261109"}], "metricValues": [{"value": "x"}]},
        {"dimensionValues": [{"value": "20261109"}], "metricValues": [{}]},
        {"dimensionValues": [{"value": "20261109"}], "metricValues": []},
        {"dimensionValues": [{"value": "(other)"}], "metricValues": [{"value": "1"}]},
        {"dimensionValues": [{"value": "20261399"}], "metricValues": [{"value": "1"}]},
    ],
)
def test_a_row_that_cannot_be_read_is_unexpected_and_no_zero(context, account, row):
    reply = {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}],
        "rows": [row],
        "rowCount": 1,
    }
    account.faults = [json_answer(reply)]
    assert isinstance(error_of(context), Unexpected)


def test_rows_that_are_out_of_order_and_rows_that_are_promised_and_missing_are_unexpected(
    context, account
):
    heads = {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}],
    }
    rows = [
        {"dimensionValues": [{"value": text}], "metricValues": [{"value": "1"}]}
        for text in ("20261110", "20261109")
    ]
    account.faults = [json_answer(heads | {"rows": rows, "rowCount": 2})]
    assert isinstance(error_of(context), Unexpected)
    account.faults = [json_answer(heads | {"rowCount": 2})]
    assert isinstance(error_of(context), Unexpected)
    account.faults = [json_answer({"reports": []})]
    assert isinstance(
        error_of(context, metrics=["sessions"], order=["sessions"], limit=1), Unexpected
    )


@pytest.mark.parametrize(
    "fault",
    [
        failed(500, "Internal error encountered.", "INTERNAL"),
        failed(503, "The service is currently unavailable.", "UNAVAILABLE"),
        html_answer("<h1>Bad gateway</h1>", 502),
        Answer(200, b'{"rows": []}', cut=5),
        Answer(raw=b""),
    ],
)
def test_what_passes_is_tried_again_and_ends_as_unavailable(context, account, fault):
    account.faults = [fault, fault]
    assert collected(context, metrics=["sessions"])
    account.faults = [fault] * 3
    assert isinstance(error_of(context), Unavailable)


def test_a_token_that_runs_out_between_pages_is_renewed(context, account, server):
    account.page = 5
    account.events = [event("2026-11-09T10:00", pagePath=f"/{number:03}") for number in range(60)]

    def forgetting(request):
        account.forget_tokens()
        return failed(401, "Request had invalid authentication credentials.", "UNAUTHENTICATED")

    account.faults = [None, None, forgetting]
    assert len(collected(context, dimensions=["pagePath"], metrics=["eventCount"])) == 60


def test_a_stall_is_unavailable(server, tmp_path, account):
    http = HttpClient(FixedClock(NOW), sleep=RecordingSleep(), read=0.2, proxies={})
    context = google_context(server, tmp_path, http=http)
    account.faults = [Answer(stall=True)] * 3
    assert isinstance(error_of(context), Unavailable)


def test_collectors_of_many_threads_share_login_service_and_names(context, server):
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: collected(context, goals=GOALS), range(8))
        assert {len(one) for one in found} == {7}
    assert sum(one.path == "/token" for one in server.requests) == 1


# Looking before collecting


def test_what_is_right_is_told_in_order(context):
    assert list(source(goals=GOALS).examine(context)) == [
        "the credential google-analytics logs in",
        f"the property {PROPERTY} may be read",
        "the property counts its days as the collector does, in Europe/London",
        "the goal start: 'begin' is an event, logged 10 times in 28 days; it is counted as events",
        "the goal done: 'complete' is a key event; it is counted as key events",
        "the property knows these names, and they go together: eventName, eventCount",
        "the property knows these names, and they go together: keyEvents:complete",
    ]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            {"goals": {"done": "compleet"}},
            "no event 'compleet' in the last 28 days; nearest: 'complete'",
        ),
        (
            {"goals": {"done": "begin"}, "count": "key_events"},
            "'begin' is not marked as a key event",
        ),
        ({"metrics": ["sesions"]}, "has no metric 'sesions'; nearest: 'sessions'"),
        (
            {"metrics": ["sessions"], "dimensions": ["pagepath"]},
            "has no dimension 'pagepath'; nearest: 'pagePath'",
        ),
        (
            {"metrics": ["sessions"], "dimensions": ["landingPage"]},
            "these do not go together with the rest of the report: landingPage, sessions",
        ),
    ],
)
def test_what_is_not_right_is_refused_with_what_would_be(context, account, query, said):
    account.incompatible = {frozenset({"landingPage", "sessions"})}
    with pytest.raises(Refused) as caught:
        list(source(**query).examine(context))
    assert said in str(caught.value)


def test_another_zone_is_told_before_anything_is_collected(context, account):
    account.zone = "Asia/Tokyo"
    with pytest.raises(Refused, match="set `zone: Asia/Tokyo`"):
        list(source(metrics=["sessions"]).examine(context))


# The query, the manual


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({}, "say either `goals` or `metrics`"),
        ({"goals": GOALS, "metrics": ["sessions"]}, "say either `goals` or `metrics`"),
        (
            {"metrics": ["ga:visits"]},
            "'ga:visits' is a name of Universal Analytics, which is switched off: say sessions",
        ),
        (
            {"metrics": ["uniquePageviews"]},
            "nothing today has its meaning; the nearest is sessions, with",
        ),
        ({"metrics": ["goal1Completions"]}, "the nearest is `goals`, or keyEvents:<event>"),
        (
            {"metrics": ["sessions"], "dimensions": ["browserVersion"]},
            "nothing today has its meaning",
        ),
        ({"metrics": ["sessions"], "dimensions": ["ga:pagePath"]}, "say pagePathPlusQueryString"),
        (
            {"metrics": ["sessions"], "limit": 5},
            "`limit` keeps the first rows, so it needs an `order`",
        ),
        ({"metrics": ["sessions"], "order": ["-users"]}, "`order` names '-users'"),
        (
            {"metrics": ["sessions"], "dimensions": ["country"], "fill": "zero"},
            "cannot know which rows",
        ),
        ({"metrics": ["sessions"], "count": "events"}, "are for `goals`"),
        ({"goals": GOALS, "order": ["start"]}, "are for reports"),
        ({"goals": {"Start!": "x"}}, "is not small letters"),
        ({"goals": {"start": "a", "starts": "b"}}, "more than one figure would be called starts"),
        ({"metrics": ["a:b", "a_b"]}, "more than one figure would be called a_b"),
        ({"metrics": [f"m{n}" for n in range(11)]}, "at most 8 dimensions and 10 metrics"),
        (
            {"metrics": ["sessions"], "filters": {"pagePath": {"start": "x"}}},
            "'start' is not what a filter",
        ),
    ],
)
def test_a_query_that_is_wrong_says_what_would_be_right(query, said):
    with pytest.raises(ValidationError) as caught:
        source(**query)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["UA-123-1", "G-ABC", "", "123a"])
def test_what_is_no_number_of_a_property_is_refused(text):
    with pytest.raises(ValueError, match="is not the number of a property"):
        GoogleAnalytics(property=text, metrics=["sessions"])
    assert GoogleAnalytics(property="properties/123", metrics=["sessions"]).property == "123"


def test_names_of_old_that_are_names_of_today_need_no_change():
    assert source(metrics=["ga:sessions"], dimensions=["ga:date", "deviceCategory"]).dimensions == (
        "date",
        "deviceCategory",
    )


def test_pages_ask_for_a_size_that_memory_bears():
    assert reports.PAGE == 10_000
    assert source(metrics=["sessions"]).settle == timedelta(days=3)
    assert source(metrics=["sessions"]).max_span == timedelta(days=92)


def samples():
    """Give the indented pieces of YAML in the manual: two services and two credentials."""
    pieces = [piece for piece in manual.__doc__.split("\n\n") if piece.startswith("    ")]
    return [textwrap.dedent(piece) for piece in pieces]


def test_the_samples_of_the_manual_are_configurations(tmp_path):
    goals, report, service_account, stored = samples()
    services = tmp_path / "services"
    services.mkdir()
    (services / "carers-allowance.yaml").write_text(goals)
    (services / "other.yaml").write_text(report.replace("carers-allowance", "other"))
    loaded = load(
        tmp_path,
        tmp_path / "credentials",
        sources={"google-analytics": GoogleAnalytics},
        environment={},
    )
    assert loaded.mistakes == ()
    assert loaded.collectors["carers-allowance/completion"].period is Period.DAY
    assert loaded.collectors["other/devices"].source.limit == 10
    for text in (service_account, stored):
        assert GoogleCredential(**yaml.safe_load(text)).concurrent == 8
