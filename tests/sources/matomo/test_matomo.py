import textwrap
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import collectors.sources.matomo as manual
from collectors.api import (
    CollectorError,
    HttpClient,
    Limits,
    Period,
    Refused,
    Secret,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.clock import FixedClock
from collectors.config.load import load
from collectors.sources.matomo import Matomo, MatomoCredential
from collectors.sources.matomo.report import Columns, by_period, rows_of
from tests.contexts import NOW, RecordingQuota, RecordingSleep, make_context
from tests.servers.http import Answer, html_answer, json_answer
from tests.servers.matomo import TOKEN, Installation, MatomoServer, failed, figures

LONDON = ZoneInfo("Europe/London")
START = datetime(2026, 11, 16, tzinfo=UTC)
"""A Monday."""
WEEK = Window(START, START + timedelta(days=7))
BROWSERS = {
    "site": "7",
    "method": "DevicesDetection.getBrowsers",
    "dimensions": {"label": "browser"},
    "measures": {"nb_visits": "sessions"},
}


def context_for(server, **overrides):
    clock = FixedClock(NOW)
    parts = {
        "http": HttpClient(clock, sleep=RecordingSleep(), read=5.0, proxies={}),
        "credential": MatomoCredential(base_url=f"{server.url}/", token=Secret(TOKEN)),
        "credential_name": "matomo",
        "period": Period.DAY,
        "zone": LONDON,
        "clock": clock,
    }
    return make_context(**(parts | overrides))


def collected(server, window=WEEK, *, context=None, **query):
    source = Matomo.model_validate(BROWSERS | query)
    return list(source.collect(window, context or context_for(server)))


def error_of(installation, **query):
    """Give the error that collecting ends in; no error ever tells the token."""
    with MatomoServer(installation) as server, pytest.raises(CollectorError) as caught:
        collected(server, **query)
    assert TOKEN not in f"{caught.value} {vars(caught.value)}"
    return caught.value


@pytest.fixture
def installation():
    return Installation()


# What is asked, and what comes


def test_a_week_of_days_is_one_request_for_all_rows(installation):
    with MatomoServer(installation) as server:
        readings = collected(server, segment="countryCode==gb", arguments={"flat": "1"})
    assert server.asked == [
        {
            "module": "API",
            "format": "json",
            "method": "DevicesDetection.getBrowsers",
            "filter_limit": "-1",
            "format_metrics": "0",
            "flat": "1",
            "segment": "countryCode==gb",
            "idSite": "7",
            "period": "day",
            "date": "2026-11-16,2026-11-22",
            "token_auth": TOKEN,
        }
    ]
    days = [START + timedelta(days=number) for number in range(7)]
    assert [(one.at, one.dimensions["browser"], one.measures["sessions"]) for one in readings] == [
        (day, row["label"], row["nb_visits"]) for day in days for row in figures(day.date())
    ]


def test_a_day_without_visits_has_no_rows_and_nothing_is_told(installation):
    sunday = Window(START + timedelta(days=6), WEEK.end)
    with MatomoServer(installation) as server:
        context = context_for(server)
        assert collected(server, sunday, context=context) == []
    assert context.warn.told == []


def test_days_are_those_of_the_zone(installation):
    summer = datetime(2026, 6, 1, 23, tzinfo=UTC)
    with MatomoServer(installation) as server:
        readings = collected(server, Window(summer, summer + timedelta(days=1)))
    assert server.asked[0]["date"] == "2026-06-02,2026-06-02"
    assert {one.at for one in readings} == {summer}


def test_the_token_is_in_the_body_of_the_request_only(installation):
    with MatomoServer(installation) as server:
        collected(server)
    (request,) = server.requests
    assert TOKEN in request.body.decode()
    assert TOKEN not in f"{request.path} {request.query} {request.headers}"


def test_an_instant_is_stamped_with_its_tick(installation):
    with MatomoServer(installation) as server:
        (reading,) = collected(
            server,
            Window(NOW, NOW + timedelta(minutes=2)),
            context=context_for(server, period=Period.INSTANT),
            method="Live.getCounters",
            arguments={"lastMinutes": "2"},
            dimensions=(),
            measures={"visitors": "unique_visitors"},
        )
    assert (reading.at, dict(reading.measures)) == (NOW, {"unique_visitors": 53})
    assert not {"date", "period"} & server.asked[0].keys()


def test_requests_under_way_are_counted_for_each_installation(installation):
    with MatomoServer(installation) as server:
        quota = RecordingQuota(FixedClock(NOW))
        collected(server, context=context_for(server, quota=quota))
    [asked] = quota.asked
    assert asked == {f"matomo:{urlsplit(server.url).netloc}": Limits(concurrent=8)}


def test_a_measure_that_no_row_has_is_told_with_the_nearest(installation):
    with MatomoServer(installation) as server:
        context = context_for(server)
        readings = collected(server, context=context, measures=("nb_visit", "nb_actions"))
    assert {one.measures["nb_visit"] for one in readings} == {None}
    assert context.warn.told == [
        "Matomo's DevicesDetection.getBrowsers has no column 'nb_visit'; there are: nb_visits"
    ]


# Reading a report


@pytest.mark.parametrize(
    ("period", "keys"),
    [
        (Period.WEEK, ["2026-06-01,2026-06-07", "2026-06-08,2026-06-14"]),
        (Period.WEEK, ["From 2026-06-01 to 2026-06-07", "Du 2026-06-08 au 2026-06-14"]),
        (Period.MONTH, ["2026-06", "2026-07"]),
        (Period.DAY, ["2026-06-02", "2026-06-01"]),
    ],
)
def test_the_key_of_a_period_gives_its_start_in_any_order(period, keys):
    ends = {Period.WEEK: (6, 15), Period.MONTH: (8, 1), Period.DAY: (6, 3)}
    window = Window(local(2026, 6, 1), local(2026, *ends[period]))
    found = by_period(dict.fromkeys(keys, 3), window, make_context(period=period, zone=LONDON))
    assert list(found) == sorted(found)
    assert len(found) == 2
    assert next(iter(found)) == local(2026, 6, 1)


def test_a_year_is_a_key_too():
    window = Window(local(2025, 1, 1), local(2026, 1, 1))
    found = by_period({"2025": []}, window, make_context(period=Period.YEAR, zone=LONDON))
    assert found == {local(2025, 1, 1): []}


def local(*day):
    return datetime(*day, tzinfo=LONDON).astimezone(UTC)


@pytest.mark.parametrize(
    "answer",
    [
        [],
        3,
        None,
        {"2026-11-16": []},
        {"2026-11-16": [], "2026-11-17": [], "2026-11-18": []},
        {"2026-11-16": [], "2026-11-18": []},
        {"2026-11-16": [], "the day after": []},
        {"2026-11-16": [], "2026-13-17": []},
        {"2026-11-16": [], "20261-11-17": []},
        {"2026-11-16": [], "2026-11-17": {"a": 1}, "0000": []},
        {"2026-11-16": [], "2026-11-17": [[1]]},
        {"2026-11-16": [], "2026-11-17": True},
    ],
)
def test_an_answer_about_other_periods_or_of_another_form_is_unexpected(answer):
    window = Window(START, START + timedelta(days=2))
    with pytest.raises(Unexpected, match="Matomo's answer is not as documented"):
        by_period(answer, window, make_context(period=Period.DAY, zone=LONDON))


@pytest.mark.parametrize(
    ("answer", "rows"),
    [
        ([], []),
        ({}, []),
        (None, []),
        (False, []),
        (0, [{"value": 0}]),
        ("7", [{"value": "7"}]),
        ({"a": 1}, [{"a": 1}]),
        ([{"a": 1}, {"a": 2}], [{"a": 1}, {"a": 2}]),
    ],
)
def test_the_figures_of_a_period_are_rows(answer, rows):
    assert rows_of(answer) == rows


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (3, 3),
        (0.5, 0.5),
        ("53", 53),
        ("-1.5", -1.5),
        ("18.6%", 0.186),
        ("18.6 %", 0.186),
        ("0", 0),
        (None, None),
        (False, None),
    ],
)
def test_a_figure_may_be_spelt_as_a_text(value, number):
    reading = Columns({"a": "b"}, {}).reading(NOW, {"a": value})
    assert dict(reading.measures) == {"b": number}
    assert type(reading.measures["b"]) is type(number)


