"""A model of the whole: plan, collect, crash, plan again, deliver, fail, in any order.

The source is a few periods that change until they are settled. Two data sets, each behind a lane,
hold what was delivered to them in the order in which it arrived. Whatever happens: coverage never
overlaps, what is called delivered is what was collected, and once everything has been collected and
sent, both hold exactly what the source last said.
"""

import atexit
import shutil
import tempfile
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from collectors.clock import FixedClock
from collectors.intervals import intersect
from collectors.packing import pack, unpack
from collectors.store import (
    DELIVERED,
    OWED,
    Chunk,
    Entry,
    Lanes,
    Owner,
    Planned,
    Result,
    Run,
    State,
    Store,
    Stretch,
)
from tests.store.worlds import COLLECTOR, DATA_SET, NOW, PERIOD, dead

PERIODS = 5
TARGETS = ("embedded", "platform")
WHOLE = (0, PERIODS * PERIOD)
WINDOWS = st.tuples(st.integers(0, PERIODS - 1), st.integers(1, PERIODS)).map(
    lambda pair: (pair[0] * PERIOD, min(pair[0] + pair[1], PERIODS) * PERIOD)
)
PRIORITIES = st.integers(1, 2)
CONTENTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 9), max_size=3)

Content = dict[str, int]


@dataclass
class Reading:
    """A run that is under way: what the source said when it began, and how far it has come."""

    run: Run
    to: Lanes
    said: dict[int, Content]
    at: int


def store_in(directory: str, owner: Owner) -> Store:
    url = f"sqlite:///{Path(directory) / 'store.db'}"
    return Store(url, clock=FixedClock(NOW), owner=owner, synchronous="OFF")


@cache
def empty_store() -> str:
    """The directory of a store that was opened once; the model starts from copies of it."""
    directory = tempfile.mkdtemp(prefix="empty-store-")
    atexit.register(shutil.rmtree, directory)
    store = store_in(directory, dead())
    store.open()
    store.close()
    return directory


