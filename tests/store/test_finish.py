"""Finishing a window: it takes the place of all that earlier runs left of it."""

import pytest

from collectors.clock import epoch
from collectors.store import DELIVERED, OWED, State, Store
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
    latest,
    run_child,
    start,
)


def waiting(store: Store):
    return [(one.start, one.end, one.retraction, one.run_id) for one in store.view.entries()]


def delivered(store: Store, lane_id: int):
    return store.view.lane_intervals(lane_id, COLLECTOR, DELIVERED)


def owed(store: Store, lane_id: int):
    return store.view.lane_intervals(lane_id, COLLECTOR, OWED)


def test_a_finished_run_says_what_it_found_and_when(store: Store):
    run = collect(store, (0, 20))
    ended = latest(store)
    assert (ended.id, ended.state, ended.reason, ended.ended_at, ended.owner) == (
        run.id,
        State.DONE,
        "done",
        epoch(NOW),
        None,
    )
    assert store.ledger.plan(COLLECTOR, []).runs == []


def test_a_window_collected_again_takes_the_place_of_what_was_not_delivered(store: Store):
    collect(store, (0, 20))
    again = collect(store, (0, 20))
    assert waiting(store) == [(0, 20, False, again.id)]


def test_what_overlaps_the_window_only_in_part_is_kept_and_leaves_first(store: Store):
    wide = collect(store, (0, 30))
    narrow = collect(store, (10, 20), {10: ["id-10", "new"]})
    assert waiting(store) == [(0, 30, False, wide.id), (10, 20, False, narrow.id)]
    assert [ids for _, ids in deliver_all(store)] == [
        ["id-0", "id-10", "id-20"],
        ["id-10", "new"],
    ]


def test_what_waits_for_a_target_that_this_run_does_not_write_to_stays(store: Store):
    old = collect(store, (0, 10), to=lanes(store, "platform"))
    new = collect(store, (0, 10), to=lanes(store, "embedded"))
    assert [run_id for *_, run_id in waiting(store)] == [old.id, new.id]


def test_ids_that_are_gone_are_retracted(store: Store):
    collect(store, (0, 30), {0: ["a", "b"], 10: ["c", "d"], 20: ["e"]})
    deliver_all(store)
    collect(store, (0, 30), {0: ["a", "b"], 10: ["d"], 20: ["e", "f"]})
    assert deliver_all(store) == [(False, ["a", "b", "d", "e", "f"]), (True, ["c"])]


def test_a_window_that_is_now_empty_retracts_all_it_held(store: Store):
    collect(store, (0, 20), {0: ["a"], 10: ["b"]})
    deliver_all(store)
    run = start(store, (0, 20))
    finish(store, run, None)
    (retraction,) = store.view.entries()
    assert (retraction.start, retraction.end) == (0, 20)
    assert deliver_all(store) == [(True, ["a", "b"])]


def test_an_id_that_has_moved_to_another_period_is_not_retracted(store: Store):
    collect(store, (0, 20), {0: ["a", "b"], 10: []})
    collect(store, (0, 20), {0: ["b"], 10: ["a"]})
    assert deliver_all(store) == [(False, ["b", "a"])]


def test_a_part_of_a_window_collected_again_retracts_only_in_that_part(store: Store):
    collect(store, (0, 20), {0: ["a"], 10: ["b"]})
    deliver_all(store)
    collect(store, (10, 20), {10: []})
    assert deliver_all(store) == [(True, ["b"])]
    collect(store, (0, 10), {0: []})
    assert deliver_all(store) == [(True, ["a"])]


def test_ids_that_only_a_dead_run_posted_are_retracted(database_url: str, store: Store):
    run_child(database_url, "chunk.written")
    (entry,) = store.view.entries()
    assert [one["_id"] for one in deliver(store, entry)] == ["id-0", "only-the-dead-run"]
    collect(store, (0, 20))
    assert deliver_all(store) == [(False, ["id-0", "id-10"]), (True, ["only-the-dead-run"])]


