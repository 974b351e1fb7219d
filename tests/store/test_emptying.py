"""A data set that is emptied by hand: nothing counts as delivered there from then on."""

from collectors.store import DELIVERED, Store
from tests.store.worlds import COLLECTOR, DATA_SET, collect, deliver_all, lanes


def delivered(store: Store) -> list[list[tuple[int, int]]]:
    return [
        store.view.lane_intervals(lane_id, COLLECTOR, DELIVERED)
        for lane_id in lanes(store, "embedded", "platform").open
    ]


def test_nothing_counts_as_delivered_there_and_elsewhere_all_does(store: Store):
    collect(store, (0, 30), to=lanes(store, "embedded", "platform"))
    deliver_all(store)
    assert delivered(store) == [[(0, 30)], [(0, 30)]]

    lane = store.delivery.begin_emptying("embedded", str(DATA_SET), "3 observations")

    assert lane is not None
    assert lane.name == f"{DATA_SET} at embedded"
    assert delivered(store) == [[], [(0, 30)]]
    assert [(one.start, one.end) for one in store.view.collected(COLLECTOR)] == [(0, 30)]


def test_what_waits_is_delivered_afterwards_and_counts(store: Store):
    collect(store, (0, 10))
    deliver_all(store)
    collect(store, (10, 20))

    lane = store.delivery.begin_emptying("embedded", str(DATA_SET), "")
    assert lane is not None
    store.delivery.end_emptying(lane, None)
    deliver_all(store)

    (lane_id,) = lanes(store).open
    assert store.view.lane_intervals(lane_id, COLLECTOR, DELIVERED) == [(10, 20)]


def test_while_another_process_sends_there_nothing_is_done(store: Store, beside: Store):
    collect(store, (0, 10))
    deliver_all(store)
    (lane_id,) = lanes(store).open
    beside.delivery.acquire([lane_id])

    assert store.delivery.begin_emptying("embedded", str(DATA_SET), "") is None
    assert store.view.lane_intervals(lane_id, COLLECTOR, DELIVERED) == [(0, 10)]
    assert [one[2] for one in store.view.audit() if one[2] == "empty"] == []


def test_the_audit_has_what_was_there_and_what_went_wrong(store: Store):
    lane = store.delivery.begin_emptying("embedded", str(DATA_SET), "3 observations")
    assert lane is not None
    store.delivery.end_emptying(lane, "it is down")

    assert [one[2:] for one in store.view.audit()] == [
        ("empty", f"{DATA_SET} at embedded", "3 observations"),
        ("empty failed", f"{DATA_SET} at embedded", "it is down"),
    ]
    assert store.delivery.lane(lane.id).owner is None
