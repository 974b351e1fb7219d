"""Entries and letters that reach beyond a window which is collected again.

A chunk of three periods, of which the last two are collected again: the labels of the periods are
``a``, ``b`` and ``c``.
"""

from collectors.packing import pack, unpack
from collectors.store import DELIVERED, Chunk, Run, State, Store
from collectors.store.windows import Result
from collectors.values import Rejected
from tests.store.worlds import COLLECTOR, deliver, lanes, start, stretch


def _chunk(start: int, names: str, refused: str = "") -> Chunk:
    observations = [{"_id": f"id-{name}", "_timestamp": name} for name in names]
    body, size = pack(observations)
    return Chunk(
        start=start,
        end=start + 10 * len(names),
        body=body,
        count=len(names),
        size=size,
        ids={start + 10 * at: [f"id-{name}"] for at, name in enumerate(names)},
        readings=len(names),
        rejected=[Rejected({"_id": one, "_timestamp": one}, "bad") for one in refused],
    )


def _collect(store: Store, window: tuple[int, int], names: str, refused: str = "") -> Run:
    run = start(store, window)
    result = Result(
        stretches=[stretch(*window, settled=False)],
        settled_until=window[0],
        state=State.DONE,
        reason="done",
        labels=(names[0], chr(ord(names[-1]) + 1)),
    )
    store.ledger.finish(run, lanes(store), _chunk(window[0], names, refused), result, {})
    return run


def _letters(store: Store) -> list[str]:
    return [one.observation for one in store.view.dead_letters()]


def test_what_waits_keeps_only_what_is_not_collected_again(store: Store):
    _collect(store, (0, 30), "abc")
    _collect(store, (10, 30), "bc")
    held = [unpack(store.delivery.payload(entry) or b"") for entry in store.view.entries()]
    assert [[one["_id"] for one in items] for items in held] == [["id-a"], ["id-b", "id-c"]]
    assert [entry.count for entry in store.view.entries()] == [1, 2]


def test_what_waits_about_nothing_else_is_gone(store: Store):
    _collect(store, (0, 30), "bc")
    _collect(store, (10, 30), "bc")
    assert len(store.view.entries()) == 1


def test_our_own_refusals_are_told_once_after_a_part_was_collected_again(store: Store):
    _collect(store, (0, 30), "abc", refused="ac")
    _collect(store, (10, 30), "bc", refused="c")
    assert len(_letters(store)) == 2


def test_a_refusal_of_a_part_that_is_collected_again_is_forgotten(store: Store):
    _collect(store, (0, 30), "abc")
    (entry,) = store.view.entries()
    deliver(
        store, entry, [Rejected({"_id": f"id-{one}", "_timestamp": one}, "bad") for one in "ac"]
    )
    _collect(store, (10, 30), "bc")
    assert _letters(store) == ['{"_id":"id-a","_timestamp":"a"}']


def test_a_refusal_that_comes_after_the_part_was_collected_again_is_not_kept(store: Store):
    _collect(store, (0, 30), "abc")
    (entry,) = store.view.entries()
    _collect(store, (10, 30), "bc")
    deliver(
        store, entry, [Rejected({"_id": f"id-{one}", "_timestamp": one}, "bad") for one in "ac"]
    )
    assert _letters(store) == ['{"_id":"id-a","_timestamp":"a"}']


def test_halving_what_has_shrunk_to_one_observation_makes_no_empty_entry(store: Store):
    _collect(store, (0, 30), "abc")
    (entry,) = store.view.entries()
    _collect(store, (10, 30), "bc")
    store.delivery.halve(entry)
    assert sorted(one.count for one in store.view.entries()) == [1, 2]


def test_a_part_that_was_delivered_counts_once_the_other_half_is_collected_again(store: Store):
    _collect(store, (0, 30), "abc")
    (whole,) = store.view.entries()
    store.delivery.halve(whole)
    deliver(store, store.view.entries()[0])
    _collect(store, (10, 30), "bc")
    (lane,) = lanes(store).open
    assert store.view.lane_intervals(lane, COLLECTOR, DELIVERED) == [(0, 10)]
