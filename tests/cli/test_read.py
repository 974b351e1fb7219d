"""``read``: what a data set holds, from the embedded store or through a read API."""

import csv
import io

import pytest

from tests.feeds import row
from tests.places import NOW, hourly
from tests.servers.http import HttpServer, html_answer, json_answer, scripted

START = NOW.replace(hour=11, minute=0)


@pytest.fixture
def full(place, feed):
    place.service("toll", hourly(feed, "hourly", "since: 2026-11-19"))
    assert place.run("run", "--all").code == 0
    return place


def test_fields_are_called_in_a_table_what_they_are_called(place, feed):
    place.service("toll", hourly(feed))
    feed.odd = [
        {"at": START.isoformat(), "dimensions": {}, "measures": {"number_of_transactions": 1234567}}
    ]
    place.run("run", "toll")

    heading, record = place.run("read", "toll/hourly").out.splitlines()

    assert heading.split() == ["_timestamp", "timeSpan", "number_of_transactions"]
    assert record.split() == ["2026-11-20T11:00:00+00:00", "hour", "1,234,567"]


def test_a_table_shows_the_first_twenty(full):
    done = full.run("read", "toll/hourly")
    assert done.code == 0
    assert len(done.out.splitlines()) == 21
    assert done.out.splitlines()[0].split() == ["_timestamp", "timeSpan", "channel", "count"]
    assert done.err.strip() == "the first 20; --csv or --json prints all"


def test_json_and_csv_are_whole(full):
    records = full.run("read", "toll/hourly", "--json").json
    assert len(records) == 72
    assert records[0]["_week_start_at"] == "2026-11-16T00:00:00+00:00"

    done = full.run("read", "toll/hourly", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 72
    assert {name: str(value) for name, value in records[7].items()} == rows[7]


@pytest.mark.parametrize(
    ("arguments", "number"),
    [
        (["--start", "2026-11-20"], 24),
        (["--end", "2026-11-20"], 48),
        (["--start", "2026-11-19T23:00:00", "--end", "2026-11-20T01:00:00Z"], 4),
        (["--filter", "channel:web"], 36),
        (["--filter", "channel:web", "--filter", "timeSpan:hour"], 36),
        (["--filter", "channel:no"], 0),
        (["--limit", "5"], 5),
    ],
)
def test_times_filters_and_limits_choose(full, arguments, number):
    done = full.run("read", "toll/hourly", "--json", *arguments)

    assert done.code == 0
    assert len(done.json) == number


def test_a_field_orders(full):
    ordered = full.run("read", "toll/hourly", "--json", "--sort", "-channel", "--limit", "1").json
    assert ordered[0]["channel"] == "web"
    ordered = full.run("read", "toll/hourly", "--json", "--sort", "channel", "--limit", "1").json
    assert ordered[0]["channel"] == "paper"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["toll"], "'toll' is not <data-group>/<data-type>"),
        (["toll/horly"], "no data set is called 'toll/horly': did you mean toll/hourly?"),
        (["toll/hourly", "--filter", "channel"], "--filter takes field:value, not 'channel'"),
        (["toll/hourly", "--limit", "0"], "0 is not in the range x>=1"),
        (["toll/hourly", "--csv", "--json"], "--csv or --json, not both"),
        (["toll/hourly", "--sort", "a-b"], "Cannot sort by an invalid field name"),
        (["toll/hourly", "--target", "x"], "no target is called 'x'; there are: embedded"),
        (["toll/hourly", "--start", "noon"], "'noon' does not match"),
        ([], "Missing argument 'DATA_SET'"),
    ],
)
def test_a_mistake_of_usage_is_told(full, arguments, said):
    done = full.run("read", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_a_data_set_that_holds_nothing_yet_says_so(place, feed):
    place.service("toll", hourly(feed))

    assert place.run("read", "toll/hourly").err.strip() == "it holds no such observations"
    assert place.run("read", "toll/hourly", "--json").json == []
    assert place.run("read", "toll/hourly", "--csv").out.strip() == ""


def test_a_read_api_is_asked_in_its_own_words(place):
    records = [row(START, "web", 1)["dimensions"] | {"_id": "a", "_timestamp": "x"}]
    with HttpServer(scripted(json_answer({"data": records}))) as api:
        place.platform(f"target: {{url: '{api.url}/data', name: platform}}")
        options = ["--start", "2026-11-20", "--end", "2026-11-21", "--sort", "-channel"]
        choice = ["--filter", "channel:web", "--filter", "live:true", "--limit", "3"]

        done = place.run("read", "toll/hourly", "--json", *options, *choice)

    assert (done.code, done.json) == (0, records)
    (asked,) = api.requests
    assert asked.path == "/data/toll/hourly"
    assert asked.query == {
        "filter_by": "live:true",
        "start_at": "2026-11-20T00:00:00+00:00",
        "end_at": "2026-11-21T00:00:00+00:00",
        "sort_by": "channel:descending",
        "limit": "3",
    }
    assert "authorization" not in asked.headers


def test_one_of_several_targets_can_be_named(full):
    with HttpServer(scripted(json_answer({"data": []}))) as api:
        full.platform(f"target: [embedded, {{url: '{api.url}/data', name: platform}}]")

        assert len(full.run("read", "toll/hourly", "--json").json) == 72
        assert full.run("read", "toll/hourly", "--json", "--target", "platform").json == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (html_answer(), "answered text/html; charset=utf-8, not JSON"),
        (json_answer({"status": "ok"}), "is no read API: its answer has no list of data"),
        (json_answer({"status": "error", "message": "data_set not found"}, 404), "answered 404"),
    ],
)
def test_a_read_api_that_answers_something_else_is_told(place, answer, said):
    with HttpServer(scripted(answer)) as api:
        place.platform(f"target: {{url: '{api.url}/data', name: platform}}")

        done = place.run("read", "toll/hourly")

    assert (done.code, done.out) == (1, "")
    assert done.err.startswith("error: ")
    assert said in done.err
