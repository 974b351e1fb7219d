"""What the old collector of Piwik sent, this one sends: over HTTP, with the same ids."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from collectors.api import Refused, Secret, Window, beginning
from collectors.clock import FixedClock
from collectors.sources.matomo import MatomoCredential
from tests.contexts import make_context
from tests.observations.old_collector import OLD, Case, exactly, judged, translated
from tests.servers.http import HttpServer, json_answer, scripted

NAMES = (
    "daily",
    "goal",
    "monthly",
    "previous-period",
    "realtime",
    "realtime-minutes",
    "weekly",
)
DAY = timedelta(days=1)
DAYS = {"piwik-previous-period": ("2015-02-13", "2015-02-13")}
"""Where Piwik was asked for what came last, and the reply says which day that was."""


def case_of(shared, name):
    path = shared / "cases" / "legacy" / f"piwik-{name}.json"
    return Case(json.loads(path.read_text(encoding="utf-8")))


def exchange_of(case):
    (exchange,) = case.said["source"]["exchanges"]
    return dict(exchange["request"]["params"]), exchange["response"]


def window_of(case, collector):
    """The window that was asked for."""
    if case.said["entrypoint"] == f"{OLD}piwik.realtime":
        now = datetime.fromisoformat(case.said["now"]).astimezone(UTC)
        return Window(now, now + timedelta(minutes=2))
    first, last = DAYS.get(case.name) or (case.said["start"], case.said["end"])
    end = beginning(date.fromisoformat(last) + DAY, collector.zone)
    return Window(beginning(date.fromisoformat(first), collector.zone), end)


def context_of(server, collector, now):
    return make_context(
        clock=FixedClock(now),
        period=collector.period,
        zone=collector.zone,
        credential=MatomoCredential(base_url=server.url, token=Secret("foo0bar0")),
        credential_name="matomo",
    )


def given(case, collector, window):
    """What was asked, and what the whole way from the reply to the records gives."""
    _, response = exchange_of(case)
    with HttpServer(scripted(json_answer(response["body"], response["status"]))) as server:
        context = context_of(server, collector, window.end)
        records, rejected = judged(collector, collector.source.collect(window, context))
    assert rejected == []
    return server, records


@pytest.mark.parametrize("name", NAMES)
def test_every_run_gives_exactly_its_records(shared, tmp_path, name):
    case = case_of(shared, name)
    collector = translated(case, tmp_path)
    _, records = given(case, collector, window_of(case, collector))

    assert exactly(records) == exactly(case.records)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_is_asked_but_for_where_the_token_goes(shared, tmp_path, name):
    case = case_of(shared, name)
    collector = translated(case, tmp_path)
    window = window_of(case, collector)
    server, _ = given(case, collector, window)
    then, _ = exchange_of(case)
    if case.name in DAYS:
        then["date"] = ",".join(DAYS[case.name])
    ours = {"token_auth": "foo0bar0", "filter_limit": "-1", "format_metrics": "0"}

    (request,) = server.requests
    assert (request.method, dict(request.query)) == ("POST", {})
    assert asked(request) == then | ours


def asked(request):
    pairs = (pair.split("=") for pair in request.body.decode().replace("%2C", ",").split("&"))
    return dict(pairs)


def test_what_piwik_refused_is_refused(shared, tmp_path):
    case = case_of(shared, "refused-400")
    collector = translated(case, tmp_path)
    at = datetime(2014, 10, 13, tzinfo=UTC)
    with pytest.raises(Refused, match=r"Matomo answered 400 \('without a message'\)"):
        given(case, collector, Window(at, at + timedelta(days=7)))


def test_an_instant_cannot_be_asked_for_afterwards(shared, tmp_path):
    collector = translated(case_of(shared, "realtime-cannot-backfill"), tmp_path)
    assert collector.period == "instant"
