"""From ticks to a data set: what was probed is kept over restarts, gathered once, and then dropped."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.cli.settings import Settings, World
from collectors.runner import probe
from tests.feeds import DAY, HOUR
from tests.places import NOW, make_client
from tests.servers.http import Answer, HttpServer
from tests.test_secrets import found

MINUTE = timedelta(minutes=1)
START = NOW.replace(minute=0)
NAME = "toll/monitoring"
TOKEN = "planted/source+token=="


@pytest.fixture
def target():
    with HttpServer(lambda _: target.says) as target:
        target.says = Answer(200, b"welcome")
        yield target


@pytest.fixture
def watched(place, target):
    """A place in which ``target`` is probed every minute, from twelve o'clock on."""
    place.clock.at = START
    place.service("toll", service(target))
    return place


def service(target, *more):
    lines = ["monitoring:", "  source: uptime", "  schedule: every minute"]
    query = f"  query: {{url: '{target.url}/?key=1', allow_private: yes, check: Toll}}"
    return "\n".join([*lines, query, *more])


@contextmanager
def process(place):
    """A process of the program, with the parts that it works with."""
    world = World(sources=place.sources, clock=place.clock, http=make_client)
    settings = Settings(world, Path(place.config), Path(place.credentials), None)
    with settings.store() as store, settings.parts(store) as parts:
        yield parts, settings.configuration.collectors[NAME]


def tick(place, minutes):
    """Let a process of its own probe at each of these minutes of the clock's hour."""
    hour = place.clock.at.replace(minute=0)
    with process(place) as (parts, collector):
        for minute in minutes:
            place.clock.at = hour + minute * MINUTE
            assert probe(parts, collector, place.clock.at) is None


def kept(place):
    return place.rows("probes", "at")


def hours(place):
    fields = ("_timestamp", "check", "avgresponse", "uptime", "downtime", "unmonitored")
    return [
        tuple(f"{row['_timestamp']}"[11:13] if name == fields[0] else row[name] for name in fields)
        for row in place.read(NAME)
    ]


def run(place):
    (row,) = place.run("run", NAME, "--json").json["collectors"]
    return row["result"]


def test_an_hour_is_gathered_over_a_restart_and_what_was_missed_is_unmonitored(watched, target):
    assert run(watched) == "nothing is due"
    tick(watched, range(20))
    target.says = Answer(503)
    tick(watched, range(30, 40))
    watched.clock.at = START + HOUR + MINUTE

    assert run(watched) == "done with warnings"

    ((hour, check, response, *seconds),) = hours(watched)
    assert (hour, check, seconds) == ("12", "Toll", [1200, 600, 1800])
    assert 0 <= response < 1000
    assert run(watched) == "nothing is due"


def test_an_hour_without_any_probe_is_a_reading_too(watched):
    tick(watched, [0])
    run(watched)
    watched.clock.at = START + 3 * HOUR + MINUTE

    run(watched)

    assert [(hour, *seconds) for hour, _, _, *seconds in hours(watched)] == [
        ("12", 60, 0, 3540),
        ("13", 0, 0, 3600),
        ("14", 0, 0, 3600),
    ]


def test_probes_of_gathered_hours_are_dropped_and_never_gathered_again(watched):
    run(watched)
    tick(watched, range(60))
    assert len(kept(watched)) == 60
    watched.clock.at = START + HOUR
    run(watched)

    tick(watched, range(2))

    assert len(kept(watched)) == 2
    done = watched.run("run", NAME, "--start", "2026-11-20", "--end", "2026-11-20")
    assert done.code != 0
    assert "what probes has no past" in done.err
    assert run(watched) == "nothing is due"


def test_a_tick_is_missed_once_the_next_has_come_and_counts_once(watched, target):
    with process(watched) as (parts, collector):
        assert probe(parts, collector, START) is None
        target.says = Answer(503)
        assert probe(parts, collector, START) is None
        watched.clock.at += MINUTE
        assert probe(parts, collector, START) == (
            "the tick of 2026-11-20T12:00:00Z was missed: the next has come"
        )
    assert len(kept(watched)) == 1
    ((result,),) = watched.rows("probes", "result")
    assert '"up":true' in result


def test_a_store_that_cannot_be_written_is_told(watched):
    with process(watched) as (parts, collector):
        parts.store.close()
        (watched.directory / "var" / "state.db").unlink()
        (watched.directory / "var" / "state.db").mkdir()
        assert "store" in probe(parts, collector, START)


