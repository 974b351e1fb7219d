"""``python -m tests.reliability.many``: 775 collectors of 0.2 s, due in the same second, ten workers.

Beside them stand the same jobs with APScheduler's own pool and grace time, which drop most.
"""

import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import requests
from apscheduler.events import EVENT_JOB_EXECUTED, EVENT_JOB_MISSED
from apscheduler.schedulers.background import BackgroundScheduler

from collectors.store import State, Tick
from tests.daemon.living import living
from tests.feeds import DAY, FeedServer
from tests.places import HASTY, GoingClock, Place
from tests.servers.http import Answer, Request

MANY = 775
WORKERS = 10
MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
WINDOW = {"start": "2026-11-20T00:00:00+00:00", "end": "2026-11-21T00:00:00+00:00", "page": "1"}
LONGEST = 300.0


@dataclass(eq=False)
class FarServer(FeedServer):
    """A feed of days that takes ``latency`` seconds for every answer."""

    latency: float = 0.2

    def __post_init__(self) -> None:
        super().__post_init__()
        self.step = DAY

    def answer(self, request: Request) -> Answer:
        """Answer as far away as it is."""
        threading.Event().wait(self.latency)
        return super().answer(request)


def place_of(directory: Path, server: FarServer) -> Place:
    """A place where all of them are due at midnight, and nothing before; it is half past eleven."""
    place = Place(directory, clock=GoingClock(MIDNIGHT - timedelta(minutes=30)), patience=HASTY)
    place.servers.append(server)
    place.platform(f"target: embedded\nworkers: {WORKERS}\ndurability: normal")
    said = "source: feed, schedule: daily at 00:00 in UTC, zone: UTC, since: 2026-11-20"
    lines = [
        f"c{number}: {{{said}, query: {{url: '{server.url}/c{number}'}}}}" for number in range(MANY)
    ]
    place.service("many", "\n".join(lines))
    return place


def let_live(place: Place, *, jump: bool = False) -> tuple[list[State], list[Tick]]:
    """Let a daemon live past midnight until all is delivered; gives the runs and ticks.

    With ``jump`` the clock is set forward half-way, so that the other half begins late.
    """
    with living(place) as one:

        def done() -> int:
            return len(one.store.view.runs(states=[State.DONE], limit=MANY + 1))

        works = one.daemon.works
        one.until(lambda: works.planner.is_idle() and works.crew.is_idle())
        one.advance(MIDNIGHT - place.clock.now())
        if jump:
            one.until(lambda: done() >= MANY // 2, LONGEST)
            one.advance(timedelta(seconds=90))
        one.until(lambda: done() == MANY and not one.store.view.depths(), LONGEST)
        states = [run.state for run in one.store.view.runs(limit=2 * MANY)]
        return states, one.store.ticks.listed(limit=2 * MANY)


def dropped(server: FarServer) -> int:
    """Give how many of as many jobs APScheduler drops, with the defaults of all it has."""
    outcomes: Counter[int] = Counter()
    ended = threading.Event()

    def note(event) -> None:
        outcomes[event.code] += 1
        if outcomes.total() == MANY:
            ended.set()

    scheduler = BackgroundScheduler(timezone=UTC)
    scheduler.add_listener(note, EVENT_JOB_EXECUTED | EVENT_JOB_MISSED)
    at = datetime.now(UTC) + timedelta(seconds=2)
    for number in range(MANY):
        address = f"{server.url}/c{number}"
        scheduler.add_job(requests.get, "date", run_date=at, args=[address, WINDOW])
    scheduler.start()
    assert ended.wait(LONGEST)
    scheduler.shutdown()
    return outcomes[EVENT_JOB_MISSED]


def main() -> None:
    """Let both try, and say what became of it."""
    with FarServer() as server, tempfile.TemporaryDirectory() as directory:
        began = time.monotonic()
        states, ticks = let_live(place_of(Path(directory), server))
        took = time.monotonic() - began
        told = ", ".join(
            f"{count} {one}" for one, count in Counter(t.outcome for t in ticks).items()
        )
        print(f"{len(states)} runs, {states.count(State.DONE)} done in {took:.0f} s; ticks: {told}")
        print(f"APScheduler alone: {dropped(server)} of {MANY} dropped")


if __name__ == "__main__":
    main()
