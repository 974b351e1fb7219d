import json
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

import collectors.sources.pingdom as manual
from collectors.api import (
    CollectorError,
    HttpClient,
    NotYet,
    Period,
    QuotaSpent,
    Refused,
    Secret,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.clock import FixedClock
from collectors.config.load import load
from collectors.sources.pingdom import Pingdom, PingdomCredential
from collectors.sources.pingdom.summary import overfull, parse
from tests.contexts import NOW, RecordingSleep, make_context
from tests.servers.http import Answer, HttpServer, Request, html_answer, json_answer, scripted
from tests.servers.pingdom import (
    TOKEN,
    Account,
    Budget,
    Check,
    PingdomServer,
    failed,
    figures,
)

HERE = Path(__file__).parent
HOUR = timedelta(hours=1)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
DAY = Window(NOON - timedelta(days=1), NOON)
MEASURES = ("avgresponse", "uptime", "downtime", "unmonitored")


def files(folder):
    paths = sorted((HERE / folder).glob("*.json"))
    assert paths
    return [pytest.param(json.loads(path.read_text()), id=path.stem) for path in paths]


def window_of(case):
    return Window(
        *(datetime.fromisoformat(f"{text}:00Z").replace(tzinfo=UTC) for text in case["window"])
    )


def context_for(server, *, token=TOKEN, **overrides):
    clock = overrides.get("clock", FixedClock(NOW))
    parts = {
        "http": HttpClient(clock, sleep=RecordingSleep(), read=5.0, proxies={}),
        "credential": PingdomCredential(token=Secret(token), base_url=server.url),
        "credential_name": "pingdom",
        "clock": clock,
    }
    return make_context(**(parts | overrides))


def collected(server, window=DAY, *, check="85975", context=None):
    return list(Pingdom(check=check).collect(window, context or context_for(server)))


def error_of(account, window=DAY, *, check="85975", **options):
    """Give the error that collecting ends in; no error ever tells the token."""
    with PingdomServer(account) as server, pytest.raises(CollectorError) as caught:
        collected(server, window, check=check, context=context_for(server, **options))
    assert TOKEN not in f"{caught.value} {vars(caught.value)}"
    return caught.value


@pytest.fixture
def account():
    return Account(now=NOW)


# Golden cases


@pytest.mark.parametrize("case", files("cases"))
def test_a_recorded_reply_gives_the_expected_readings(case):
    with HttpServer(scripted(json_answer(case["reply"]))) as server:
        context = context_for(server)
        readings = collected(server, window_of(case), context=context)
    shown = [{"at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}", **one.measures} for one in readings]
    assert shown == case["readings"]
    assert all(one.dimensions == {"check": "85975"} for one in readings)
    assert context.warn.told == [f"Pingdom, check 85975: {told}" for told in case["told"]]


@pytest.mark.parametrize("case", files("bad"))
def test_a_reply_of_another_shape_is_unexpected_and_says_where(case):
    with pytest.raises(Unexpected) as caught:
        parse(case["reply"], window_of(case))
    assert str(caught.value) == case["message"]
    assert caught.value.sample == case["sample"]


# What is asked, and what comes


def test_a_day_is_one_request_of_hours_with_uptime(account):
    with PingdomServer(account) as server:
        readings = collected(server)
    assert [(request.path, dict(request.query)) for request in server.requests] == [
        (
            "/summary.performance/85975",
            {
                "from": str(int(DAY.start.timestamp())),
                "to": str(int(DAY.end.timestamp())),
                "resolution": "hour",
                "includeuptime": "true",
                "order": "asc",
            },
        )
    ]
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    starts = [DAY.start + n * HOUR for n in range(24)]
    assert [one.at for one in readings] == starts
    for one in readings:
        row = figures(85975, int(one.at.timestamp()))
        assert dict(one.measures) == {name: row[name] for name in MEASURES}


def test_no_request_asks_for_more_than_a_month_and_the_months_tile_the_window(account):
    window = Window(NOON - timedelta(days=100), NOON)
    with PingdomServer(account) as server:
        context = context_for(server)
        readings = collected(server, window, context=context)
    assert [one.at for one in readings] == [window.start + n * HOUR for n in range(2400)]
    spans = sorted((int(one.query["from"]), int(one.query["to"])) for one in server.requests)
    assert len(spans) == 4
    assert all(until - since <= 31 * 86400 for since, until in spans)
    assert [since for since, _ in spans[1:]] == [until for _, until in spans[:-1]]
    assert context.warn.told == []


@given(st.integers(0, 9000), st.integers(1, 3000), st.sets(st.integers(0, 12000), max_size=5))
def test_every_hour_of_a_reply_is_read_once_and_every_other_one_is_told(start, count, left_out):
    window = Window(NOON + start * HOUR, NOON + (start + count) * HOUR)
    hours = [window.start + n * HOUR for n in range(count) if start + n not in left_out]
    rows = [figures(1, int(at.timestamp())) for at in hours]
    assert [one.at for one in parse({"summary": {"hours": rows}}, window)] == hours


def test_the_months_of_a_holey_year_are_told_once(account):
    window = Window(NOON - timedelta(days=70), NOON)
    missing = [NOON - timedelta(days=days) for days in (65, 40, 3)]
    account.holes = {int(at.timestamp()) for at in missing}
    with PingdomServer(account) as server:
        context = context_for(server)
        readings = collected(server, window, context=context)
    assert {one.at for one in readings}.isdisjoint(missing)
    assert len(readings) == 70 * 24 - 3
    [told] = context.warn.told
    assert told.startswith("Pingdom, check 85975: 3 hours are missing in the reply")
    assert f"the first {missing[0]:%Y-%m-%dT%H:%MZ}, the last {missing[-1]:%Y-%m-%dT%H:%MZ}" in told


def test_what_pingdom_no_longer_keeps_is_told(account):
    account.retention = timedelta(days=10, minutes=30)
    window = Window(NOON - timedelta(days=40), NOON)
    with PingdomServer(account) as server:
        context = context_for(server)
        readings = collected(server, window, context=context)
    assert readings[0].at == NOON - timedelta(days=10)
    [told] = context.warn.told
    assert "there is nothing before 2026-11-10T12:00Z, so 720 hours" in told


def test_a_paused_hour_is_unmonitored_and_neither_up_nor_down(account):
    account.unmonitored = {int(DAY.start.timestamp())}
    with PingdomServer(account) as server:
        first = collected(server)[0]
    assert dict(first.measures) == {
        "avgresponse": None,
        "uptime": 0,
        "downtime": 0,
        "unmonitored": 3600,
    }


def test_an_hour_of_too_many_seconds_is_kept_and_told():
    hour = {
        "starttime": int(DAY.start.timestamp()),
        "uptime": 3600,
        "downtime": 1,
        "avgresponse": 9,
    }
    hours = parse({"summary": {"hours": [hour]}}, DAY)
    assert dict(hours[0].reading("x").measures)["uptime"] == 3600
    assert list(overfull(hours)) == [
        "the hour 2026-11-19T12:00Z has 3601 seconds, as Pingdom says it"
    ]


def test_no_figures_of_a_young_window_are_not_yet_there(account):
    account.holes = {int((NOON - HOUR).timestamp())}
    error = error_of(account, Window(NOON - HOUR, NOON))
    assert isinstance(error, NotYet)
    assert str(error).startswith("Pingdom has no figures of check 85975 yet for 2026-11-20T11:00Z")


def test_readings_come_while_later_months_are_not_read_yet(account):
    window = Window(NOON - timedelta(days=365), NOON)
    with PingdomServer(account) as server:
        readings = Pingdom(check="85975").collect(window, context_for(server))
        next(readings)
        assert len(server.requests) < 12
        readings.close()


# Names


def test_a_check_is_found_by_its_exact_name_on_any_page(account):
    account.page = 2
    account.checks = [Check(n, f"Check {n}") for n in range(1, 8)]
    with PingdomServer(account) as server:
        readings = collected(server, check="Check 7")
    assert server.requests[-1].path == "/summary.performance/7"
    assert [request.query["offset"] for request in server.requests[:-1]] == ["0", "2", "4", "6"]
    assert {request.query["limit"] for request in server.requests[:-1]} == {"25000"}
    assert readings[0].dimensions == {"check": "Check 7"}


def test_the_list_of_checks_is_read_once_for_all_collectors(account):
    account.checks = [Check(1, "One"), Check(2, "Two")]
    with PingdomServer(account) as server:
        context = context_for(server)
        collected(server, check="One", context=context)
        collected(server, check="Two", context=context)
    assert [request.path for request in server.requests].count("/checks") == 1


def test_a_check_that_is_made_later_is_found_without_a_restart(account):
    clock = FixedClock(NOW)
    with PingdomServer(account) as server:
        context = context_for(server, clock=clock)
        with pytest.raises(Refused):
            collected(server, check="New", context=context)
        account.checks.append(Check(3, "New"))
        clock.advance(timedelta(minutes=2))
        assert collected(server, check="New", context=context)


def test_an_unknown_name_lists_what_there_is_the_nearest_first(account):
    account.checks = [Check(n, f"Other {n}", f"host{n}.gov.uk") for n in range(40)]
    account.checks.append(Check(77, "Carers allowance", "carers.gov.uk"))
    error = error_of(account, check="carers alowance")
    assert isinstance(error, Refused)
    said = "Pingdom has no check called 'carers alowance'; there are: 'Carers allowance' (id 77, carers.gov.uk), "
    assert str(error).startswith(said)
    assert str(error).count("(id ") == 10
    assert str(error).endswith(" and 31 more; set 'check' to an id")


def test_a_name_that_several_checks_have_lists_them(account):
    account.checks = [Check(1, "Same", "a.gov.uk"), Check(2, "Other"), Check(3, "Same", "b.gov.uk")]
    error = error_of(account, check="Same")
    assert isinstance(error, Refused)
    assert str(error) == (
        "Pingdom has 2 checks called 'Same': 'Same' (id 1, a.gov.uk), 'Same' (id 3, b.gov.uk); "
        "set 'check' to an id"
    )


def test_an_account_without_checks_says_so(account):
    account.checks = []
    assert "there are: none at all" in str(error_of(account, check="Any"))


def test_a_list_that_never_ends_is_not_followed_for_ever():
    page = {"checks": [{"id": 1, "name": "One"}], "counts": {"total": 10**9}}
    with HttpServer(scripted(json_answer(page))) as server, pytest.raises(Refused):
        collected(server, check="Two")
    assert len(server.requests) == 2


# Limits


def test_what_is_left_is_reported_after_every_reply(account):
    account.short, account.long = Budget(395, 3589), Budget(71995, 2591989)
    with PingdomServer(account) as server:
        context = context_for(server)
        collected(server, context=context)
    assert context.quota.left == {
        ("pingdom:pingdom", "short"): (394, NOW + timedelta(seconds=3589)),
        ("pingdom:pingdom", "long"): (71994, NOW + timedelta(seconds=2591989)),
    }


def test_nothing_is_asked_while_a_budget_is_known_to_be_used_up(account):
    with PingdomServer(account) as server:
        context = context_for(server)
        context.quota.report("pingdom:pingdom", 0, NOW + HOUR, "long")
        with pytest.raises(QuotaSpent):
            collected(server, context=context)
    assert server.requests == []


def test_a_429_with_a_far_reset_is_quota_spent_until_then(account):
    account.short, account.long = Budget(0, 1800), Budget(0, 86400)
    error = error_of(account)
    assert isinstance(error, QuotaSpent)
    assert error.resets_at == NOW + timedelta(days=1)
    assert "Request limit exceeded, try again later" in str(error)


def test_a_429_with_a_near_reset_is_waited_for(account):
    def full_again(seconds):
        waits.append(seconds)
        clock.advance(timedelta(seconds=seconds))
        account.short.remaining = 100

    waits, clock = [], FixedClock(NOW)
    account.short = Budget(0, 30)
    with PingdomServer(account) as server:
        http = HttpClient(clock, sleep=full_again, proxies={})
        assert len(collected(server, context=context_for(server, http=http, clock=clock))) == 24
    [waited] = waits
    assert 30 <= waited <= 31


def test_a_429_without_a_used_up_limit_is_tried_again(account):
    account.faults = [failed(429, "Request limit exceeded, try again later")]
    with PingdomServer(account) as server:
        assert len(collected(server)) == 24


# Refusals and faults


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (400, "it does not take what was asked; see that 'check' is right"),
        (401, "it does not know the token; make a new one and put it in the credential pingdom"),
        (402, "the plan of the account does not include this; its owner has to change the plan"),
        (403, "the token of the credential pingdom may not read this; allow it to, in Pingdom"),
        (404, "it has no such check; correct 'check', or base_url in the credential pingdom"),
    ],
)
def test_each_refusal_says_what_to_do_and_what_pingdom_said(account, status, advice):
    with PingdomServer(account) as server:
        account.faults = [failed(status, "Something went wrong!")]
        with pytest.raises(Refused) as caught:
            collected(server)
    place = f"{server.url}/summary.performance/85975"
    assert (
        str(caught.value)
        == f"Pingdom answered {status} ('Something went wrong!') to {place}: {advice}"
    )