def test_a_retraction_stays_in_line_when_its_window_is_collected_again(store: Store):
    collect(store, (0, 10), {0: ["a", "b"]})
    deliver_all(store)
    collect(store, (0, 10), {0: ["a"]})
    collect(store, (0, 10), {0: ["a", "b", "c"]})
    assert deliver_all(store) == [(True, ["b"]), (False, ["a", "b", "c"])]


def test_the_ids_of_a_settled_period_are_forgotten_and_those_beside_it_are_not(store: Store):
    collect(store, (0, 20), {0: ["a"], 10: ["b"]})
    deliver_all(store)
    collect(store, (0, 10), {0: ["a"]}, settled=True)
    deliver_all(store)
    collect(store, (0, 20), {0: [], 10: []})
    assert deliver_all(store) == [(True, ["b"])]


@pytest.mark.parametrize("settled_part", [(0, 10), (10, 20)])
def test_settling_a_part_keeps_the_ids_that_a_dead_run_left_in_the_rest(store: Store, settled_part):
    dead_run = start(store, (0, 20))
    store.ledger.write_chunk(dead_run, lanes(store), chunk(0, 20, {0: ["a"], 10: ["b"]}))
    store.ledger.end(dead_run, State.FAILED, "it broke")
    deliver_all(store)
    collect(store, settled_part, settled=True)
    deliver_all(store)
    rest = (10, 20) if settled_part == (0, 10) else (0, 10)
    collect(store, rest, {rest[0]: []})
    assert deliver_all(store) == [(True, ["b" if rest[0] else "a"])]


def test_dead_letters_of_earlier_runs_of_the_window_are_superseded(store: Store):
    for reason in ("first", "second"):
        run = start(store, (0, 10))
        finish(store, run, chunk(0, 10, refused=reason))
    assert [letter.reason for letter in store.view.dead_letters()] == ["second"]
    collect(store, (10, 20))
    assert len(store.view.dead_letters()) == 1


def test_a_lane_has_a_window_once_it_is_complete_and_nothing_waits(store: Store):
    run = start(store, (0, 30))
    to = lanes(store)
    (lane,) = to.open
    store.ledger.write_chunk(run, to, chunk(0, 10))
    deliver_all(store)
    assert delivered(store, lane) == []
    finish(store, run, chunk(10, 30), to=to)
    assert delivered(store, lane) == [(0, 10)]
    deliver_all(store)
    assert delivered(store, lane) == [(0, 30)]


def test_a_window_without_observations_is_delivered_when_it_is_collected(store: Store):
    run = start(store, (0, 10))
    to = lanes(store)
    finish(store, run, None, to=to)
    assert delivered(store, to.open[0]) == [(0, 10)]


def test_a_window_collected_again_is_not_delivered_until_it_has_left_again(store: Store):
    to = lanes(store)
    collect(store, (0, 30), to=to)
    deliver_all(store)
    collect(store, (10, 20), to=to)
    assert delivered(store, to.open[0]) == [(0, 10), (20, 30)]
    deliver_all(store)
    assert delivered(store, to.open[0]) == [(0, 30)]


def test_a_period_is_not_delivered_while_its_retraction_waits(store: Store):
    to = lanes(store)
    collect(store, (0, 20), {0: ["a"], 10: ["b"]}, to=to)
    deliver_all(store)
    collect(store, (0, 10), {0: []}, to=to)
    assert delivered(store, to.open[0]) == [(10, 20)]
    deliver_all(store)
    assert delivered(store, to.open[0]) == [(0, 20)]


def test_a_period_is_not_delivered_while_the_retraction_of_an_earlier_run_waits(store: Store):
    collect(store, (0, 10))
    deliver_all(store)
    lane_id = lanes(store).open[0]
    finish(store, start(store, (0, 10)), None)
    finish(store, start(store, (0, 10)), None)

    assert delivered(store, lane_id) == []
    deliver_all(store)
    assert delivered(store, lane_id) == [(0, 10)]


