"""Quotas: what providers say is left, shared by everybody on the store."""

from datetime import timedelta

import pytest

from collectors.clock import FixedClock, epoch
from collectors.errors import QuotaSpent
from collectors.store import Store
from tests.store.worlds import NOW

KEY = "pingdom:85975"
RESET = NOW + timedelta(hours=1)


def test_an_unknown_quota_and_one_with_something_left_let_everybody_ask(store: Store):
    store.quota.check(KEY)
    store.quota.report(KEY, 1, RESET)
    store.quota.check(KEY)


def test_a_spent_quota_stops_everybody_until_it_is_reset(
    store: Store, beside: Store, clock: FixedClock
):
    store.quota.report(KEY, 0, RESET)
    with pytest.raises(QuotaSpent, match=f"{KEY} is spent until 2026-11-20 13:00:00 UTC") as caught:
        beside.quota.check(KEY)
    assert caught.value.resets_at == RESET
    clock.advance(timedelta(minutes=59, seconds=59))
    with pytest.raises(QuotaSpent):
        store.quota.check(KEY)
    clock.advance(timedelta(seconds=1))
    store.quota.check(KEY)


def test_keys_are_counted_apart(store: Store):
    store.quota.report(KEY, 0, RESET)
    store.quota.check("pingdom:1")


def test_the_last_report_counts(store: Store, beside: Store):
    store.quota.report(KEY, 0, RESET)
    beside.quota.report(KEY, 7, RESET)
    store.quota.check(KEY)
    (budget,) = store.view.budgets()
    assert (budget.key, budget.remaining, budget.resets_at, budget.reported_at) == (
        KEY,
        7,
        epoch(RESET),
        epoch(NOW),
    )
