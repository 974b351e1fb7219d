"""Dead letters: what was refused is kept with its reason until somebody throws it away."""

import getpass

import orjson

from collectors.clock import epoch
from collectors.store import DELIVERED, DeadLetter, Planned, Store
from collectors.values import DataSet, Rejected
from tests.store.worlds import COLLECTOR, DATA_SET, NOW, collect, deliver, lanes

OTHER = DataSet("tax-disc", "journey")
REFUSED = Rejected({"_id": "id-0", "count": 1}, "count must be text")


def bury_two(store: Store) -> tuple[DeadLetter, DeadLetter]:
    collect(store, (0, 10))
    collect(store, (0, 10), to=lanes(store, data_set=OTHER), collector="tax-disc/journey")
    for entry in store.view.entries():
        deliver(store, entry, [REFUSED])
    one, two = store.view.dead_letters()
    return one, two


def test_what_a_data_set_refused_is_kept_with_all_that_is_known_of_it(store: Store):
    letter, _ = bury_two(store)
    assert orjson.loads(letter.observation) == REFUSED.observation
    assert (letter.reason, letter.target, letter.data_set, letter.collector) == (
        REFUSED.reason,
        "embedded",
        str(DATA_SET),
        COLLECTOR,
    )
    assert (letter.start, letter.end, letter.created_at) == (0, 10, epoch(NOW))


def test_a_window_delivered_with_refusals_counts_as_delivered(store: Store):
    bury_two(store)
    assert store.view.lane_intervals(lanes(store).open[0], COLLECTOR, DELIVERED) == [(0, 10)]


def test_what_was_refused_of_a_superseded_entry_is_not_kept(store: Store):
    collect(store, (0, 10))
    (old,) = store.view.entries()
    collect(store, (0, 10))
    store.delivery.settle(old, store.delivery.lane(old.lane_id), 0, [REFUSED])
    assert store.view.dead_letters() == []


def test_dead_letters_are_listed_by_data_set_and_counted_by_collector(store: Store):
    one, two = bury_two(store)
    assert store.view.dead_letters(str(OTHER)) == [two]
    assert store.view.dead_letters() == [one, two]
    assert store.view.dead_letter_counts() == {COLLECTOR: 1, "tax-disc/journey": 1}


def test_discarding_leaves_a_trace_of_what_was_thrown_away(store: Store):
    one, two = bury_two(store)
    assert store.delivery.discard([one]) == 1
    assert store.view.dead_letters() == [two]
    ((at, who, action, subject, detail),) = discards(store)
    assert (at, who, action, subject) == (
        epoch(NOW),
        getpass.getuser(),
        "dead-letters discard",
        str(DATA_SET),
    )
    assert detail == 'count must be text: {"_id":"id-0","count":1}'


def test_what_is_gone_already_is_not_discarded_again(store: Store):
    one, _ = bury_two(store)
    store.delivery.discard([one])
    assert store.delivery.discard([one]) == 0
    assert len(discards(store)) == 1
    assert store.delivery.discard([]) == 0


def test_an_observation_that_is_no_json_is_kept_as_it_prints(store: Store):
    collect(store, (0, 10))
    (entry,) = store.view.entries()
    deliver(store, entry, [Rejected({"_id": {1, 2}}, "_id is not text")])
    assert store.view.dead_letters()[0].observation == '{"_id":"{1, 2}"}'


def discards(store):
    return [row for row in store.view.audit() if row[2] == "dead-letters discard"]


def test_collecting_a_stretch_again_by_hand_leaves_a_trace(store):
    window = Planned(start=0, end=10, kind="manual", priority=1, reason="asked for by hand")
    store.ledger.plan("tides/hourly", [window], instead=True)

    ((_, _, action, subject, detail),) = store.view.audit()
    assert (action, subject) == ("collect again", "tides/hourly")
    assert detail == "1970-01-01T00:00:00Z - 1970-01-01T00:00:10Z"