def test_a_wrong_token_an_unknown_and_a_forbidden_check_are_refused(account):
    assert "answered 401 ('User credentials" in str(error_of(account, token="wrong"))
    assert "answered 404 ('Invalid check identifier')" in str(error_of(account, check="1"))
    account.forbidden = {85975}
    assert "answered 403 ('You do not have permission" in str(error_of(account))


def test_an_error_page_of_somebody_else_is_told_as_such(account):
    account.faults = [html_answer(status=403)]
    error = error_of(account)
    assert isinstance(error, Refused)
    assert "something in between may have answered" in str(error)


def test_a_page_with_status_200_is_unexpected_with_a_sample(account):
    account.faults = [html_answer()]
    error = error_of(account)
    assert isinstance(error, Unexpected)
    assert "answered text/html; charset=utf-8, not JSON" in str(error)
    assert error.sample.startswith("<!DOCTYPE html>")


@pytest.mark.parametrize(
    "fault",
    [
        failed(500, "Internal"),
        html_answer("<h1>Bad gateway</h1>", 502),
        Answer(503),
        Answer(200, b'{"summary": {"hours": []}}', cut=10),
        Answer(200, b'{"summary": {"hours": []}}', cut=10, chunked=True),
        Answer(raw=b""),
    ],
    ids=["500", "502", "503", "cut", "cut-chunk", "hung-up"],
)
def test_what_passes_is_tried_again_and_ends_as_unavailable(account, fault):
    account.faults = [fault, fault]
    with PingdomServer(account) as server:
        context = context_for(server)
        assert len(collected(server, context=context)) == 24
        assert len(context.http.sleep.seconds) == 2
        account.faults = [fault] * 9
        with pytest.raises(Unavailable):
            collected(server, context=context)


