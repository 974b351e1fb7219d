"""Lanes: one sender at a time, and why a lane may stand still."""

import getpass
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from collectors.clock import FixedClock, epoch
from collectors.store import Lane, Store
from collectors.store.owner import LEASE
from collectors.values import DataSet
from tests.store.worlds import (
    DATA_SET,
    NOW,
    collect,
    deliver_all,
    lanes,
    run_child,
)

OTHER = DataSet("tax-disc", "journey")


def the_lane(store: Store) -> Lane:
    return store.delivery.lane(lanes(store).open[0])


def trouble(lane: Lane):
    return lane.reason, lane.parked_at, lane.retry_at, lane.failures


def test_a_lane_has_one_sender_at_a_time(store: Store, beside: Store):
    (lane,) = lanes(store).open
    assert list(store.delivery.acquire([lane])) == [lane]
    assert beside.delivery.acquire([lane]) == {}
    assert list(store.delivery.acquire([lane])) == [lane]


def test_whoever_acquires_a_lane_is_given_it_as_its_own(store: Store):
    (lane,) = lanes(store).open
    mine = store.delivery.acquire([lane])[lane]
    assert mine == store.delivery.lane(lane)
    assert mine.lease_until == epoch(NOW) + LEASE


def test_a_sender_that_gives_its_lanes_back_frees_them(store: Store, beside: Store):
    (lane,) = lanes(store).open
    store.delivery.acquire([lane])
    store.delivery.release_lanes()
    assert list(beside.delivery.acquire([lane])) == [lane]
    store.delivery.release_lanes()
    assert store.delivery.acquire([lane]) == {}


def test_the_lane_of_a_killed_sender_is_free_at_once(database_url: str, store: Store):
    child = run_child(database_url, "send.sending")
    assert child.returncode == -signal.SIGKILL, child.stderr
    (depth,) = store.view.depths()
    assert depth.lane.owner is not None
    assert list(store.delivery.acquire([depth.lane.id])) == [depth.lane.id]
    assert [ids for _, ids in deliver_all(store)] == [["id-0", "only-the-dead-run"], ["id-10"]]


def test_a_heartbeat_prolongs_the_lanes_of_a_sender_and_silence_frees_them(
    store: Store, beside: Store, clock: FixedClock
):
    (lane,) = lanes(store).open
    store.delivery.acquire([lane])
    clock.advance(timedelta(seconds=LEASE))
    store.ledger.heartbeat([])
    clock.advance(timedelta(seconds=LEASE))
    assert beside.delivery.acquire([lane]) == {}
    clock.advance(timedelta(seconds=1))
    assert list(beside.delivery.acquire([lane])) == [lane]


def test_two_processes_that_acquire_the_same_lanes_take_each_once(store: Store, beside: Store):
    found = [
        lanes(store, data_set=DataSet("many", f"set-{number}")).open[0] for number in range(10)
    ]
    together = threading.Barrier(2)

    def acquire(opened: Store) -> list[int]:
        together.wait()
        return [lane for one in found for lane in opened.delivery.acquire([one])]

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.map(acquire, [store, beside])
    assert sorted([*one, *two]) == sorted(found)


def test_a_parked_lane_keeps_its_entries_and_its_reason(store: Store):
    collect(store, (0, 10))
    store.delivery.park(the_lane(store), "401: the token is wrong")
    assert trouble(the_lane(store)) == ("401: the token is wrong", epoch(NOW), None, 1)
    assert len(store.view.entries()) == 1


def test_a_lane_that_backs_off_waits_for_a_time_and_blames_an_entry_that_is_named(store: Store):
    collect(store, (0, 10))
    (entry,) = store.view.entries()
    later = NOW + timedelta(minutes=5)
    store.delivery.back_off(the_lane(store), "503", later, None)
    store.delivery.back_off(the_lane(store), "500", later, entry)
    assert trouble(the_lane(store)) == ("500", None, epoch(later), 2)
    assert [one.failures for one in store.view.entries()] == [1]


def test_a_lane_that_flows_again_has_no_trouble_left(store: Store):
    collect(store, (0, 20))
    store.delivery.back_off(the_lane(store), "503", NOW, None)
    deliver_all(store)
    lane = the_lane(store)
    assert trouble(lane) == (None, None, None, 0)
    assert (lane.accepted, lane.accepted_at) == (2, epoch(NOW))


def test_unparking_lets_stopped_lanes_try_at_once_and_leaves_a_trace(store: Store):
    for number, data_set in enumerate((DATA_SET, OTHER, DataSet("flows", "on"))):
        lane = store.delivery.lane(lanes(store, data_set=data_set).open[0])
        if number == 0:
            store.delivery.park(lane, "401")
        if number == 1:
            store.delivery.back_off(lane, "503", NOW + timedelta(hours=1), None)
    assert store.delivery.unpark([str(OTHER)]) == 1
    assert trouble(the_lane(store))[1] == epoch(NOW)
    assert store.delivery.unpark() == 1
    assert trouble(the_lane(store))[1:3] == (None, None)
    assert store.view.audit() == [
        (epoch(NOW), getpass.getuser(), "outbox retry", str(OTHER), ""),
        (epoch(NOW), getpass.getuser(), "outbox retry", "all", ""),
    ]


def test_the_lanes_in_which_something_waits_are_found_by_target_and_data_set(store: Store):
    collect(store, (0, 10), to=lanes(store, "embedded", "platform"))
    collect(store, (0, 10), to=lanes(store, data_set=OTHER), collector="tax-disc/journey")
    lanes(store, data_set=DataSet("nothing", "waits"))
    ids = {(depth.lane.target, depth.lane.data_set): depth.lane.id for depth in store.view.depths()}
    ours, theirs = ids["embedded", str(DATA_SET)], ids["embedded", str(OTHER)]
    assert store.delivery.lanes_with_entries(["embedded"]) == [ours, theirs]
    assert store.delivery.lanes_with_entries(["embedded"], [str(OTHER)]) == [theirs]
    assert store.delivery.lanes_with_entries([]) == []


def test_the_depth_of_a_lane_counts_what_waits(store: Store, clock: FixedClock):
    collect(store, (0, 30))
    clock.advance(timedelta(hours=1))
    collect(store, (30, 40))
    lanes(store, "platform")
    (depth,) = store.view.depths()
    assert (depth.entries, depth.observations, depth.oldest) == (2, 4, epoch(NOW))
    assert depth.size == sum(entry.size for entry in store.view.entries())
    assert depth.lane.name == "carers-allowance/journey at embedded"
    assert [one.entries for one in store.view.depths(empty_too=True)] == [2, 0]


def test_a_target_and_data_set_are_one_lane_for_ever(store: Store, beside: Store):
    assert lanes(store).open == lanes(beside).open
    assert lanes(store).open != lanes(store, "platform").open
