import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from collectors.api import NotYet, Period, Refused, Unavailable, Unexpected, Window
from collectors.sources.json import Json, JsonCredential
from collectors.testing import (
    Answer,
    HttpServer,
    golden_cases,
    html_answer,
    json_answer,
    make_context,
    scripted,
)
from collectors.values import Referenced
from tests.servers.prometheus import PrometheusServer
from tests.servers.uptimerobot import MONITORS, TOKEN, UptimeRobotServer

CASES = golden_cases(Path(__file__).parent / "cases")
DAY = timedelta(days=1)
START = datetime(2026, 11, 18, tzinfo=UTC)
TWO_DAYS = Window(START, START + 2 * DAY)
LONDON = ZoneInfo("Europe/London")
SECRET = "planted/secret+of-the-tests=="


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_reply_gives_its_readings_or_its_error(case):
    case.check(Json)


def source(server, **query):
    said = {"url": f"{server.url}/figures", "records": "rows", "time": "day"}
    return Json.model_validate(said | {"measures": {"visits": "visits"}} | query)


def credential(**keys):
    secrets = {"token", "password", "value"}
    return JsonCredential.model_validate(
        {key: Referenced(text) if key in secrets else text for key, text in keys.items()}
    )


def collected(server, *, of=TWO_DAYS, login=None, context=None, **query):
    found = context or make_context(period=Period.DAY, credential=login)
    return list(source(server, **query).collect(of, found))


def rows(*days, visits=1):
    return {"rows": [{"day": f"2026-11-{day}", "visits": visits} for day in days]}


def answered(value):
    return HttpServer(scripted(json_answer(value)))


# What is asked


@pytest.mark.parametrize(
    ("window", "start", "end"),
    [
        ("iso", "2026-06-01T23:00:00Z", "2026-06-03T23:00:00Z"),
        ({"zone": "Europe/London"}, "2026-06-02T00:00:00+01:00", "2026-06-04T00:00:00+01:00"),
        ("date", "2026-06-02", "2026-06-04"),
        ({"format": "date", "end": "inclusive"}, "2026-06-02", "2026-06-03"),
        ("epoch", "1780354800", "1780527600"),
        ({"format": "epoch_ms", "end": "inclusive"}, "1780354800000", "1780527599999"),
        ({"format": "%d/%m/%Y %H:%M", "end": "inclusive"}, "02/06/2026 00:00", "03/06/2026 23:59"),
    ],
)
def test_the_ends_of_the_window_are_spelt_as_said(window, start, end):
    asked = Window(
        datetime(2026, 6, 1, 23, tzinfo=UTC),
        datetime(2026, 6, 3, 23, tzinfo=UTC),
    )
    with answered({"rows": []}) as server:
        context = make_context(period=Period.DAY, zone=LONDON)
        params = {"from": "{start}", "to": "{end}"}
        list(source(server, params=params, window=window).collect(asked, context))
    assert dict(server.requests[0].query) == {"from": start, "to": end}


def test_a_body_is_json_and_a_mere_number_in_it_is_one():
    body = (
        '{"range": {"from": "{start}", "until": "up to {end}"}, "limit": 5, "cursor": "{cursor}"}'
    )
    with answered({"rows": [], "next": None}) as server:
        collected(
            server, method="POST", body=body, window="epoch", pages={"by": "cursor", "next": "next"}
        )
    (request,) = server.requests
    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {
        "range": {"from": 1794960000, "until": "up to 1795132800"},
        "limit": 5,
    }


def test_a_form_is_posted_as_one():
    with answered({"rows": []}) as server:
        collected(server, method="POST", form={"from": "{start}"}, window="date")
    (request,) = server.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == b"from=2026-11-18"