def test_a_stalled_server_is_unavailable(account):
    account.faults = [Answer(stall=True)]
    http = HttpClient(FixedClock(NOW), read=0.1, attempts=1, proxies={})
    error = error_of(account, http=http)
    assert isinstance(error, Unavailable)
    assert "no answer in time" in str(error)


@pytest.mark.parametrize("status", [200, 400, 401, 404, 429, 500])
def test_a_token_that_pingdom_echoes_is_never_told(account, status):
    def echo(request: Request) -> Answer:
        said = f"no: {request.headers['authorization']}"
        if status == 200:
            return json_answer({"summary": {"hours": [said]}})
        return failed(status, said, {"X-Echo": said})

    account.faults = [echo] * 9
    error = error_of(account)
    assert "****" in f"{error} {getattr(error, 'sample', '')}"


# Looking before collecting


@pytest.mark.parametrize("check", ["85975", "Carers"])
def test_a_good_token_and_check_are_told(account, check):
    with PingdomServer(account) as server:
        told = list(Pingdom(check=check).examine(context_for(server)))
    assert told[0] == "the token of the credential pingdom is good"
    assert told[1].startswith("Pingdom has the check 'Carers' (id 85975, ")


def test_a_bad_token_and_an_unknown_check_are_not(account):
    with PingdomServer(account) as server:
        for check, context in (
            ("85975", context_for(server, token="wrong")),
            ("1", context_for(server)),
        ):
            with pytest.raises(Refused):
                list(Pingdom(check=check).examine(context))


