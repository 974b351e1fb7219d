"""Sheets at a URL: fetched once, asked for again politely, and what servers do instead."""

import base64
import json
import time
from datetime import timedelta
from email.utils import format_datetime

import pytest

from collectors.api import HttpClient, Refused, Secret, Unavailable, Unexpected
from collectors.clock import FixedClock
from collectors.sources.spreadsheet import Spreadsheet, SpreadsheetCredential
from tests.contexts import NOW, RecordingSleep
from tests.servers.http import Answer, HttpServer, html_answer, scripted
from tests.sources.spreadsheet.workbooks import (
    CountingShared,
    book,
    collect,
    content_of,
    context_of,
    figures,
)

CSV = b"month,slug,n\nApr 2013,one,1\nMay 2013,two,2\n"
OTHER = CSV.replace(b"2\n", b"5\n")
LONG_AGO = format_datetime(NOW - timedelta(days=1), usegmt=True)
SECRET = "planted-secret"


class Sheets(HttpServer):
    """Serves one sheet under any path, with the validators that it is given."""

    def __init__(self, content=CSV, **headers):
        super().__init__()
        self.content = content
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.wanted = {}
        self.ahead = NOW.timestamp() - time.time()

    def answer(self, request):
        if any(request.headers.get(name) != value for name, value in self.wanted.items()):
            return Answer(401, b"who are you? " + request.path.encode())
        sent = {name: request.headers.get(name) for name in ("if-none-match", "if-modified-since")}
        etag, date = (self.headers.get(name) for name in ("ETag", "Last-Modified"))
        if (etag and sent["if-none-match"] == etag) or (
            date and not etag and sent["if-modified-since"] == date
        ):
            return Answer(304)
        return Answer(200, self.content, self.headers)


def context(**parts):
    clock = FixedClock(NOW)
    http = HttpClient(clock, sleep=RecordingSleep(), read=5.0, proxies={}, max_reply=1_000_000)
    return context_of(**({"clock": clock, "http": http, "shared": CountingShared()} | parts))


def later(one, **parts):
    """Give a context of the next run of another process: it has what the first remembered."""
    return context(state=json.loads(json.dumps(dict(one.state))), **parts)


def at(server, path="/figures.csv"):
    return {"file": f"{server.url}{path}", "date": "month", "measures": ["n"]}


def revision(one, server, path="/figures.csv"):
    return Spreadsheet(**at(server, path)).revision(one)


def failure(error, server, one=None, path="/figures.csv?key=planted-secret", **query):
    """Give what is said, without the server's address; nothing secret may be in it."""
    with pytest.raises(error) as caught:
        collect(one or context(), **(at(server, path) | query))
    message = str(caught.value)
    assert SECRET not in message + str(getattr(caught.value, "sample", ""))
    return message.replace(server.url, "")


def served(*answers, **query):
    """Give what is said of a server that answers so."""
    with HttpServer(scripted(*answers)) as server:
        return failure(query.pop("error", Refused), server, **query)


# What is fetched


def test_one_download_serves_all_collectors_of_a_process():
    with Sheets() as server:
        one = context()
        for slug, expected in (("one", [1]), ("two", [2]), ("one", [1])):
            revision(one, server)
            assert figures(one, **at(server), where={"slug": slug}) == expected
            revision(one, server)
    assert len(server.requests) == 1
    assert one.shared.built.count("spreadsheet table") == 1


def test_a_workbook_is_read_as_well():
    with Sheets(content_of(book())) as server:
        assert figures(context(), **at(server, "/export?format=xlsx")) == [1, 2]
    assert server.requests[0].query == {"format": "xlsx"}


@pytest.mark.parametrize("headers", [{"ETag": 'W/"a"'}, {"Last_Modified": LONG_AGO}])
def test_what_has_not_changed_costs_no_download_in_the_next_run(headers):
    with Sheets(**headers) as server:
        first = context()
        before = revision(first, server)
        assert figures(first, **at(server)) == [1, 2]
        second = later(first)
        assert revision(second, server) == before
        assert len(server.requests) == 2
        assert second.shared.built == ["spreadsheet download"]
        assert second.state == first.state


def test_content_that_was_not_downloaded_is_when_it_is_needed_after_all():
    with Sheets(ETag='"a"') as server:
        first = context()
        revision(first, server)
        second = later(first)
        assert figures(second, **at(server)) == [1, 2]
    asked = [request.headers.get("if-none-match") for request in server.requests]
    assert asked == [None, '"a"', None]


