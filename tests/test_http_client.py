import json
import logging
import socket
import ssl
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from email.utils import format_datetime

import pytest
import urllib3.exceptions
from hypothesis import given
from hypothesis import strategies as st

from collectors.clock import FixedClock
from collectors.errors import (
    CollectorError,
    ConfigError,
    QuotaSpent,
    Refused,
    Unavailable,
    Unexpected,
)
from collectors.http_client import HttpClient, Reply, scrub, without_query
from collectors.http_messages import describe, translate
from collectors.values import Secret
from tests.contexts import NOW, RecordingSleep
from tests.servers.http import (
    Answer,
    HttpServer,
    Request,
    html_answer,
    json_answer,
    packed,
    scripted,
)

OK = json_answer({"fine": True})
TOKEN = Secret('to/ken+with&"quotes"=')


def client(**options):
    parts = {"read": 5.0, "sleep": RecordingSleep(), "proxies": {}}
    return HttpClient(FixedClock(NOW), **(parts | options))


def error_of(server_answer, *, attempts=1, **options):
    """Give the error that comes of one answer."""
    with HttpServer(scripted(server_answer)) as server, pytest.raises(CollectorError) as caught:
        client(attempts=attempts, **options).get(server.url + "/x", params={"key": "in-the-query"})
    assert "in-the-query" not in str(caught.value)
    return caught.value


def closed_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


# What is asked for


def test_a_reply_has_its_status_headers_body_and_a_url_without_query():
    with HttpServer(scripted(OK)) as server:
        reply = client().get(f"{server.url}/a", params={"q": "x y"}, headers={"X-One": "1"})
    assert reply.json() == {"fine": True}
    assert (reply.status, reply.url) == (200, f"{server.url}/a")
    assert reply.headers["content-type"] == "application/json"
    asked = server.requests[0]
    assert asked.query == {"q": "x y"}
    assert asked.headers["x-one"] == "1"
    assert asked.headers["user-agent"].startswith("performance-collector/")


def test_parameters_are_added_to_those_that_the_url_has():
    with HttpServer(scripted(OK)) as server:
        client().get(f"{server.url}/a?b=1", params={"c": 2})
    assert server.requests[0].query == {"b": "1", "c": "2"}


def test_send_gives_an_error_status_as_a_reply_and_sends_the_body_once():
    with HttpServer(scripted(Answer(503, b"down"))) as server:
        reply = client().send("POST", server.url, body=b"[]", bearer=Secret("abc"))
    assert (reply.status, reply.body) == (503, b"down")
    assert [request.body for request in server.requests] == [b"[]"]
    assert server.requests[0].headers["authorization"] == "Bearer abc"


def test_one_connection_serves_many_requests():
    with HttpServer(scripted(OK, packed(OK), Answer(404, b"no"), OK)) as server:
        one = client()
        for _ in range(4):
            one.send("GET", server.url)
    assert server.connections == 1


def test_threads_share_a_client():
    def echo(request: Request) -> Answer:
        return json_answer(request.query)

    with HttpServer(echo) as server, ThreadPoolExecutor(8) as threads:
        one = client()
        replies = threads.map(lambda n: one.get(server.url, params={"n": n}).json(), range(64))
        assert list(replies) == [{"n": str(n)} for n in range(64)]


# Bodies


