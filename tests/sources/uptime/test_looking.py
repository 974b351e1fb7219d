"""One look at a target: whatever the far side does is a figure, and never an error."""

import json
import socket
from contextlib import contextmanager
from datetime import timedelta

import pytest
from cryptography import x509
from pydantic import ValidationError

from collectors.api import Refused, Secret, Unavailable
from collectors.clock import from_epoch
from collectors.sources.uptime import Uptime
from collectors.sources.uptime.addresses import refusal
from collectors.sources.uptime.seeing import Seen, together
from collectors.testing import FAULTS, NOW, leaks, make_context
from collectors.values import Referenced
from tests.servers.http import Answer, HttpServer, html_answer, packed, scripted
from tests.servers.tls import SecureServer, certificate

FINE = html_answer("<h1>All of it is well</h1>")
TOKEN = "planted/header+token="


def moved(where, status=302):
    return Answer(status, headers={"Location": where})


def look(url, context=None, **query):
    source = Uptime(url=url, **{"allow_private": True, "timeout": 5, **query})
    seen = source.probe(NOW, context or make_context())
    assert json.loads(json.dumps(seen)) == seen
    return Seen.model_validate(seen)


@contextmanager
def serving(*answers):
    with HttpServer(scripted(*answers)) as server:
        yield server


def test_a_good_answer_is_up_with_its_times():
    with serving(FINE) as server:
        seen = look(server.url + "/start?step=1")
    assert (seen.up, seen.reason, seen.status, seen.expires) == (True, "", 200, None)
    assert 0 <= seen.connect <= seen.total
    (asked,) = server.requests
    assert (asked.method, asked.path, asked.query) == ("GET", "/start", {"step": "1"})
    assert asked.headers["host"] == server.url.removeprefix("http://")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ({"expect_status": "404"}, "it answered 200"),
        ({"expect_status": ["201", "300-399"]}, "it answered 200"),
        ({"body": "all is lost"}, "the answer does not hold the text that it should"),
        ({"body": "/^all/"}, "the answer does not hold the text that it should"),
    ],
)
def test_an_answer_that_is_not_as_expected_is_down(query, reason):
    with serving(FINE) as server:
        seen = look(server.url, **query)
    assert (seen.up, seen.reason, seen.status, seen.total) == (False, reason, 200, None)


@pytest.mark.parametrize("body", ["All of it", "/A[l]+ of (it|them)/", "/"])
def test_a_text_or_a_pattern_is_found(body):
    with serving(FINE) as server:
        assert look(server.url, body=body).up


def test_the_text_is_read_in_the_letters_that_the_answer_names():
    latin = Answer(200, "Gwên".encode("latin-1"), {"Content-Type": "text/html; charset=latin-1"})
    unknown = Answer(200, "Gwên".encode(), {"Content-Type": "text/html; charset=no-such"})
    with serving(latin, unknown) as server:
        assert look(server.url, body="Gwên").up
        assert look(server.url, body="Gwên").up


def test_only_the_beginning_of_a_long_answer_is_read():
    with serving(Answer(200, b"x" * 1_000_000 + b"the end")) as server:
        assert look(server.url).up
        assert look(server.url, body="the end").up is False


def test_a_packed_answer_is_not_searched():
    with serving(packed(FINE)) as server:
        assert "packed" in look(server.url, body="All").reason
        assert look(server.url).up


def test_head_asks_for_no_body():
    with HttpServer(scripted(Answer(200, headers={"Content-Length": "1000"}))) as server:
        server._server.RequestHandlerClass.do_HEAD = server._server.RequestHandlerClass.do_GET
        assert look(server.url, method="HEAD").up
    assert server.requests[0].method == "HEAD"


