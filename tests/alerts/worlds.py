"""What the tests of alerts share: standings made by hand, and the loop of a place."""

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from collectors.alerts import AlertLoop
from collectors.cli.settings import Settings, World
from collectors.clock import epoch
from collectors.config.mapping import MappingSpec
from collectors.config.model import Collector, Place
from collectors.config.schedules import parse_schedule
from collectors.periods import Period
from collectors.standing import Lateness, Standing
from collectors.store import Lane, Queued, Run, State
from collectors.values import DataSet
from tests.feeds import Feed

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOUR = 60 * MINUTE


def collector(name, *, url="https://api.example/rows", deadline=3 * HOUR, credentials=None):
    """A collector of hours."""
    service, _, key = name.partition("/")
    return Collector(
        name=name,
        service=service,
        key=key,
        source=Feed(url=url),
        schedule=parse_schedule("hourly"),
        period=Period.HOUR,
        zone=ZoneInfo("UTC"),
        data_set=DataSet(service, key),
        mapping=MappingSpec(),
        settle=timedelta(0),
        fingerprint="f",
        place=Place("services/x.yaml"),
        credentials=credentials,
        deadline=deadline,
    )


def run(name, at, state=State.FAILED, reason="it says no"):
    """A run that ended."""
    moment = epoch(at)
    return Run(
        id=moment,
        collector=name,
        kind="live",
        priority=0,
        start=moment - 3600,
        end=moment,
        state=state,
        reason=reason,
        attempts=1,
        not_before=None,
        owner=None,
        lease_until=None,
        limit_at=None,
        planned_at=moment,
        began_at=moment,
        ended_at=moment,
        readings=0,
        observations=0,
        rejected=0,
        warnings=(),
        sample=None,
    )


def standing(one, *, ended=None, seen_at=None, late=True, queued=(), paused=None, unmet=None):
    """Where a collector stands; late, unless it is said otherwise, since an hour."""
    return Standing(
        collector=one,
        stretches=(),
        due=(),
        lost=(),
        run=ended,
        ended=ended,
        seen_at=seen_at,
        queued=queued,
        refused=0,
        late=Lateness(NOW - HOUR, "the hour is not collected") if late else None,
        owed=(),
        paused=paused,
        unmet=unmet,
    )


def failed(name, at, reason="it says no", *, late=True, **more):
    """A late collector whose last run failed."""
    return standing(collector(name, **more), ended=run(name, at, reason=reason), late=late)


def fine(name, at, **more):
    """A collector whose last run went well."""
    ended = run(name, at, State.DONE, "done")
    return standing(collector(name, **more), ended=ended, seen_at=at, late=False)


def lane(data_set, target="platform", *, reason=None, parked_at=None, accepted_at=None):
    """A lane, flowing unless there is a reason why not."""
    return Lane(
        id=abs(hash((data_set, target))),
        target=target,
        data_set=data_set,
        owner=None,
        lease_until=None,
        parked_at=None if parked_at is None else epoch(parked_at),
        reason=reason,
        retry_at=None,
        failures=1 if reason else 0,
        accepted=1,
        accepted_at=None if accepted_at is None else epoch(accepted_at),
    )


def waiting(name, in_lane, since, *, late=False, deadline=None):
    """A collector of which something waits in a lane."""
    queued = Queued(lane=in_lane, observations=24, since=epoch(since))
    return standing(collector(name, deadline=deadline), late=late, queued=[queued])


@contextmanager
def loop_of(place):
    """The loop of a place, as a daemon makes it that has just started, and its store."""
    world = World(sources=place.sources, clock=place.clock, http=place.http, busy=place.busy)
    settings = Settings(world, place.config, place.credentials, None)
    with settings.store() as store, settings.look_only(store) as parts:
        alerts = settings.platform.alerts
        yield AlertLoop(parts, settings.configuration.collectors, alerts), store


def look(place, *problems):
    """Make one look, as a process that has just started."""
    with loop_of(place) as (loop, _):
        loop.look(problems)
