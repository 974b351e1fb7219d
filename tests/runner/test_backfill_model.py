"""A model of a backfill: feeding, collecting, failing, dying, pausing, live work, in any order.

Whatever happens, at the end every period of the stretch has been collected exactly once.
"""

import atexit
import shutil
import tempfile
from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collectors.api import NotYet, QuotaSpent, Unavailable
from collectors.clock import FixedClock, from_epoch
from collectors.periods import Period, Window, periods_of
from collectors.runner import Between, Wish, collect_taken, draft, feed, plan
from collectors.store import SUCCEEDED, BackfillState, Owner, Run, Store
from tests.archives import Archive, parts_of
from tests.places import NOW
from tests.store.worlds import all_runs, dead

FIRST, LAST = date(2026, 10, 20), date(2026, 11, 18)
SERVICE = """\
service: toll
collectors:
  days: {source: archive, schedule: daily, zone: UTC, since: 2026-11-10, query: {shelf: days}}
  short: {source: archive, schedule: daily, zone: UTC, query: {shelf: short, span_days: 4}}
"""
NAMES = ("toll/days", "toll/short")


def store_in(directory: str, owner: Owner, clock: FixedClock) -> Store:
    url = f"sqlite:///{Path(directory) / 'store.db'}"
    return Store(url, clock=clock, owner=owner, synchronous="OFF")


@cache
def prepared() -> str:
    """The directory of a configuration and of a store that was opened once, to be copied."""
    directory = tempfile.mkdtemp(prefix="backfill-model-")
    atexit.register(shutil.rmtree, directory)
    services = Path(directory) / "config" / "services"
    services.mkdir(parents=True)
    (services / "toll.yaml").write_text(SERVICE)
    store = store_in(directory, dead(), FixedClock(NOW))
    store.open()
    store.close()
    return directory


def nobody(*_: object) -> None:
    """Do not listen."""


def window_of(run: Run) -> Window:
    return Window(from_epoch(run.start), from_epoch(run.end))


class Backfilling(RuleBasedStateMachine):
    """One process after another on one store; a run that has begun may end, or die with it."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.mkdtemp(prefix="backfilling-")
        shutil.copytree(prepared(), self.directory, dirs_exist_ok=True)
        self.clock = FixedClock(NOW)
        self.processes = 0
        self.running: list[Run] = []
        Archive.behaviour.reset()
        self.open()

    def open(self) -> None:
        self.processes += 1
        self.store = store_in(self.directory, dead(self.processes), self.clock)
        self.parts = parts_of(Path(self.directory) / "config", self.store, self.clock)

    def teardown(self) -> None:
        try:
            self.finish()
        finally:
            self.store.close()
            shutil.rmtree(self.directory)

    @initialize(newest_first=st.booleans(), force=st.booleans())
    def ask(self, newest_first: bool, force: bool) -> None:
        between = Between(FIRST, LAST)
        wish = Wish(between=between, newest_first=newest_first, force=force, chunk=Period.WEEK)
        self.force = force
        self.number = self.store.backfills.create(
            draft(self.parts, dict(self.parts.collectors), wish).order("toll")
        )

    @property
    def state(self) -> BackfillState:
        return self.store.backfills.progress([self.number])[0].backfill.state

    @rule(at_most=st.integers(1, 4))
    def feed(self, at_most: int) -> None:
        feed(self.parts, self.parts.collectors, at_most)

    @rule(limit=st.integers(1, 3))
    def take(self, limit: int) -> None:
        self.running += self.store.queue.take(limit)

    @precondition(lambda self: self.running)
    @rule(
        error=st.sampled_from([None, None, None, "not yet", "down", "spent"]),
        which=st.integers(0, 9),
    )
    def end_run(self, error: str | None, which: int) -> None:
        run = self.running.pop(which % len(self.running))
        Archive.behaviour.error = {
            "not yet": NotYet("on Friday"),
            "down": Unavailable("it is down"),
            "spent": QuotaSpent("spent", self.clock.now() + timedelta(hours=1)),
        }.get(error or "")
        collect_taken(self.parts, self.parts.collectors[run.collector], run, nobody)
        Archive.behaviour.error = None

    @rule()
    def die(self) -> None:
        self.store.close()
        self.running = []
        self.open()
        self.store.queue.reap()

    @rule(minutes=st.integers(1, 100))
    def wait(self, minutes: int) -> None:
        self.clock.advance(timedelta(minutes=minutes))

    @rule(name=st.sampled_from(NAMES))
    def plan_live(self, name: str) -> None:
        plan(self.parts, self.parts.collectors[name])

    @rule()
    def pause(self) -> None:
        self.store.backfills.pause(self.number)

    @rule()
    def resume(self) -> None:
        self.store.backfills.resume(self.number)
        self.store.backfills.retry(self.number)

    @invariant()
    def nothing_is_collected_twice(self) -> None:
        assert [day for day, times in self.collected().items() if times > 1] == []

    @invariant()
    def open_runs_never_overlap(self) -> None:
        held = [one for one in all_runs(self.store) if one.state in ("due", "running", "parked")]
        times = Counter(
            (run.collector, day) for run in held for day in periods_of(window_of(run), Period.DAY)
        )
        assert [day for day, count in times.items() if count > 1] == []

    def collected(self) -> Counter[tuple[str, datetime]]:
        """How often each period was collected; what is forced by the backfill alone."""
        good = [one for one in all_runs(self.store) if one.state in SUCCEEDED]
        counted = [one for one in good if not self.force or one.kind == "backfill"]
        return Counter(
            (run.collector, day.start)
            for run in counted
            for day in periods_of(window_of(run), Period.DAY)
        )

    def finish(self) -> None:
        """Let all go well from now on, and see that every period is there once."""
        self.die()
        self.resume()
        for _ in range(100):
            feed(self.parts, self.parts.collectors, 4)
            self.running = self.store.queue.take(9)
            while self.running:
                self.end_run(None, 0)
            self.clock.advance(timedelta(hours=1))
            if self.state is BackfillState.DONE:
                break
        stretch = Window(
            datetime.fromisoformat("2026-10-20T00:00Z"), datetime.fromisoformat("2026-11-19T00:00Z")
        )
        found = self.collected()
        wanted = {(name, day.start) for name in NAMES for day in periods_of(stretch, Period.DAY)}
        assert {day for day, times in found.items() if times == 1} >= wanted


TestBackfilling = Backfilling.TestCase
TestBackfilling.settings = settings(max_examples=15, stateful_step_count=25)