def test_a_measure_that_a_row_lacks_is_unknown():
    assert dict(Columns({"a": "b"}, {}).reading(NOW, {}).measures) == {"b": None}


@pytest.mark.parametrize("value", ["many", "", True, [], {}, "1e3", "٣", "3\n4"])
def test_what_is_no_figure_is_unexpected(value):
    with pytest.raises(Unexpected, match="'a' no number"):
        Columns({"a": "b"}, {}).reading(NOW, {"a": value})


def test_a_dimension_may_be_a_number_and_has_to_be_there():
    columns = Columns({}, {"label": "browser"})
    assert columns.reading(NOW, {"label": 404}).dimensions == {"browser": "404"}
    with pytest.raises(Refused, match="no column 'label'; there are: labels"):
        columns.reading(NOW, {"labels": "x", "url": "y"})
    with pytest.raises(Unexpected, match="'label' neither a text nor a number"):
        columns.reading(NOW, {"label": None})


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists))
def test_whatever_comes_is_read_or_unexpected(answer):
    context = make_context(period=Period.DAY, zone=LONDON)
    window = Window(START, START + timedelta(days=1))
    columns = Columns({"a": "b"}, {})
    try:
        for at, rows in by_period({"2026-11-16": answer}, window, context).items():
            for row in rows:
                columns.reading(at, row)
    except Unexpected:
        pass


# Errors


