"""``run``: what it does, what it prints, and the code it ends with."""

from datetime import datetime, timedelta

import pytest

from tests.feeds import DAY, HOUR
from tests.places import NOW, hourly
from tests.servers.http import Answer


@pytest.fixture
def coast(place, feed):
    place.service("toll", hourly(feed) + "\n" + hourly(feed, "other", "labels: [slow, big]"))
    place.service("bridge", hourly(feed, "cars", "enabled: false") + "\n" + hourly(feed, "ships"))
    return place


def collectors(done):
    return [row["collector"] for row in done.json["collectors"]]


def test_the_answer_is_on_stdout_and_all_the_rest_on_stderr(coast):
    done = coast.run("run", "toll")

    assert done.code == 0
    heading, *rows, total = done.out.strip().splitlines()
    assert heading.split()[:2] == ["collector", "observations"]
    assert [row.split()[0] for row in rows] == ["toll/hourly", "toll/other"]
    assert total == (
        "4 observations collected by 2 collectors, 4 delivered, 0 waiting in the outbox"
    )
    assert "next: python run_collector.py read toll/hourly" in done.err


def test_as_json_it_is_one_document_with_every_run(coast):
    done = coast.run("run", "toll/hourly", "--json")

    assert done.err == ""
    assert (
        done.json["collectors"][0] | {"result": "done", "observations": 2, "holds": 2}
        == (done.json["collectors"][0])
    )
    (run,) = done.json["runs"]
    assert run["window"] == {
        "start": "2026-11-20T11:00:00+00:00",
        "end": "2026-11-20T12:00:00+00:00",
    }
    assert (run["state"], run["readings"], run["trusted"]) == ("done", 2, True)


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["--all"], ["bridge/ships", "toll/hourly", "toll/other"]),
        (["toll"], ["toll/hourly", "toll/other"]),
        (["toll/hourly"], ["toll/hourly"]),
        (["*/o*"], ["toll/other"]),
        (["toll/hourly", "bridge"], ["bridge/ships", "toll/hourly"]),
        (["--label", "slow"], ["toll/other"]),
        (["--label", "slow", "--label", "big"], ["toll/other"]),
        (["toll", "--label", "slow"], ["toll/other"]),
        (["bridge/cars"], []),
    ],
)
def test_names_patterns_services_and_labels_choose_what_is_collected(coast, arguments, names):
    assert collectors(coast.run("run", *arguments, "--json")) == names


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name collectors, or use --label or --all"),
        (["toll/hourl"], "no collector is called 'toll/hourl': did you mean toll/hourly"),
        (["tol"], "no collector is called 'tol': did you mean toll?"),
        (["qqq"], "no collector is called 'qqq'; 'list' shows what there is"),
        (["--label", "slwo"], "no collector has the label 'slwo': did you mean slow?"),
        (["toll", "--start", "2026-11-01"], "--start and --end go together"),
        (["toll", "--end", "2026-11-01"], "--start and --end go together"),
        (["toll", "--start", "2026-11-02", "--end", "2026-11-01"], "--start is after --end"),
        (["toll", "--start", "yesterday", "--end", "2026-11-01"], "'yesterday' does not match"),
        (["toll", "--nonsense"], "No such option"),
    ],
)
def test_a_mistake_of_usage_is_told_with_what_would_be_right_and_nothing_is_done(
    coast, arguments, said
):
    done = coast.run("run", *arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err
    assert not coast.state.exists()


def test_a_second_run_has_nothing_to_do(coast):
    coast.run("run", "--all")

    done = coast.run("run", "--all", "--json")

    assert (done.code, done.json["runs"], done.json["delivered"]) == (0, [], 0)
    assert {row["result"] for row in done.json["collectors"]} == {"nothing is due"}


def test_a_given_stretch_is_collected_again_even_if_it_is_settled(coast, feed):
    coast.run("run", "toll/hourly")
    feed.count = 7
    assert coast.run("run", "toll/hourly", "--json").json["runs"] == []

    days = ["--start", "2026-11-19", "--end", "2026-11-20"]
    done = coast.run("run", "toll/hourly", *days, "--json")

    assert done.code == 0
    assert [run["state"] for run in done.json["runs"]] == ["done"]
    assert {one["count"] for one in coast.read("toll/hourly")} == {7}
    assert len(coast.read("toll/hourly")) == 2 * 36
    assert [row[0] for row in coast.rows("runs", "kind")] == ["live", "manual"]


def test_what_has_not_ended_is_not_collected_by_hand_either(coast):
    days = ["--start", "2026-11-21", "--end", "2026-11-22"]

    assert coast.run("run", "toll/hourly", *days, "--json").json["runs"] == []


def test_a_broken_file_is_left_out_the_rest_runs_and_the_code_says_so(coast):
    (coast.config / "services" / "broken.yaml").write_text("service: broken\ncollectors: [\n")

    done = coast.run("run", "--all", "--json")

    assert done.code == 1
    assert collectors(done) == ["bridge/ships", "toll/hourly", "toll/other"]
    assert f"{coast.config}/services/broken.yaml:3:1: " in done.err
    assert "1 mistake: what it touches is left out; see 'validate'" in done.err


@pytest.mark.parametrize(
    "arguments", [["run", "--all"], ["status"], ["outbox", "list"], ["dead-letters", "list"]]
)
def test_with_a_broken_platform_nothing_is_done_for_nobody_knows_where(coast, arguments):
    (coast.config / "platform.yaml").write_text("target: embeded\n")

    done = coast.run(*arguments)

    assert (done.code, done.out) == (2, "")
    assert f"{coast.config}/platform.yaml:1:9: 'embeded' is not a target" in done.err
    assert not (coast.directory / "var").exists()


def test_without_a_configuration_directory_nothing_is_done(coast):
    done = coast.run("--config", str(coast.directory / "nowhere"), "run", "--all")

    assert done.code == 2
    assert "there is no such directory: name it with --config" in done.err


def test_what_fails_is_told_on_a_line_of_its_own_and_the_others_go_on(coast, feed):
    coast.service("bridge", hourly(feed, "ships", "query: {url: 'http://127.0.0.1:1/x'}"))

    done = coast.run("run", "--all")

    assert done.code == 1
    assert "bridge/ships: failed: GET http://127.0.0.1:1/x: no connection" in done.err
    assert len(coast.read("toll/hourly")) == len(coast.read("toll/other")) == 2


def test_what_is_not_yet_there_is_no_failure(coast, feed):
    feed.error = "not yet"

    done = coast.run("run", "--all")

    assert done.code == 0
    assert "not yet: the figures come out on Friday" in done.out


def test_warnings_are_told_and_counted_and_are_no_failure(coast, feed):
    feed.warnings = tuple(f"row {number} is odd" for number in range(30))

    done = coast.run("run", "toll/hourly")

    assert done.code == 0
    assert "toll/hourly: row 0 is odd" in done.err
    assert "10 more warnings: see --json" in done.err


def test_without_any_collector_it_says_so(coast):
    for path in (coast.config / "services").iterdir():
        path.unlink()

    done = coast.run("run", "--all")

    assert done.code == 0
    assert "no collector is enabled" in done.err


class TestDryRun:
    def test_it_shows_what_would_be_sent(self, toll):
        done = toll.run("run", "--all", "--dry-run")

        assert done.code == 0
        assert "would be sent" in done.out
        assert "toll/hourly: the first of 2 observations" in done.out
        assert '"channel": "paper"' in done.out

    def test_as_json_too(self, toll):
        answer = toll.run("run", "--all", "--dry-run", "--json").json

        assert answer["observations"] == {"toll/hourly": 2}
        assert [one["channel"] for one in answer["samples"]["toll/hourly"]] == ["paper", "web"]
        assert [run["state"] for run in answer["runs"]] == ["done"]

    def test_it_stores_nothing_and_sends_nothing(self, toll, feed, sink):
        before = sorted(toll.directory.rglob("*"))

        toll.run("run", "--all", "--dry-run")

        assert sorted(toll.directory.rglob("*")) == before
        assert sink.requests == []
        assert len(feed.requests) == 1

    def test_it_fixes_no_origin_and_remembers_no_quota_and_no_state(self, toll, feed):
        toll.run("status")
        feed.quota_key, feed.remember = "feed:day", {"cursor": "one"}

        toll.run("run", "--all", "--dry-run")
        assert toll.rows("collectors", "name") == []
        assert toll.rows("quotas", "key") == []
        assert toll.rows("runs", "id") == []

        toll.clock.advance(3 * DAY)
        toll.run("run", "--all")
        assert toll.rows("quotas", "key", "remaining") == [("feed:day", 7)]
        ((first,),) = toll.rows("collectors", "origin")
        assert first == int((NOW.replace(hour=11, minute=0) + 3 * DAY).timestamp())

    def test_it_looks_at_what_is_due_after_what_is_collected(self, toll):
        toll.run("run", "--all")
        assert toll.run("run", "--all", "--dry-run", "--json").json["runs"] == []

        toll.clock.advance(HOUR)
        (run,) = toll.run("run", "--all", "--dry-run", "--json").json["runs"]
        assert run["window"]["start"] == "2026-11-20T12:00:00+00:00"

    def test_a_stretch_can_be_given(self, toll):
        days = ["--start", "2026-11-01", "--end", "2026-11-02"]

        answer = toll.run("run", "--all", "--dry-run", *days, "--json").json

        assert answer["observations"] == {"toll/hourly": 96}

    @pytest.mark.parametrize(
        ("error", "code"), [("not yet", 0), ("refused", 1), ("quota", 1), ("bug", 1)]
    )
    def test_what_goes_wrong_is_told(self, toll, feed, error, code):
        feed.error = error

        done = toll.run("run", "--all", "--dry-run")

        assert done.code == code
        assert "Traceback" not in done.err
        assert done.out.splitlines()[1].startswith("toll/hourly")


def test_a_target_that_is_down_leaves_all_in_the_outbox_and_the_code_says_so(toll, sink):
    sink.faults["toll/hourly"] = [Answer(503)]

    done = toll.run("run", "--all")

    assert done.code == 1
    assert "2 observations collected by 1 collector, 0 delivered, 2 waiting" in done.out
    assert "nothing is lost: 'outbox list' shows what waits, and why" in done.err


def test_what_is_refused_is_told_and_the_code_says_so(toll, feed, sink):
    toll.run("run", "--all")
    toll.clock.advance(HOUR)
    feed.channels = ("one", "two", "three", "bad")
    sink.rules["toll/hourly"] = lambda one: "bad" if one["channel"] == "bad" else None

    done = toll.run("run", "--all")

    assert done.code == 1
    assert "what was refused, and why: python run_collector.py dead-letters list" in done.err


def test_a_named_collector_delivers_its_own_data_set_and_all_delivers_everything(toll, feed, sink):
    toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
    sink.faults["toll/daily"] = [Answer(503)]
    toll.run("run", "toll/daily")
    toll.clock.advance(timedelta(minutes=1))

    toll.run("run", "toll/hourly")
    assert len(sink.held["toll/daily"]) == 0
    toll.run("run", "--all")
    assert len(sink.held["toll/daily"]) == 2


def test_days_are_those_of_the_collector(coast, feed):
    coast.service("toll", hourly(feed).replace("UTC", "Europe/London"))
    coast.clock.at = datetime.fromisoformat("2026-06-20T12:00:00+00:00")

    coast.run("run", "toll", "--start", "2026-06-10", "--end", "2026-06-10")

    times = sorted({one["_timestamp"] for one in coast.read("toll/hourly")})
    assert (times[0], times[-1]) == ("2026-06-09T23:00:00+00:00", "2026-06-10T22:00:00+00:00")


@pytest.mark.postgresql
def test_what_is_kept_may_be_in_postgresql(toll, sink, postgres_url):
    for _ in range(2):
        assert toll.run("--state", postgres_url, "run", "--all").code == 0
        toll.clock.advance(HOUR)

    assert len(sink.held["toll/hourly"]) == 4
    (row,) = toll.run("--state", postgres_url, "status", "--json").json
    assert (row["observations"], row["waiting"]) == (4, 0)
    assert toll.run("--state", postgres_url, "run", "--all", "--dry-run").code == 0
    assert not toll.state.exists()
