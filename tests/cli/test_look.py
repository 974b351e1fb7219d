"""``list``, ``show``, ``status``, ``validate``: looking, without doing anything."""

import pytest
import yaml

from tests.feeds import DAY, HOUR, row
from tests.places import NOW, hourly
from tests.servers.http import Answer
from tests.store.worlds import open_store


@pytest.fixture
def coast(place, feed):
    place.service("toll", hourly(feed) + "\n" + hourly(feed, "other", "labels: [slow]"))
    return place


def rows(done):
    return {row["collector"]: row for row in done.json}


class TestList:
    def test_it_shows_every_collector_enabled_or_not(self, coast, feed):
        coast.service("bridge", hourly(feed, "cars", "enabled: false"))

        done = coast.run("list")

        assert done.code == 0
        assert [line.split()[0] for line in done.out.splitlines()[1:]] == [
            "bridge/cars",
            "toll/hourly",
            "toll/other",
        ]
        assert not coast.state.exists()

    def test_names_and_labels_choose(self, coast):
        assert list(rows(coast.run("list", "--label", "slow", "--json"))) == ["toll/other"]
        assert coast.run("list", "toll/x").code == 2

    def test_as_json_it_has_what_is_configured(self, coast):
        assert rows(coast.run("list", "--json"))["toll/other"] == {
            "collector": "toll/other",
            "source": "feed",
            "schedule": "hourly",
            "period": "hour",
            "data_set": "toll/other",
            "labels": ["slow"],
            "enabled": True,
        }

    def test_a_broken_file_is_told_and_the_code_says_so(self, coast):
        (coast.config / "services" / "broken.yaml").write_text("service: broken\n")

        done = coast.run("list", "--json")

        assert done.code == 1
        assert len(done.json) == 2
        assert "services/broken.yaml:1:1: the service 'broken' has no collectors" in done.err


class TestShow:
    def test_it_shows_what_the_files_come_to_with_defaults(self, coast):
        done = coast.run("show", "toll/hourly")

        shown = yaml.safe_load(done.out)
        assert done.code == 0
        assert shown["collector"] == "toll/hourly"
        assert shown["said_in"].endswith("services/toll.yaml:3:3")
        assert (shown["settle"], shown["batch"], shown["enabled"]) == ("0 seconds", 1000, True)
        assert (shown["tick_zone"], shown["splay"]) == ("Europe/London", "10 minutes")

    def test_as_json_too(self, coast):
        assert coast.run("show", "toll/hourly", "--json").json["source"] == "feed"

    def test_an_unknown_name_is_answered_with_the_nearest(self, coast):
        done = coast.run("show", "toll/hurly")

        assert done.code == 2
        assert "no collector is called 'toll/hurly': did you mean toll/hourly" in done.err


class TestStatus:
    def test_it_tells_the_state_of_each(self, coast, feed):
        assert rows(coast.run("status", "--json"))["toll/hourly"]["state"] == "never run"
        coast.run("run", "toll/hourly")

        state = rows(coast.run("status", "--json"))
        assert (
            state["toll/hourly"]
            | {
                "state": "collected",
                "collected_until": "2026-11-20T12:00:00Z",
                "observations": 2,
                "due": 0,
                "waiting": 0,
                "refused": 0,
            }
            == state["toll/hourly"]
        )
        assert state["toll/other"]["state"] == "never run"

        coast.clock.advance(HOUR)
        assert rows(coast.run("status", "--json"))["toll/hourly"]["state"] == "due"
        feed.error = "refused"
        coast.run("run", "toll/hourly")
        failed = rows(coast.run("status", "--json"))["toll/hourly"]
        assert (failed["state"], failed["reason"]) == ("failed", "it says no")

    def test_without_anything_kept_it_shows_a_table(self, coast):
        done = coast.run("status")

        assert done.code == 0
        assert [line.split()[:3] for line in done.out.splitlines()[1:]] == [
            ["toll/hourly", "never", "run"],
            ["toll/other", "never", "run"],
        ]

    def test_gaps_are_listed_with_their_reason(self, coast, feed):
        coast.run("run", "toll/hourly")
        coast.clock.advance(2 * HOUR)
        feed.error = "not yet"
        coast.run("run", "toll/hourly")

        gaps = coast.run("status", "toll/hourly", "--gaps", "--json").json

        assert [(gap["window"], gap["kind"], gap["periods"]) for gap in gaps] == [
            ("2026-11-20T13:00Z - 2026-11-20T14:00Z", "live", 1),
            ("2026-11-20T12:00Z - 2026-11-20T13:00Z", "catch-up", 1),
        ]
        assert "last run not yet: the figures come out on Friday" in gaps[0]["reason"]

    def test_late_ones_are_those_whose_data_is_older_than_their_deadline(self, coast, feed):
        coast.service(
            "toll", hourly(feed, "hourly", "deadline: 3 hours") + "\n" + hourly(feed, "x")
        )
        coast.run("run", "--all")
        coast.clock.advance(3 * HOUR)
        done = coast.run("status", "--late", "--json")
        assert (done.code, done.json) == (0, [])

        coast.clock.advance(2 * HOUR)
        done = coast.run("status", "--late", "--json")
        assert (done.code, list(rows(done))) == (1, ["toll/hourly"])
        assert coast.run("status").code == 0

    def test_what_waits_and_what_was_refused_is_counted(self, toll, feed, sink):
        sink.faults["toll/hourly"] = [Answer(503)]
        bad = row(NOW.replace(hour=11, minute=0), "web", 1)
        bad["dimensions"]["a-hyphen"] = "x"
        feed.odd = [bad, row(NOW.replace(hour=11, minute=0), "paper", 1)]
        toll.run("run", "--all")

        state = rows(toll.run("status", "--json"))["toll/hourly"]
        assert (state["waiting"], state["refused"]) == (1, 1)

    def test_a_history_that_was_collected_differently_is_told(self, coast, feed):
        coast.run("run", "--all")
        coast.service("toll", hourly(feed, "hourly", "add: {region: wales}"))

        assert rows(coast.run("status", "--json"))["toll/hourly"]["state"] == (
            "differently collected"
        )

    def test_a_plugin_that_breaks_is_told_of(self, coast, feed):
        broken = hourly(feed, "broken", f"query: {{url: '{feed.url}', breaks: earliest}}")
        coast.service("toll", broken)

        done = coast.run("status")

        assert done.code == 1
        assert "the source feed broke: ZeroDivisionError" in done.err + done.out
        assert "Traceback" not in done.err


