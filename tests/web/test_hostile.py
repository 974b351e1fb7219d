"""Bad bodies, bad clients: the right 4xx, nothing half kept, memory bounded."""

import gzip
import io
import json
import tracemalloc

import pytest

from collectors.web.bodies import LIMIT
from tests.web.sites import JSON, WRITING, declared, record

PATH = "/data/fishing/catches"
PACKED = {**WRITING, "Content-Encoding": "gzip"}
BEGINNING = '{"_timestamp":"2026-11-20T00:00:00Z","_id":"bad",'


def padded(size):
    """A body of so many bytes that holds one good record."""
    body = json.dumps([record(_id="one")]).encode()
    return body[:-1] + b" " * (size - len(body)) + b"]"


def refused(site, body, headers=WRITING):
    """Ask with ``body`` behind a good record; give the status and whatever is said."""
    reply = site.ask("POST", PATH, body, headers)
    assert site.held() == []
    return reply.status, json.dumps(reply.json, ensure_ascii=False)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "Expected JSON request body but received zero bytes."),
        (b"{borked!}", "Expecting property name enclosed in double quotes"),
        (b'[{"a":1}', "Error parsing JSON"),
        (b"\xff\xfe", "Error parsing JSON"),
        (b"\xef\xbb\xbf[]", "Error parsing JSON"),
        (b"[" * 5_000_000, "Error parsing JSON"),
        (b"[" * 500 + b"]" * 500, "a record must be a JSON object"),
        (b"[" + BEGINNING.encode() + b'"aa":NaN}]', "Error parsing JSON"),
        (b"[" + BEGINNING.encode() + b'"aa":-Infinity}]', "Error parsing JSON"),
        (b"[" + BEGINNING.encode() + b'"aa":1e999}]', "Error parsing JSON"),
        (b"[" + BEGINNING.encode() + b'"aa":"\\ud800"}]', "Error parsing JSON"),
        (b"[" + BEGINNING.encode() + b'"aa":"\\u0000"}]', "aa holds a NUL character"),
        (b"[" + BEGINNING.encode() + b'"aa":18446744073709551616}]', "aa has an invalid value"),
        (b"[" + BEGINNING.encode() + b'"aa":-9223372036854775809}]', "aa has an invalid value"),
        (b"[" + BEGINNING.encode() + b'"aa":' + b"9" * 100 + b"}]", "aa has an invalid value"),
        (b"[" + BEGINNING.encode() + b'"aa":' + b"9" * 100_000 + b"}]", "Error parsing JSON"),
        (b"[" + BEGINNING.encode() + b'"aa":' + b"[" * 900 + b"]" * 900 + b"}]", "aa has an"),
        (b'[{"_timestamp":"' + b"1" * 1_000_000 + b'"}]', "must be a date in the format"),
        (b'[{"_timestamp":"2026-11-20T00:00:00Z","' + b"x" * 1_000_000 + b'!":1}]', "xxx"),
        (b'[{"_timestamp":"0001-01-01T00:00:00+14:00"}]', "not a valid"),
        (b'[{"_timestamp":"9999-12-31T23:59:59-14:00"}]', "not a valid"),
    ],
    ids=range(21),
)
def test_a_bad_body_is_400_and_nothing_of_it_is_kept(small, body, said):
    status, message = refused(small(declared()), body)
    assert status == 400
    assert said in message


def test_deep_values_under_a_schema_are_400(small):
    site = small(declared(schema={"properties": {"aa": {"type": "integer"}}}))
    body = "[" + BEGINNING + '"aa":' + "[" * 1000 + "]" * 1000 + "}]"
    assert refused(site, body.encode())[0] == 400


def test_the_longest_number_is_kept_as_it_is(sites):
    site = sites(declared())
    values = {"low": -(2**63), "high": 2**63 - 1, "large": 1e21, "small": 5e-324, "minus": -0.5}
    assert site.post(record(_id="one", **values)).status == 200
    assert site.held() == [record(_id="one", **values)]


@pytest.mark.parametrize(
    "kind", [None, "text/plain", "application/jsonx", "", "multipart/form-data"]
)
@pytest.mark.parametrize("body", [b"[]", b"foobar"])
def test_a_body_of_another_type_is_400_in_the_original_words(small, kind, body):
    headers = {name: value for name, value in WRITING.items() if name != "Content-Type"}
    status, said = refused(
        small(declared()), body, headers if kind is None else headers | {"Content-Type": kind}
    )
    assert (status, json.loads(said)) == (
        400,
        {"messages": ["ValidationError('Expected header: Content-type: application/json',)"]},
    )


@pytest.mark.parametrize("headers", [WRITING, PACKED])
def test_ten_mebibytes_are_taken_and_one_byte_more_is_413(small, headers):
    site = small(declared())
    pack = gzip.compress if headers is PACKED else bytes
    too_large = site.ask("POST", PATH, pack(padded(LIMIT + 1)), headers)
    assert (too_large.status, too_large.json["status"]) == (413, "error")
    assert site.held() == []
    assert site.ask("POST", PATH, pack(padded(LIMIT)), headers).status == 200
    assert site.held() == [record(_id="one")]


