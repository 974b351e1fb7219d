"""Quotas: what is counted, what replies say is left, and who may still ask."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from collectors.api import Limits, Resets
from collectors.clock import FixedClock, epoch
from collectors.errors import QuotaSpent, Refused
from collectors.store import Budget, RunQuota, Store
from tests.store.worlds import NOW

KEY = "pingdom:main"
RESET = NOW + timedelta(hours=1)
REPORTED = {KEY: Limits(reported=True)}
HALF = {"pingdom": Limits(reserve_for_live=0.5)}


def never(_seconds: float) -> None:
    pytest.fail("it waited")


def quota(store: Store, named=None, sleep=never, *, live: bool = True) -> RunQuota:
    return RunQuota(store.quota, named or {}, sleep, live)


def ask(of: RunQuota, keys=KEY, cost: int = 1, times: int = 1) -> None:
    for _ in range(times):
        with of.request(keys, cost):
            pass


def reply(of: RunQuota, remaining: int, resets_at: datetime = RESET, each: int = 1) -> None:
    """Ask, and be told what is left."""
    with of.request(REPORTED) as asked:
        asked.report(KEY, remaining, resets_at, "short", each)


def budget(store: Store, name: str) -> Budget:
    [standing] = store.quota.standing()
    return next(one for one in standing.budgets if one.name == name)


# Windows


def test_what_has_no_limit_takes_no_transaction(store: Store):
    statements = []
    engine = store.view.database.engine
    sa.event.listen(engine, "before_cursor_execute", lambda *what: statements.append(what[2]))
    ask(quota(store), {KEY: Limits(), "google:project-x": Limits()})
    assert statements == []
    assert store.quota.standing() == []


def test_a_request_of_several_keys_is_two_transactions(store: Store):
    commits = []
    sa.event.listen(store.view.database.engine, "commit", commits.append)
    keys = {key: Limits(concurrent=8, per_day=100, reported=True) for key in ("one", "two")}
    with quota(store).request(keys) as asked:
        for key in keys:
            asked.report(key, 7, RESET)
    assert len(commits) == 2


def test_the_minute_is_waited_for_and_counted_with_some_seconds_to_spare(
    store: Store, beside: Store, clock: FixedClock
):
    waits = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.advance(timedelta(seconds=seconds))

    named = {KEY: Limits(per_minute=3)}
    ask(quota(store, named), times=3)
    ask(quota(beside, named, sleep))
    assert 65 <= sum(waits) <= 71
    assert budget(store, "minute").used == 1


def test_the_hour_is_not_waited_for_and_slides(store: Store, beside: Store, clock: FixedClock):
    named = {"pingdom": Limits(per_hour=2)}
    ask(quota(store, named))
    clock.advance(timedelta(minutes=30))
    ask(quota(beside, named))
    with pytest.raises(QuotaSpent, match="2 requests a hour may be made") as caught:
        ask(quota(store, named))
    assert timedelta(hours=1, minutes=5) <= caught.value.resets_at - NOW <= timedelta(minutes=70)
    clock.at = caught.value.resets_at
    ask(quota(store, named))
    with pytest.raises(QuotaSpent):
        ask(quota(store, named))


def test_the_day_ends_when_the_providers_does(store: Store, clock: FixedClock):
    resets = Resets.parse("00:00 America/Los_Angeles")
    named = {KEY: Limits(per_day=1, resets=resets)}
    ask(quota(store, named))
    with pytest.raises(QuotaSpent) as caught:
        ask(quota(store, named))
    assert caught.value.resets_at == datetime(2026, 11, 21, 8, tzinfo=UTC)
    assert budget(store, "day").resets_at == epoch(caught.value.resets_at)
    clock.at = caught.value.resets_at
    ask(quota(store, named))


def test_a_day_of_23_and_one_of_25_hours_end_at_their_midnight():
    zone = ZoneInfo("Europe/London")
    london = Resets(zone=zone)
    for month, day, hours in ((3, 29, 23), (10, 25, 25)):
        start = datetime(2026, month, day, tzinfo=zone).astimezone(UTC)
        assert london.after(start) - start == timedelta(hours=hours)
        assert london.after(start - timedelta(seconds=1)) == start


def test_a_request_of_several_keys_counts_in_all_or_in_none(store: Store):
    one, two = {"one": Limits(per_day=2)}, {"two": Limits(per_day=1)}
    ask(quota(store), {**one, **two})
    with pytest.raises(QuotaSpent, match="the quota two is spent"):
        ask(quota(store), {**one, **two})
    ask(quota(store), one)
    with pytest.raises(QuotaSpent, match="the quota one is spent"):
        ask(quota(store), one)


def test_one_request_may_cost_more_than_another_but_never_all_and_more(store: Store):
    named = {KEY: Limits(per_day=5)}
    ask(quota(store, named), cost=4)
    with pytest.raises(QuotaSpent):
        ask(quota(store, named), cost=2)
    with pytest.raises(Refused, match=f"{KEY}: one request costs 6, but 5 requests a day"):
        ask(quota(store, named), cost=6)


def test_threads_of_two_processes_never_share_the_last_request(store: Store, beside: Store):
    keys = {"one": Limits(per_hour=20), "two": Limits(per_day=20, reported=True)}

    def asks(of: Store) -> int:
        found = 0
        for _ in range(8):
            with suppress(QuotaSpent):
                ask(quota(of), keys)
                found += 1
        return found

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(asks, [store, beside] * 4)) == 20


# Reserved for live work


def test_other_work_leaves_what_is_reserved_to_live_work(store: Store, beside: Store):
    named = {KEY: Limits(per_hour=10, reserve_for_live=0.4)}
    live, backfill = quota(store, named), quota(beside, named, live=False)
    ask(live, times=2)
    ask(backfill, times=6)
    with pytest.raises(QuotaSpent, match="the rest is reserved for live work"):
        ask(backfill)
    ask(live, times=2)
    with pytest.raises(QuotaSpent, match=r"10 requests a hour may be made$"):
        ask(live)


def test_of_what_replies_tell_other_work_leaves_a_share_of_the_most_there_was(store: Store):
    live, backfill = quota(store, HALF), quota(store, HALF, live=False)
    reply(live, 100)
    reply(live, 51)
    ask(backfill, REPORTED)
    with pytest.raises(QuotaSpent, match="50 are left of short; the rest is reserved"):
        ask(backfill, REPORTED)
    ask(live, REPORTED, times=50)
    with pytest.raises(QuotaSpent, match=r"0 are left of short$"):
        ask(live, REPORTED)


# What is said by name


def test_a_longer_name_says_more_than_a_shorter_one_and_both_more_than_the_source(store: Store):
    named = {"pingdom": Limits(per_day=9, per_hour=8), KEY: Limits(per_hour=2), "ping": Limits()}
    ask(quota(store, named), {KEY: Limits(per_minute=7, per_day=100)})
    [standing] = store.quota.standing()
    limits = {one.name: one.limit for one in standing.budgets}
    assert limits == {"minute": 7, "hour": 2, "day": 9}


# What replies say


def test_a_spent_quota_stops_everybody_until_it_is_reset(
    store: Store, beside: Store, clock: FixedClock
):
    reply(quota(store), 0)
    with pytest.raises(
        QuotaSpent, match=f"{KEY} is spent until 2026-11-20 13:00 UTC: replies say that 0"
    ) as caught:
        ask(quota(beside), REPORTED)
    assert caught.value.resets_at == RESET
    clock.advance(timedelta(minutes=58))
    with pytest.raises(QuotaSpent):
        ask(quota(store), REPORTED)


def test_what_comes_back_soon_is_waited_for(store: Store, clock: FixedClock):
    def sleep(seconds: float) -> None:
        clock.advance(timedelta(seconds=seconds))

    reply(quota(store), 0, NOW + timedelta(seconds=30))
    ask(quota(store, sleep=sleep), REPORTED)
    assert clock.now() >= NOW + timedelta(seconds=30)


def test_keys_are_counted_apart(store: Store):
    reply(quota(store), 0)
    ask(quota(store), {"pingdom:other": Limits(reported=True)})


def test_less_than_was_counted_wins_as_others_may_ask_too(store: Store, beside: Store):
    reply(quota(store), 10)
    reply(quota(beside), 3)
    assert budget(store, "short").left == 3
    reply(quota(store), 5)
    assert budget(store, "short").left == 5


def test_a_reply_does_not_know_of_requests_beside_it(store: Store, beside: Store):
    one, two = quota(store), quota(beside)
    reply(one, 10)
    with one.request(REPORTED) as first, two.request(REPORTED) as second:
        first.report(KEY, 9, RESET, "short")
        second.report(KEY, 8, RESET, "short")
    assert budget(store, "short").left == 8
    with one.request(REPORTED) as first:
        ask(two, REPORTED)
        first.report(KEY, 7, RESET, "short")
    assert budget(store, "short").left == 6


def test_what_only_replies_can_tell_is_not_counted_between_them(store: Store):
    reply(quota(store), 2, each=0)
    ask(quota(store), REPORTED, times=5)
    assert budget(store, "short").left == 2


def test_a_new_window_begins_with_what_the_first_reply_says(store: Store, clock: FixedClock):
    reply(quota(store), 0)
    clock.at = RESET
    reply(quota(store), 100, RESET + timedelta(hours=1))
    assert budget(store, "short") == Budget(
        name="short",
        limit=100,
        used=0,
        left=100,
        reserved=0,
        resets_at=epoch(RESET + timedelta(hours=1)),
        reported=True,
    )
