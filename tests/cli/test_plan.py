"""``plan``: what the next hours bring, when it exits with 1, and what another directory changes."""

import shutil

import pytest

from tests.places import hourly

PINGDOM = "source: pingdom\n  schedule: hourly\n  query: {{check: {}}}"


@pytest.fixture
def checks(place):
    """Three checks of one Pingdom account, with a quota."""
    place.platform("target: embedded\nquotas: {pingdom: {per_day: 200}}")
    place.secret("pingdom.yaml", "token: abcdefghijkl\n")
    for number in range(3):
        place.service(f"s{number}", f"monitoring:\n  {PINGDOM.format(number + 1)}")
    return place


def test_the_next_hours_are_told_and_nothing_is_asked_nor_written(checks):
    done = checks.run("plan", "--hours", "6", "--json")

    assert (done.code, done.json["good"], checks.state.exists()) == (0, True, False)
    told = done.json
    assert (told["ticks"], told["collectors"], len(told["hours"])) == (18, 3, 7)
    assert told["runs"]["live"] == 21
    assert told["assumed"] == ["pingdom"]
    (budget,) = told["budgets"]
    assert (budget["key"], budget["span"], budget["limit"]) == ("pingdom:pingdom", "day", 200)
    assert sum(one["calls"] for one in told["calls"]) == sum(told["runs"].values())
    text = checks.run("plan", "s1", "--hours", "6").out
    assert "6 ticks of 1 collector;" in text
    assert text.endswith("the workers keep up, and no budget breaks\n")


def test_a_budget_that_breaks_is_told_by_the_exit_code(checks):
    checks.platform("target: embedded\nquotas: {pingdom: {per_day: 20}}")

    done = checks.run("plan")

    assert done.code == 1
    assert "the quota pingdom:pingdom breaks by the day" in done.out
    assert checks.run("plan", "--label", "x").code == 2


def test_what_is_collected_is_not_planned_again_and_past_runs_tell_how_long_one_takes(place, feed):
    place.service("toll", hourly(feed))
    place.run("run", "--all")

    told = place.run("plan", "--hours", "3", "--json").json

    assert told["runs"] == {"live": 3, "revisit": 0, "catch-up": 0, "backfill": 0}
    assert (told["assumed"], list(told["seconds_a_request"])) == ([], ["feed"])


def test_backfills_that_go_on_and_pauses_count(place, feed):
    place.service("toll", hourly(feed) + "\n" + hourly(feed, "other"))
    place.run("run", "--all")
    days = ["--start", "2026-11-01", "--end", "2026-11-04", "--chunk", "day", "--detach"]
    place.run("backfill", "toll/hourly", *days)
    place.run("pause", "toll/other")

    told = place.run("plan", "--hours", "3", "--json").json

    assert (told["runs"]["backfill"], told["ticks"], told["paused"]) == (4, 3, ["toll/other"])


def test_a_source_that_breaks_and_a_credential_that_is_missing_are_told(checks, feed):
    (checks.credentials / "pingdom.yaml").unlink()
    checks.service(
        "toll", hourly(feed, "hourly", f"query: {{url: '{feed.url}', breaks: earliest}}")
    )

    done = checks.run("plan", "--hours", "2", "--json")

    assert list(done.json["broken"]) == ["toll/hourly"]
    assert list(done.json["unknown_quotas"]) == [f"s{number}/monitoring" for number in range(3)]
    text = checks.run("plan", "--hours", "2").out
    assert "toll/hourly cannot be planned: the source feed broke" in text


@pytest.fixture
def other(place, feed):
    """Another directory: one collector more, one less, one that moved, one of other meaning."""
    two = hourly(feed, "kept") + "\n" + hourly(feed, "moved") + "\n" + hourly(feed, "mapped")
    place.service("toll", two + "\n" + hourly(feed, "gone"))
    place.run("run", "--all")
    before = place.directory / "before"
    shutil.copytree(place.config, before)
    moved = hourly(feed, "moved").replace(
        "schedule: hourly", "schedule: '30 * * * *'\n  period: hour"
    )
    mapped = hourly(feed, "mapped", "map: {channel: way}")
    place.service("toll", f"{hourly(feed, 'kept')}\n{moved}\n{mapped}\n{hourly(feed, 'new')}")
    other = place.directory / "other"
    shutil.copytree(place.config, other)
    shutil.rmtree(place.config)
    shutil.copytree(before, place.config)
    return other


def test_another_directory_is_told_by_what_it_would_change(place, other):
    done = place.run("plan", "--hours", "3", "--against", str(other), "--json")

    assert done.code == 0
    found = done.json["differences"]
    assert (found["added"], found["dropped"]) == (["toll/new"], ["toll/gone"])
    (moved,) = found["moved"]
    assert (moved["collector"], moved["next_tick"]) == ("toll/moved", "2026-11-20T13:30:00Z")
    redo = "backfill toll/mapped --start 2026-11-20 --end 2026-11-20 --force"
    assert found["differently"] == [{"collector": "toll/mapped", "redo": redo}]
    assert (done.json["now"]["runs"]["live"], done.json["other"]["runs"]["live"]) == (12, 12)
    lines = place.run("plan", "--hours", "3", "--against", str(other)).out
    assert f"collected differently: toll/mapped; to redo its history: {redo}" in lines
    assert "the other configuration: the workers keep up, and no budget breaks" in lines


def test_mistakes_of_the_other_directory_are_told(place, other):
    (other / "services" / "broken.yaml").write_text("service: broken\n")
    done = place.run("plan", "--against", str(other))
    assert done.code == 1
    assert "broken.yaml" in done.err


def test_days_and_hours_do_not_go_together(checks):
    assert checks.run("plan", "--days", "2", "--hours", "3").code == 2
    assert len(checks.run("plan", "--days", "3").out.split("\n\n")[0].splitlines()) == 5
