"""Random work against a quota, with a model beside it: never too much, and live work has its part.

Two processes ask, for live and for other work; time goes on, requests end in any order.
"""

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collectors.api import Limits, Resets
from collectors.clock import FixedClock
from collectors.errors import QuotaSpent
from collectors.store import RunQuota, Store, quota_slots
from tests.contexts import RecordingSleep
from tests.store.worlds import NOW, living, open_store

DAY = Resets.parse("05:00 America/Los_Angeles")
SHORTEST = {"minute": 60, "hour": 3600, "held": quota_slots.LEASE}
"""How many seconds a request counts at least."""
LONGEST = {"minute": 70, "hour": 4200, "held": 10**9}
"""How many it may count, to be on the safe side."""


@pytest.fixture(scope="module")
def clock() -> FixedClock:
    """One clock for all examples: each begins where the one before ended, with a key of its own."""
    return FixedClock(NOW)


@pytest.fixture(scope="module")
def stores(common_database_url: str, clock: FixedClock) -> Iterator[list[Store]]:
    """One store, as two processes have it open."""
    pids = (os.getpid(), os.getppid())
    both = [open_store(common_database_url, clock, living(pid)) for pid in pids]
    yield both
    for store in both:
        store.close()


@dataclass
class Model:
    """What was asked of one key, when, and for whom; and what is under way."""

    limits: Limits
    clock: FixedClock
    key: str = field(default_factory=lambda: uuid.uuid4().hex)
    asked: list[tuple[datetime, bool]] = field(default_factory=list)
    under_way: list[tuple[AbstractContextManager[object], datetime, bool]] = field(
        default_factory=list
    )

    def ask(self, store: Store, *, live: bool) -> None:
        quota = RunQuota(store.quota, {}, RecordingSleep(), live, patience=0)
        request = quota.request({self.key: self.limits})
        try:
            request.__enter__()
        except QuotaSpent:
            if live:
                assert self.is_used_up_for_live_work()
        else:
            self.asked.append((self.clock.now(), live))
            self.under_way.append((request, self.clock.now(), live))

    def end(self, number: int) -> None:
        if self.under_way:
            self.under_way.pop(number % len(self.under_way))[0].__exit__(None, None, None)

    def check(self) -> None:
        for limit, by in self.counts(SHORTEST):
            assert by.total() <= limit
            assert by[False] <= limit - self.limits.reserved(limit)

    def is_used_up_for_live_work(self) -> bool:
        return self.outlives_its_lease() or any(
            by.total() >= limit and by[True] >= self.limits.reserved(limit)
            for limit, by in self.counts(LONGEST)
        )

    def outlives_its_lease(self) -> bool:
        """Tell whether a request lasts longer than any does: its process keeps its turn for it."""
        lease = timedelta(seconds=quota_slots.LEASE)
        return any(self.clock.now() - at > lease for _, at, _ in self.under_way)

    def counts(self, seconds: dict[str, int]) -> Iterator[tuple[int, Counter[bool]]]:
        """Give each limit, and what counts against it of live and of other work."""
        now = self.clock.now()
        if self.limits.concurrent:
            held = [
                live
                for _, at, live in self.under_way
                if now - at <= timedelta(seconds=seconds["held"])
            ]
            yield self.limits.concurrent, Counter(held)
        for span, limit in self.limits.windows.items():
            if span == "day":
                found = [live for at, live in self.asked if DAY.after(at) == DAY.after(now)]
            else:
                longest = timedelta(seconds=seconds[span])
                found = [live for at, live in self.asked if now - at < longest]
            yield limit, Counter(found)


maybe = st.none() | st.integers(1, 6)
limited = st.builds(
    Limits,
    concurrent=maybe,
    per_minute=maybe,
    per_hour=maybe,
    per_day=maybe,
    resets=st.just(DAY),
    reserve_for_live=st.sampled_from([None, 0.25, 0.5, 0.9]),
)
asks = st.tuples(st.sampled_from(["live", "other"]), st.integers(0, 1))
ends = st.tuples(st.just("end"), st.integers(0, 5))
waits = st.tuples(st.just("wait"), st.sampled_from([1, 7, 40, 61, 600, 3700, 40_000]))


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(limits=limited, steps=st.lists(asks | asks | ends | waits, max_size=40))
def test_never_over_a_limit_and_live_work_always_has_its_part(stores, clock, limits, steps):
    model = Model(limits, clock)
    with ExitStack() as left:
        left.callback(lambda: [model.end(0) for _ in list(model.under_way)])
        for kind, number in steps:
            match kind:
                case "wait":
                    clock.advance(timedelta(seconds=number))
                case "end":
                    model.end(number)
                case _:
                    model.ask(stores[number], live=kind == "live")
            model.check()
