"""Pauses: what holds which collector, until when, and what is remembered of it."""

from types import SimpleNamespace

import pytest

from tests.store.worlds import open_store


def collector(name, *labels, source="feed"):
    """As much of a collector as a pause looks at."""
    return SimpleNamespace(name=name, labels=frozenset(labels), source=SimpleNamespace(name=source))


TOLL = [
    collector("toll/hourly"),
    collector("toll/daily", "slow"),
    collector("bridge/daily", "slow", source="pingdom"),
]


@pytest.mark.parametrize(
    ("kind", "name", "held"),
    [
        ("collector", "toll/hourly", {"toll/hourly"}),
        ("collector", "toll/*", {"toll/hourly", "toll/daily"}),
        ("collector", "toll/hourl?", {"toll/hourly"}),
        ("label", "slow", {"toll/daily", "bridge/daily"}),
        ("source", "pingdom", {"bridge/daily"}),
        ("label", "feed", set()),
    ],
)
def test_a_pause_holds_a_collector_a_pattern_a_label_or_a_source(store, kind, name, held):
    assert store.pauses.paused(TOLL) == {}

    assert store.pauses.pause(kind, name)

    assert set(store.pauses.paused(TOLL)) == held
    assert store.pauses.resume(kind, name)
    assert store.pauses.paused(TOLL) == {}


def test_who_paused_it_when_and_why_outlives_the_process(store, database_url, monkeypatch):
    monkeypatch.setenv("LOGNAME", "ann")
    store.pauses.pause("label", "slow", "their database is being moved")

    again = open_store(database_url)
    pause = again.pauses.paused(TOLL)["toll/daily"]
    again.close()

    assert pause.shown == "--label slow"
    assert str(pause) == ("paused by ann since 2026-11-20 12:00 UTC: their database is being moved")


def test_what_is_paused_already_stays_as_it_is(store, beside):
    assert store.pauses.pause("source", "feed", "first")
    assert not beside.pauses.pause("source", "feed", "second")

    assert [one.reason for one in store.pauses.listed()] == ["first"]


def test_a_pattern_also_resumes_what_was_paused_within_it_and_nothing_wider(store):
    for name in ("toll/hourly", "toll/*", "*", "bridge/daily"):
        store.pauses.pause("collector", name)

    ended = store.pauses.resume("collector", "toll/*")

    assert [one.name for one in ended] == ["toll/*", "toll/hourly"]
    assert {name: one.name for name, one in store.pauses.paused(TOLL).items()} == {
        "toll/hourly": "*",
        "toll/daily": "*",
        "bridge/daily": "bridge/daily",
    }


def test_both_leave_a_trace(store):
    store.pauses.pause("label", "slow", "too slow")
    store.pauses.resume("label", "slow")
    store.pauses.resume("label", "slow")

    traces = [(action, subject) for _, _, action, subject, _ in store.view.audit()]
    assert traces == [("pause", "label slow"), ("resume", "label slow")]