@pytest.mark.parametrize("status", [200, 400, 401, 403])
def test_an_error_is_one_whatever_its_status(installation, status):
    installation.faults = [failed("Something is wrong", status)]
    assert "('Something is wrong')" in str(error_of(installation))


def test_a_wrong_token_and_a_site_that_may_not_be_seen_say_where_to_look(installation):
    error = error_of(installation, site="8")
    assert isinstance(error, Refused)
    assert str(error) == (
        "Matomo answered 200 (\"You can't access this resource as it requires 'view' access for "
        'the website id = 8."): see the token in the credential matomo, and what it may view'
    )
    installation.token = "another"
    assert "Unable to authenticate with the provided token" in str(error_of(installation))


def test_an_unknown_method_is_refused(installation):
    error = error_of(installation, method="Devices.getNothing")
    assert isinstance(error, Refused)
    assert str(error).startswith("Matomo answered 200 (\"The method 'getNothing' does not exist")
    assert str(error).endswith("correct the query")


@pytest.mark.parametrize(
    "fault",
    [
        failed("SQLSTATE[HY000] [2002] Connection refused"),
        failed("Error while connecting to the Matomo database", 500),
        json_answer({"result": "error", "message": "later"}, 429, {"Retry-After": "1"}),
        html_answer("<h1>Maintenance</h1>", 503),
        Answer(200, b"{}", cut=1),
    ],
)
def test_a_passing_failure_is_tried_again_and_ends_as_unavailable(installation, fault):
    installation.faults = [fault]
    with MatomoServer(installation) as server:
        assert collected(server)
    installation.faults = [fault] * 4
    assert isinstance(error_of(installation), Unavailable)


@pytest.mark.parametrize(
    "fault", [html_answer(), Answer(200, b""), Answer(200, b'{"2026-11-16": ['), json_answer([])]
)
def test_an_answer_that_is_no_report_is_unexpected(installation, fault):
    installation.faults = [fault]
    assert isinstance(error_of(installation), Unexpected)


def test_a_token_that_is_echoed_is_not_told(installation):
    installation.faults = [failed(f"what a token: {TOKEN}")]
    assert "'what a token: ****'" in str(error_of(installation))
    installation.faults = [html_answer(f"<p>{TOKEN}</p>")]
    assert error_of(installation).sample == "<p>****</p>"


# The query


@pytest.mark.parametrize(
    "query",
    [
        {"site": "seven"},
        {"site": "7,8"},
        {"method": "getBrowsers"},
        {"measures": {}},
        {"measures": {"nb_visits": "browser"}},
        {"arguments": {"token_auth": "x"}},
        {"arguments": {"date": "today"}},
        {"minutes": "2"},
    ],
)
def test_a_wrong_query_is_a_mistake(query):
    with pytest.raises(ValidationError):
        Matomo.model_validate(BROWSERS | query)


def test_the_samples_of_the_manual_are_configurations(tmp_path):
    service, credential = samples()
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "sample.yaml").write_text(service)
    configuration = load(tmp_path, tmp_path, sources={"matomo": Matomo}, environment={})
    assert configuration.mistakes == ()
    assert {one.period.value for one in configuration.collectors.values()} == {
        "day",
        "instant",
        "week",
    }
    assert yaml.safe_load(credential).keys() == MatomoCredential.model_fields.keys()


def samples():
    _, *parts = manual.__doc__.split("::\n\n")
    return [textwrap.dedent(part.split("\n\n")[0]) for part in parts]


# Looking before trusting


def test_examining_logs_in_sees_the_site_and_asks_for_the_last_day(installation):
    with MatomoServer(installation) as server:
        told = list(Matomo.model_validate(BROWSERS).examine(context_for(server)))
    assert told == [
        "the token of the credential matomo may see the site 7 ('Visas')",
        "DevicesDetection.getBrowsers answers (rows: 3)",
    ]
    assert server.asked[1]["date"] == "2026-11-19,2026-11-19"


def test_examining_an_instant(installation):
    query = BROWSERS | {"method": "Live.getCounters", "dimensions": (), "measures": ("visitors",)}
    with MatomoServer(installation) as server:
        context = context_for(server, period=Period.INSTANT)
        assert len(list(Matomo.model_validate(query).examine(context))) == 2


def test_examining_tells_of_days_in_another_zone(installation):
    installation.sites["7"]["timezone"] = "America/New_York"
    with MatomoServer(installation) as server:
        told = Matomo.model_validate(BROWSERS).examine(context_for(server))
        with pytest.raises(Refused, match="set `zone: America/New_York`"):
            list(told)


def test_examining_a_site_that_is_described_in_another_way(installation):
    installation.reports["SitesManager.getSiteFromId"] = []
    with MatomoServer(installation) as server:
        told = Matomo.model_validate(BROWSERS).examine(context_for(server))
        with pytest.raises(Unexpected, match="described the site 7 in an unknown way"):
            list(told)