class Collecting(RuleBasedStateMachine):
    """One process after another on one store."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        shutil.copytree(empty_store(), self.directory.name, dirs_exist_ok=True)
        self.lives = 0
        self.open()
        self.source: dict[int, Content] = {at: {"a": at, "b": at} for at in range(*WHOLE, PERIOD)}
        self.collected: dict[int, Content] = {}
        self.uncertain: set[int] = set()
        self.settled: set[int] = set()
        self.reading: Reading | None = None
        self.sending: list[Entry] = []
        ledger = self.store.ledger
        self.lanes = [ledger.lanes_for([name], DATA_SET, 1).open[0] for name in TARGETS]
        self.data_sets: dict[int, dict[str, int]] = {lane: {} for lane in self.lanes}

    def open(self) -> None:
        """Start another process; the one before it is dead."""
        self.lives += 1
        self.store = store_in(self.directory.name, dead(self.lives))

    def teardown(self) -> None:
        """Bring everything home, and compare."""
        self.crash()
        self.collect_again(WHOLE)
        self.deliver_all()
        for lane in self.lanes:
            assert self.data_sets[lane] == self.expected(self.source)
            assert self.store.view.lane_intervals(lane, COLLECTOR, DELIVERED) == [WHOLE]
        assert self.store.view.owed() == []
        self.store.close()
        self.directory.cleanup()

    def collect_again(self, window: tuple[int, int]) -> None:
        self.begin(window, full=False, priority=1)
        while self.reading is not None and self.reading.at < window[1]:
            self.write_chunk(1)
        self.finish(settle=False)

    def deliver_all(self) -> None:
        for number in range(len(self.lanes)):
            while self.store.delivery.ready(self.lanes[number], 1):
                self.send(number)
                self.arrive(0)

    @rule(at=st.integers(0, PERIODS - 1), content=CONTENTS)
    def change_the_source(self, at: int, content: Content) -> None:
        if at * PERIOD not in self.settled:
            self.source[at * PERIOD] = content

    @precondition(lambda self: self.reading is None)
    @rule(window=WINDOWS, full=st.booleans(), priority=PRIORITIES)
    def begin(self, window: tuple[int, int], full: bool, priority: int) -> None:
        start, end = window
        one = Planned(start=start, end=end, kind="live", priority=priority, reason="due")
        plan = self.store.ledger.plan(COLLECTOR, [one], instead=True)
        assert not plan.busy
        run = self.store.ledger.claim(plan.runs[-1])
        assert run is not None
        first, second = self.lanes
        to = Lanes(
            data_set=str(DATA_SET),
            open=[first] if full else [first, second],
            full=[second] if full else [],
        )
        said = {at: dict(self.source[at]) for at in range(*window, PERIOD)}
        self.reading = Reading(run, to, said, window[0])

    @precondition(lambda self: self.reading is None)
    @rule(window=WINDOWS, full=st.booleans(), priority=PRIORITIES)
    def collect(self, window: tuple[int, int], full: bool, priority: int) -> None:
        self.begin(window, full, priority)
        self.finish(settle=False)

    @precondition(lambda self: self.reading is not None)
    @rule(periods=st.integers(1, 3))
    def write_chunk(self, periods: int) -> None:
        chunk = self.next_chunk(periods)
        if chunk is not None:
            self.store.ledger.write_chunk(self.reading.run, self.reading.to, chunk)
            self.uncertain |= set(chunk.ids)

    @precondition(lambda self: self.reading is not None)
    @rule(settle=st.booleans())
    def finish(self, settle: bool) -> None:
        reading, last = self.reading, self.next_chunk(PERIODS)
        unchanged = all(self.source[at] == content for at, content in reading.said.items())
        settle = settle and unchanged
        window = reading.run.window
        stretches = [
            Stretch(start=at, end=at + PERIOD, settled=settle, collected_at=0, fingerprint="f")
            for at in range(*window, PERIOD)
        ]
        until = window[1] if settle else window[0]
        found = Result(stretches=stretches, settled_until=until, state=State.DONE, reason="done")
        self.store.ledger.finish(reading.run, reading.to, last, found, {})
        self.collected |= reading.said
        self.uncertain -= set(reading.said)
        self.settled |= set(reading.said) if settle else set()
        self.reading = None

    @precondition(lambda self: self.reading is not None)
    @rule()
    def fail(self) -> None:
        self.store.ledger.end(self.reading.run, State.FAILED, "it broke")
        self.reading = None

    @rule(answered=st.booleans())
    def crash(self, answered: bool = True) -> None:
        """Die: what was under way arrives, or does not, and nobody hears of it."""
        for entry in self.sending if answered else []:
            self.apply(entry, *self.bodies[entry.id])
        self.sending = []
        self.reading = None
        self.store.close()
        self.open()

    @rule(number=st.integers(0, 1))
    def send(self, number: int) -> None:
        lane = self.lanes[number]
        under_way = [one for one in self.sending if one.lane_id == lane]
        assert lane in self.store.delivery.acquire([lane])
        for entry in self.store.delivery.ready(lane, 1, under_way):
            self.bodies[entry.id] = (unpack(self.store.delivery.payload(entry)),)
            self.sending.append(entry)

    @precondition(lambda self: self.sending)
    @rule(number=st.integers(0, 5))
    def arrive(self, number: int) -> None:
        entry = self.sending.pop(number % len(self.sending))
        self.apply(entry, *self.bodies[entry.id])
        self.store.delivery.settle(entry, self.store.delivery.lane(entry.lane_id), entry.count)

    @precondition(lambda self: self.sending)
    @rule(number=st.integers(0, 5))
    def arrive_nowhere(self, number: int) -> None:
        self.sending.pop(number % len(self.sending))

    @precondition(lambda self: self.sending)
    @rule(number=st.integers(0, 5))
    def halve(self, number: int) -> None:
        self.store.delivery.halve(self.sending.pop(number % len(self.sending)))

    @initialize()
    def nothing_is_under_way(self) -> None:
        self.bodies: dict[int, tuple[list[Any]]] = {}

    @invariant()
    def coverage_never_overlaps(self) -> None:
        stretches = self.store.view.collected(COLLECTOR)
        assert all(left.end <= right.start for left, right in pairwise(stretches))
        covered = {at for one in stretches for at in range(one.start, one.end, PERIOD)}
        assert covered == set(self.collected)

    @invariant()
    def a_lane_never_has_what_it_is_owed(self) -> None:
        for lane in self.lanes:
            held = self.store.view.lane_intervals(lane, COLLECTOR, DELIVERED)
            assert not intersect(held, self.store.view.lane_intervals(lane, COLLECTOR, OWED))

    @invariant()
    def what_is_delivered_is_what_was_collected(self) -> None:
        for lane in self.lanes:
            held = self.store.view.lane_intervals(lane, COLLECTOR, DELIVERED)
            periods = {at for one in held for at in range(*one, PERIOD)}
            assert periods <= set(self.collected)
            for at in periods - self.uncertain:
                there = {
                    name: value
                    for name, value in self.data_sets[lane].items()
                    if name.startswith(f"{at}-")
                }
                assert there == self.expected({at: self.collected[at]})

    def next_chunk(self, periods: int) -> Chunk | None:
        reading = self.reading
        end = min(reading.at + periods * PERIOD, reading.run.end)
        if end == reading.at:
            return None
        said = {at: reading.said[at] for at in range(reading.at, end, PERIOD)}
        items = [{"_id": name, "v": value} for name, value in self.expected(said).items()]
        body, size = pack(items)
        chunk = Chunk(
            start=reading.at,
            end=end,
            body=body,
            count=len(items),
            size=size,
            ids={at: [f"{at}-{name}" for name in content] for at, content in said.items()},
            readings=len(items),
        )
        reading.at = end
        return chunk

    def apply(self, entry: Entry, items: list[Any]) -> None:
        data_set = self.data_sets[entry.lane_id]
        for item in items:
            if entry.retraction:
                data_set.pop(item, None)
            else:
                data_set[item["_id"]] = item["v"]

    @staticmethod
    def expected(said: dict[int, Content]) -> dict[str, int]:
        return {f"{at}-{name}": value for at, one in said.items() for name, value in one.items()}


TestCollecting = Collecting.TestCase
TestCollecting.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
