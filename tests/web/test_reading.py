"""The read API's own forms over HTTP: caching, entity tags, CSV, other sites' pages."""

from datetime import timedelta

import pytest

from collectors.config.model import DeclaredDataSet
from collectors.datasets.parameters import PARAMETERS as READ
from collectors.values import DataSet, Secret
from collectors.web.parameters import PARAMETERS
from collectors.web.read import ROWS
from tests.web.sites import JSON, declared, record

PATH = "/data/fishing/catches"


@pytest.mark.parametrize(
    ("keys", "caching"),
    [
        ({}, "max-age=1800, must-revalidate"),
        ({"realtime": True}, "max-age=120, must-revalidate"),
        ({"published": False}, "no-cache"),
    ],
)
def test_how_long_an_answer_may_be_cached(small, keys, caching):
    reply = small(declared(**keys)).ask("GET", PATH)
    assert reply.headers["Cache-Control"] == caching
    assert ("warning" in reply.json) is (keys == {"published": False})


def test_an_error_is_not_to_be_cached(small):
    reply = small(declared(queryable=False)).ask("GET", PATH)
    assert (reply.status, reply.headers["Cache-Control"]) == (404, "no-cache")
    assert reply.json == {"status": "error", "message": "data_set not found"}


def test_any_page_may_read_and_none_may_write(small):
    site = small(declared())
    assert site.ask("GET", PATH).headers["Access-Control-Allow-Origin"] == "*"
    assert site.ask("GET", "/data/no/thing").headers["Access-Control-Allow-Origin"] == "*"
    preflight = site.ask("OPTIONS", PATH)
    assert preflight.status == 200
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert "Access-Control-Allow-Origin" not in site.post([]).headers


@pytest.mark.parametrize("path", [PATH, "/fishing_catches"])
def test_an_answer_that_has_not_changed_is_304(sites, path):
    site = sites(declared())
    site.post(record(_id="one"))
    first = site.ask("GET", path)
    again = {"If-None-Match": first.headers["ETag"]}
    unchanged = site.ask("GET", path, headers=again)
    assert (unchanged.status, unchanged.body) == (304, b"")
    assert unchanged.headers["ETag"] == first.headers["ETag"]


@pytest.mark.parametrize(
    "change",
    [
        lambda site: site.post(record(_id="two")),
        lambda site: site.post(record(_id="one", count=2)),
        lambda site: site.write("PATCH", f"{PATH}/one", {"count": 3}),
        lambda site: site.write("DELETE", f"{PATH}/one", None),
        lambda site: site.write("PUT", PATH, []),
    ],
    ids=["more", "replaced", "patched", "deleted", "emptied"],
)
def test_an_answer_that_has_changed_is_given_anew(sites, change):
    site = sites(declared())
    site.post(record(_id="one", count=1))
    first = site.ask("GET", PATH)
    assert change(site).status == 200
    again = site.ask("GET", PATH, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 200
    assert again.body != first.body


def test_an_answer_that_time_changes_is_given_anew(small):
    site = small(declared())
    site.post(record(_id="one"))
    query = {"period": "day", "duration": "2"}
    first = site.ask("GET", PATH, query=query)
    site.clock.advance(timedelta(days=1))
    again = site.ask("GET", PATH, query=query, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 200


def test_another_query_has_another_tag(small):
    site = small(declared())
    tags = {
        site.ask("GET", PATH, query=query).headers["ETag"]
        for query in ({}, {"limit": "1"}, {"format": "csv"}, {"sort_by": "_id:ascending"})
    }
    assert len(tags) == 4


def test_csv_is_a_file(small):
    site = small(declared())
    site.post([record(_id="a", who='Müller, "x"'), record(_id="b", who=None)])
    reply = site.ask("GET", PATH, query={"format": "csv", "group_by": "who"})
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert reply.headers["Content-Disposition"] == "attachment; filename=fishing_catches.csv"
    assert reply.body.decode().startswith("_count,who\r\n")
    assert '1,"Müller, ""x"""\r\n' in reply.body.decode()


@pytest.mark.parametrize("number", [0, 1, ROWS - 1, ROWS, ROWS + 1, 2 * ROWS + 1])
def test_an_answer_of_any_length_is_whole(sites, number):
    site = sites(declared())
    records = [record(_id=f"{n:05}", count=n) for n in range(number)]
    site.post(records)
    assert [one["count"] for one in site.ask("GET", PATH).json["data"]] == list(range(number))


def test_head_says_the_same_without_a_body(small):
    site = small(declared())
    reply = site.ask("HEAD", PATH)
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["ETag"] == site.ask("GET", PATH).headers["ETag"]


def test_the_parameters_described_are_those_that_are_read():
    assert {one["name"] for one in PARAMETERS} == READ


class Collector:
    """Of a collector the server looks at nothing but where it writes."""

    data_set = DataSet("toll", "hourly")


def test_what_a_collector_writes_is_served_with_the_token_of_the_credentials(small):
    tokens = {DataSet("toll", "hourly"): Secret("of-the-credentials")}
    site = small(collectors={"toll/hourly": Collector()}, token_of=tokens.get)
    good = {**JSON, "Authorization": "Bearer of-the-credentials"}
    assert site.post(record(_id="one"), "toll/hourly", good).status == 200
    assert len(site.ask("GET", "/data/toll/hourly").json["data"]) == 1
    only_a_day = {"_timestamp": "2026-11-20"}
    assert site.post(only_a_day, "toll/hourly", good).json == {
        "messages": ["'2026-11-20' is not a 'date-time'"]
    }
    tokens.clear()
    assert site.post([], "toll/hourly", good).status == 401


def test_a_declaration_counts_before_a_collector(small):
    keys = DeclaredDataSet(data_set=DataSet("toll", "hourly"), queryable=False)
    site = small(keys, collectors={"toll/hourly": Collector()})
    assert site.ask("GET", "/data/toll/hourly").status == 404
