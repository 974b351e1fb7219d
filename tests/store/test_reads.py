"""What was made of a data set counts exactly as long as it has not changed since it was read."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.intervals import union
from collectors.store import reads
from collectors.store.replays import Letters
from collectors.values import Rejected
from tests.store.worlds import (
    COLLECTOR,
    NO_LIMIT,
    collect,
    deliver,
    deliver_all,
    start,
)
from tests.store.worlds import (
    DATA_SET as WRITTEN,
)

NAME, TARGET, DATA_SET = "toll/weekly", "embedded", "toll/daily"
PERIODS = 6
DAY = 86400
SPANS = st.tuples(st.integers(0, PERIODS), st.integers(0, PERIODS)).filter(
    lambda one: one[0] < one[1]
)
EVENTS = st.lists(st.tuples(st.sampled_from(["change", "begin", "end", "die"]), SPANS), max_size=15)


class Model:
    """The same, told period by period: when each changed, and when what is made of it was read."""

    def __init__(self):
        self.moment = 0
        self.changed = [0] * PERIODS
        self.read = [-1] * PERIODS
        self.running = None

    def step(self, event, span):
        self.moment += 1
        if event == "change":
            for period in range(*span):
                self.changed[period] = self.moment
        elif event == "begin":
            self.running = (self.moment, span)
        elif self.running is not None:
            began, window = self.running
            self.running = None
            for period in range(*window) if event == "end" else ():
                self.read[period] = began

    @property
    def unchanged(self):
        pairs = enumerate(zip(self.read, self.changed, strict=True))
        return union((at, at + 1) for at, (read, changed) in pairs if read > changed)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(EVENTS)
def test_whatever_comes_in_whatever_order(store, events):
    model, running = Model(), None
    database = store.reads.database
    database.write(lambda connection: forget(connection, (-100, 100)))
    for event, span in events:
        model.step(event, span)
        if event == "change":
            database.write(lambda connection, span=span: forget(connection, span))
        elif event == "begin":
            running = store.reads.begin(NAME, TARGET, DATA_SET, span)
        elif event == "end" and running is not None:
            database.write(lambda connection, one=running: reads.keep(connection, NAME, [one]))
            running = None
        else:
            running = None
        assert store.reads.unchanged(NAME, TARGET, DATA_SET) == model.unchanged


def forget(connection, span):
    lane_ids = [1]
    reads.forget(connection, lane_ids, reads.readers(connection, lane_ids), span)


@pytest.mark.parametrize("name", ["toll/weekly", "toll/other"])
def test_of_a_data_set_that_nobody_has_read_nothing_is_unchanged(store, name):
    assert store.reads.unchanged(name, TARGET, DATA_SET) == []
    assert store.reads.delivered(name, TARGET, DATA_SET) == []


def test_a_dead_letter_that_is_put_back_changes_what_was_read(store):
    """Its own day, by its own ``_timestamp``; and its window is not all there until it is sent."""
    collect(store, (0, DAY))
    (entry,) = store.view.entries()
    refused = {"_id": "id-0", "_timestamp": "1970-01-01T00:00:00+00:00", "count": 1}
    deliver(store, entry, [Rejected(refused, "no")])
    read = store.reads.begin(NAME, TARGET, str(WRITTEN), (-DAY, 2 * DAY))
    store.reads.database.write(lambda connection: reads.keep(connection, NAME, [read]))
    assert store.reads.delivered(COLLECTOR, TARGET, str(WRITTEN)) == [(0, DAY)]

    letters = store.view.dead_letters()
    put = Letters(letters=letters, targets=[TARGET], period=(0, DAY))
    assert store.delivery.replay(put, NO_LIMIT) == {letters[0].id: None}

    assert store.reads.unchanged(NAME, TARGET, str(WRITTEN)) == [(-DAY, 0), (1, 2 * DAY)]
    assert store.reads.delivered(COLLECTOR, TARGET, str(WRITTEN)) == []


def test_what_is_being_collected_is_not_all_there(store):
    collect(store, (0, DAY))
    deliver_all(store)
    start(store, (0, DAY))
    assert store.reads.delivered(COLLECTOR, TARGET, str(WRITTEN)) == []