def test_within_a_minute_a_server_is_not_asked_again_and_then_it_is():
    with Sheets(ETag='"a"') as server:
        one = context()
        revision(one, server)
        one.clock.at = NOW + timedelta(seconds=59)
        revision(one, server)
        assert len(server.requests) == 1
        one.clock.at = NOW + timedelta(seconds=60)
        assert figures(one, **at(server)) == [1, 2]
        assert server.requests[1].headers["if-none-match"] == '"a"'
        assert len(server.requests) == 2


@pytest.mark.parametrize("etag", [None, '"a"'])
def test_a_changed_file_has_another_revision_and_is_read_again(etag):
    with Sheets(**({"ETag": etag} if etag else {})) as server:
        one = context()
        before = revision(one, server)
        assert figures(one, **at(server)) == [1, 2]
        server.content = OTHER
        if etag:
            server.headers["ETag"] = '"b"'
        one.clock.at = NOW + timedelta(minutes=1)
        assert revision(one, server) != before
        assert figures(one, **at(server)) == [1, 5]


def test_without_validators_each_run_downloads_and_the_content_decides():
    with Sheets() as server:
        first = context()
        before = revision(first, server)
        assert revision(later(first), server) == before
        assert len(server.requests) == 2
        server.content = OTHER
        assert revision(later(first), server) != before


def test_a_date_of_the_last_change_is_not_trusted_while_it_is_young():
    remembered = []
    for age in (30, 90):
        changed = format_datetime(NOW - timedelta(seconds=age), usegmt=True)
        with Sheets(Last_Modified=changed) as server:
            one = context()
            revision(one, server)
            remembered.append("last_modified" in json.loads(one.state["download"]))
    assert remembered == [False, True]


def test_what_was_remembered_of_another_address_or_makes_no_sense_is_not_used():
    with Sheets(ETag='"a"') as server:
        first = context()
        revision(first, server)
        revision(later(first), server, "/other.csv")
        revision(context(state={"download": "{"}), server)
    assert not any("if-none-match" in request.headers for request in server.requests)


def test_a_file_that_changes_between_revision_and_download_is_read_again_next_time():
    with Sheets(ETag='"a"') as server:
        first = context()
        revision(first, server)
        second = later(first)
        revision(second, server)
        server.content = OTHER
        message = failure(Unavailable, server, second, "/figures.csv")
    assert message == "/figures.csv: changed while it was being read; it is read again next time"


# How it is read


@pytest.mark.parametrize(
    ("charset", "encoding", "expected"),
    [
        ("iso-8859-2", "auto", "ł"),
        ("ISO-8859-2", "cp1252", "\u00b3"),
        (None, "auto", "\u00b3"),
    ],
)
def test_the_charset_that_the_server_says_counts_unless_the_query_says_another(
    charset, encoding, expected
):
    kind = f"text/csv; charset={charset}" if charset else "text/csv"
    with Sheets("month,n,what\nApr 2013,1,ł\n".encode("iso-8859-2"), Content_Type=kind) as server:
        query = at(server) | {"encoding": encoding, "dimensions": ["what"]}
        (reading,) = collect(context(), **query)
    assert reading.dimensions == {"what": expected}


def test_another_charset_is_another_revision():
    with Sheets(Content_Type="text/csv; charset=cp1252") as server:
        before = revision(context(), server)
        server.headers["Content-Type"] = "text/csv; charset=utf-8"
        assert revision(context(), server) != before


def test_a_charset_that_is_wrong_or_unknown_is_told():
    for charset, content in (("utf-8", CSV + b"\xa3"), ("klingon", CSV)):
        answer = Answer(200, content, {"Content-Type": f"text/csv; charset={charset}"})
        assert (
            served(answer) == f"/figures.csv: is not {charset}; set `encoding`, or save it as UTF-8"
        )


# What servers do instead


def test_a_web_page_is_no_sheet():
    said = (
        "/figures.csv answered a web page and not a sheet: it may ask people to log in; give the "
        "address of the file itself, or `credentials`"
    )
    assert served(html_answer()) == said
    assert served(Answer(200, b"<html>", {"Content-Type": "application/octet-stream"})) == (
        "/figures.csv: is a web page and not a sheet; save the sheet itself"
    )


def test_a_server_that_is_down_is_asked_again_and_its_failure_is_shared_for_a_minute():
    with HttpServer(scripted(Answer(503, b"planted-secret"))) as server:
        one = context()
        assert failure(Unavailable, server, one) == "/figures.csv answered 503"
        tries = len(server.requests)
        assert failure(Unavailable, server, one) == "/figures.csv answered 503"
        assert len(server.requests) == tries == one.http.attempts
        one.clock.at = NOW + timedelta(minutes=1)
        failure(Unavailable, server, one)
        assert len(server.requests) == 2 * tries