@pytest.mark.parametrize("size", [0, 1, 65_536, 300_000])
@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("gzipped", [False, True])
def test_a_body_of_any_size_comes_whole(size, chunked, gzipped):
    body = (bytes(range(256)) * (size // 256 + 1))[:size]
    answer = Answer(200, body, chunked=chunked)
    with HttpServer(scripted(packed(answer) if gzipped else answer)) as server:
        assert client().get(server.url).body == body


def test_a_body_of_several_gzip_members_comes_whole():
    one, two = packed(Answer(body=b"one")), packed(Answer(body=b"two"))
    answer = Answer(200, one.body + two.body, one.headers)
    with HttpServer(scripted(answer)) as server:
        assert client().get(server.url).body == b"onetwo"


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("kept", [0, 1, 2000, -1])
def test_a_body_that_is_cut_off_is_never_a_short_success(chunked, gzipped, kept):
    whole = Answer(200, json.dumps(list(range(9999))).encode(), chunked=chunked)
    whole = packed(whole) if gzipped else whole
    cut = kept if kept >= 0 else len(whole.body) + kept
    error = error_of(Answer(200, whole.body, whole.headers, cut=cut, chunked=chunked))
    assert isinstance(error, Unavailable)
    assert "the connection broke before the whole answer had come" in str(error)


def test_gzip_that_was_cut_before_it_was_sent_is_never_a_short_success():
    whole = packed(Answer(200, b"x" * 100_000))
    error = error_of(Answer(200, whole.body[:-20], whole.headers))
    assert isinstance(error, Unavailable)
    assert "the answer is packed as gzip and damaged" in str(error)


def test_damaged_gzip_is_unavailable():
    error = error_of(Answer(200, b"no gzip at all", {"Content-Encoding": "gzip"}))
    assert isinstance(error, Unavailable)
    assert "damaged" in str(error)


def test_a_packing_that_was_not_asked_for_is_unexpected():
    error = error_of(Answer(200, b"...", {"Content-Encoding": "br"}))
    assert isinstance(error, Unexpected)
    assert "only gzip is known" in str(error)


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_unexpected_also_when_it_was_packed_small(gzipped, chunked):
    big = Answer(200, b"0" * 3_000_000, chunked=chunked)
    error = error_of(packed(big) if gzipped else big, max_reply=1_000_000)
    assert isinstance(error, Unexpected)
    assert "more than 1000000 bytes" in str(error)


# Time


def test_a_server_that_says_nothing_is_unavailable():
    error = error_of(Answer(stall=True), read=0.1)
    assert isinstance(error, Unavailable)
    assert "no answer in time" in str(error)


HEAD = b"HTTP/1.1 200 OK\r\nX-Long: "


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, b"x" * 10_000, drip=0.01),
        Answer(200, b"x" * 10_000, drip=0.01, chunked=True),
        Answer(raw=HEAD + b"x" * 10_000, drip=0.01),
        Answer(
            raw=b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 9999, drip=0.01
        ),
    ],
    ids=["body", "chunks", "headers", "chunk-size"],
)
def test_a_server_that_drips_for_ever_is_stopped_by_the_total(answer):
    error = error_of(answer, total=0.3, read=5.0)
    assert isinstance(error, Unavailable)
    assert "no answer in time" in str(error)


# Trying again


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_what_passes_is_tried_again(status):
    with HttpServer(scripted(Answer(status), OK)) as server:
        one = client()
        assert one.get(server.url).json() == {"fine": True}
    assert len(one.sleep.seconds) == 1
    assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422])
def test_what_lasts_is_refused_at_once_with_what_was_said(status):
    answer = Answer(status, b"so\n\x1b[31m it\x00 is")
    with HttpServer(scripted(answer)) as server, pytest.raises(Refused) as caught:
        client().get(server.url)
    assert str(caught.value) == f"{server.url} answered {status}: so [31m it is"
    assert len(server.requests) == 1


def test_the_tries_come_to_an_end_and_the_last_error_is_raised():
    with HttpServer(scripted(Answer(503))) as server:
        one = client(attempts=3)
        with pytest.raises(Unavailable, match="answered 503"):
            one.get(server.url)
    assert len(server.requests) == 3
    assert len(one.sleep.seconds) == 2


def test_the_pauses_grow_and_are_never_longer_than_half_a_minute():
    with HttpServer(scripted(Answer(503))) as server:
        one = client(attempts=12)
        with pytest.raises(Unavailable):
            one.get(server.url)
    limits = [min(30.0, 0.5 * 2**attempt) for attempt in range(1, 12)]
    assert all(0 <= slept <= limit for slept, limit in zip(one.sleep.seconds, limits, strict=True))


def test_retry_after_is_waited_for_as_seconds_and_as_a_date():
    date = format_datetime(NOW + timedelta(seconds=20), usegmt=True)
    answers = [Answer(429, headers={"Retry-After": text}) for text in ("7", date)]
    with HttpServer(scripted(*answers, OK)) as server:
        one = client()
        one.get(server.url)
    first, second = one.sleep.seconds
    assert 7 <= first <= 8
    assert 20 <= second <= 22