def test_a_path_may_hold_the_day_and_headers_what_they_like():
    with answered({"visits": 5}) as server:
        readings = collected(
            server,
            url=f"{server.url}/of/{{start}}",
            headers={"X-Day": "{start}"},
            window="%Y/%m/%d",
            records="@",
            time=None,
        )
    assert [one.path for one in server.requests] == ["/of/2026%2F11%2F18", "/of/2026%2F11%2F19"]
    assert server.requests[0].headers["x-day"] == "2026/11/18"
    assert [reading.at for reading in readings] == [START, START + DAY]


@pytest.mark.parametrize(
    ("login", "query", "header"),
    [
        ({"token": SECRET}, {}, ("authorization", f"Bearer {SECRET}")),
        (
            {"user": "me", "password": "planted"},
            {},
            ("authorization", "Basic bWU6cGxhbnRlZA=="),
        ),
        ({"header": "X-Api-Key", "value": SECRET}, {}, ("x-api-key", SECRET)),
        ({"parameter": "key", "value": SECRET}, {"key": SECRET}, ("accept", "application/json")),
    ],
)
def test_a_login_goes_where_the_credential_says(login, query, header):
    with answered(rows(18)) as server:
        collected(server, login=credential(**login))
    (request,) = server.requests
    assert dict(request.query) == query
    assert request.headers[header[0]] == header[1]


def test_a_base_url_takes_the_place_of_the_host():
    with answered(rows(18)) as server:
        login = credential(token=SECRET, base_url=f"{server.url}/through/here/")
        collected(server, login=login, url="https://api.example/v3/figures?a=b")
        collected(server, login=login, url="v3/figures")
    assert [one.path for one in server.requests] == ["/through/here/v3/figures"] * 2
    assert dict(server.requests[0].query) == {"a": "b"}


def test_a_path_without_a_host_is_refused():
    with pytest.raises(Refused, match=r"`url` \(/figures\) has no host"):
        list(
            Json(url="/figures", time="day", measures={"a": "a"}).collect(TWO_DAYS, make_context())
        )


# Pages


def test_pages_are_counted_until_one_is_empty():
    pages = [rows(18), rows(19), {"rows": []}]
    with HttpServer(scripted(*map(json_answer, pages))) as server:
        readings = collected(server, params={"page": "{page}"}, pages={"by": "page"})
    assert [one.query["page"] for one in server.requests] == ["1", "2", "3"]
    assert len(readings) == 2


def test_pages_are_counted_until_one_is_short():
    pages = [rows(18, 18), rows(19)]
    with HttpServer(scripted(*map(json_answer, pages))) as server:
        collected(server, params={"p": "{page}"}, pages={"by": "page", "first": 0, "size": 2})
    assert [one.query["p"] for one in server.requests] == ["0", "1"]


def test_an_offset_adds_up_the_records():
    pages = [rows(18, 18, 18), rows(19), {"rows": []}]
    with HttpServer(scripted(*map(json_answer, pages))) as server:
        collected(server, params={"from": "{offset}"}, pages={"by": "offset"})
    assert [one.query["from"] for one in server.requests] == ["0", "3", "4"]


def test_a_cursor_is_not_sent_before_there_is_one():
    pages = [rows(18) | {"meta": {"next": "a b"}}, rows(19) | {"meta": {"next": 7}}, rows()]
    with HttpServer(scripted(*map(json_answer, pages))) as server:
        collected(server, params={"c": "{cursor}"}, pages={"by": "cursor", "next": "meta.next"})
    assert [one.query.get("c") for one in server.requests] == [None, "a b", "7"]


def test_the_header_link_leads_on():
    link = {"Link": '</figures?page=0>; rel="prev first", </figures?page=2>; rel="next"'}
    pages = [json_answer(rows(18), headers=link), json_answer(rows(19))]
    with HttpServer(scripted(*pages)) as server:
        assert len(collected(server, pages={"by": "header"})) == 2
    assert [dict(one.query) for one in server.requests] == [{}, {"page": "2"}]


