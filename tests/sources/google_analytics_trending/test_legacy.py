"""What the old trending collector sent, this one sends: over Google's client, with the same ids."""

from collections import Counter
from datetime import date, datetime, timedelta

import pytest

from collectors.api import Window, beginning
from collectors.clock import FixedClock
from tests.google import google_context
from tests.observations.old_collector import cases, exactly, judged, translated
from tests.servers.google import GoogleAccount, GoogleServer
from tests.servers.http import json_answer

NAMES = (
    "config-e-petitions-trending",
    "config-govuk-trending",
    "trending",
    "trending-other",
    "trending-over-the-new-year",
)
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def old(shared):
    found = {case.name: case for case in cases(shared, "ga.trending")}
    assert found.keys() == set(NAMES)
    return found


def rows_of(case, first, last):
    """What Google tells of these days today: rows by title and path, not by day.

    Days that were called "(other)" are no days of either week: today no day has to be named.
    """
    counts = Counter()
    for item in case.items:
        said = item["dimensions"]
        parts = [said[name] for name in ("year", "month", "day")]
        if all(map(str.isdecimal, parts)) and first <= date(*map(int, parts)) <= last:
            counts[said["pageTitle"], said["pagePath"]] += int(item["metrics"]["pageviews"])
    return [
        {
            "dimensionValues": [{"value": title}, {"value": path}],
            "metricValues": [{"value": str(count)}],
        }
        for (title, path), count in sorted(counts.items())
    ]


def report(rows):
    return {
        "dimensionHeaders": [{"name": "pageTitle"}, {"name": "pagePathPlusQueryString"}],
        "metricHeaders": [{"name": "screenPageViews", "type": "TYPE_INTEGER"}],
        "rows": rows,
        "rowCount": len(rows),
    }


@pytest.mark.parametrize("name", NAMES)
def test_every_run_gives_its_records_as_of_the_day_before_it(old, tmp_path, name):
    case = old[name]
    collector = translated(case, tmp_path / "config")
    now = datetime.fromisoformat(case.said["now"])
    last = now.date() - DAY
    weeks = [(last - 13 * DAY, last - 7 * DAY), (last - 6 * DAY, last)]
    replies = {"reports": [report(rows_of(case, *week)) for week in weeks]}
    window = Window(beginning(last, collector.zone), beginning(last + DAY, collector.zone))
    with GoogleServer(GoogleAccount(property="1", faults=[json_answer(replies)])) as server:
        context = google_context(
            server, tmp_path, clock=FixedClock(now), period=collector.period, zone=collector.zone
        )
        records, rejected = judged(collector, collector.source.collect(window, context))

    moved = [{**one, "_timestamp": f"{last}T00:00:00+00:00"} for one in case.records]
    assert exactly(records) == exactly(moved)
    assert rejected == []
    assert {one["_timestamp"] for one in case.records} == {f"{weeks[0][0]}T00:00:00+00:00"}
    assert collector.replace
    (batch,) = server.bodies("batchRunReports")
    asked = [
        tuple(date.fromisoformat(days) for days in one["dateRanges"][0].values())
        for one in batch["requests"]
    ]
    assert asked == weeks