@pytest.mark.parametrize("chunked", [True, False])
def test_an_answer_that_is_cut_off_is_down(chunked):
    cut = Answer(200, b"x" * 4096, cut=2048, chunked=chunked)
    with serving(cut) as server:
        seen = look(server.url)
    assert seen.reason == "the connection broke before the whole answer had come"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(stall=True),
        Answer(200, b"x" * 100, drip=0.05),
        Answer(raw=b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100, drip=0.05),
    ],
    ids=["a stall", "a body that drips", "headers that drip"],
)
def test_a_slow_answer_is_down_however_busily_it_drips(answer):
    with serving(answer) as server:
        assert look(server.url, timeout=0.3).reason == "no whole answer within 0.3 seconds"


def test_nobody_there_is_down():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    seen = look(f"http://127.0.0.1:{port}")
    assert (seen.up, seen.reason) == (False, "no connection: connection refused")
    assert look("http://no-such-host.invalid").reason == "the host name cannot be resolved"
    too_long = "x" * 70
    assert look(f"http://{too_long}.uk").reason == "the host name cannot be resolved"


# Redirects


def test_redirects_are_followed_and_the_last_answer_counts():
    with serving(moved("/one"), moved("two", 308), FINE) as server:
        assert look(server.url, body="All").status == 200
    assert [one.path for one in server.requests] == ["/", "/one", "/two"]


@pytest.mark.parametrize(
    ("where", "reason"),
    [
        ("/", "it redirects more than 3 times"),
        ("https://www.gov.uk/x", "it redirects from http to https, which is not followed"),
        ("file:///etc/passwd", "it redirects from http to another scheme"),
        ("gopher://127.0.0.1/", "it redirects from http to another scheme"),
        ("http://[::1", "it redirects to what is no URL"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254 is never probed"),
        ("http://2852039166/latest", "169.254.169.254 is never probed"),
        ("http://[::ffff:169.254.169.254]/", "169.254.169.254 is never probed"),
        ("http://[fd00:ec2::254]/", "fd00:ec2::254 is never probed"),
        ("//100.100.100.200/", "100.100.100.200 is never probed"),
    ],
)
def test_a_redirect_that_is_not_followed_is_down(where, reason):
    with serving(moved(where)) as server:
        seen = look(server.url, follow_redirects=3, body="All")
    assert seen.up is False
    assert reason in seen.reason
    assert seen.status == 302


def test_a_redirect_from_https_to_http_is_not_followed(tmp_path, monkeypatch):
    shown = certificate(tmp_path / "server.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with serving(FINE) as plain, SecureServer(shown, scripted(moved(plain.url))) as secure:
        seen = look(secure.url)
    assert seen.reason == "it redirects from https to http, which is not followed"
    assert plain.requests == []


def test_without_following_the_redirect_itself_counts():
    with serving(moved("/sign-in")) as server:
        assert look(server.url, follow_redirects=0).status == 302
        assert look(server.url, follow_redirects=0, expect_status="200").up is False


def test_what_is_meant_for_one_host_is_not_sent_to_another():
    headers = {"Authorization": Referenced(f"Bearer {TOKEN}"), "X-Plain": "yes"}
    with serving(FINE) as other, serving(moved(other.url)) as server:
        assert look(server.url, headers=headers).up
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.requests[0].headers["x-plain"] == "yes"
    assert not {"authorization", "x-plain"} & other.requests[0].headers.keys()


# TLS


def test_a_certificate_is_verified_and_its_end_is_known(tmp_path, monkeypatch):
    shown = certificate(tmp_path / "server.pem", expires=timedelta(days=90))
    with SecureServer(shown, scripted(FINE)) as server:
        assert "its TLS certificate is not valid: self" in look(server.url).reason
        monkeypatch.setenv("SSL_CERT_FILE", str(shown))
        seen = look(server.url)
    assert seen.up
    made = shown.stat().st_mtime
    assert abs(seen.expires - made - timedelta(days=90).total_seconds()) < 120


def test_a_certificate_of_another_name_or_one_that_has_expired_is_down(tmp_path, monkeypatch):
    other = certificate(tmp_path / "other.pem", x509.DNSName("www.gov.uk"))
    monkeypatch.setenv("SSL_CERT_FILE", str(other))
    with SecureServer(other, scripted(FINE)) as server:
        assert "its TLS certificate is not valid: IP address mismatch" in look(server.url).reason
    old = certificate(tmp_path / "old.pem", expires=timedelta(days=-1))
    monkeypatch.setenv("SSL_CERT_FILE", str(old))
    with SecureServer(old, scripted(FINE)) as server:
        assert "certificate has expired" in look(server.url).reason


def test_the_name_is_asked_for_and_verified_and_not_the_address(tmp_path, monkeypatch):
    shown = certificate(tmp_path / "server.pem", x509.DNSName("localhost"))
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    with SecureServer(shown, scripted(FINE)) as server:
        assert look(server.url.replace("127.0.0.1", "localhost"), ip="4").up


def test_plain_http_where_tls_is_expected_is_down():
    with serving(FINE) as server:
        assert look(server.url.replace("http:", "https:")).reason.startswith("TLS failed: ")


# Addresses


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0", "0.1.2.3", "169.254.0.1", "169.254.169.254", "100.100.100.200", "224.0.0.1",
        "255.255.255.255", "168.63.129.16", "192.0.0.192", "::", "fe80::1", "fd00:ec2::254",
        "fd20:ce::254", "ff02::1", "::ffff:169.254.169.254", "::ffff:a9fe:a9fe",
        "::169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::",
    ],
)  # fmt: skip
def test_addresses_that_give_out_secrets_are_never_probed(address):
    assert "is never probed" in refusal(address, allow_private=True)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1",
     "fd00::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1"],
)  # fmt: skip
def test_private_addresses_are_probed_where_that_is_allowed(address):
    assert "allow_private" in refusal(address, allow_private=False)
    assert refusal(address, allow_private=True) is None


