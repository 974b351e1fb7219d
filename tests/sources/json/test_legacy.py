"""What the old collectors of Webtrends sent, the source json sends: over HTTP, with the same ids."""

import base64
import json
import re
from datetime import date, timedelta

import pytest

from collectors.api import Refused, Secret, Window, beginning
from collectors.clock import FixedClock
from collectors.sources.json import JsonCredential
from collectors.testing import HttpServer, json_answer, make_context, scripted
from tests.observations.old_collector import Case, exactly, judged, translated

DAY = timedelta(days=1)
REPLIES_ABOUT = {
    "webtrends-keymetrics-last-hour": date(2014, 10, 30),
    "webtrends-keymetrics-no-data": date(2014, 10, 14),
    "webtrends-keymetrics-range": date(2014, 10, 30),
    "webtrends-keymetrics-v3": date(2015, 3, 26),
    "webtrends-reports-no-data": date(2014, 10, 14),
    "webtrends-reports-three-days": date(2014, 10, 14),
    "webtrends-reports-v3": date(2015, 3, 1),
    "webtrends-reports-v3-no-data": date(2015, 3, 1),
    "webtrends-reports-v3-none-data": date(2015, 3, 1),
    "webtrends-reports-yesterday": date(2014, 10, 14),
}
"""The day that the recorded replies speak of, whatever had been asked for."""


def case_of(shared, name):
    path = shared / "cases" / "legacy" / f"{name}.json"
    return Case(json.loads(path.read_text(encoding="utf-8")))


def collected(case, collector, day):
    """What was asked, and what comes of each recorded reply."""
    window = days(day, 1, collector)
    records, rejected, servers = [], [], []
    for exchange in case.said["source"]["exchanges"]:
        reply = exchange["response"]
        with HttpServer(scripted(json_answer(reply["body"], reply["status"]))) as server:
            context = make_context(
                clock=FixedClock(window.end),
                period=collector.period,
                zone=collector.zone,
                credential=login(server),
            )
            readings = collector.source.collect(window, context)
            good, bad = judged(collector, readings)
        records += good
        rejected += bad
        servers.append(server)
    return records, rejected, servers


@pytest.mark.parametrize("name", REPLIES_ABOUT)
def test_every_run_gives_exactly_its_records(shared, tmp_path, name):
    case = case_of(shared, name)
    collector = translated(case, tmp_path)
    records, rejected, _ = collected(case, collector, REPLIES_ABOUT[name])

    assert exactly([*records, *(dict(one.observation) for one in rejected)]) == exactly(
        case.records
    )
    assert bool(rejected) == (collector.data_set.type == "realtime" and case.records != [])


def report_of_the_day_asked_for(request):
    year, month, day = re.split("[md]", request.query["start_period"])
    day = f"{month}/{day}/{year}"
    rows = {"Mozilla": {"SubRows": None, "measures": {"Visits": 1.0}}}
    return json_answer({"data": {f"{day}-{day}": {"SubRows": rows}}})


def test_reports_are_asked_for_day_by_day_as_before(shared, tmp_path):
    case = case_of(shared, "webtrends-reports-three-days")
    collector = translated(case, tmp_path)
    window = days(date(2014, 8, 3), 3, collector)
    with HttpServer(report_of_the_day_asked_for) as server:
        context = make_context(
            period=collector.period, zone=collector.zone, credential=login(server)
        )
        readings = list(collector.source.collect(window, context))

    assert [reading.at for reading in readings] == [window.start + n * DAY for n in range(3)]
    asked = [exchange["request"] for exchange in case.said["source"]["exchanges"]]
    assert [dict(one.query) for one in server.requests] == [dict(one["params"]) for one in asked]
    assert {one.path for one in server.requests} == {"/reports/whoop"}
    basic = base64.b64encode(b"abc:def").decode()
    assert {one.headers["authorization"] for one in server.requests} == {f"Basic {basic}"}


def test_a_report_that_is_refused_is_told(shared, tmp_path):
    case = case_of(shared, "webtrends-reports-refused-400")
    collector = translated(case, tmp_path)
    with pytest.raises(Refused, match="reports/whoop answered 400"):
        collected(case, collector, date(2014, 10, 20))


def days(first, count, collector):
    """The window of some days."""
    return Window(beginning(first, collector.zone), beginning(first + count * DAY, collector.zone))


def login(server):
    return JsonCredential(user="abc", password=Secret("def"), base_url=f"{server.url}/reports/")