def test_a_link_keeps_the_login_and_gets_it_once():
    with HttpServer() as server:
        link = f"{server.url}/figures?key=old&page=2"
        answers = scripted(json_answer(rows(18) | {"next": link}), json_answer(rows(19)))
        server._answer = answers
        login = credential(parameter="key", value=SECRET)
        collected(server, login=login, pages={"by": "link", "next": "next"})
    assert [dict(one.query) for one in server.requests] == [
        {"key": SECRET},
        {"key": "old", "page": "2"},
    ]


def test_a_link_to_another_host_is_not_followed():
    reply = rows(18) | {"next": "https://elsewhere.example/figures?page=2"}
    with answered(reply) as server, pytest.raises(Unexpected) as caught:
        collected(server, login=credential(token=SECRET), pages={"by": "link", "next": "next"})
    assert "the next page is said to be at elsewhere.example" in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("pages", "params"),
    [
        ({"by": "page"}, {"page": "{page}"}),
        ({"by": "offset"}, {"offset": "{offset}"}),
        ({"by": "cursor", "next": "next"}, {"cursor": "{cursor}"}),
        ({"by": "link", "next": "link"}, {}),
    ],
)
def test_going_round_in_a_circle_ends(pages, params):
    reply = rows(18) | {"next": "same", "link": "/figures?again"}
    with answered(reply) as server, pytest.raises(Unexpected, match="round in a circle"):
        collected(server, pages=pages, params=params)
    assert len(server.requests) <= 3


def test_more_pages_than_there_may_be_are_told():
    def endless(request):
        page = int(request.query["page"])
        return json_answer(rows(18, visits=page))

    with HttpServer(endless) as server, pytest.raises(Unexpected, match="more than 3 pages"):
        collected(server, params={"page": "{page}"}, pages={"by": "page", "at_most": 3})


def test_pages_that_come_in_order_are_handed_on_as_they_come():
    pages = [json_answer(rows(18) | {"next": 1}), html_answer(status=200)]
    with HttpServer(scripted(*pages)) as server:
        readings = source(
            server,
            sorted="yes",
            params={"c": "{cursor}"},
            pages={"by": "cursor", "next": "next"},
        ).collect(TWO_DAYS, make_context(period=Period.DAY))
        assert next(readings).at == START
        assert len(server.requests) == 1
        with pytest.raises(Unexpected, match="not JSON"):
            list(readings)


# What comes


def test_records_outside_of_the_window_are_left_out():
    with answered(rows(17, 18, 19, 20)) as server:
        assert [one.at for one in collected(server)] == [START, START + DAY]


def test_a_period_that_is_not_there_yet_is_asked_for_again():
    with answered(rows(16, 17)) as server, pytest.raises(NotYet) as caught:
        collected(server)
    assert "gave 2 records and none of 2026-11-18T00:00Z - 2026-11-20T00:00Z" in str(caught.value)


def test_a_figure_that_some_records_lack_is_told():
    reply = {"rows": [{"day": "2026-11-18", "visits": 1}, {"day": "2026-11-19"}]}
    with answered(reply) as server:
        context = make_context(period=Period.DAY)
        readings = collected(server, context=context)
    assert [dict(one.measures) for one in readings] == [{"visits": 1}, {"visits": None}]
    assert context.warn.told == ["visits is missing in 1 of 2 records"]


def test_an_instant_is_of_its_tick_whatever_time_the_reply_tells():
    tick = Window(START + timedelta(minutes=30), START + timedelta(minutes=35))
    with answered(rows(11)) as server:
        context = make_context(period=Period.INSTANT)
        (reading,) = collected(server, of=tick, context=context)
    assert reading.at == tick.start


def test_a_reply_that_could_be_of_any_day_is_not_asked_for():
    with answered({"visits": 5}) as server, pytest.raises(Refused, match=r"asks for no \{start\}"):
        collected(server, time=None, records="@")
    assert server.requests == []


