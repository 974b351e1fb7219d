"""A week without one of two targets: collecting goes on, and in the end both hold the same."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta

import pytest

from collectors.api import Period
from collectors.engine.sender import IN_FLIGHT_A_LANE
from collectors.periods import floor
from collectors.runner import Between, Patience, Wish, draft
from collectors.store import BackfillState
from tests.daemon.living import living
from tests.feeds import DAY, HOUR, FeedServer
from tests.places import NOW, GoingClock, hourly
from tests.servers.http import Answer
from tests.servers.write_api import WriteApiServer

TOKENS = {f"toll/{key}": f"token-of-{key}" for key in ("hourly", "daily", "now", "past")}
WEEK, AFTERWARDS = 7, 2 * HOUR
SINCE = date(2026, 11, 18)
PAST = Between(date(2026, 9, 1), date(2026, 10, 31))


class Recording(WriteApiServer):
    """A platform that may be down, and writes down what arrives, in that order."""

    def __init__(self):
        super().__init__(TOKENS)
        self.is_down = False
        self.arrived = defaultdict(list)

    def answer(self, request):
        return Answer(503) if self.is_down else super().answer(request)

    def _keep(self, name, records):
        answer = super()._keep(name, records)
        self.arrived[name].append(records)
        return answer


@pytest.fixture
def platform(place):
    with Recording() as server:
        place.servers.append(server)
        yield server


@pytest.fixture
def mirror(place):
    with Recording() as server:
        place.servers.append(server)
        yield server


@pytest.fixture
def feeds(place):
    """Sources of hours, of days and of every six hours."""
    with FeedServer() as hours, FeedServer() as days, FeedServer() as moments:
        days.step, moments.step = DAY, 6 * HOUR
        place.servers += [hours, days, moments]
        yield hours, days, moments


@pytest.fixture
def toll(place, feeds, platform, mirror):
    """A place with two targets, where hours, days and moments are collected."""
    hours, days, moments = feeds
    place.clock = GoingClock(NOW)
    place.patience = Patience()
    place.tokens(**{name.replace("/", "__"): token for name, token in TOKENS.items()})
    targets = [("platform", platform), ("mirror", mirror)]
    listed = ", ".join(f"{{url: '{one.url}/data', name: {name}}}" for name, one in targets)
    place.platform(f"target: [{listed}]")
    daily = f"query: {{url: '{days.url}', settle_hours: 72}}"
    place.service(
        "toll",
        "\n".join(
            [
                hourly(hours, "hourly", f"since: {SINCE}"),
                hourly(days, "daily", daily, f"since: {SINCE}", "period: day"),
                hourly(moments, "now").replace("schedule: hourly", "schedule: every 6 hours"),
                hourly(days, "past", f"since: {SINCE}", "period: day"),
            ]
        ),
    )
    return place


def test_after_a_week_without_a_target_it_gets_all_in_order_and_the_other_never_waits(
    toll, feeds, platform, mirror
):
    _, days, _ = feeds
    platform.is_down = True
    with living(toll) as one:
        collectors = dict(one.parts.collectors)
        chosen = {"toll/past": collectors["toll/past"]}
        wish = Wish(between=PAST, chunk=Period.WEEK)
        number = one.store.backfills.create(draft(one.parts, chosen, wish).order("test"))
        wait_until_collected(one, mirror)
        for day in range(3):
            pass_a_day(one, days, day, mirror)
    with living(toll) as one:
        for day in range(3, WEEK):
            pass_a_day(one, days, day, mirror)
        one.until(lambda: state_of(one, number) == BackfillState.DONE)
        assert not any(platform.held.values())
        platform.is_down = False
        one.advance(AFTERWARDS)
        wait_until_collected(one, mirror)
        one.until(lambda: not one.store.view.depths())
        one.until(lambda: platform.held == mirror.held)
    check_complete(mirror.held)
    for name, batches in platform.arrived.items():
        check_order(name, [record for batch in batches for record in batch])
    check_live_first(platform.arrived["toll/past"])


def pass_a_day(one, days, day, mirror):
    """Let a day pass, on which the source tells other figures than the day before."""
    days.count = day + 2
    one.advance(timedelta(days=1))
    wait_until_collected(one, mirror)


def wait_until_collected(one, mirror):
    """Wait until what has ended by now is collected, and delivered to the mirror."""
    works, now = one.daemon.works, one.place.clock.now()
    one.until(lambda: newest(mirror.held["toll/hourly"]) == floor(now, Period.HOUR) - HOUR)
    one.until(lambda: newest(mirror.held["toll/daily"]) == floor(now, Period.DAY) - DAY)
    one.until(lambda: newest(mirror.held["toll/past"]) == floor(now, Period.DAY) - DAY)
    at = now.replace(hour=now.hour // 6 * 6, minute=0, second=0, microsecond=0)
    one.until(lambda: newest(mirror.held["toll/now"]) == at)
    one.until(lambda: works.planner.is_idle() and works.crew.is_idle())


def state_of(one, number):
    [told] = one.store.backfills.progress([number])
    return told.backfill.state


def newest(held):
    return max((at(record) for record in list(held.values())), default=None)


def at(record):
    return datetime.fromisoformat(record["_timestamp"])


def check_complete(held):
    """Demand two rows for every hour, day and backfilled day, and for each moment that was seen."""
    opens = datetime.combine(SINCE, datetime.min.time(), UTC)
    ends = NOW + timedelta(days=WEEK) + AFTERWARDS
    wanted = {
        "toll/hourly": (floor(ends, Period.HOUR) - opens) // HOUR,
        "toll/daily": (floor(ends, Period.DAY) - opens) // DAY,
        "toll/past": (floor(ends, Period.DAY) - opens) // DAY + (PAST.end - PAST.start).days + 1,
        "toll/now": 1 + WEEK,
    }
    starts = {name: [at(record) for record in records.values()] for name, records in held.items()}
    assert {name: len(set(one)) for name, one in starts.items()} | wanted == wanted
    assert {name: len(one) for name, one in starts.items()} == {
        name: 2 * count for name, count in wanted.items()
    }


def check_order(name, records):
    """Demand that of each observation no older figure came after a newer one, and none twice."""
    told = defaultdict(list)
    for record in records:
        told[record["_id"]].append(record["count"])
    assert all(counts == sorted(set(counts)) for counts in told.values()), name


def check_live_first(batches):
    """Demand that backfilled days came after those of the week, but for what was under way."""
    is_live = [all(at(record).date() >= SINCE for record in batch) for batch in batches]
    live = is_live.count(True)
    assert is_live[0]
    assert all(not one for one in is_live[live + IN_FLIGHT_A_LANE :])
    assert not is_live[-1]