def test_a_body_beyond_all_limits_is_413_before_it_is_sent(small):
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n"
    with small(declared()).raw(head.encode()) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")


def test_a_bomb_does_not_go_off(small):
    site = small(declared())
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as bomb:
        for _ in range(200):
            bomb.write(bytes(1024 * 1024))

    tracemalloc.start()
    status, _ = refused(site, packed.getvalue(), PACKED)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert status == 413
    assert peak < 4 * LIMIT


@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"[]")[:-5], gzip.compress(b"[]") + b"more", b"\x1f\x8b" + bytes(9)],
    ids=range(4),
)
def test_what_is_not_gzip_is_400(small, body):
    status, message = refused(small(declared()), body, PACKED)
    assert status == 400
    assert "not gzip" in message


def test_a_gzip_of_nothing_is_zero_bytes(small):
    status, message = refused(small(declared()), gzip.compress(b""), PACKED)
    assert (status, "zero bytes" in message) == (400, True)


def head(size):
    fields = "".join(f"{name}: {value}\r\n" for name, value in WRITING.items())
    return f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{fields}Content-Length: {size}\r\n\r\n".encode()


def test_of_a_body_that_is_cut_nothing_is_kept(small):
    site = small(declared())
    body = padded(100_000)
    with site.raw(head(len(body)) + body[:90_000]):
        pass
    assert site.ask("GET", "/_status").status == 200
    assert site.held() == []


def test_a_slow_client_keeps_nobody_waiting_and_is_hung_up_on(small):
    site = small(declared(), idle=3.0)
    slow = [site.raw(head(1000) + b"[") for _ in range(20)]
    assert site.post(record(_id="one")).status == 200
    for client in slow:
        assert client.recv(100) == b""
        client.close()
    assert site.held() == [record(_id="one")]


@pytest.mark.parametrize(
    "request_line",
    [
        b"POST /data/fishing/catches HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"POST /data/fishing/catches HTTP/1.1\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n[]",
        b"POST /data/fishing/catches HTTP/1.1\r\nTransfer-Encoding: x\r\n\r\n[]",
        b"\x00\x01\x02\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
    ],
    ids=range(5),
)
def test_what_is_hardly_http_is_4xx(small, request_line):
    with small(declared()).raw(request_line) as client:
        assert client.recv(13)[:10] in (b"HTTP/1.1 4", b"HTTP/1.0 4", b"HTTP/1.1 5", b"HTTP/1.0 5")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "9" * 5000},
        {"limit": "0"},
        {"duration": "9" * 40, "period": "day"},
        {"duration": "999999", "period": "year"},
        {"start_at": "0001-01-01T00:00:00+14:00", "end_at": "0001-01-02T00:00:00Z"},
        {"start_at": "2026-11-20", "end_at": "2026-11-21"},
        {"start_at": "0001-01-01T00:00:00Z", "end_at": "9999-12-31T23:59:59Z", "period": "hour"},
        {"filter_by": "x"},
        {"filter_by": "\x00:\x00"},
        {"filter_by": "aa:\x00"},
        {"filter_by_prefix": "aa:%_\\"},
        {"group_by": "a'b;--"},
        {"group_by": "a" * 100_000},
        {"sort_by": "\ud7ff:ascending"},
        {"collect": "aa:sum"},
        {"period": "fortnight", "duration": "1"},
        {"format": "xml"},
        {"flatten": "perhaps"},
        {"nonsense": "1"},
        {"": ""},
    ],
    ids=range(20),
)
def test_absurd_queries_are_answered_or_4xx(sites, query):
    site = sites(declared())
    site.post(record(_id="one", aa="text"))
    reply = site.ask("GET", PATH, query=query)
    assert reply.status in (200, 400, 431)
    if reply.status == 400:
        assert reply.json["status"] == "error"


def test_bytes_that_are_no_text_in_a_query_or_path_are_4xx_or_empty(sites):
    site = sites(declared())
    for query in ("filter_by=aa:%ff", "%ff=1", "filter_by=aa:%00", "group_by=%ed%a0%80"):
        assert site.ask("GET", f"{PATH}?{query}").status in (200, 400)
    assert site.ask("DELETE", f"{PATH}/%ff", headers=WRITING).status == 400
    assert site.ask("DELETE", f"{PATH}/%00", headers=WRITING).status == 400
    assert site.ask("GET", "/data/%00/x").status == 404


def test_other_methods_are_405_in_the_same_form(small):
    reply = small(declared()).ask("PATCH", PATH, b"{}", JSON)
    assert (reply.status, reply.json["status"]) == (405, "error")
    assert "GET" in reply.headers["Allow"]
    assert small(declared()).ask("GET", "/no/such/place").json["status"] == "error"