def test_what_another_source_has_collected_is_never_gathered(watched, target, feed):
    settling = f"query: {{url: '{feed.url}', settle_hours: 300}}"
    lines = ["monitoring:", "  source: feed", "  schedule: hourly", "  data_set: toll/was"]
    watched.service("toll", "\n".join([*lines, f"  {settling}"]))
    assert run(watched) == "done"
    watched.service("toll", service(target, "  data_set: toll/was"))
    for away in (HOUR, 30 * HOUR, 9 * DAY):
        watched.clock.at = START + away
        run(watched)
    rows = watched.read("toll/was")
    assert sum("channel" in row for row in rows) == 2
    assert {row["unmonitored"] for row in rows if "channel" not in row} == {3600}


def test_a_sample_probes_once_and_keeps_nothing(watched):
    done = watched.run("sample", NAME, "--json")
    (one,) = done.json["samples"]
    assert one["reading"]["measures"]["uptime"] == 60
    assert one["reading"]["measures"]["unmonitored"] == 3540
    (told,) = done.json["warnings"]
    assert told.startswith("seen just now: up, answered 200")
    assert not watched.state.exists()
    tick(watched, [0, 1])
    watched.clock.at = START + 2 * HOUR
    (of_probes,) = watched.run("sample", NAME, "--at", "2026-11-20T12:00", "--json").json["samples"]
    assert of_probes["reading"]["measures"]["uptime"] == 120


def test_check_probes_once(watched, target):
    done = watched.run("check", NAME, "--json")
    assert done.code == 0
    assert "is up, answered 200" in done.out
    target.says = Answer(500)
    done = watched.run("check", NAME)
    assert done.code == 1
    assert f"{target.url}/ is down: it answered 500" in done.out


def test_a_secret_in_a_header_is_nowhere(watched, target, monkeypatch, caplog):
    monkeypatch.setenv("SOURCE_TOKEN", TOKEN)
    header = "headers: {authorization: 'Bearer ${SOURCE_TOKEN}'}"
    watched.service("toll", service(target).replace("check: Toll", header))
    target.says = Answer(302, headers={"Location": f"https://x.uk/{TOKEN}?{TOKEN}"})
    tick(watched, [0, 1])
    assert target.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    watched.clock.at = START + HOUR + MINUTE
    commands = (["run", NAME], ["show", NAME], ["sample", NAME], ["check", NAME])
    told = [watched.run("-vv", *one) for one in commands]
    assert not found("".join(f"{one.out}{one.err}" for one in told).encode())
    assert not found(caplog.text.encode())
    for path in (watched.directory / "var").iterdir():
        assert not found(path.read_bytes()), path


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("schedule: hourly", "looks at every tick, for up to 20 seconds"),
        ("schedule: every 20 seconds", "looks at every tick, for up to 20 seconds"),
        ("schedule: every 2 hours", "of more than that and at most an hour"),
        ("schedule: every minute\n  period: instant", "has no figures by 'instant'"),
    ],
)
def test_a_schedule_that_does_not_fit_is_refused(watched, target, said, message):
    watched.service("toll", service(target).replace("schedule: every minute", said))
    done = watched.run("validate")
    assert done.code == 2
    assert message in done.out


def test_since_means_nothing_and_is_told(watched, target):
    watched.service("toll", service(target, "  since: 2014-01-01"))
    done = watched.run("validate")
    assert done.code == 0
    assert "the source 'uptime' has no past: 'since' changes nothing" in done.out + done.err
    assert run(watched) == "nothing is due"


def test_in_its_first_hour_it_is_told_when_it_was_probed_and_what_was_seen(watched):
    watched.run("status")
    tick(watched, range(3))

    (row,) = watched.run("status", "--json").json
    assert row["state"] == "probing"
    assert row["reason"].startswith("probed 2026-11-20T12:02:00Z: up, answered 200, connected in ")
    assert row["reason"].endswith("; 3 probes of this hour so far")

    (answer,) = watched.run("explain", NAME, "--json").json
    assert (answer["last_probe"]["tick"], answer["last_probe"]["gathered"]) == (
        "2026-11-20T12:02:00Z",
        3,
    )
    assert answer["next_tick"] == "2026-11-20T12:03:00Z"
    said = watched.run("explain", NAME).out
    assert "last run    none yet: its probes are gathered when the hour is over" in said
    told = f"only missed ones are listed: 'explain {NAME}' tells of its probes"
    assert told in watched.run("ticks", NAME).err
