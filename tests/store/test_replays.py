"""Dead letters that are put back: delivered again in the right place, never over what is newer."""

from datetime import datetime

import orjson
import pytest

from collectors.clock import epoch
from collectors.intervals import Interval
from collectors.store import DELIVERED, DeadLetter, State, Store
from collectors.store.replays import Letters
from collectors.values import DataSet, Rejected
from tests.store.worlds import (
    COLLECTOR,
    DATA_SET,
    NO_LIMIT,
    NOW,
    chunk,
    collect,
    deliver,
    deliver_all,
    finish,
    lanes,
    open_store,
    start,
)

REFUSED = Rejected({"_id": "id-0", "count": 1}, "count must be text")
PUT_BACK = None


def bury(store: Store, window: Interval = (0, 10)) -> DeadLetter:
    """Have the first observation of a window refused by its data set."""
    collect(store, window)
    for entry in store.view.entries():
        refused = Rejected({**REFUSED.observation, "_id": f"id-{window[0]}"}, REFUSED.reason)
        deliver(store, entry, [refused])
    return store.view.dead_letters()[-1]


def bury_locally(store: Store, *targets: str) -> DeadLetter:
    """Have an observation refused by our own check."""
    run = start(store, (0, 10))
    finish(store, run, chunk(0, 10, refused="no good"), to=lanes(store, *targets))
    deliver_all(store)
    (letter,) = store.view.dead_letters()
    return letter


def letters(*some: DeadLetter, targets: tuple[str, ...] = ("embedded",), snapshot: bool = False):
    first = some[0]
    return Letters(
        letters=some, targets=targets, period=(first.start, first.end), snapshot=snapshot
    )


def replay(store: Store, letter: DeadLetter, **more) -> str | None:
    return store.delivery.replay(letters(letter, **more), NO_LIMIT)[letter.id]


def delivered(store: Store, target: str = "embedded") -> list[Interval]:
    (lane_id,) = lanes(store, target).open
    return store.view.lane_intervals(lane_id, COLLECTOR, DELIVERED)


def test_it_is_an_entry_of_the_run_that_collected_it_and_no_dead_letter_any_more(store: Store):
    letter = bury(store)

    assert replay(store, letter) is PUT_BACK

    assert store.view.dead_letters() == []
    (entry,) = store.view.entries()
    assert (entry.run_id, entry.collector, entry.start, entry.end, entry.count) == (
        letter.run_id,
        COLLECTOR,
        0,
        10,
        1,
    )
    assert deliver(store, entry) == [REFUSED.observation]


def test_its_period_counts_as_delivered_once_it_is(store: Store):
    letter = bury(store)
    assert delivered(store) == [(0, 10)]

    replay(store, letter)
    assert delivered(store) == []

    deliver_all(store)
    assert delivered(store) == [(0, 10)]


def test_what_is_refused_again_is_a_dead_letter_again(store: Store):
    replay(store, bury(store))
    (entry,) = store.view.entries()

    deliver(store, entry, [Rejected(REFUSED.observation, "still no text")])

    (letter,) = store.view.dead_letters()
    assert (letter.reason, letter.run_id) == ("still no text", entry.run_id)


def test_it_leaves_a_trace(store: Store):
    replay(store, bury(store))

    at, _, action, subject, detail = store.view.audit()[-1]
    assert (at, action, subject) == (epoch(NOW), "dead-letters replay", str(DATA_SET))
    assert detail == 'count must be text: {"_id":"id-0","count":1}'


def test_several_of_a_period_are_one_entry(store: Store):
    collect(store, (0, 10), {0: ["a", "b", "c"]})
    (entry,) = store.view.entries()
    deliver(store, entry, [Rejected({"_id": name}, "no") for name in "ab"])

    found = store.delivery.replay(letters(*store.view.dead_letters()), NO_LIMIT)

    assert list(found.values()) == [PUT_BACK, PUT_BACK]
    (entry,) = store.view.entries()
    assert deliver(store, entry) == [{"_id": "a"}, {"_id": "b"}]


class TestRefusedByOurOwnCheck:
    def test_it_goes_to_every_target(self, store: Store):
        letter = bury_locally(store, "embedded", "platform")

        assert replay(store, letter, targets=("embedded", "platform")) is PUT_BACK

        assert deliver_all(store) == [(False, ["broken"])] * 2
        assert delivered(store) == delivered(store, "platform") == [(0, 10)]

    def test_it_counts_as_collected_from_then_on(self, store: Store):
        letter = bury_locally(store)
        (before,) = store.view.collected(COLLECTOR)

        replay(store, letter)

        (after,) = store.view.collected(COLLECTOR)
        assert before.observations is not None
        assert after.observations == before.observations + 1

    def test_where_the_count_is_not_known_it_stays_so(self, store: Store):
        run = start(store, (0, 30))
        finish(store, run, chunk(0, 30, refused="no good"))
        collect(store, (10, 20))
        (letter,) = store.view.dead_letters()

        store.delivery.replay(
            Letters(letters=[letter], targets=["embedded"], period=(0, 10)), NO_LIMIT
        )

        assert [one.observations for one in store.view.collected(COLLECTOR)] == [None, 1, None]

    def test_it_is_taken_back_once_a_later_run_finds_it_gone(self, store: Store):
        replay(store, bury_locally(store))
        deliver_all(store)

        collect(store, (0, 10))

        assert (True, ["broken"]) in deliver_all(store)