def test_a_server_that_is_up_again_is_believed():
    with HttpServer(scripted(Answer(500), Answer(200, CSV))) as server:
        assert figures(context(), **at(server)) == [1, 2]


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (401, "/figures.csv answered 401: it asks for a login (none was sent); set `credentials`"),
        (403, "/figures.csv answered 403: it asks for a login (none was sent); set `credentials`"),
        (404, "/figures.csv answered 404: there is nothing there; correct `file`"),
        (418, "/figures.csv answered 418"),
        (204, "/figures.csv answered 204, which brings no file"),
        (304, "/figures.csv answered 304, which brings no file"),
        (302, "/figures.csv answered 302, which brings no file"),
    ],
)
def test_any_other_answer_is_refused_without_what_its_body_says(status, message):
    body = b"" if status in (204, 304) else b"/figures.csv?key=planted-secret"
    assert served(Answer(status, body)) == message


def test_a_body_that_is_cut_off_is_never_a_short_sheet():
    message = served(Answer(200, CSV, cut=len(CSV) - 5), error=Unavailable)
    assert "the connection broke before the whole answer had come" in message


def test_a_body_without_an_end_is_left():
    endless = Answer(200, b"Apr 2013,one,1\n" * 70_000, chunked=True, cut=1_010_000)
    assert served(endless, error=Unexpected) == (
        "/figures.csv answered more than 1000000 bytes, which is the limit"
    )


def test_an_empty_file_may_be_about_to_be_written():
    assert served(Answer(200), error=Unavailable).startswith("/figures.csv: is empty")


def test_a_server_that_is_not_there_is_named_without_the_query():
    with HttpServer() as server:
        gone = server.url
    with pytest.raises(Unavailable) as caught:
        collect(context(), file=f"{gone}/a.csv?key={SECRET}")
    assert str(caught.value).startswith(f"GET {gone}/a.csv: no connection")


# Redirects


def moved(location, status=302):
    return Answer(status, b"", {"Location": location})


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed(status):
    with HttpServer(scripted(moved("/there.csv?key=1", status), Answer(200, CSV))) as server:
        assert figures(context(), **at(server, "/a/figures.csv")) == [1, 2]
    assert [request.path for request in server.requests] == ["/a/figures.csv", "/there.csv"]
    assert server.requests[1].query == {"key": "1"}


@pytest.mark.parametrize("location", ["file:///etc/passwd", "ftp://a/b", "http://[", "data:,a"])
def test_redirects_to_anything_but_http_are_refused(location):
    assert served(moved(location)) == (
        "/figures.csv redirects to what is no http:// or https:// address"
    )


def test_redirects_come_to_an_end():
    assert served(moved("/figures.csv")) == "/figures.csv redirects more than 5 times"


def test_the_credential_is_not_sent_to_another_host():
    credential = SpreadsheetCredential(token=Secret(SECRET))
    with Sheets() as other, HttpServer(scripted(moved(f"{other.url}/b.csv"))) as server:
        assert figures(context(credential=credential), **at(server)) == [1, 2]
    assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    assert "authorization" not in other.requests[0].headers


# Private URLs

BASIC = f"Basic {base64.b64encode(b'me:planted-secret').decode()}"
WAYS = [
    ({"token": Secret(SECRET)}, {"authorization": f"Bearer {SECRET}"}),
    ({"user": "me", "password": Secret(SECRET)}, {"authorization": BASIC}),
    ({"header": "X-Api-Key", "value": Secret(SECRET)}, {"x-api-key": SECRET}),
]


@pytest.mark.parametrize(("credential", "wanted"), WAYS, ids=["bearer", "basic", "header"])
def test_a_private_sheet_is_read_with_a_credential(credential, wanted):
    one = context(credential=SpreadsheetCredential(**credential), credential_name="sheets")
    with Sheets() as server:
        server.wanted = wanted
        assert figures(one, **at(server)) == [1, 2]
        server.wanted = {"authorization": "another"}
        again = later(one, credential=one.credential, credential_name="sheets")
        assert failure(Refused, server, again) == (
            "/figures.csv answered 401: it asks for a login (the credential sheets was sent); "
            "set `credentials`"
        )


def test_the_query_of_a_url_is_not_shown_with_the_configuration():
    url = f"https://sheets.example/a.csv?key={SECRET}"
    source = Spreadsheet(file=url, date="month", measures=["n"])
    assert source.file == url
    assert source.model_dump()["file"] == "https://sheets.example/a.csv?****"


def test_nothing_secret_is_remembered():
    one = context(credential=SpreadsheetCredential(token=Secret(SECRET)))
    with Sheets(ETag='"a"') as server:
        figures(one, **at(server, f"/figures.csv?key={SECRET}"))
    assert SECRET not in json.dumps(dict(one.state))
    assert "if-none-match" not in server.requests[0].headers
