"""Chunks: what a run keeps of its window before it has read all of it."""

import pytest
import sqlalchemy as sa

from collectors.packing import unpack
from collectors.store import DELIVERED, State, Store, tables
from tests.store.worlds import (
    COLLECTOR,
    DATA_SET,
    NO_LIMIT,
    chunk,
    finish,
    lanes,
    latest,
    open_store,
    start,
)


class Broken(Exception):
    """What a step raises to undo its transaction."""


def count_ids(store: Store) -> int:
    query = sa.select(sa.func.count()).select_from(tables.period_ids)
    return store.view.database.read(lambda connection: connection.execute(query).scalar_one())


def test_a_chunk_is_kept_in_every_lane_before_its_window_is_complete(store: Store):
    run = start(store, (0, 30))
    to = lanes(store, "embedded", "platform")
    store.ledger.write_chunk(run, to, chunk(0, 20))
    entries = store.view.entries()
    assert [one.lane_id for one in entries] == sorted(to.open)
    assert {(one.start, one.end, one.count, one.run_id) for one in entries} == {(0, 20, 2, run.id)}
    for entry in entries:
        body = store.delivery.payload(entry)
        assert unpack(body) == [{"_id": "id-0"}, {"_id": "id-10"}]
    assert store.view.collected(COLLECTOR) == []


def test_a_chunk_may_leave_before_its_window_is_complete(store: Store):
    run = start(store, (0, 30))
    to = lanes(store)
    store.ledger.write_chunk(run, to, chunk(0, 20))
    (entry,) = store.delivery.ready(to.open[0], 5)
    store.delivery.settle(entry, store.delivery.lane(entry.lane_id), 2)
    assert store.view.entries() == []
    assert store.view.lane_intervals(to.open[0], COLLECTOR, DELIVERED) == []


def test_what_breaks_the_rules_becomes_a_dead_letter_and_not_an_entry(store: Store):
    run = start(store, (0, 10))
    store.ledger.write_chunk(run, lanes(store), chunk(0, 10, {0: []}, refused="no such key"))
    (letter,) = store.view.dead_letters()
    assert (letter.reason, letter.observation, letter.target, letter.data_set) == (
        "no such key",
        '{"_id":"broken"}',
        None,
        str(DATA_SET),
    )
    assert store.view.entries() == []


def test_a_full_lane_takes_nothing_and_the_others_go_on(store: Store):
    run = start(store, (0, 20))
    to = store.ledger.lanes_for(["embedded"], DATA_SET, NO_LIMIT)
    store.ledger.write_chunk(run, to, chunk(0, 10))
    over = store.ledger.lanes_for(["embedded", "platform"], DATA_SET, 1)
    assert over.full == to.open
    store.ledger.write_chunk(run, over, chunk(10, 20))
    assert [(one.lane_id, one.start) for one in store.view.entries()] == [
        (over.full[0], 0),
        (over.open[0], 10),
    ]


def failing_at(database_url: str, step: str) -> Store:
    def fail(name: str) -> None:
        if name == step:
            raise Broken

    return open_store(database_url, step=fail)


def test_a_chunk_is_kept_as_a_whole_or_not_at_all(database_url: str, store: Store):
    failing = failing_at(database_url, "chunk.writing")
    run = start(failing, (0, 20))
    to = lanes(failing, "embedded", "platform")
    with pytest.raises(Broken):
        failing.ledger.write_chunk(run, to, chunk(0, 20, refused="no such key"))
    failing.close()
    assert (store.view.entries(), store.view.dead_letters(), count_ids(store)) == ([], [], 0)


def test_a_window_and_its_last_chunk_are_kept_together_or_not_at_all(
    database_url: str, store: Store
):
    failing = failing_at(database_url, "window.writing")
    run = start(failing, (0, 20))
    to = lanes(failing)
    failing.ledger.write_chunk(run, to, chunk(0, 10))
    before = store.view.entries()
    with pytest.raises(Broken):
        finish(failing, run, chunk(10, 20, refused="no such key"), to=to, state={"etag": "new"})
    failing.close()
    assert store.view.entries() == before
    assert (store.view.collected(COLLECTOR), store.view.dead_letters()) == ([], [])
    assert store.ledger.source_state(COLLECTOR) == {}
    assert latest(store).state == State.RUNNING
