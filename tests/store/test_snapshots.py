"""A snapshot takes the place of all that its data set holds: whole, or not at all."""

import pytest

from collectors.packing import unpack
from collectors.store import DELIVERED, OWED, Lanes, State, Store
from tests.store.worlds import (
    COLLECTOR,
    DATA_SET,
    chunk,
    collect,
    dead,
    deliver,
    finish,
    lane_of,
    lanes,
    latest,
    open_store,
    planned,
    start,
)


@pytest.fixture
def to(store: Store) -> Lanes:
    return lanes(store, replace=True)


def deliver_all(store: Store) -> list[object]:
    """Deliver whatever waits; gives "empty" and the ids, in order."""
    sent: list[object] = []
    for depth in store.view.depths():
        while found := store.delivery.ready(depth.lane.id, 1):
            items = deliver(store, found[0])
            sent.append("empty" if found[0].emptying else [one["_id"] for one in items])
    return sent


def delivered(store: Store):
    (lane,) = lanes(store).open
    return store.view.lane_intervals(lane, COLLECTOR, DELIVERED)


def ready(store: Store):
    (lane,) = lanes(store).open
    return store.delivery.ready(lane, 9)


def test_the_emptying_leaves_first_and_alone(store: Store, to: Lanes):
    run = start(store, (0, 30))
    store.ledger.write_chunk(run, to, chunk(0, 10))
    store.ledger.write_chunk(run, to, chunk(10, 20))
    finish(store, run, chunk(20, 30), to=to)

    (first,) = ready(store)
    assert first.emptying
    assert unpack(store.delivery.payload(first)) == []
    assert delivered(store) == []
    assert store.delivery.ready(to.open[0], 9, [first]) == []
    deliver(store, first)
    assert [one.emptying for one in ready(store)] == [False] * 3
    deliver_all(store)
    assert delivered(store) == [(0, 30)]


def test_nothing_leaves_before_all_of_it_is_there(store: Store, to: Lanes):
    run = start(store, (0, 20))
    store.ledger.write_chunk(run, to, chunk(0, 10))
    assert ready(store) == []
    finish(store, run, chunk(10, 20), to=to)
    assert deliver_all(store) == ["empty", ["id-0"], ["id-10"]]


@pytest.mark.parametrize("state", [State.FAILED, State.PARKED, State.NOT_YET])
def test_a_run_that_ends_without_its_window_empties_nothing(store: Store, to: Lanes, state: State):
    collect(store, (0, 10), to=to)
    run = start(store, (10, 20))
    store.ledger.write_chunk(run, to, chunk(10, 20))
    store.ledger.end(run, state, "it broke")
    assert deliver_all(store) == ["empty", ["id-0"]]
    assert store.view.entries() == []


def test_a_run_that_dies_empties_nothing(database_url: str, store: Store, to: Lanes):
    collect(store, (0, 10), to=to)
    other = open_store(database_url, owner=dead())
    run = start(other, (10, 20))
    other.ledger.write_chunk(run, to, chunk(10, 20))
    other.close()
    assert deliver_all(store) == ["empty", ["id-0"]]
    store.ledger.plan(COLLECTOR, [planned(10, 20)])
    assert store.view.entries() == []


def test_a_newer_snapshot_takes_the_place_of_one_that_waits(store: Store, to: Lanes):
    collect(store, (0, 10), to=to)
    collect(store, (10, 20), to=to)
    assert deliver_all(store) == ["empty", ["id-10"]]
    assert delivered(store) == [(0, 20)]


def test_a_newer_snapshot_empties_again_what_is_partly_there(store: Store, to: Lanes):
    run = start(store, (0, 20))
    store.ledger.write_chunk(run, to, chunk(0, 10))
    finish(store, run, chunk(10, 20), to=to)
    for _ in range(2):
        deliver(store, ready(store)[0])
    collect(store, (20, 30), to=to)
    assert deliver_all(store) == ["empty", ["id-20"]]
    assert delivered(store) == [(0, 30)]


def test_a_newer_snapshot_waits_for_what_is_under_way(store: Store, to: Lanes):
    collect(store, (0, 10), to=to)
    deliver(store, ready(store)[0])
    (under_way,) = ready(store)
    collect(store, (10, 20), to=to)
    assert store.delivery.ready(to.open[0], 9, [under_way]) == []
    deliver(store, under_way)
    assert deliver_all(store) == ["empty", ["id-10"]]