# What goes wrong


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (Answer(503), Unavailable, "answered 503"),
        (json_answer({"error": "no such report"}, 400), Refused, "no such report"),
        (json_answer({}, 401), Refused, "the login it was sent: the credential test"),
        (json_answer({}, 403), Refused, "see `credentials`"),
        (Answer(302, headers={"Location": "/login?next=x"}), Refused, "it has moved to"),
        (html_answer(), Unexpected, "answered text/html; charset=utf-8, not JSON"),
        (Answer(200, b'{"rows": [{"day": "20'), Unexpected, "not JSON"),
        (Answer(204), Unexpected, "not JSON"),
    ],
)
def test_an_answer_that_is_none_ends_with_what_to_do(answer, error, message):
    with HttpServer(scripted(answer)) as server, pytest.raises(error) as caught:
        collected(server, login=credential(token=SECRET))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "login",
    [
        {"token": SECRET},
        {"user": "me", "password": SECRET},
        {"header": "X-Api-Key", "value": SECRET},
        {"parameter": "key", "value": SECRET},
    ],
)
@pytest.mark.parametrize("status", [200, 400])
def test_a_secret_that_the_server_echoes_is_told_to_nobody(login, status):
    def echo(request):
        said = f"{request.query} {request.headers} {SECRET}"
        return json_answer({"rows": [{"day": said, "visits": said}]}, status)

    with HttpServer(echo) as server, pytest.raises((Unexpected, Refused)) as caught:
        collected(server, login=credential(**login))
    told = f"{caught.value} {vars(caught.value)}"
    assert SECRET not in told
    assert "****" in told


def test_what_a_reference_gave_is_neither_shown_nor_told():
    with answered({"error": f"no {SECRET}"}) as server:
        given = Referenced(SECRET)
        asked = source(server, params={"key": given, "b": "c"}, headers={"X-Key": given})
        context = make_context(period=Period.DAY)
        with pytest.raises(Unexpected) as caught:
            list(asked.collect(TWO_DAYS, context))
    assert SECRET not in f"{caught.value} {vars(caught.value)}"
    assert context.hide.texts == {SECRET}
    shown = asked.model_dump(mode="json")
    assert shown["params"] == {"key": "****", "b": "c"}
    assert shown["headers"] == {"X-Key": "****"}
    assert asked.model_dump()["params"]["key"] == SECRET
    assert dict(server.requests[0].query) == {"key": SECRET, "b": "c"}


def test_the_query_of_the_url_is_not_shown():
    asked = Json(url="https://api.example/figures?key=x", time="day", measures={"a": "a"})
    assert asked.model_dump(mode="json")["url"] == "https://api.example/figures?****"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"url": "ftp://a.example"}, "a URL begins with http:// or https://"),
        ({"url": "https://me:secret@a.example/"}, "a login belongs in the credential"),
        ({"headers": {"Authorization": "x"}}, "Authorization is a login"),
        ({"body": "{"}, "this is not JSON"),
        ({"body": "{}"}, "is sent with `method: POST`"),
        ({"body": "{}", "form": {"a": "b"}, "method": "POST"}, "either `body` or `form`"),
        ({"records": "a..b"}, "is no JMESPath expression"),
        ({"records": "spilt(a, 'b')"}, "uses the function 'spilt', which there is not"),
        ({"params": {"a": "{begin}"}}, "there is no {begin}"),
        ({"params": {"a": "{page}"}}, "{page} needs `pages` by page"),
        ({"pages": {"by": "cursor", "next": "a"}}, "needs {cursor}"),
        ({"pages": {"by": "link"}}, "`next` says where"),
        ({"pages": {"by": "header", "size": 5}}, "are for `page` and `offset`"),
        ({"measures": {}}, "at least 1 item"),
        ({"dimensions": {"visits": "a"}}, "visits: both a measure and a dimension"),
        ({"time": {"field": "a", "format": "YYYY"}}, "'YYYY' is no format of a time"),
        ({"window": "rfc"}, "'rfc' is no format of a time"),
    ],
)
def test_a_mistake_in_the_query_is_told(query, message):
    good = {"url": "https://a.example", "time": "day", "measures": {"visits": "visits"}}
    with pytest.raises(ValidationError) as caught:
        Json.model_validate(good | query)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "keys", [{}, {"token": "a", "user": "b"}, {"header": "a"}, {"user": "a"}, {"value": "a"}]
)
def test_a_credential_has_one_way_to_log_in(keys):
    with pytest.raises(ValidationError, match="say `token`, or `user` and `password`"):
        credential(**keys)