def test_public_addresses_are_probed():
    for address in ("151.101.0.144", "2a04:4e42::144", "64:ff9b::9765:90"):
        assert refusal(address, allow_private=False) is None


@pytest.mark.parametrize("host", ["localhost", "2130706433", "0x7f.1"])
def test_a_name_of_what_may_not_be_probed_is_not_seen_and_not_down(host):
    with serving(FINE) as server:
        seen = look(server.url.replace("127.0.0.1", host), allow_private=False)
    assert (seen.up, seen.total) == (None, None)
    assert seen.reason == (
        "127.0.0.1 is private and not probed, unless the query says allow_private: yes"
    )
    assert server.requests == []


class Six(HttpServer):
    """The same, at ::1."""

    def __init__(self, answer) -> None:
        super().__init__(answer)
        self._server.socket.close()
        try:
            self._server.socket = socket.create_server(("::1", 0), family=socket.AF_INET6)
        except OSError:
            pytest.skip("this machine has no ::1")
        self._server.server_address = self._server.socket.getsockname()

    @property
    def url(self):
        return super().url.replace("127.0.0.1", "[::1]")


def test_ipv6_is_asked_where_it_is_wanted():
    with Six(scripted(FINE)) as server:
        assert look(server.url).up
        assert look(server.url, ip="6").up
        assert look(server.url, ip="4").reason == (
            "the host name cannot be resolved, or has no IPv4 address"
        )
        assert server.requests[0].headers["host"] == server.url.removeprefix("http://")


def test_with_both_it_is_up_only_where_each_is():
    with serving(FINE) as server:
        seen = look(server.url, ip="both")
    assert seen.up is False
    assert (seen.each["4"].up, seen.each["6"].up) == (True, False)
    assert seen.reason.startswith("over IPv6 the host name cannot be resolved")
    assert seen.told().startswith("over IPv4 up, answered 200, ")


def test_what_was_seen_over_both_is_the_worse_of_each():
    good = Seen(up=True, status=200, connect=10, total=30, expires=2)
    slow = Seen(up=True, status=204, connect=5, total=90, expires=1)
    blind = Seen(up=None, reason="this machine cannot reach it")
    down = Seen(up=False, reason="it answered 503", status=503)

    fine = together({"4": good, "6": slow})
    assert (fine.up, fine.connect, fine.total, fine.expires) == (True, 10, 90, 1)
    assert together({"4": good, "6": blind}).up is None
    assert together({"4": down, "6": blind}).up is False
    assert together({"4": good, "6": down}).reason == "over IPv6 it answered 503"


