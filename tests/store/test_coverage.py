"""Coverage: what is collected, as stretches that never overlap."""

from dataclasses import replace
from datetime import timedelta
from itertools import count, pairwise

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.clock import FixedClock
from collectors.store import Result, State, Store
from collectors.store.coverage import merge, replace_collected
from tests.store.worlds import (
    COLLECTOR,
    PERIOD,
    chunk,
    collect,
    lanes,
    result,
    start,
    stretch,
)

NAMES = count()
WINDOWS = st.tuples(st.integers(0, 12), st.integers(1, 6)).map(
    lambda pair: (pair[0] * PERIOD, (pair[0] + pair[1]) * PERIOD)
)
COLLECTIONS = st.lists(st.tuples(WINDOWS, st.booleans(), st.sampled_from("fg")), max_size=8)


def spans(stretches):
    return [(one.start, one.end, one.settled) for one in stretches]


def test_settled_neighbours_merge_and_their_counts_are_summed(store: Store):
    for window in ((0, 10), (20, 40), (10, 20)):
        collect(store, window, settled=True)
    (merged,) = store.view.collected(COLLECTOR)
    assert (merged.start, merged.end, merged.readings, merged.observations) == (0, 40, 4, 4)


def test_provisional_neighbours_stay_apart_so_that_each_can_be_collected_again(store: Store):
    collect(store, (0, 10))
    collect(store, (10, 20))
    assert spans(store.view.collected(COLLECTOR)) == [(0, 10, False), (10, 20, False)]


def test_stretches_of_different_fingerprints_never_merge():
    apart = [stretch(0, 10, fingerprint="old"), stretch(10, 20, fingerprint="new")]
    assert merge(apart) == apart


def test_a_merged_stretch_was_collected_when_its_last_part_was():
    early, late = stretch(0, 10), replace(stretch(10, 20), collected_at=99)
    assert [one.collected_at for one in merge([late, early])] == [99]


def test_a_stretch_that_is_cut_by_a_later_collection_does_not_know_its_counts(store: Store):
    collect(store, (0, 30), settled=True)
    collect(store, (10, 20))
    first, middle, last = store.view.collected(COLLECTOR)
    assert spans([first, middle, last]) == [(0, 10, True), (10, 20, False), (20, 30, True)]
    assert [one.readings for one in (first, middle, last)] == [None, 1, None]


def test_what_does_not_know_its_counts_stays_apart_until_all_of_it_is_collected_again(store: Store):
    collect(store, (0, 30), settled=True)
    collect(store, (10, 20), settled=True)
    stretches = store.view.collected(COLLECTOR)
    assert spans(stretches) == [(0, 10, True), (10, 20, True), (20, 30, True)]
    assert [one.observations for one in stretches] == [None, 1, None]

    collect(store, (20, 30), settled=True)
    collect(store, (0, 10), settled=True)
    (whole,) = store.view.collected(COLLECTOR)
    assert (whole.start, whole.end, whole.observations) == (0, 30, 3)


def test_a_window_may_be_settled_in_part(store: Store):
    run = start(store, (0, 20))
    found = Result(
        stretches=[stretch(0, 10), stretch(10, 20, settled=False)],
        settled_until=10,
        state=State.DONE,
        reason="done",
    )
    store.ledger.finish(run, lanes(store), chunk(0, 20), found, {})
    assert spans(store.view.collected(COLLECTOR)) == [(0, 10, True), (10, 20, False)]


def test_the_coverage_of_one_collector_leaves_another_alone(store: Store):
    collect(store, (0, 10), settled=True)
    collect(store, (0, 10), collector="other/one")
    assert spans(store.view.collected(COLLECTOR)) == [(0, 10, True)]


@given(COLLECTIONS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_states_never_overlap_and_the_last_collection_is_what_holds(store: Store, collections):
    collector = f"random/{next(NAMES)}"
    said: dict[int, tuple[bool, str]] = {}
    for window, settled, fingerprint in collections:
        found = result(window, settled=settled, fingerprint=fingerprint).stretches
        store.ledger.database.write(
            lambda connection, window=window, found=found: replace_collected(
                connection, collector, window, found
            )
        )
        said |= dict.fromkeys(range(*window, PERIOD), (settled, fingerprint))
    stretches = store.view.collected(collector)
    assert all(left.end <= right.start for left, right in pairwise(stretches))
    assert said == {
        at: (one.settled, one.fingerprint)
        for one in stretches
        for at in range(one.start, one.end, PERIOD)
    }
    known = [one for one in stretches if one.readings is not None]
    assert known == merge(known)
    for one in stretches:
        assert one.readings in (None, (one.end - one.start) // PERIOD)


def test_an_origin_is_kept_from_the_first_time(store: Store, clock: FixedClock):
    first = store.ledger.origin(COLLECTOR, clock.now())
    clock.advance(timedelta(days=1))
    assert store.ledger.origin(COLLECTOR, clock.now()) == first
