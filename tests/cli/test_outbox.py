"""``outbox`` and ``dead-letters``: what waits, what was refused, and what can be done about it."""

import pytest

from tests.feeds import HOUR
from tests.places import hourly
from tests.servers.http import Answer


@pytest.fixture
def refused(toll, feed, sink):
    """A lane that flows, and two dead letters."""
    toll.run("run", "--all")
    toll.clock.advance(HOUR)
    feed.channels = ("one", "two", "bad", "four", "worse")
    sink.rules["toll/hourly"] = lambda one: "no!" if one["channel"] in ("bad", "worse") else None
    assert toll.run("run", "--all").code == 1
    return toll


def test_an_empty_outbox_says_so(toll):
    done = toll.run("outbox", "list")

    assert (done.code, done.out) == (0, "")
    assert done.err.strip() == "the outbox is empty: everything is delivered"
    assert toll.run("outbox", "list", "--json").json == []


def test_a_lane_is_listed_with_what_waits_there_and_why(toll, sink):
    sink.faults["toll/hourly"] = [Answer(403)]
    toll.run("run", "--all")

    (lane,) = toll.run("outbox", "list", "--json").json
    assert lane["reason"].startswith(f"{sink.url}/data/toll/hourly answered 403")
    assert {
        "data_set": "toll/hourly",
        "target": "platform",
        "entries": 1,
        "observations": 2,
        "since": "2026-11-20T12:30:00Z",
        "state": "parked since 2026-11-20T12:30:00Z",
    }.items() <= lane.items()
    assert "toll/hourly" in toll.run("outbox", "list").out


def test_flush_delivers_and_collects_nothing(toll, feed, sink):
    sink.faults["toll/hourly"] = [Answer(403)]
    toll.run("run", "--all")
    toll.clock.advance(HOUR)
    asked = len(feed.requests)

    done = toll.run("outbox", "flush")

    assert (done.code, done.out) == (0, "2 observations delivered, 0 refused, 0 lanes left\n")
    assert len(feed.requests) == asked


def test_retry_and_flush_may_be_of_one_data_set(toll, feed, sink):
    toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
    sink.faults["toll/hourly"] = [Answer(403)]
    sink.faults["toll/daily"] = [Answer(403)]
    toll.run("run", "--all")

    assert "1 lane may try again" in toll.run("outbox", "retry", "toll/daily").err
    assert len(sink.held["toll/daily"]) == 2
    assert len(sink.held["toll/hourly"]) == 0
    assert toll.run("outbox", "flush", "toll/hourly").code == 0
    assert len(sink.held["toll/hourly"]) == 2


@pytest.mark.parametrize("command", ["retry", "flush"])
def test_an_unknown_data_set_is_answered_with_the_nearest(toll, command):
    done = toll.run("outbox", command, "toll/horly")

    assert done.code == 2
    assert "no data set is called 'toll/horly': did you mean toll/hourly?" in done.err


def test_what_is_left_is_told_and_the_code_says_so(toll, sink):
    sink.faults["toll/hourly"] = [Answer(403)] * 3
    toll.run("run", "--all")

    done = toll.run("outbox", "flush")
    assert done.code == 1
    assert "toll/hourly at platform: " in done.err
    answer = toll.run("outbox", "retry", "--json").json
    assert list(answer["left"]) == ["toll/hourly at platform"]


def test_what_was_done_by_hand_is_in_the_audit(toll):
    toll.run("outbox", "retry")
    toll.run("outbox", "retry", "toll/hourly")

    assert toll.rows("audit", "action", "subject") == [
        ("outbox retry", "all"),
        ("outbox retry", "toll/hourly"),
    ]


class TestDeadLetters:
    def test_none_says_so(self, toll):
        done = toll.run("dead-letters", "list")

        assert (done.code, done.err.strip()) == (0, "no dead letters: nothing was refused")
        assert toll.run("dead-letters", "list", "--json").json == []

    def test_they_are_listed_with_the_reason(self, refused):
        letters = refused.run("dead-letters", "list", "toll/hourly", "--json").json

        assert [(one["refused_by"], one["reason"], one["period"]) for one in letters] == [
            ("platform", "no!", "2026-11-20T12:00Z - 2026-11-20T13:00Z"),
        ] * 2
        assert refused.run("dead-letters", "list").out.count("no!") == 2
        assert refused.run("dead-letters", "list", "toll/horly").code == 2

    def test_one_is_shown_whole(self, refused):
        first, _ = refused.run("dead-letters", "list", "--json").json

        shown = refused.run("dead-letters", "show", str(first["id"])).json

        assert shown["observation"]["channel"] == "bad"
        assert shown["collector"] == "toll/hourly"

    def test_an_unknown_one_is_told(self, refused):
        done = refused.run("dead-letters", "show", "99")

        assert (done.code, done.out) == (2, "")
        assert "no dead letter has the id 99" in done.err

    def test_they_are_thrown_away_after_a_question_and_leave_a_trace(self, refused):
        letters = refused.run("dead-letters", "list", "--json").json

        done = refused.run("dead-letters", "discard", str(letters[0]["id"]), "--yes")
        assert (done.code, done.out) == (0, "1 dead letters thrown away\n")
        done = refused.run("dead-letters", "discard", "--data-set", "toll/hourly", "--yes")
        assert (done.code, done.out) == (0, "1 dead letters thrown away\n")

        assert refused.run("dead-letters", "list", "--json").json == []
        audit = refused.rows("audit", "action", "subject", "detail")
        assert [one[:2] for one in audit] == [("dead-letters discard", "toll/hourly")] * 2
        assert audit[0][2].startswith('no!: {"_timestamp"')

    def test_without_an_answer_nothing_is_thrown_away(self, refused):
        for typed in ("", "n\n"):
            done = refused.run("dead-letters", "discard", "--data-set", "toll/hourly", typed=typed)
            assert (done.code, done.out) == (1, "")
            assert "throw away 2 dead letters? [y/N]" in done.err
        assert len(refused.run("dead-letters", "list", "--json").json) == 2

        done = refused.run("dead-letters", "discard", "--data-set", "toll/hourly", typed="y\n")
        assert (done.code, done.out) == (0, "2 dead letters thrown away\n")

    @pytest.mark.parametrize(
        ("arguments", "said"),
        [
            ([], "give the ids of dead letters, or --data-set"),
            (["1", "--data-set", "toll/hourly"], "give the ids of dead letters, or --data-set"),
            (["77", "--yes"], "no dead letter has the id 77"),
            (["x"], "'x' is not a valid integer"),
        ],
    )
    def test_a_mistake_of_usage_is_told(self, refused, arguments, said):
        done = refused.run("dead-letters", "discard", *arguments)

        assert done.code == 2
        assert said in done.err

    def test_a_period_that_is_collected_again_forgets_its_own(self, refused, sink):
        sink.rules.clear()

        refused.run("run", "--all", "--start", "2026-11-20", "--end", "2026-11-20")

        assert refused.run("dead-letters", "list", "--json").json == []
        assert {"bad", "worse"} <= {one["channel"] for one in sink.held["toll/hourly"].values()}
