"""A model of snapshots: collected, superseded, sent, answered or not, and crashes in between.

Whatever happens, a data set never holds parts of two snapshots, and is emptied by none that was not
whole. Once all is sent, it holds exactly the newest one, also where nothing is collected any more.
"""

import shutil
import tempfile

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from collectors.packing import unpack
from collectors.store import DELIVERED, Entry, Lanes, Planned, Run, State
from tests.store.test_model import empty_store, store_in
from tests.store.worlds import COLLECTOR, DATA_SET, PERIOD, chunk, dead, finish

TARGETS = ("embedded", "platform")
PERIODS = st.integers(0, 3)


class Replacing(RuleBasedStateMachine):
    """One process after another on one store; up to two runs beside each other."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = tempfile.TemporaryDirectory()
        shutil.copytree(empty_store(), self.directory.name, dirs_exist_ok=True)
        self.lives = 0
        self.open()
        found = self.store.ledger.lanes_for(TARGETS, DATA_SET, 1, replace=True)
        self.to: Lanes = found
        self.held: dict[int, set[str]] = {lane: set() for lane in found.open}
        self.runs: list[tuple[Run, int]] = []
        self.sending: list[tuple[Entry, list[object]]] = []
        self.newest: tuple[int, set[str]] = (-1, set())
        self.whole: set[int] = set()
        self.collected: set[int] = set()

    def open(self) -> None:
        """Start another process; the one before it is dead."""
        self.lives += 1
        self.store = store_in(self.directory.name, dead(self.lives))

    def teardown(self) -> None:
        """Deliver what waits, and compare; nothing is collected any more."""
        self.crash(answered=False)
        for number in range(len(self.to.open)):
            while self.store.delivery.ready(self.to.open[number], 1):
                self.send(number)
                self.arrive(0)
        for lane in self.to.open:
            assert self.held[lane] == self.newest[1]
            delivered = self.store.view.lane_intervals(lane, COLLECTOR, DELIVERED)
            periods = {at for one in delivered for at in range(*one, PERIOD)}
            assert periods == self.collected
        self.store.close()
        self.directory.cleanup()

    @precondition(lambda self: len(self.runs) < 2)
    @rule(period=PERIODS)
    def begin(self, period: int) -> None:
        at = period * PERIOD
        one = Planned(start=at, end=at + PERIOD, kind="live", priority=1, reason="due")
        for run_id in self.store.ledger.plan(COLLECTOR, [one]).runs:
            run = self.store.ledger.claim(run_id)
            if run is not None:
                self.runs.append((run, 0))

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1))
    def write_chunk(self, which: int) -> None:
        run, written = self.runs.pop(which % len(self.runs))
        ids = {run.start: [f"{run.id}-{written}", f"{run.id}-{written + 1}"]}
        self.store.ledger.write_chunk(run, self.to, chunk(*run.window, ids))
        self.runs.append((run, written + 2))

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1))
    def finish(self, which: int) -> None:
        run, written = self.runs.pop(which % len(self.runs))
        finish(self.store, run, None, to=self.to)
        self.collected.add(run.start)
        self.whole.add(run.id)
        if run.start >= self.newest[0]:
            self.newest = (run.start, {f"{run.id}-{number}" for number in range(written)})

    @precondition(lambda self: self.runs)
    @rule(which=st.integers(0, 1))
    def fail(self, which: int) -> None:
        run, _ = self.runs.pop(which % len(self.runs))
        self.store.ledger.end(run, State.FAILED, "it broke")

    @rule(answered=st.booleans())
    def crash(self, answered: bool) -> None:
        """Die: what was under way arrives, or does not, and nobody hears of it."""
        for entry, items in self.sending if answered else []:
            self.apply(entry, items)
        self.sending, self.runs = [], []
        self.store.close()
        self.open()

    @rule(number=st.integers(0, 1))
    def send(self, number: int) -> None:
        lane = self.to.open[number]
        under_way = [one for one, _ in self.sending if one.lane_id == lane]
        assert lane in self.store.delivery.acquire([lane])
        for entry in self.store.delivery.ready(lane, 1, under_way):
            self.sending.append((entry, unpack(self.store.delivery.payload(entry))))

    @precondition(lambda self: self.sending)
    @rule(number=st.integers(0, 5))
    def arrive(self, number: int) -> None:
        entry, items = self.sending.pop(number % len(self.sending))
        self.apply(entry, items)
        self.store.delivery.settle(entry, self.store.delivery.lane(entry.lane_id), entry.count)

    @precondition(lambda self: self.sending)
    @rule(number=st.integers(0, 5), halved=st.booleans())
    def arrive_nowhere(self, number: int, halved: bool) -> None:
        entry, _ = self.sending.pop(number % len(self.sending))
        if halved:
            self.store.delivery.halve(entry)

    @invariant()
    def a_data_set_never_holds_parts_of_two_snapshots(self) -> None:
        for held in self.held.values():
            assert len({name.partition("-")[0] for name in held}) <= 1

    def apply(self, entry: Entry, items: list[object]) -> None:
        assert entry.run_id in self.whole
        if entry.emptying:
            self.held[entry.lane_id].clear()
        self.held[entry.lane_id] |= {item["_id"] for item in items}


TestReplacing = Replacing.TestCase
TestReplacing.settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
