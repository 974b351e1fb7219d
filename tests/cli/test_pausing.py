"""``pause`` and ``resume``: what is left out of which run, how it is told, and what comes after."""

import pytest

from tests.feeds import HOUR
from tests.places import hourly
from tests.store.worlds import open_store


@pytest.fixture
def coast(place, feed, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    place.service("toll", hourly(feed) + "\n" + hourly(feed, "other", "labels: [slow]"))
    place.service("bridge", hourly(feed, "ships", "labels: [slow]", "deadline: 1 hour"))
    return place


def collected(done):
    return {row["collector"] for row in done.json["collectors"] if row["observations"]}


def states(place):
    return {row["collector"]: row["state"] for row in place.run("status", "--json").json}


@pytest.mark.parametrize(
    ("paused", "arguments", "left"),
    [
        (["toll"], ["--all"], {"bridge/ships"}),
        (["toll"], ["toll"], set()),
        (["toll/hourly"], ["--all"], {"toll/other", "bridge/ships"}),
        (["--label", "slow"], ["--all"], {"toll/hourly"}),
        (["--label", "slow"], ["--label", "slow"], set()),
        (["--source", "feed"], ["--all"], set()),
        (["toll", "--source", "feed"], ["--all"], set()),
        (["toll/hourly"], ["toll/hourly"], {"toll/hourly"}),
        (["*"], ["toll/hourly", "bridge"], {"toll/hourly"}),
    ],
)
def test_what_is_paused_is_left_out_unless_it_is_called_by_its_very_name(
    coast, paused, arguments, left
):
    assert coast.run("pause", *paused).code == 0

    done = coast.run("run", *arguments, "--json")

    assert (done.code, collected(done)) == (0, left)
    assert not coast.run("run", *arguments, "--dry-run", "--json").json["runs"] or left


def test_a_run_says_what_it_leaves_out_by_whom_why_and_how_to_go_on(coast):
    coast.run("pause", "--label", "slow", "--reason", "their server is ill")
    coast.run("pause", "toll/hourly")

    done = coast.run("run", "toll/hourly", "toll/other", "*/ships", "--json")
    assert done.json["paused"] == ["bridge/ships"]
    done = coast.run("run", "--all", "--json")

    assert done.json["paused"] == ["bridge/ships", "toll/hourly", "toll/other"]
    assert done.err.splitlines() == [
        (
            "2 collectors left out: paused by ann since 2026-11-20 12:30 UTC: their server is ill; "
            "go on with: resume --label slow"
        ),
        (
            "toll/hourly left out: paused by ann since 2026-11-20 12:30 UTC; "
            "go on with: resume toll/hourly"
        ),
    ]


def test_all_that_was_missed_is_collected_after_it_is_resumed(coast):
    coast.run("run", "--all")
    coast.run("pause", "toll")
    coast.clock.advance(5 * HOUR)
    coast.run("run", "--all")
    assert len(coast.read("toll/hourly")) == 2

    assert coast.run("resume", "toll").code == 0
    coast.run("run", "--all")

    assert len(coast.read("toll/hourly")) == 2 * 6


def test_what_is_paused_is_told_as_such_and_is_never_late(coast):
    coast.run("run", "--all")
    coast.clock.advance(5 * HOUR)
    assert coast.run("status", "--late").code == 1

    coast.run("pause", "bridge", "--reason", "closed for the winter")

    assert coast.run("status", "--late").code == 0
    assert states(coast) == {"bridge/ships": "paused", "toll/hourly": "due", "toll/other": "due"}
    (row,) = coast.run("status", "bridge", "--json").json
    assert row["reason"] == (
        "paused by ann since 2026-11-20 17:30 UTC: closed for the winter; "
        "go on with: resume 'bridge/*'"
    )


def test_a_pause_holds_what_comes_later_too(coast, feed):
    coast.run("pause", "toll")
    coast.service("toll", hourly(feed, "new"))

    assert states(coast)["toll/new"] == "paused"


def test_without_a_name_it_lists_what_is_paused(coast):
    assert coast.run("pause").err == "nothing is paused\n"
    coast.run("pause", "toll", "--label", "slow")

    rows = coast.run("pause", "--json").json

    assert [(row["kind"], row["name"], row["collectors"]) for row in rows] == [
        ("collector", "toll/*", 2),
        ("label", "slow", 2),
    ]


def test_where_a_wider_pause_still_holds_it_is_told(coast):
    coast.run("pause", "toll/hourly", "--source", "feed")

    done = coast.run("resume", "toll/hourly")

    assert done.code == 1
    assert "toll/hourly still paused: paused by ann since" in done.err
    assert "go on with: resume --source feed" in done.err
    assert coast.run("resume", "--source", "feed").code == 0
    assert coast.run("resume", "toll/hourly").err == "nothing of that was paused\n"


def test_what_is_no_longer_configured_can_still_be_resumed(coast):
    coast.run("pause", "bridge/ships")
    (coast.config / "services" / "bridge.yaml").unlink()

    done = coast.run("resume", "bridge/ships", "--json")

    assert (done.code, [row["name"] for row in done.json]) == (0, ["bridge/ships"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pause", "tol/hourly"], "no collector is called 'tol/hourly': did you mean toll/hourly"),
        (["pause", "tunnel"], "no collector is called 'tunnel'; 'list' shows what there is"),
        (["pause", "--label", "slwo"], "no collector has the label 'slwo': did you mean slow?"),
        (["pause", "--source", "fed"], "no source is called 'fed'; 'sources' lists them"),
        (["pause", "--reason", "x"], "--reason goes with what is to be paused"),
        (["resume"], "name what to resume, or use --label or --source"),
        (["resume", "tol/hourly"], "no collector is called 'tol/hourly'"),
    ],
)
def test_what_fits_nothing_is_a_mistake_and_nothing_is_done(coast, arguments, said):
    done = coast.run(*arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_it_holds_on_postgresql_too(coast, postgres_url):
    assert coast.run("--state", postgres_url, "pause", "toll").code == 0

    assert collected(coast.run("--state", postgres_url, "run", "--all", "--json")) == {
        "bridge/ships"
    }
    store = open_store(postgres_url)
    assert [one.name for one in store.pauses.listed()] == ["toll/*"]
    store.close()