def test_an_older_period_is_collected_and_not_sent(store: Store, to: Lanes):
    collect(store, (10, 20), to=to)
    collect(store, (0, 10), to=to)
    assert latest(store).reason == "done; not sent, as a newer snapshot is there"
    assert [(one.start, one.end) for one in store.view.collected(COLLECTOR)] == [(0, 10), (10, 20)]
    assert deliver_all(store) == ["empty", ["id-10"]]
    assert delivered(store) == [(0, 20)]


def test_of_two_beside_each_other_the_newer_one_stays(store: Store, to: Lanes):
    plan = store.ledger.plan(COLLECTOR, [planned(10, 20), planned(0, 10)])
    newer, older = (store.ledger.claim(one) for one in plan.runs)
    store.ledger.write_chunk(newer, to, chunk(10, 20))
    finish(store, older, chunk(0, 10), to=to)
    first = ready(store)[0]
    assert first.run_id == older.id
    finish(store, newer, None, to=to)
    assert store.delivery.ready(to.open[0], 9, [first]) == []
    assert deliver_all(store) == ["empty", ["id-10"]]


def test_a_period_collected_again_is_sent_again(store: Store, to: Lanes):
    collect(store, (0, 10), to=to)
    deliver_all(store)
    collect(store, (0, 10), {0: ["other"]}, to=to)
    assert delivered(store) == []
    assert deliver_all(store) == ["empty", ["other"]]


def test_a_snapshot_of_nothing_empties(store: Store, to: Lanes):
    collect(store, (0, 10), to=to)
    deliver_all(store)
    run = start(store, (10, 20))
    finish(store, run, None, to=to)
    assert deliver_all(store) == ["empty"]
    assert delivered(store) == [(0, 20)]


def test_what_waits_of_a_time_before_replace_gives_way(store: Store, to: Lanes):
    collect(store, (0, 20), {0: ["a", "b"], 10: ["c"]})
    deliver_all(store)
    collect(store, (0, 20), {0: ["a"], 10: []})
    assert [one.retraction for one in store.view.entries()] == [False, True]
    collect(store, (0, 20), {0: ["new"], 10: []}, to=to)
    assert deliver_all(store) == ["empty", ["new"]]


def test_a_snapshot_that_waits_leaves_before_what_is_collected_without_replace(
    store: Store, to: Lanes
):
    collect(store, (0, 20), to=to)
    collect(store, (10, 20), {10: ["new"]})
    assert deliver_all(store) == ["empty", ["id-0", "id-10"], ["new"]]
    assert delivered(store) == [(0, 20)]


def test_a_lane_of_snapshots_is_never_full_and_is_owed_nothing_more(store: Store, to: Lanes):
    (lane,) = to.open
    run = start(store, (0, 10))
    finish(store, run, chunk(0, 10), to=Lanes(data_set=str(DATA_SET), open=[], full=[lane]))
    assert store.view.lane_intervals(lane, COLLECTOR, OWED) == [(0, 10)]
    collect(store, (10, 20), to=to)
    found = store.ledger.lanes_for(["embedded"], DATA_SET, 1, replace=True)
    assert (found.open, found.full) == ([lane], [])
    assert store.view.owed() == []


def test_dead_letters_of_older_snapshots_are_forgotten(store: Store, to: Lanes):
    run = start(store, (0, 10))
    finish(store, run, chunk(0, 10, refused="bad"), to=to)
    run = start(store, (20, 30))
    finish(store, run, chunk(20, 30, refused="newer"), to=to)
    run = start(store, (10, 20))
    finish(store, run, chunk(10, 20, refused="late"), to=to)
    assert [one.reason for one in store.view.dead_letters()] == ["newer"]


def test_a_snapshot_may_be_halved(store: Store, to: Lanes):
    collect(store, (0, 10), {0: ["a", "b"]}, to=to)
    deliver(store, ready(store)[0])
    (whole,) = ready(store)
    store.delivery.halve(whole)
    assert deliver_all(store) == [["a"], ["b"]]
    assert lane_of(store, whole).accepted == 2