# What servers do, and secrets


@pytest.mark.parametrize("name", FAULTS)
def test_whatever_the_server_does_is_seen_and_tells_no_secret(name):
    fault = FAULTS[name]
    headers = {"Authorization": Referenced(TOKEN), "X-Api-Key": Secret(TOKEN)}
    with serving(FINE) as server:
        server.spoil = lambda _number, request, answer: fault.spoil(request, answer)
        context = make_context()
        timeout = 0.3 if fault.slow else 5
        seen = look(server.url, context, headers=headers, body="is well", timeout=timeout)
    assert seen.up is False or (seen.up and not fault.breaks)
    assert leaks(seen.model_dump_json() + seen.told() + str(context.log.events), TOKEN) == []
    assert context.hide.texts == {TOKEN}


def test_a_source_shows_no_secret():
    source = Uptime(url="https://x.uk/?key=planted-key", headers={"Cookie": Secret(TOKEN)})
    shown = f"{source!r} {source.model_dump_json()}".replace(repr(source.url), "")
    assert leaks(source.model_dump_json(), TOKEN, "planted-key") == []
    assert leaks(shown, TOKEN) == []


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"url": "ftp://x.uk"}, "give a whole URL, with http:// or https://"),
        ({"url": "/x"}, "give a whole URL, with http:// or https://"),
        ({"url": "http://[::1"}, "this is no URL"),
        ({"url": "https://user:planted@x.uk"}, "a login belongs in a header, by reference"),
        ({"url": "http://169.254.169.254/"}, "169.254.169.254 is never probed"),
        ({"url": "http://[::1]/"}, "::1 is private"),
        ({"expect_status": "2xx"}, "a status is written like 200, several like 200-299"),
        ({"expect_status": ["299-200"]}, "a status is written like 200, several like 200-299"),
        ({"body": "/(/"}, "this is no pattern"),
        ({"body": "x", "method": "HEAD"}, "has no `body` to look at"),
        ({"headers": {"authorization": "planted"}}, "authorization is a login"),
        ({"headers": {"X": Secret("planted\r\nY: 1")}}, "holds what cannot be sent"),
        ({"headers": {"X Y": "1"}}, "'X Y' is not the name of a header"),
    ],
)
def test_a_query_that_cannot_be_is_refused(query, message):
    with pytest.raises(ValidationError) as caught:
        Uptime(**{"url": "https://x.uk", **query})
    told = "".join(one["msg"] for one in caught.value.errors())
    assert message in told
    assert "planted" not in told


# check


def test_check_looks_once_and_tells_what_it_saw():
    with serving(FINE, Answer(503)) as server:
        source, context = Uptime(url=server.url, allow_private=True), make_context()
        (told,) = source.examine(context)
        assert told.startswith(f"{server.url} is up, answered 200, connected in ")
        with pytest.raises(Unavailable, match="is down: it answered 503"):
            list(source.examine(context))
    with pytest.raises(Refused, match="is private and not probed"):
        list(Uptime(url="http://localhost").examine(context))


def test_check_warns_of_a_certificate_that_expires_soon(tmp_path, monkeypatch):
    shown = certificate(tmp_path / "server.pem", expires=timedelta(days=5, hours=1))
    monkeypatch.setenv("SSL_CERT_FILE", str(shown))
    context = make_context()
    context.clock.at = from_epoch(shown.stat().st_mtime)
    with SecureServer(shown, scripted(FINE)) as server:
        list(Uptime(url=server.url, allow_private=True).examine(context))
        list(Uptime(url=server.url, allow_private=True, tls_expiry=3).examine(context))
    (told,) = context.warn.told
    assert told.startswith("its TLS certificate expires on ")
    assert told.endswith(", in 5 days")
