"""``ticks``: how each firing of a schedule ended, and why."""

from datetime import timedelta

import pytest

from collectors.clock import epoch
from collectors.store import Noted, Planned, Proposal, State, TickOutcome
from tests.feeds import HOUR
from tests.places import NOW, hourly
from tests.store.worlds import open_store

AT = epoch(NOW)


def planned(name):
    window = Planned(start=0, end=10, kind="live", priority=0, reason="due")
    return Proposal(collector=name, planned=[window], seen=(), at=[AT])


@pytest.fixture
def store(database_url, place):
    """One tick of each outcome, and one whose run was withdrawn before it began."""
    store = open_store(database_url, place.clock)
    store.queue.enter([planned("toll/ran"), planned("toll/gone")])
    store.queue.withdraw({"toll/gone": "it is not configured any more"})
    (ran,) = store.queue.take(9)
    store.ledger.end(ran, State.FAILED, "it is down")
    store.queue.enter([planned("toll/late")])
    place.clock.advance(timedelta(minutes=10))
    store.queue.take(9)
    store.queue.enter([planned("toll/late"), planned("toll/waits")])
    skipped = {"outcome": TickOutcome.SKIPPED, "reason": "no daemon ran", "count": 7}
    store.ticks.write([Noted(collector="toll/ran", at=AT, seen_at=AT - 9 * 86_400, **skipped)])
    yield store
    store.close()


def test_a_tick_ends_as_its_run_tells_and_can_be_chosen_by_that(store):
    def chosen(*outcomes):
        return [(one.collector, str(one.outcome)) for one in store.ticks.listed(outcomes=outcomes)]

    assert chosen(TickOutcome.RAN) == [("toll/ran", "ran")]
    assert chosen(TickOutcome.LATE) == [("toll/late", "late")]
    assert chosen(TickOutcome.JOINED) == [("toll/late", "joined")]
    assert chosen(TickOutcome.WAITS) == [("toll/waits", "waits")]
    skipped = [("toll/ran", "skipped"), ("toll/gone", "skipped")]
    assert chosen(TickOutcome.SKIPPED) == skipped
    assert sorted(chosen()) == sorted(pair for outcome in TickOutcome for pair in chosen(outcome))


def test_ticks_are_listed_with_their_outcome_reason_and_run(place, feed, store, database_url):
    place.service("toll", "\n".join(hourly(feed, key) for key in ("ran", "late", "waits")))

    def listed(*arguments):
        done = place.run("--state", database_url, "ticks", *arguments, "--json")
        assert done.code == 0, done.err
        return done.json

    (ran, before) = listed("toll/ran", "--limit", "2")
    assert (ran["outcome"], ran["tick"]) == ("skipped", "2026-11-20T12:30:00Z")
    assert (ran["ticks"], ran["run"], ran["reason"]) == (7, None, "no daemon ran")
    assert before["reason"].endswith("failed: it is down")
    assert [one["outcome"] for one in listed("toll/ran", "--since", "2026-11-20")] == ["ran"]
    assert [one["collector"] for one in listed("--outcome", "waits")] == ["toll/waits"]
    (late,) = listed("--outcome", "late")
    assert late["reason"].startswith("it began 600 s after the tick; run ")
    assert "toll/gone" in place.run("--state", database_url, "ticks").out


def test_without_a_tick_it_says_where_ticks_come_from(place, feed):
    place.service("toll", hourly(feed))
    place.clock.advance(HOUR)

    assert place.run("ticks").err == "no ticks; see 'daemon'\n"
