"""The forecast: what it says comes true, and what it is made of."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Limits
from collectors.clock import epoch
from collectors.config.schedules import parse_schedule
from collectors.forecast.budgets import budgets_of
from collectors.forecast.demand import Job
from collectors.forecast.nights import nights
from collectors.forecast.queueing import Load, simulate
from collectors.periods import Period
from collectors.schedule import PRIORITY, Kind, firings, timing_of
from tests.alerts.worlds import collector
from tests.feeds import HOUR
from tests.forecast.worlds import configured, of_place
from tests.places import hourly

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
AT = epoch(START)
ONE = collector("toll/one")


def job(at=AT, kind=Kind.LIVE, one=ONE, requests=1):
    return Job(at, one, kind, requests, kind in (Kind.LIVE, Kind.REVISIT))


def work(jobs, workers, *, backfills=(), seconds=1.0, hours=1):
    load = Load(workers, AT, AT + hours * 3600)
    return simulate(sorted(jobs, key=lambda one: one.at), backfills, lambda _: seconds, load)


# It comes true


def test_the_runs_that_it_tells_are_those_that_come(place, feed):
    query = f"query: {{url: '{feed.url}', settle_hours: 2, span_days: 1}}"
    place.service(
        "toll",
        hourly(feed, "hourly", query, "since: 2026-11-18")
        + f"\nsix:\n  source: feed\n  schedule: '0 */6 * * *'\n  period: hour\n  zone: UTC\n  {query}",
    )
    configuration, timings = configured(place)
    start = place.clock.now()
    with of_place(place, timedelta(hours=7)) as told:
        said = Counter({str(kind): count for kind, count in told.runs.items()})

    place.run("run", "--all")
    for tick in firings(timings, start, start + 7 * HOUR):
        place.clock.at = tick.at[0]
        place.run("run", *tick.collectors)

    assert Counter(kind for (kind,) in place.rows("runs", "kind")) == said
    assert {"live", "catch-up", "revisit"} == said.keys()
    assert told.ticks == sum(1 for _ in firings(timings, start, start + 7 * HOUR))
    assert configuration.collectors.keys() == {"toll/hourly", "toll/six"}


def test_collectors_that_are_alike_are_planned_as_if_they_were_alone(place, feed):
    place.service("toll", "\n".join(hourly(feed, f"n{number}") for number in range(30)))
    with of_place(place, timedelta(hours=6)) as many:
        assert many.runs == {Kind.LIVE: many.ticks + 30}
        assert many.load.keeps_up


# Workers


def test_runs_wait_for_workers_by_priority_and_age():
    late = [job(kind=Kind.CATCH_UP) for _ in range(2)]
    load = work([*late, *(job() for _ in range(4))], 2)

    assert [(at - AT, str(one.kind)) for at, one in load.begun] == [
        (0, "live"),
        (0, "live"),
        (1, "live"),
        (1, "live"),
        (2, "catch-up"),
        (2, "catch-up"),
    ]
    assert (load.peak, load.longest_wait) == (2, 2)


def test_backfills_take_their_share_and_give_way():
    backfills = [job(kind=Kind.BACKFILL) for _ in range(6)]
    load = work([job(AT + 1) for _ in range(3)], 2, backfills=[backfills], seconds=2)

    begun = [(at - AT, str(one.kind)) for at, one in load.begun]
    assert begun[:5] == [(0, "backfill"), (1, "live"), (2, "live"), (3, "live"), (4, "backfill")]


def test_backfills_share_half_of_the_workers():
    one, two = ([job(kind=Kind.BACKFILL) for _ in range(count)] for count in (6, 2))
    load = work([], 8, backfills=[one, two])
    begun = [at - AT for at, _ in load.begun]
    assert begun == [0] * 4 + [1] * 4, "two each"
    assert [at - AT for at, _ in work([], 8, backfills=[one]).begun] == [0] * 4 + [1] * 2


def test_workers_that_cannot_keep_up_are_told():
    often = collector("toll/often")
    object.__setattr__(often, "schedule", parse_schedule("every minute"))
    jobs = [job(AT + 60 * minute, one=often) for minute in range(60)]

    assert work(jobs, 1, seconds=30).keeps_up
    behind = work(jobs, 1, seconds=90)
    assert (behind.keeps_up, behind.behind) == (False, {"toll/often"})
    assert behind.busy == pytest.approx(1.5)


@given(
    st.lists(st.tuples(st.integers(0, 7200), st.sampled_from(list(PRIORITY)))),
    st.integers(1, 4),
    st.integers(1, 300),
)
def test_no_run_is_lost_and_no_more_are_under_way_than_there_are_workers(jobs, workers, seconds):
    own = [job(AT + at, kind) for at, kind in jobs if kind is not Kind.BACKFILL]
    rest = [job(kind=kind) for _, kind in jobs if kind is Kind.BACKFILL]
    load = work(own, workers, backfills=[rest], seconds=seconds, hours=2)

    assert len(load.begun) + load.waiting.total() == len(jobs)
    begun = [at for at, _ in load.begun]
    assert begun == sorted(begun)
    for at in begun:
        assert sum(other <= at < other + seconds for other in begun) <= workers


# Budgets


def uses(jobs, limits, used=0):
    keys = {ONE.name: {"pingdom:a": limits}}
    found, _ = budgets_of([(one.at, one) for one in jobs], keys, {("pingdom:a", "day"): used})
    return {one.span: one for one in found}


def test_an_hour_slides():
    jobs = [job(AT + 1800, requests=6), job(AT + 4500, requests=6)]

    found = uses(jobs, Limits(per_hour=10))["hour"]

    assert (found.live, found.at, found.breaks) == (12, AT + 1800, True)
    assert not uses(jobs, Limits(per_hour=12))["hour"].breaks


def test_a_day_is_the_providers_and_counts_what_was_asked_before():
    limits = Limits(per_day=10).of({"per_day": 10, "resets": "13:00 UTC"})
    jobs = [job(AT, requests=6), job(AT + 3700, requests=8)]

    assert not uses(jobs, limits)["day"].breaks
    assert uses(jobs, limits, used=5)["day"].breaks
    assert uses(jobs, Limits(per_day=10))["day"].breaks


def test_other_work_is_parked_and_breaks_nothing():
    jobs = [job(requests=4), job(kind=Kind.CATCH_UP, requests=20)]

    found = uses(jobs, Limits(per_day=10, reserve_for_live=0.5))["day"]

    assert (found.breaks, found.parks) == (False, 15)
    revisits = [job(kind=Kind.REVISIT, requests=6)]
    assert uses(revisits, Limits(per_day=10, reserve_for_live=0.5))["day"].breaks


def test_a_minute_may_be_waited_for():
    assert not uses([job(requests=25)], Limits(per_minute=10))["minute"].breaks
    assert uses([job(requests=31)], Limits(per_minute=10))["minute"].breaks


# Nights

LONDON = ZoneInfo("Europe/London")


def clock(name, schedule, period=Period.DAY):
    one = collector(name)
    for key, value in {
        "schedule": parse_schedule(schedule),
        "period": period,
        "zone": LONDON,
        "tick_zone": LONDON,
    }.items():
        object.__setattr__(one, key, value)
    return one


def test_both_nights_are_told_with_whom_they_concern():
    some = {
        one.name: one
        for one in (
            clock("a/at-half-past-one", "daily at 01:30"),
            clock("a/at-noon", "daily at 12:00"),
            clock("a/by-the-clock", "30 * * * *", Period.HOUR),
            clock("a/elapsed", "hourly", Period.HOUR),
        )
    }
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)

    spring, autumn = nights(some, *year)

    assert (spring.at, spring.by) == (datetime(2026, 3, 29, 1, tzinfo=UTC), HOUR)
    assert (autumn.at, autumn.by) == (datetime(2026, 10, 25, 1, tzinfo=UTC), -HOUR)
    for night in (spring, autumn):
        assert night.long_days == ("a/at-half-past-one", "a/at-noon")
        assert night.moved == ("a/at-half-past-one",)
        assert night.by_the_clock == ("a/by-the-clock",)
    assert timing_of(some["a/elapsed"]).zone == LONDON
    assert nights(some, year[0], year[0] + timedelta(days=80)) == []
