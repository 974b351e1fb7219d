"""The outbox: in which order entries leave."""

from datetime import timedelta

from collectors.clock import FixedClock
from collectors.packing import unpack
from collectors.store import Chunk, Store
from tests.store.worlds import (
    COLLECTOR,
    chunk,
    collect,
    deliver,
    deliver_all,
    finish,
    lane_of,
    lanes,
    start,
)


def ready(store: Store, limit: int = 10, under_way=()) -> list[tuple[int, int]]:
    (lane,) = lanes(store).open
    return [(one.start, one.end) for one in store.delivery.ready(lane, limit, under_way)]


def first_ready(store: Store):
    (lane,) = lanes(store).open
    return store.delivery.ready(lane, 1)[0]


def pieces(store: Store, run, *chunks: Chunk) -> None:
    for one in chunks[:-1]:
        store.ledger.write_chunk(run, lanes(store), one)
    finish(store, run, chunks[-1])


def test_entries_leave_by_priority_and_then_by_age(store: Store, clock: FixedClock):
    for at, priority in ((0, 5), (10, 1), (20, 5), (30, 1)):
        collect(store, (at, at + 10), priority=priority)
        clock.advance(timedelta(seconds=1))
    assert ready(store) == [(10, 20), (30, 40), (0, 10), (20, 30)]
    assert ready(store, limit=2) == [(10, 20), (30, 40)]


def test_entries_about_one_period_leave_in_the_order_of_their_runs(store: Store):
    collect(store, (0, 30), priority=5)
    collect(store, (10, 20), priority=1)
    assert ready(store) == [(0, 30)]
    deliver(store, first_ready(store))
    assert ready(store) == [(10, 20)]


def test_two_entries_about_one_period_never_leave_at_a_time(store: Store):
    run = start(store, (0, 20))
    pieces(store, run, chunk(0, 10, {0: ["a"]}), chunk(0, 10, {0: ["b"]}), chunk(10, 20))
    assert ready(store) == [(0, 10), (10, 20)]
    assert [ids for _, ids in deliver_all(store)] == [["a"], ["b"], ["id-10"]]


def test_collectors_of_one_data_set_take_turns_at_a_period(store: Store):
    collect(store, (0, 20))
    collect(store, (10, 30), collector="other/one")
    assert ready(store) == [(0, 20)]


def test_nothing_leaves_about_a_period_that_is_under_way(store: Store):
    collect(store, (0, 20))
    collect(store, (20, 30))
    sending = first_ready(store)
    assert ready(store, under_way=[sending]) == [(20, 30)]


def test_a_superseded_entry_that_is_under_way_still_arrives_before_its_successor(store: Store):
    collect(store, (0, 20))
    sending = first_ready(store)
    again = collect(store, (0, 20))
    assert ready(store, under_way=[sending]) == []
    assert first_ready(store).run_id == again.id


def test_a_superseded_entry_that_arrives_delivers_nothing(store: Store):
    collect(store, (0, 20))
    old = first_ready(store)
    collect(store, (0, 20))
    assert store.delivery.payload(old) is None
    store.delivery.settle(old, lane_of(store, old), 2)
    assert ready(store) == [(0, 20)]
    assert store.view.lane_intervals(old.lane_id, COLLECTOR, "delivered") == []
    assert store.delivery.lane(old.lane_id).accepted == 2


def test_halves_hold_what_the_whole_held(store: Store):
    collect(store, (0, 30))
    whole = first_ready(store)
    store.delivery.halve(whole)
    bodies = [unpack(store.delivery.payload(one)) for one in store.view.entries()]
    assert bodies == [[{"_id": "id-0"}], [{"_id": "id-10"}, {"_id": "id-20"}]]
    assert [one.count for one in store.view.entries()] == [1, 2]
    assert {one.failures for one in store.view.entries()} == {0}


def test_halves_keep_their_place_before_later_runs_and_younger_entries(
    store: Store, clock: FixedClock
):
    collect(store, (0, 20), {0: ["a"], 10: ["b"]})
    clock.advance(timedelta(seconds=1))
    collect(store, (10, 20), {10: ["b", "c"]})
    collect(store, (30, 40))
    store.delivery.halve(first_ready(store))
    assert [ids for _, ids in deliver_all(store)] == [["a"], ["b"], ["b", "c"], ["id-30"]]


def test_a_window_in_halves_is_delivered_with_its_last_half(store: Store):
    collect(store, (0, 20))
    store.delivery.halve(first_ready(store))
    lane = first_ready(store).lane_id
    deliver(store, first_ready(store))
    assert store.view.lane_intervals(lane, COLLECTOR, "delivered") == []
    deliver(store, first_ready(store))
    assert store.view.lane_intervals(lane, COLLECTOR, "delivered") == [(0, 20)]


def test_an_entry_of_one_cannot_be_halved(store: Store):
    collect(store, (0, 10))
    whole = first_ready(store)
    store.delivery.halve(whole)
    assert store.view.entries() == [whole]


def test_a_superseded_entry_is_not_halved(store: Store):
    collect(store, (0, 20))
    old = first_ready(store)
    collect(store, (0, 20))
    store.delivery.halve(old)
    assert len(store.view.entries()) == 1


def test_each_lane_has_its_own_order(store: Store):
    to = lanes(store, "embedded", "platform")
    collect(store, (0, 20), to=to)
    first, second = to.open
    (entry,) = store.delivery.ready(first, 5)
    assert len(store.delivery.ready(second, 5, [entry])) == 1
    deliver(store, entry)
    assert store.delivery.ready(first, 5) == []
    assert len(store.delivery.ready(second, 5)) == 1


def test_it_is_told_whether_what_may_leave_is_all_there_is(store: Store):
    collect(store, (0, 10))
    collect(store, (10, 20))
    (lane,) = lanes(store).open

    def asked(limit: int, under_way=()):
        found, emptied = store.delivery.ready_in({lane: limit}, under_way)
        return len(found), emptied

    assert asked(1) == (1, set())
    assert asked(5) == (2, {lane})
    assert asked(5, [first_ready(store)]) == (1, set())

    collect(store, (0, 10))
    assert asked(5)[1] == {lane}
    run = start(store, (0, 20))
    store.ledger.write_chunk(run, lanes(store), chunk(0, 20))
    assert asked(5)[1] == set(), "what waits behind something else is there too"