class TestValidate:
    def test_all_is_well(self, coast):
        done = coast.run("validate")

        assert (done.code, done.out, done.err) == (
            0,
            "no mistakes; collectors: 2, services: 1\n",
            "",
        )
        assert not coast.state.exists()

    def test_every_mistake_of_every_file_is_told_at_once(self, coast):
        services = coast.config / "services"
        (services / "a.yaml").write_text("service: a\ncollectors: {x: {source: fed}}\n")
        (services / "b.yaml").write_text("service: b\ncolectors: {}\n")

        done = coast.run("validate")

        assert done.code == 2
        lines = [line.removeprefix(f"{services}/") for line in done.out.splitlines()]
        assert (
            "a.yaml:2:26: unknown source 'fed' in collector 'a/x' (did you mean 'feed'?)" in lines
        )
        assert any("unknown key 'colectors'" in line for line in lines)

    def test_as_json_too(self, coast):
        (coast.config / "services" / "b.yaml").write_text("service: b\n")

        done = coast.run("validate", "--json")

        assert done.code == 2
        (mistake,) = done.json["mistakes"]
        assert (mistake["line"], mistake["column"]) == (1, 1)
        assert done.json["collectors"] == ["toll/hourly", "toll/other"]

    def test_another_directory_can_be_named(self, coast, tmp_path):
        done = coast.run("validate", str(tmp_path / "elsewhere"))

        assert done.code == 2
        assert "there is no such directory" in done.out

    def test_a_secret_that_others_may_read_is_a_warning(self, coast):
        coast.secret("tokens.yaml", "toll/hourly: t0ken\n")
        (coast.credentials / "tokens.yaml").chmod(0o644)

        done = coast.run("validate")

        assert done.code == 0
        assert "warning: others may read this file (mode 644): chmod 600" in done.out
        assert "t0ken" not in done.out


def test_looking_asks_no_server(coast, feed):
    for command in (["list"], ["show", "toll/hourly"], ["status", "--gaps"], ["validate"]):
        assert coast.run(*command).code == 0
    assert feed.requests == []


def test_a_past_that_the_source_does_not_remember_is_told(coast, feed):
    coast.run("run", "--all")
    coast.clock.advance(DAY)
    assert coast.run("status", "--gaps").code == 0


class TestStatusOfBrokenFiles:
    def test_what_a_mistake_leaves_out_is_a_row_with_the_mistake(self, coast, feed):
        coast.run("run", "toll/hourly")
        coast.service("toll", hourly(feed, "hourly", "shedule: daily"))
        mistake = f"{coast.config}/services/toll.yaml:"

        done = coast.run("status", "--json")

        row = rows(done)["toll/hourly"]
        assert done.code == 1
        assert (row["state"], row["due"]) == ("broken file", None)
        assert row["collected_until"] == "2026-11-20T12:00:00Z"
        assert row["reason"].startswith(mistake)
        assert row["reason"].endswith("until that is mended: left out")
        for arguments in (["toll"], ["toll/hourly", "--gaps"], ["--late"]):
            told = coast.run("status", *arguments)
            assert (told.code, mistake in told.out) == (1, True), arguments

    def test_what_the_daemon_goes_on_with_says_so_if_it_never_ran_too(self, coast, feed):
        coast.run("status")
        coast.service("toll", "hourly: [")
        store = open_store(f"sqlite:///{coast.state}", coast.clock)
        store.post.take()
        store.post.tell("configuration", {"mistakes": [], "kept": ["toll/hourly"]})

        reason = rows(coast.run("status", "--json"))["toll/hourly"]["reason"]

        store.close()
        assert reason.endswith("the daemon goes on with what it last read right")

    def test_a_file_of_which_nothing_is_known_is_a_row_of_its_own(self, coast):
        (coast.config / "services" / "new.yaml").write_text("service: new\ncollectors: [\n")
        row = rows(coast.run("status", "--json"))["new/*"]
        assert (row["state"], row["last_run"]) == ("broken file", None)
        assert rows(coast.run("status", "new/any", "--json")).keys() == {"new/*"}
