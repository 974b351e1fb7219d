"""One cause is one problem, however many collectors it holds up."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.alerts.judging import Try, judge, shared
from collectors.store import Pause, State
from collectors.store.incidents import AWAY
from tests.alerts.worlds import (
    HOUR,
    MINUTE,
    NOW,
    collector,
    failed,
    fine,
    lane,
    run,
    standing,
    waiting,
)

MIDNIGHT = NOW.replace(hour=0, minute=0)
SOURCE = ("source", "feed at api.example")


def judged(standings, *, lanes=(), open_ones=(), feeders=None):
    found = judge(standings, lanes, set(open_ones), NOW, feeders or (lambda _collector: ()))
    return {(one.kind, one.subject): one for one in found}


def test_one_outage_of_a_source_is_one_problem_that_names_all_700_data_sets():
    services = [f"service-{number}/monitoring" for number in range(700)]
    down = [failed(name, NOW - HOUR + number * MINUTE / 70) for number, name in enumerate(services)]

    found = judged([fine("early/monitoring", NOW - 2 * HOUR), *down])

    assert list(found) == [SOURCE]
    assert found[SOURCE].data_sets == tuple(sorted(services))


def test_one_that_fails_alone_among_those_that_go_well_is_a_problem_of_its_own():
    found = judged(
        [fine("a/m", NOW - 3 * MINUTE), failed("b/m", NOW - 2 * MINUTE), fine("c/m", NOW - MINUTE)]
    )

    assert {key: one.data_sets for key, one in found.items()} == {("collector", "b/m"): ("b/m",)}
    assert "is not collected" in found["collector", "b/m"].reason


def test_while_a_source_recovers_what_was_not_tried_again_still_belongs_to_its_outage():
    half_way = [fine("a/m", NOW), failed("b/m", NOW - HOUR), fine("c/m", NOW - MINUTE)]
    assert list(judged(half_way, open_ones=[SOURCE])) == [SOURCE]

    again = [fine("a/m", NOW - 2 * MINUTE), failed("b/m", NOW - MINUTE), fine("c/m", NOW)]
    again[0] = replace(again[0], seen_at=NOW - 2 * MINUTE)
    again[2] = replace(again[2], seen_at=NOW - 2 * MINUTE)
    assert list(judged(again, open_ones=[SOURCE])) == [("collector", "b/m")]


def test_what_is_known_as_its_own_problem_stays_so_while_the_source_is_down_too():
    down = [failed("a/m", NOW - HOUR), failed("b/m", NOW - HOUR), failed("c/m", NOW - HOUR)]

    found = judged(down, open_ones=[("collector", "b/m")])

    assert found[SOURCE].data_sets == ("a/m", "c/m")
    assert found["collector", "b/m"].data_sets == ("b/m",)


def test_another_host_or_credential_is_another_source():
    found = judged(
        [
            failed("a/m", NOW),
            failed("b/m", NOW),
            failed("c/m", NOW, url="https://other.example/rows"),
            failed("d/m", NOW, url="https://other.example/rows"),
            failed("e/m", NOW, credentials="second"),
            failed("f/m", NOW, credentials="second"),
        ]
    )

    assert [(key[1], one.data_sets) for key, one in found.items()] == [
        ("feed at api.example", ("a/m", "b/m")),
        ("feed at other.example", ("c/m", "d/m")),
        ("feed as second at api.example", ("e/m", "f/m")),
    ]


def test_what_is_made_of_data_that_is_late_belongs_to_the_same_problem():
    feeders = {"derived/y": ["derived/x"], "derived/x": ["a/m"]}
    not_yet = [
        standing(collector(name), ended=run(name, NOW, State.NOT_YET, "not there"))
        for name in ("derived/y", "derived/x")
    ]

    found = judged(
        [*not_yet, failed("a/m", NOW), failed("b/m", NOW)],
        feeders=lambda one: feeders.get(one.name, ()),
    )

    assert list(found) == [SOURCE]
    assert found[SOURCE].data_sets == ("a/m", "b/m", "derived/x", "derived/y")


def test_what_nobody_has_tried_to_collect_is_one_problem():
    never = standing(collector("a/m"))
    well = standing(collector("b/m"), ended=run("b/m", NOW - HOUR, State.DONE), seen_at=NOW - HOUR)

    (problem,) = judged([never, well]).values()

    assert (problem.kind, problem.data_sets) == ("backlog", ("a/m", "b/m"))


def test_without_a_deadline_a_failure_is_told_after_a_while_and_with_one_once_it_is_late():
    def kinds(one):
        return list(judged([one]))

    own = ("collector", "a/m")
    assert kinds(failed("a/m", NOW - 14 * MINUTE, late=False, deadline=None)) == []
    assert kinds(failed("a/m", NOW - 15 * MINUTE, late=False, deadline=None)) == [own]
    assert kinds(failed("a/m", NOW - HOUR, late=False)) == []
    assert kinds(failed("a/m", NOW - HOUR)) == [own]


def test_figures_that_are_not_as_expected_are_a_problem_of_their_own():
    unmet = standing(collector("a/m"), late=False, unmet="count fell to 0")
    late = replace(failed("b/m", NOW), unmet="count fell to 0")

    found = judged([fine("c/m", NOW), unmet, late])

    assert set(found) == {
        ("expectation", "a/m"),
        ("expectation", "b/m"),
        ("collector", "b/m"),
    }
    assert found["expectation", "a/m"].reason == "count fell to 0"
    assert found["expectation", "a/m"].data_sets == ("a/m",)


def test_what_is_paused_or_disabled_is_no_problem():
    pause = Pause(kind="collector", name="a/m", since=0, who="somebody", reason="")
    off = failed("b/m", NOW)

    assert (
        judged(
            [
                replace(failed("a/m", NOW), paused=pause),
                replace(off, collector=replace(off.collector, enabled=False)),
            ]
        )
        == {}
    )


def test_a_target_that_is_down_is_one_problem_and_a_lane_parked_alone_is_its_own():
    lanes = [lane(f"{one}/m", reason="platform: no connection") for one in "abc"]
    held = [waiting(one.data_set, one, NOW - HOUR) for one in lanes]
    (problem,) = judged(held, lanes=lanes).values()
    assert (problem.kind, problem.subject) == ("sink", "platform")
    assert problem.data_sets == ("a/m", "b/m", "c/m")

    parked = lane("b/m", reason="answered 403", parked_at=NOW - HOUR)
    flowing = [lane("a/m", accepted_at=NOW - 2 * HOUR), lane("c/m", accepted_at=NOW)]
    held = [waiting("b/m", parked, NOW - HOUR)]
    (problem,) = judged(held, lanes=[parked, *flowing]).values()
    assert (problem.subject, problem.reason) == ("b/m at platform", "answered 403")


def test_a_target_that_catches_up_is_still_the_same_problem_until_nothing_is_late():
    flowing = lane("a/m", accepted_at=NOW)
    late = waiting("a/m", flowing, NOW - 4 * HOUR, deadline=3 * HOUR)
    in_time = waiting("a/m", flowing, NOW - HOUR, deadline=3 * HOUR)

    key = ("sink", "platform")
    assert list(judged([late], lanes=[flowing], open_ones=[key])) == [key]
    assert judged([in_time], lanes=[flowing], open_ones=[key]) == {}


TRIES = st.lists(st.tuples(st.integers(0, 50), st.booleans()), max_size=40).map(
    lambda some: [Try(at, f"c{number}", failed) for number, (at, failed) in enumerate(some)]
)


@given(TRIES, st.booleans())
def test_only_failures_are_shared_and_if_all_failed_they_all_are(tries, is_open):
    failures = {one.name for one in tries if one.failed}
    assert shared(tries, is_open=is_open) <= failures
    assert shared(tries, is_open=False) <= shared(tries, is_open=True)
    if len(failures) == len(tries) > 1:
        assert shared(tries, is_open=is_open) == failures


def openings(splays, outage, broken, deadline):
    """Give which problems open, with a look every five minutes at 36 hours of hourly collectors.

    Minutes count from the first midnight. Each collector is tried once an hour, at its minute; in
    the ``outage`` all fail, and ``broken`` ones always do. Without a ``deadline``, failing counts.
    """
    succeeded, known, away, opened = {}, {}, {}, []
    for minute in range(36 * 60):
        for name in (name for name, splay in splays.items() if minute % 60 == splay):
            fails = outage[0] <= minute < outage[1] or name in broken
            tried = failed if fails else fine
            known[name] = tried(name, MIDNIGHT + minute * MINUTE, deadline=deadline)
            succeeded |= {} if fails else {name: minute}
        if minute % 5 or minute < 120:
            continue
        seen = [
            replace(one, late=None)
            if not deadline or minute - succeeded.get(name, 0) <= deadline + 70
            else one
            for name, one in known.items()
        ]
        open_ones = {key for key, count in away.items() if count < AWAY}
        found = judge(seen, (), open_ones, MIDNIGHT + minute * MINUTE)
        keys = {(one.kind, one.subject) for one in found}
        opened += keys - open_ones
        away = {key: 0 if key in keys else away[key] + 1 for key in away.keys() | keys}
    return opened


@given(
    st.lists(st.integers(0, 9), min_size=8, max_size=16),
    st.integers(600, 900),
    st.integers(300, 900),
    st.booleans(),
    st.sampled_from([180, None]),
)
@settings(max_examples=20)
def test_whatever_the_splay_an_outage_is_told_once_and_a_broken_one_once(
    splays, begins, lasts, is_one_broken, deadline
):
    names = {f"s{number}/m": splay for number, splay in enumerate(splays)}
    names |= {"a/first": 0, "z/last": 9}
    broken = ["s5/m"] if is_one_broken else []

    opened = openings(names, (begins, begins + lasts), broken, deadline)

    assert sorted(opened) == [*(("collector", name) for name in broken), SOURCE]