def test_a_wait_that_is_too_long_is_left_to_the_caller():
    with HttpServer(scripted(Answer(503, headers={"Retry-After": "3600"}), OK)) as server:
        one = client()
        with pytest.raises(Unavailable) as caught:
            one.get(server.url)
    assert caught.value.retry_after == 3600
    assert one.sleep.seconds == []


def test_a_connection_that_breaks_is_tried_again():
    with HttpServer(scripted(Answer(200, b"abc", cut=1), Answer(raw=b""), OK)) as server:
        assert client().get(server.url).json() == {"fine": True}
    assert len(server.requests) == 3


def test_a_judge_says_what_a_reply_means():
    def judge(reply: Reply) -> CollectorError | None:
        return None if reply.json() == {"fine": True} else Unavailable("not yet fine")

    with HttpServer(scripted(json_answer({}), OK)) as server:
        client().get(server.url, judge=judge)
    assert len(server.requests) == 2


def test_the_error_of_a_judge_is_raised_as_it_is():
    error = QuotaSpent("all gone", NOW)
    with HttpServer(scripted(OK)) as server, pytest.raises(QuotaSpent) as caught:
        client().get(server.url, judge=lambda _: error)
    assert caught.value is error


@given(st.text(st.characters(max_codepoint=255)))
def test_no_retry_after_makes_a_reply_fail(text):
    waited = Reply(503, {"Retry-After": text}, b"", "").retry_after(NOW)
    assert waited is None or waited >= 0


# Replies that are not what they should be


def test_a_page_instead_of_json_is_unexpected_with_a_sample():
    with HttpServer(scripted(html_answer())) as server, pytest.raises(Unexpected) as caught:
        client().get(server.url + "/a").json()
    assert str(caught.value) == f"{server.url}/a answered text/html; charset=utf-8, not JSON"
    assert caught.value.sample == "<!DOCTYPE html><h1>Sign in</h1>"


@pytest.mark.parametrize("location", ["/login?secret=1", "http://u:p@127.0.0.2/login#x"])
def test_a_redirect_is_not_followed_and_says_where_to(location):
    answer = Answer(302, headers={"Location": location})
    moved = pytest.raises(Refused, match=r"answered 302: it has moved to http://127.*/login;")
    with HttpServer(scripted(answer)) as server, moved:
        client().get(server.url, bearer=Secret("abc"))
    assert len(server.requests) == 1


@pytest.mark.parametrize("headers", [{}, {"Location": "http://["}])
def test_a_redirect_to_nowhere_is_refused(headers):
    assert isinstance(error_of(Answer(301, headers=headers)), Refused)


@pytest.mark.parametrize(
    "raw",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"1" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno size\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
    ],
    ids=["not-http", "no-status", "many-headers", "long-header", "chunk-size", "no-body"],
)
def test_what_is_not_http_is_unavailable(raw):
    error = error_of(Answer(raw=raw))
    assert isinstance(error, Unavailable)
    assert "the connection broke" in str(error)


# Nobody there


def test_a_closed_port_is_unavailable_in_plain_words():
    url = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(Unavailable) as caught:
        client(attempts=1).get(url)
    assert str(caught.value) == f"GET {url}: no connection: connection refused"


def test_an_unknown_host_is_unavailable_in_plain_words():
    with pytest.raises(Unavailable, match="the host name cannot be resolved"):
        client(attempts=1).get("http://nowhere.invalid/x")


def test_tls_to_a_server_without_it_is_unavailable_in_plain_words():
    with HttpServer(scripted(OK)) as server, pytest.raises(Unavailable, match="TLS failed: "):
        client(attempts=1).get(server.url.replace("http:", "https:"))


