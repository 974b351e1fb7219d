"""Looks, one after the other, each by a process that has just started: who is told what."""

import json
import sys
from datetime import UTC, datetime, timedelta
from datetime import time as local_time
from zoneinfo import ZoneInfo

import pytest

from collectors.alerts import Problem, broken_files, wrong_clock
from collectors.alerts.quiet import is_quiet
from collectors.config.alerts import QuietHours
from collectors.errors import Mistake
from collectors.http_client import HttpClient
from tests.alerts.worlds import look
from tests.places import hourly
from tests.servers.http import Answer, HttpServer

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
PLANTED = "planted-T0PS3CRET-token"
ODD = Problem(
    kind="expectation",
    subject="toll/hourly",
    reason="no <!channel> zero & none",
    data_sets=("toll/hourly",),
)


@pytest.fixture
def hook(place, monkeypatch):
    """Where alerts are posted: a server with a secret in its path."""
    with HttpServer(lambda _: Answer(200, b"ok")) as server:
        monkeypatch.setenv("ALERT_WEBHOOK", f"{server.url}/services/T0/{PLANTED}")
        place.platform('alerts: {webhook: "${ALERT_WEBHOOK:-}"}')
        yield server


def posted(hook):
    return [json.loads(one.body) for one in hook.requests]


def events(hook):
    return [(one["event"], one["subject"]) for told in posted(hook) for one in told["events"]]


def test_one_outage_of_a_source_is_one_alert_that_names_all_its_data_sets_and_one_recovery(
    place, feed, hook
):
    place.service(
        "toll", "\n".join(hourly(feed, f"gate-{n}", "deadline: 1 hour") for n in range(30))
    )
    names = sorted(f"toll/gate-{n}" for n in range(30))
    feed.error = "refused"
    for _ in range(3):
        place.run("run", "--all")
        for _ in range(4):
            look(place)
            place.clock.advance(15 * MINUTE)
    feed.error = None
    place.run("run", "--all")
    for _ in range(4):
        look(place)
        place.clock.advance(MINUTE)

    assert [one for one, _ in events(hook)] == ["opened", "closed"]
    begun, over = posted(hook)
    assert begun["events"][0]["kind"] == "source"
    assert begun["events"][0]["data_sets"] == over["events"][0]["data_sets"] == names
    assert "it says no" in begun["text"]
    assert "30 data sets" in begun["text"]


def test_a_target_that_is_down_is_one_alert_and_one_recovery(place, feed, hook):
    with HttpServer() as target:
        place.platform(
            f"target: {{url: '{target.url}/data', name: platform}}\n"
            'alerts: {webhook: "${ALERT_WEBHOOK:-}"}'
        )
        place.tokens(toll__a="token-of-a", toll__b="token-of-b")
        place.service("toll", "\n".join([hourly(feed, "a"), hourly(feed, "b")]))
        target._answer = lambda _: Answer(503)
        place.run("run", "--all")
        for _ in range(20):
            look(place)
            place.clock.advance(MINUTE)
        assert events(hook) == [("opened", "platform")]

        target._answer = lambda _: Answer(200, b'{"status": "ok"}')
        place.run("outbox", "retry")
        for _ in range(3):
            look(place)

    assert events(hook) == [("opened", "platform"), ("closed", "platform")]
    assert posted(hook)[0]["events"][0]["data_sets"] == ["toll/a", "toll/b"]


def test_nothing_a_source_says_is_taken_for_a_call_to_a_whole_channel(place, hook):
    look(place, ODD)

    (told,) = posted(hook)
    assert "no &lt;!channel&gt; zero &amp; none" in told["text"]
    assert told["events"][0]["reason"] == ODD.reason