# The query, the credential, the manual


def test_only_hours_a_month_at_a_time_and_settled_after_three():
    source = Pingdom(check=" 85975 ")
    assert source.check == "85975"
    assert source.periods == {Period.HOUR}
    assert source.max_span == timedelta(days=31)
    assert source.settle == timedelta(hours=3)


@pytest.mark.parametrize(
    "query", [{}, {"check": ""}, {"check": "  "}, {"check": "1", "checks": "2"}]
)
def test_a_query_that_is_wrong_is_refused(query):
    with pytest.raises(ValidationError):
        Pingdom(**query)


def samples():
    """Give the two indented pieces of YAML in the manual: a service and a credential."""
    pieces = [piece for piece in manual.__doc__.split("\n\n") if piece.startswith("    ")]
    return [textwrap.dedent(piece) for piece in pieces[:2]]


def test_the_sample_of_the_manual_is_a_configuration(tmp_path):
    service, credential = samples()
    (tmp_path / "services").mkdir()
    (tmp_path / "services" / "carers-allowance.yaml").write_text(service)
    credentials = tmp_path / "credentials"
    loaded = load(tmp_path, credentials, sources={"pingdom": Pingdom}, environment={})
    assert loaded.mistakes == ()
    collector = loaded.collectors["carers-allowance/monitoring"]
    assert collector.source == Pingdom(check="85975")
    assert (collector.period, collector.settle) == (Period.HOUR, timedelta(hours=3))
    assert collector.credentials == "pingdom"
    written = yaml.safe_load(credential)
    model = PingdomCredential(**written | {"token": Secret(written["token"])})
    assert model.base_url == PingdomCredential.model_fields["base_url"].default