def test_a_certificate_that_is_not_valid_is_named():
    refused = ssl.SSLCertVerificationError(1, "certificate verify failed")
    refused.verify_message = "self-signed certificate"
    words = describe(urllib3.exceptions.SSLError(refused))
    assert words == "the server's TLS certificate is not valid: self-signed certificate"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.example/path",
        "file:///etc/passwd",
        "ftp://example.com",
        "http://",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:port/",
        "http://exa mple/",
        "http://" + "a" * 70 + ".example/",
        "http://..example/",
    ],
)
def test_what_is_not_a_url_is_refused(url):
    with pytest.raises(Refused):
        client().get(url)


def test_every_error_of_urllib3_is_translated_without_what_it_quotes():
    def kinds(kind):
        yield kind
        for one in kind.__subclasses__():
            yield from kinds(one)

    ours = {
        kind
        for kind in kinds(urllib3.exceptions.HTTPError)
        if kind.__module__.startswith("urllib3")
    }
    assert len(ours) > 25
    for kind in ours:
        exc = kind.__new__(kind)
        exc.args = ("http://x/?secret",)
        if isinstance(exc, urllib3.exceptions.ProxyError):
            exc.original_error = OSError("secret")
        error = translate(exc, "GET http://x/")
        assert isinstance(error, (Unavailable, Refused)), kind
        assert str(error).startswith("GET http://x/: ")
        assert "secret" not in str(error)


# Secrets


SPELT = {
    "plain": TOKEN.reveal(),
    "json": json.dumps(TOKEN.reveal()),
    "json, slashed": json.dumps(TOKEN.reveal()).replace("/", "\\/"),
    "html": "to/ken+with&amp;&quot;quotes&quot;=",
    "url": "to%2Fken%2Bwith%26%22quotes%22%3D",
    "url, small": "to%2fken%2bwith%26%22quotes%22%3d",
    "url, slashed": "to/ken%2Bwith%26%22quotes%22%3D",
}


@pytest.mark.parametrize("echo", SPELT.values(), ids=SPELT)
@pytest.mark.parametrize("status", [200, 400, 404, 500])
def test_a_token_that_the_server_echoes_is_in_no_message_sample_or_repr(echo, status):
    answer = Answer(status, b"<p>you sent " + echo.encode(), {"X-Echo": echo, "Content-Type": echo})
    with HttpServer(scripted(answer)) as server:
        one = client(attempts=1)
        reply = one.send("GET", server.url, bearer=TOKEN)
        with pytest.raises(CollectorError) as caught:
            one.get(server.url, bearer=TOKEN).json()
    seen = f"{reply!r} {reply.text()} {reply.headers} {caught.value} {vars(caught.value)} {one!r}"
    assert "quotes" not in seen
    assert "****" in reply.text()


@pytest.mark.parametrize("code", ["\\u{:04x}", "\\u{:04X}"])
def test_a_token_spelt_in_code_points_is_blotted_out(code):
    text = "".join(c if c.isalnum() else code.format(ord(c)) for c in "a+b/c=")
    assert scrub(f'"{text}"'.encode(), Secret("a+b/c=")) == b'"****"'


visible = st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="*")


@given(st.text(visible, min_size=1), st.text(), st.text())
def test_no_secret_outlives_scrubbing(token, before, after):
    echoed = f"{before}{token}{after}"
    left = scrub(echoed.replace("*", "").encode("utf-8", "replace"), Secret(token))
    assert token.encode() not in left


def test_a_token_in_a_redirect_a_status_line_or_a_broken_header_is_not_told(caplog):
    caplog.set_level(logging.DEBUG)
    token = Secret("a-very-secret-token")
    echo = token.reveal().encode()
    raws = [
        b"HTTP/1.1 302 Found\r\nLocation: /a-very-secret-token\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 " + echo + b" OK\r\n\r\n",
        b"HTTP/1.1 404 OK\r\n" + echo + b"\r\nX: 1\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + echo + b"\r\n",
    ]
    with HttpServer(scripted(*(Answer(raw=raw) for raw in raws))) as server:
        for _ in raws:
            with pytest.raises(CollectorError) as caught:
                client(attempts=1).get(server.url, params={"q": "in-the-query"}, bearer=token)
            assert "very-secret" not in str(caught.value)
    assert "very-secret" not in caplog.text
    assert "in-the-query" not in caplog.text


