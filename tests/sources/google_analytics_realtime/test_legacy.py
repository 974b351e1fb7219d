"""What the old realtime collector sent, this one sends: over Google's client, with the same ids."""

from datetime import datetime, timedelta

import pytest

from collectors.api import Window
from collectors.clock import FixedClock
from collectors.config import load
from collectors.config.legacy import Translation, service_file, translate
from collectors.sources import registry
from tests.google import google_context
from tests.observations.old_collector import AnyProperty, cases, exactly, judged
from tests.servers.google import GoogleAccount, GoogleServer
from tests.servers.http import json_answer

BY_PATH = {"config-tax-disc-realtime", "realtime-filters"}
EVERYBODY = {
    "config-hmpo-passport-application-requests-realtime",
    "realtime-no-rows",
    "realtime-summer",
    "realtime-winter",
}


@pytest.fixture(scope="module")
def old(shared):
    found = {case.name: case for case in cases(shared, "ga.realtime")}
    assert found.keys() == BY_PATH | EVERYBODY
    return found


def loaded(translation, directory):
    """The configuration of a translation, with the sources that there are."""
    (directory / "services").mkdir(parents=True)
    (directory / "services" / "old.yaml").write_text(service_file("old", {"now": translation}))
    return load(directory, directory, sources=registry(), environment=AnyProperty())


def answer_of(case):
    """What Google tells today, where it told so much then."""
    (exchange,) = case.said["source"]["exchanges"]
    rows = exchange["response"]["body"].get("rows", [])
    said = [{"metricValues": [{"value": value} for value in row]} for row in rows]
    head = {"metricHeaders": [{"name": "activeUsers", "type": "TYPE_INTEGER"}]}
    return head | ({"rows": said, "rowCount": len(said)} if said else {})


def sent(case, collector, directory):
    now = datetime.fromisoformat(case.said["now"])
    with GoogleServer(GoogleAccount(property="1", faults=[json_answer(answer_of(case))])) as server:
        context = google_context(
            server, directory, clock=FixedClock(now), period=collector.period, zone=collector.zone
        )
        found = collector.source.collect(Window(now, now + timedelta(minutes=2)), context)
        records, rejected = judged(collector, found)
    assert rejected == []
    (asked,) = server.bodies("runRealtimeReport")
    return records, asked


@pytest.mark.parametrize("name", sorted(EVERYBODY))
def test_every_run_about_everybody_gives_exactly_its_record(old, tmp_path, name):
    case = old[name]
    configuration = loaded(translate(case.old), tmp_path / "config")
    assert configuration.mistakes == ()
    (collector,) = configuration.collectors.values()
    records, asked = sent(case, collector, tmp_path)

    assert exactly(records) == exactly(case.records)
    assert asked["minuteRanges"] == [{"startMinutesAgo": 4, "endMinutesAgo": 0}]


@pytest.mark.parametrize("name", sorted(BY_PATH))
def test_a_path_has_to_become_a_title_and_then_the_record_is_the_same(old, tmp_path, name):
    case = old[name]
    translation = translate(case.old)
    (mistake,) = loaded(translation, tmp_path / "as-it-is").mistakes
    assert "say unifiedScreenName, which is its title" in str(mistake)
    assert any("'unifiedScreenName'" in remark for remark in translation.remarks)

    query = {**translation.collector["query"], "filters": {"unifiedScreenName": "Vehicle tax"}}
    chosen = Translation(collector={**translation.collector, "query": query})
    (collector,) = loaded(chosen, tmp_path / "chosen").collectors.values()
    records, asked = sent(case, collector, tmp_path)

    assert exactly(records) == exactly(case.records)
    assert asked["dimensionFilter"]["filter"]["fieldName"] == "unifiedScreenName"
