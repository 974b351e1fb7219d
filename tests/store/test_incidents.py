"""Incidents outlive the process: each is opened once, extended, and closed once."""

from datetime import timedelta

import pytest

from collectors.clock import FixedClock
from collectors.store import Problem
from collectors.store.incidents import AWAY
from tests.store.worlds import NOW, open_store

MINUTE = timedelta(minutes=1)
DOWN = Problem(kind="source", subject="pingdom", reason="no connection", data_sets=("a/m",))
CHANNELS = ["email", "webhook"]


@pytest.fixture
def clock():
    return FixedClock(NOW)


@pytest.fixture
def look(database_url, clock):
    """A look by a process that has just started; gives what is open and what is to be told."""

    def see(*problems, channels=CHANNELS, **more):
        store = open_store(database_url, clock)
        store.incidents.see(problems, channels, **more)
        clock.advance(MINUTE)
        waiting = {one: [alert.event for alert in store.incidents.waiting(one)] for one in CHANNELS}
        found = store.incidents.open_ones(), waiting
        store.close()
        return found

    return see


@pytest.fixture
def store(database_url, clock):
    opened = open_store(database_url, clock)
    yield opened
    opened.close()


def test_a_problem_that_lasts_is_one_incident_and_one_alert_a_channel(look):
    look(DOWN)
    (incident,), waiting = look(DOWN)

    assert (incident.kind, incident.subject, incident.data_sets) == ("source", "pingdom", ("a/m",))
    assert waiting == {"email": ["opened"], "webhook": ["opened"]}


def test_more_data_sets_join_without_another_alert_and_none_is_forgotten(look):
    wider = Problem(kind="source", subject="pingdom", reason="no route", data_sets=("b/m",))
    look(DOWN)
    (incident,), waiting = look(wider)

    assert (incident.reason, incident.data_sets) == ("no route", ("a/m", "b/m"))
    assert waiting["email"] == ["opened"]


def test_what_flaps_is_one_incident_and_what_stays_away_is_over_once(look):
    for problems in ([DOWN], [], [DOWN], [], [DOWN]):
        open_ones, waiting = look(*problems)
        assert len(open_ones) == 1
        assert waiting["email"] == ["opened"]

    assert len(look()[0]) == 1
    assert look() == ([], {"email": ["opened", "closed"], "webhook": ["opened", "closed"]})
    assert look()[1]["email"] == ["opened", "closed"]


def test_the_same_problem_after_that_is_a_new_incident(look, store):
    for problems in ([DOWN], [], [], [DOWN]):
        look(*problems)

    assert [one.closed_at is None for one in store.incidents.listed()] == [True, False]


def test_what_lasts_is_told_again_so_often(look, store):
    for _ in range(10):
        look(DOWN, repeat=5 * MINUTE)

    assert [one.event for one in store.incidents.waiting("email")] == ["opened", "lasting"]


def test_a_channel_that_was_not_told_of_the_beginning_is_not_told_of_the_end(look):
    look(DOWN, channels=["email"])
    look(channels=CHANNELS)

    assert look(channels=CHANNELS)[1] == {"email": ["opened", "closed"], "webhook": []}


def test_what_waits_for_a_channel_that_is_gone_is_dropped(look):
    look(DOWN)

    assert look(DOWN, channels=["email"])[1] == {"email": ["opened"], "webhook": []}


def test_what_is_said_twice_of_one_subject_is_one_problem(look):
    again = Problem(kind="source", subject="pingdom", reason="no route", data_sets=("b/m",))
    (incident,), _ = look(DOWN, again)

    assert (incident.reason, incident.data_sets) == ("no connection; no route", ("a/m", "b/m"))


def test_what_failed_waits_longer_each_time_and_what_was_sent_is_never_sent_again(
    look, store, clock
):
    look(DOWN)
    waits = []
    for _ in range(8):
        alerts = store.incidents.waiting("email")
        store.incidents.note_failed(alerts, "no connection")
        began = clock.at
        while not store.incidents.waiting("email"):
            clock.advance(MINUTE)
        waits.append((clock.at - began) // MINUTE)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]

    store.incidents.note_sent(store.incidents.waiting("email"))
    clock.advance(timedelta(days=1))
    assert store.incidents.waiting("email") == []
    assert [one.event for one in store.incidents.waiting("webhook")] == ["opened"]


def test_what_is_over_is_forgotten_after_half_a_year_and_what_lasts_is_not(store, look, clock):
    lasting = Problem(kind="sink", subject="platform", reason="down")
    look(DOWN, lasting)
    for _ in range(AWAY):
        look(lasting)
    clock.advance(timedelta(days=181))

    assert store.ticks.forget() == 1

    assert [one.subject for one in store.incidents.listed()] == ["platform"]
    assert {alert.incident.subject for alert in store.incidents.told([1, 2])} == {"platform"}