class TestNeverOverWhatIsNewer:
    def test_a_later_run_takes_its_place_while_it_waits(self, store: Store):
        replay(store, bury(store))

        collect(store, (0, 10))

        assert deliver_all(store) == [(False, ["id-0"])]

    def test_it_leaves_before_what_a_later_run_says_of_the_period(self, store: Store):
        letter = bury(store)
        later = start(store, (0, 10))
        replay(store, letter)
        store.ledger.write_chunk(later, lanes(store), chunk(0, 10, {0: ["other"]}))

        assert deliver_all(store) == [(False, ["id-0"]), (False, ["other"])]

    def test_it_stays_where_a_later_run_has_collected_the_period(self, store: Store):
        letter = bury(store, (0, 20))
        later = collect(store, (10, 20))

        assert replay(store, letter) == f"run {later.id} has collected its period again since"
        assert store.view.dead_letters() == [letter]
        alone = Letters(letters=[letter], targets=["embedded"], period=(0, 10))
        assert store.delivery.replay(alone, NO_LIMIT) == {letter.id: PUT_BACK}

    def test_it_stays_where_a_run_that_died_has_sent_its_id_since(self, store: Store):
        letter = bury(store)
        dead = start(store, (0, 10))
        store.ledger.write_chunk(dead, lanes(store), chunk(0, 10))
        deliver_all(store)
        store.ledger.end(dead, State.FAILED, "it is down")

        assert replay(store, letter) == "a later run has a newer version of its _id"

    def test_it_stays_where_another_collector_has_its_id_in_the_lane(self, store: Store):
        letter = bury(store)
        collect(store, (0, 10), collector="carers-allowance/other")

        assert replay(store, letter) == "a later run has a newer version of its _id"
        assert store.view.dead_letters() == [letter]

    def test_what_other_lanes_hold_does_not_matter(self, store: Store):
        letter = bury(store)
        other = lanes(store, data_set=DataSet("tax-disc", "journey"))
        collect(store, (0, 10), to=other, collector="tax-disc/journey")

        assert replay(store, letter) is PUT_BACK

    def test_what_a_failed_run_has_left_is_put_back(self, store: Store):
        run = start(store, (0, 10))
        store.ledger.write_chunk(run, lanes(store), chunk(0, 10))
        (entry,) = store.view.entries()
        deliver(store, entry, [REFUSED])
        (letter,) = store.view.dead_letters()
        assert replay(store, letter) == "its window is being collected now"

        store.ledger.end(run, State.FAILED, "it is down")

        assert replay(store, letter, snapshot=True) == (
            "its snapshot was never whole; the next run collects it"
        )
        assert replay(store, letter) is PUT_BACK
        deliver_all(store)
        assert delivered(store) == []


def test_a_lane_that_is_full_takes_none(store: Store):
    letter = bury(store)
    collect(store, (10, 20))

    found = store.delivery.replay(letters(letter), 1)

    assert found == {letter.id: "the outbox is full"}
    assert store.view.dead_letters() == [letter]


def test_one_that_is_gone_is_told_and_the_others_are_put_back(store: Store):
    collect(store, (0, 10), {0: ["a", "b"]})
    (entry,) = store.view.entries()
    deliver(store, entry, [Rejected({"_id": name}, "no") for name in "ab"])
    one, two = store.view.dead_letters()
    store.delivery.discard([one])

    found = store.delivery.replay(letters(one, two), NO_LIMIT)

    assert found == {one.id: "it is gone already", two.id: PUT_BACK}
    assert [entry.count for entry in store.view.entries()] == [1]


def test_a_dry_run_tells_the_same_and_changes_nothing(store: Store):
    letter = bury(store)

    assert store.delivery.replay(letters(letter), NO_LIMIT, dry_run=True) == {letter.id: PUT_BACK}

    assert store.view.dead_letters() == [letter]
    assert store.view.entries() == []
    assert delivered(store) == [(0, 10)]


class DyingClock:
    """A clock that shows the time so often, and then is the end of the process."""

    def __init__(self, times: int) -> None:
        self.times = times

    def now(self) -> datetime:
        self.times -= 1
        if self.times < 0:
            raise KeyboardInterrupt
        return NOW


def test_a_process_that_dies_half_way_has_done_nothing(store: Store, database_url: str):
    letter = bury(store)
    dying = open_store(database_url, DyingClock(1))

    with pytest.raises(KeyboardInterrupt):
        dying.delivery.replay(letters(letter), NO_LIMIT)
    dying.close()

    assert store.view.dead_letters() == [letter]
    assert store.view.entries() == []
    assert orjson.loads(letter.observation) == REFUSED.observation