def test_a_period_is_not_delivered_while_an_older_retraction_waits(store: Store):
    to = lanes(store)
    collect(store, (0, 10), {0: ["a"]}, to=to)
    deliver_all(store)
    collect(store, (0, 10), {0: []}, to=to)
    collect(store, (0, 10), {0: []}, to=to)
    assert delivered(store, to.open[0]) == []
    deliver_all(store)
    assert delivered(store, to.open[0]) == [(0, 10)]


def test_what_a_failed_run_left_never_keeps_an_earlier_success_from_being_delivered(store: Store):
    to = lanes(store)
    collect(store, (0, 10), to=to)
    failed = start(store, (0, 10))
    store.ledger.write_chunk(failed, to, chunk(0, 10))
    store.ledger.end(failed, State.FAILED, "it broke")
    deliver_all(store)
    assert delivered(store, to.open[0]) == [(0, 10)]


def test_an_old_entry_of_a_dead_run_never_keeps_a_window_from_being_delivered(store: Store):
    to = lanes(store)
    dead_run = start(store, (0, 20))
    store.ledger.write_chunk(dead_run, to, chunk(0, 20, {0: [], 10: ["a"]}))
    store.ledger.end(dead_run, State.FAILED, "it broke")
    finish(store, start(store, (0, 10)), None, to=to)
    deliver_all(store)
    assert delivered(store, to.open[0]) == [(0, 10)]


def test_each_lane_has_what_it_has(store: Store):
    to = lanes(store, "embedded", "platform")
    collect(store, (0, 10), to=to)
    first, second = to.open
    (entry,) = store.view.entries(first)
    deliver(store, entry)
    assert (delivered(store, first), delivered(store, second)) == ([(0, 10)], [])


def test_a_full_lane_is_owed_the_window_and_catches_up_when_it_is_collected_again(store: Store):
    (lane,) = lanes(store).open
    collect(store, (0, 10))
    deliver_all(store)
    full = store.ledger.lanes_for(["embedded"], DATA_SET, 0)
    assert full.full == [lane]
    collect(store, (0, 20), to=full)
    assert (delivered(store, lane), owed(store, lane)) == ([], [(0, 20)])
    (debt,) = store.view.owed(COLLECTOR)
    assert (debt.lane.id, debt.start, debt.end, debt.waiting) == (lane, 0, 20, 0)
    collect(store, (10, 20))
    assert owed(store, lane) == [(0, 10)]
    collect(store, (0, 10))
    deliver_all(store)
    assert (delivered(store, lane), owed(store, lane)) == ([(0, 20)], [])
    assert store.view.owed() == []


def test_a_full_lane_still_retracts_what_it_holds(store: Store):
    collect(store, (0, 10), {0: ["a"]})
    deliver_all(store)
    full = store.ledger.lanes_for(["embedded"], DATA_SET, 0)
    collect(store, (0, 10), {0: []}, to=full)
    assert deliver_all(store) == [(True, ["a"])]


def test_what_is_owed_is_never_called_delivered(store: Store):
    (lane,) = lanes(store).open
    collect(store, (0, 20))
    full = store.ledger.lanes_for(["embedded"], DATA_SET, 0)
    collect(store, (0, 10), to=full)
    deliver_all(store)
    assert (delivered(store, lane), owed(store, lane)) == ([(10, 20)], [(0, 10)])


def test_a_lane_is_full_by_the_bytes_that_wait_in_it(store: Store):
    collect(store, (0, 10))
    size = store.view.entries()[0].size
    assert len(store.ledger.lanes_for(["embedded"], DATA_SET, size).full) == 1
    assert len(store.ledger.lanes_for(["embedded"], DATA_SET, size + 1).open) == 1
    assert store.ledger.lanes_for(["platform"], DATA_SET, NO_LIMIT).full == []


def test_what_a_source_remembers_is_kept_only_if_its_run_succeeds(store: Store):
    finish(store, start(store, (0, 10)), None, state={"etag": "one"})
    assert store.ledger.source_state(COLLECTOR) == {"etag": "one"}
    run = start(store, (10, 20))
    store.ledger.end(run, State.FAILED, "it broke")
    assert store.ledger.source_state(COLLECTOR) == {"etag": "one"}
    assert store.ledger.source_state("other/one") == {}