def test_a_channel_that_fails_is_tried_again_and_does_not_hold_the_other(place, hook, tmp_path):
    told = tmp_path / "told.jsonl"
    script = f"import sys; open({str(told)!r}, 'a').write(sys.stdin.read() + chr(10))"
    command = json.dumps([sys.executable, "-c", script])
    place.platform(f'alerts: {{webhook: "${{ALERT_WEBHOOK:-}}", command: {command}}}')
    hook._answer = lambda _: Answer(404, f"no such hook {PLANTED}".encode())

    for _ in range(5):
        look(place, ODD)
        place.clock.advance(MINUTE)
    assert len(told.read_text().splitlines()) == 1
    assert len(hook.requests) == 3, "at once, after one minute, after two more"
    (row,) = place.run("alerts", "list", "--json").json
    assert (row["told"], len(row["not_told"])) == (["command"], 1)
    assert row["not_told"][0].startswith("webhook: the webhook answered 404: no such hook ****")

    hook._answer = lambda _: Answer(200)
    place.clock.advance(HOUR)
    look(place, ODD)
    assert events(hook)[-1] == ("opened", "toll/hourly")
    (row,) = place.run("alerts", "list", "--json").json
    assert (row["told"], row["not_told"]) == (["command", "webhook"], [])


def test_no_secret_of_a_channel_is_ever_shown(place, hook, capfd):
    place.secret("smtp.yaml", f"user: ops\npassword: {PLANTED}\n")
    place.platform(
        'alerts: {webhook: "${ALERT_WEBHOOK:-}", '
        "email: {to: [ops@example.gov.uk], from: a@b.uk, host: 127.0.0.1, port: 1, credentials: smtp}}"
    )
    for answer in (
        Answer(500, f"{PLANTED}".encode()),
        Answer(302, b"", {"Location": f"/{PLANTED}"}),
    ):
        hook._answer = lambda _, answer=answer: answer
        look(place, ODD)
        place.clock.advance(HOUR)
    hook.__exit__()
    look(place, ODD)
    done = [
        place.run("alerts", "list", "--json"),
        place.run("alerts", "test"),
        place.run("alerts", "list"),
    ]
    shown = "".join(one.out + one.err for one in done) + "".join(capfd.readouterr())

    assert PLANTED not in shown
    assert "no connection" in shown
    assert PLANTED.encode() not in place.state.read_bytes()


def test_in_quiet_hours_nothing_is_told_and_what_matters_afterwards_is_told_at_once(place, hook):
    place.platform(
        'alerts: {webhook: "${ALERT_WEBHOOK:-}", quiet_hours: {from: "22:00", until: "07:00"}}'
    )
    place.clock.at = datetime(2026, 11, 20, 21, 58, tzinfo=UTC)
    passing = Problem(kind="sink", subject="platform", reason="down", data_sets=("a/m",))
    look(place)
    while place.clock.at < datetime(2026, 11, 21, 6, 49, tzinfo=UTC):
        place.clock.advance(10 * MINUTE)
        look(place, ODD, *([passing] if place.clock.at.hour == 2 else []))
        assert not hook.requests
    place.clock.at = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
    look(place, ODD)

    assert events(hook) == [("opened", "toll/hourly"), ("passed", "platform")]
    assert len(hook.requests) == 1


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("2026-03-28T21:59Z", False), ("2026-03-28T22:00Z", True),
        ("2026-03-29T05:59Z", True), ("2026-03-29T06:00Z", False),  # the clocks went forward
        ("2026-10-24T20:59Z", False), ("2026-10-24T21:00Z", True),
        ("2026-10-25T06:59Z", True), ("2026-10-25T07:00Z", False),  # and back
    ],
)  # fmt: skip
def test_quiet_hours_go_by_the_clock_on_the_wall_over_midnight_and_when_clocks_change(
    moment, quiet
):
    hours = QuietHours(start=local_time(22), end=local_time(7), zone=ZoneInfo("Europe/London"))
    assert is_quiet(hours, datetime.fromisoformat(moment)) is quiet


def test_a_broken_file_and_a_wrong_clock_are_problems(place, hook):
    mistakes = [
        Mistake("services/a.yaml", 3, 1, "unknown key"),
        Mistake("services/a.yaml", 9, 1, "x"),
    ]
    look(place, *broken_files(mistakes), *wrong_clock(HttpClient(place.clock, skew=-4000.4)))

    assert events(hook) == [("opened", "services/a.yaml"), ("opened", "this machine's clock")]
    assert wrong_clock(HttpClient(place.clock, skew=200)) == []


def test_a_look_at_what_nobody_asked_to_be_told_of_is_still_listed(place):
    look(place, ODD)

    (row,) = place.run("alerts", "list", "--json").json
    assert (row["what"], row["told"], row["not_told"]) == ("the figures of toll/hourly", [], [])
    assert place.run("alerts", "test").code == 1
    assert "no channel is set" in place.run("alerts", "test").err