# Real APIs


def test_uptimerobot_gives_each_day_by_itself():
    query = {
        "records": "@",
        "time": None,
        "params": {"from": "{start}", "to": "{end}"},
        "measures": {"uptime_percent": "uptime", "downtime": "totalDowntimeSeconds"},
    }
    with UptimeRobotServer() as server:
        url = f"{server.url}/v3/monitors/802/stats/uptime"
        readings = collected(server, url=url, login=credential(token=TOKEN), **query)
        with pytest.raises(Refused, match="answered 401"):
            collected(server, url=url, **query)
        url = f"{server.url}/v3/monitors/1/stats/uptime"
        with pytest.raises(Refused, match="Monitor not found"):
            collected(server, url=url, login=credential(token=TOKEN), **query)
    assert [(one.at, one.measures["downtime"]) for one in readings] == [
        (START, 18 * 60),
        (START + DAY, 19 * 60),
    ]


def test_uptimerobot_gives_all_monitors_page_by_page():
    tick = Window(START, START + timedelta(minutes=5))
    with UptimeRobotServer() as server:
        readings = collected(
            server,
            of=tick,
            context=make_context(period=Period.INSTANT, credential=credential(token=TOKEN)),
            url=f"{server.url}/v3/monitors?limit=2",
            records="data",
            pages={"by": "link", "next": "nextLink"},
            measures={"up": "status == 'UP'"},
            dimensions={"monitor": "friendlyName"},
        )
    assert [one.query.get("cursor") for one in server.requests] == [None, "801", "803"]
    assert [(one.dimensions["monitor"], one.measures["up"]) for one in readings] == [
        (monitor["friendlyName"], int(monitor["status"] == "UP")) for monitor in MONITORS
    ]


def test_prometheus_says_what_is_wrong_with_a_query():
    with PrometheusServer() as server, pytest.raises(Refused, match="exceeded maximum resolution"):
        collected(
            server,
            url=f"{server.url}/api/v1/query_range",
            params={"query": "up", "start": "{start}", "end": "{end}", "step": "1"},
            window="epoch",
        )


# Looking before collecting


def test_an_examination_asks_for_the_last_period_once():
    with answered(rows(18, 19)) as server:
        asked = source(server, params={"day": "{start}"}, window="date")
        told = list(asked.examine(make_context(period=Period.DAY)))
    assert told == [
        f"{server.url}/figures answers, and `records` finds 2",
        "2 readings can be made of them; the first is of 2026-11-18 00:00:00+00:00",
    ]
    assert [dict(one.query) for one in server.requests] == [{"day": "2026-11-19"}]


def test_an_examination_tells_what_does_not_fit():
    with answered({"rows": [{"date": "2026-11-19"}]}) as server, pytest.raises(Unexpected):
        list(source(server).examine(make_context(period=Period.DAY)))


def test_a_page_is_asked_for_only_once_the_one_before_was_read():
    pages = 40
    page = [{"day": "2026-11-18", "visits": n} for n in range(1000)]

    def answer(request):
        number = int(request.query["page"])
        return json_answer({"rows": page if number < pages else [], "page": number})

    with HttpServer(answer) as server:
        readings = source(
            server, sorted="yes", params={"page": "{page}"}, pages={"by": "page", "first": 0}
        ).collect(TWO_DAYS, make_context(period=Period.DAY))
        for _ in range(1000):
            next(readings)
        assert len(server.requests) == 1
        assert sum(1 for _ in readings) == (pages - 1) * 1000
