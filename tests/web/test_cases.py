"""The original server's own answers to 265 requests, given by ours over HTTP.

What differs is named here, and in docs/data-sets.md.
"""

import json
import re
from urllib.parse import parse_qsl

import orjson
import pytest

from collectors.config.digests import digest_of
from collectors.config.model import DeclaredDataSet
from collectors.values import DataSet
from tests.web.sites import Site

SERVER_MADE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}")
KEPT = ("_id", "_timestamp", "_start_at", "_end_at")
ECHO = re.compile(r"bearer token '.*' for")


@pytest.fixture(scope="module")
def cases(shared):
    return json.loads((shared / "cases/http_cases.json").read_text())


@pytest.fixture
def site(cases, shared, database_url):
    site = Site(database_url, [_declared(one) for one in cases["data_sets"]])
    yield site
    site.close()


def _declared(said):
    return DeclaredDataSet(
        data_set=DataSet(said["data_group"], said["data_type"]),
        called=said["name"],
        tokens=(digest_of(said["bearer_token"]),),
        auto_ids=tuple(said["auto_ids"] or ()),
        schema=said.get("schema"),
        raw_queries_allowed=said["raw_queries_allowed"],
        queryable=said["queryable"],
        published=said["published"],
        realtime=said["realtime"],
    )


def _path(said):
    return f"/data/{said['data_group']}/{said['data_type']}"


def _modern(text):
    """The same words without Python 2's spellings, and without the token."""
    return ECHO.sub("bearer token for", re.sub(r"\bu'", "'", text))


def test_the_answers_to_writing(cases, site):
    sets = {one["name"]: one for one in cases["data_sets"]}
    wrong = []
    for case in (one for one in cases["cases"] if one["kind"] == "write"):
        said = sets[case["data_set"]]
        reply, stored = _written(site, case, said)
        expected = dict(case["expected"])
        if expected["status"] == 500:
            fine = 400 <= reply.status < 500 and stored in ([], None)
        else:
            fine = reply.status == expected["status"] and _said(reply) == _expected(expected)
            fine = fine and (stored is None or stored == _sorted(expected["stored"]))
        if not fine:
            wrong.append((case["number"], reply.status, reply.body, stored, expected))
    assert wrong == []


def _written(site, case, said):
    token = said["bearer_token"]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    assert site.ask("PUT", _path(said), b"[]", headers).status == 200
    sent = {name: value.replace("{token}", token) for name, value in case["headers"]}
    reply = site.ask(case["method"], _path(said), case["body"].encode(), sent)
    if not case["then_read"]:
        return reply, None
    return reply, _sorted(site.ask("GET", _path(said)).json["data"])


def _said(reply):
    body = reply.json
    return sorted(body["messages"]) if "messages" in body else body.get("message")


def _expected(expected):
    if "messages" in expected:
        return sorted(map(_modern, expected["messages"]))
    return None if expected.get("message") is None else _modern(expected["message"])


def _sorted(records):
    return sorted((_comparable(one) for one in records), key=orjson.dumps)


def _comparable(found):
    found = {name: value for name, value in found.items() if name != "_updated_at"}
    if SERVER_MADE.fullmatch(found.get("_id", "")):
        del found["_id"]
    return dict(sorted(found.items()))


def test_the_answers_to_queries(cases, site):
    sets = {one["name"]: one for one in cases["data_sets"]}
    wrong = []
    for case in (one for one in cases["cases"] if one["kind"] == "query"):
        reply = site.ask(
            "GET", _path(sets[case["data_set"]]), query=list(map(tuple, case["params"]))
        )
        expected = case["expected"]
        said = reply.json.get("message")
        if (reply.status, said) != (expected["status"], expected.get("message")):
            wrong.append((case["number"], case["params"], reply.status, said, expected))
    assert wrong == []


def test_the_answers_to_reading(cases, site, shared):
    sets = {one["name"]: one for one in cases["data_sets"]}
    for said in cases["data_sets"]:
        if "fixture" in said:
            _fill(site, said, shared / "cases/fixtures" / said["fixture"])
    wrong = []
    for case in (one for one in cases["cases"] if one["kind"] == "read"):
        reply = site.ask("GET", _path(sets[case["data_set"]]), query=parse_qsl(case["query"]))
        if not _fine(reply, case):
            wrong.append((case["number"], case["query"], reply.status))
    assert wrong == []


def _fill(site, said, fixture):
    records = []
    for one in json.loads(fixture.read_text()):
        kept = {name: v for name, v in one.items() if name in KEPT or not name.startswith("_")}
        records.append({"_timestamp": "2013-01-01T00:00:00+00:00", **kept})
    token = said["bearer_token"]
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {token}"}
    reply = site.ask("POST", _path(said), json.dumps(records).encode(), headers)
    assert (reply.status, reply.body) == (200, b'{"status":"ok"}')


def _fine(reply, case):
    expected = case["expected"]
    if expected["status"] == 500:
        return 400 <= reply.status < 500
    if reply.status != expected["status"]:
        return False
    if "csv" in expected:
        return reply.body.decode() == expected["csv"]
    return "data" not in expected or _alike(reply.json["data"], expected["data"], case["query"])


def _alike(found, expected, query):
    """Whether the rows are the same, in the order asked for.

    Which of two records that sort alike comes first, or falls to a limit, was up to MongoDB.
    """
    asked = dict(parse_qsl(query))
    field = asked.get("sort_by", ":").split(":")[0]
    if [one.get(field) for one in found] != [one.get(field) for one in expected]:
        return False
    if field and "limit" in asked:
        return True
    if field or not query:
        return _sorted(found) == _sorted(expected)
    return list(map(_comparable, found)) == list(map(_comparable, expected))