@pytest.mark.parametrize("token", ["", "abc\n", " abc", "a\r\nX: y", "abc\x00", "tök€n"])
def test_a_token_that_no_header_may_hold_is_refused_without_being_told(token):
    with pytest.raises(Refused, match="copy it anew") as caught:
        client().get("http://127.0.0.1:9/", bearer=Secret(token))
    assert not token.strip() or token.strip() not in str(caught.value)


def test_a_header_that_cannot_be_sent_is_refused():
    with HttpServer(scripted(OK)) as server, pytest.raises(Refused, match="cannot be sent"):
        client().get(server.url, headers={"If-None-Match": "a\nb"})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:word@host:81/a/b?key=1#top", "https://host:81/a/b"),
        ("https://host", "https://host"),
        ("http:user:word@host/", "(not a URL)"),
        ("http://[", "(not a URL)"),
    ],
)
def test_a_url_is_shown_without_user_password_query_and_fragment(url, shown):
    assert without_query(url) == shown


@given(st.text())
def test_no_url_makes_the_message_about_it_fail(text):
    assert isinstance(without_query(text), str)


# Proxies


def test_a_proxy_of_the_environment_is_used_and_its_password_is_not_shown():
    with HttpServer(scripted(OK)) as proxy:
        address = proxy.url.replace("://", "://me:p%40ss@")
        one = client(proxies={"http": address})
        one.get("http://api.example/a", params={"b": 1})
    asked = proxy.requests[0]
    assert (asked.headers["host"], asked.path) == ("api.example", "/a")
    assert asked.headers["proxy-authorization"] == "Basic bWU6cEBzcw=="
    assert "p%40ss" not in repr(one)


@pytest.mark.parametrize("no", ["127.0.0.1", "*", "example.com,127.0.0.1"])
def test_no_proxy_is_respected(no):
    with HttpServer(scripted(Answer(502))) as proxy, HttpServer(scripted(OK)) as server:
        client(proxies={"all": proxy.url, "no": no}).get(server.url)
    assert proxy.requests == []


def test_a_proxy_without_a_scheme_speaks_http():
    with HttpServer(scripted(OK)) as proxy:
        client(proxies={"http": proxy.url.removeprefix("http://")}).get("http://api.example")
    assert len(proxy.requests) == 1


def test_a_proxy_that_refuses_the_tunnel_is_unavailable_in_plain_words():
    refusal = Answer(raw=b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
    with (
        HttpServer(scripted(refusal)) as proxy,
        pytest.raises(Unavailable, match="the proxy failed"),
    ):
        client(attempts=1, proxies={"https": proxy.url}).get("https://api.example")


def test_a_proxy_that_is_not_there_is_unavailable():
    gone = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(Unavailable, match="the proxy failed: no connection: connection refused"):
        client(attempts=1, proxies={"http": gone}).get("http://api.example")


def test_a_proxy_of_another_kind_is_a_mistake_in_the_configuration():
    with pytest.raises(ConfigError, match="a proxy for https that cannot be used: socks5://host:1"):
        client(proxies={"https": "socks5://me:word@host:1"})


# The clock


@pytest.mark.parametrize(
    ("ahead", "date"), [(90, NOW - timedelta(seconds=90)), (-3600, NOW + timedelta(hours=1))]
)
def test_the_skew_is_how_far_this_clock_is_ahead_of_the_servers(ahead, date):
    raw = f"HTTP/1.1 204 No\r\nDate: {format_datetime(date, usegmt=True)}\r\n\r\n"
    one = client()
    with HttpServer(scripted(Answer(raw=raw.encode()))) as server:
        one.send("GET", server.url)
    assert one.skew == ahead


def test_a_date_that_cannot_be_read_leaves_the_skew_as_it_was():
    one = client(skew=5.0)
    with HttpServer(scripted(Answer(raw=b"HTTP/1.1 204 No\r\nDate: soon\r\n\r\n"))) as server:
        one.send("GET", server.url)
    assert one.skew == 5.0


def test_a_closed_client_opens_again_when_asked():
    with HttpServer(scripted(OK)) as server:
        one = client()
        one.get(server.url)
        one.close()
        one.get(server.url)
    assert server.connections == 2
