"""The book that the real store keeps: real planning, collecting and delivering, one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from collectors.clock import FixedClock, epoch
from collectors.config import Vault
from collectors.config.model import Collector
from collectors.errors import Unavailable
from collectors.packing import unpack
from collectors.runner import WINDOWS_A_TURN, Fate, Parts, collect_taken, deliver, enter
from collectors.store import SUCCEEDED, Run, Store
from collectors.values import Batch, DataSet, Receipt
from tests.places import AT_ONCE, make_client
from tests.reliability.simulation import Errand
from tests.reliability.weather import Weather
from tests.reliability.witness import Witness, number_of
from tests.store.worlds import dead

TARGET = "platform"
MANY = 10**6
_UTC = ZoneInfo("UTC")


@dataclass
class WatchedSink:
    """A sink in this process: down in bad weather, else whatever arrives is told the witness."""

    collectors: Mapping[str, Collector]
    weather: Weather
    witness: Witness
    clock: FixedClock

    def send(self, batch: Batch) -> Receipt:
        if self.weather.sink.down_at(epoch(self.clock.now())):
            raise Unavailable("it is down", status=503)
        name = str(batch.data_set)
        period = self.collectors[name].period
        for one in unpack(batch.body):
            at = epoch(datetime.fromisoformat(one["_timestamp"]))
            self.witness.arrived(name, number_of(period, _UTC, at), one["began"])
        return Receipt(accepted=batch.count)

    def retract(self, data_set: DataSet, ids: Sequence[str]) -> Receipt:
        raise AssertionError("every period keeps its observation")

    def empty(self, data_set: DataSet) -> Receipt:
        raise AssertionError("nothing here is a snapshot")


class StoreBook:
    """One process after another on one store."""

    def __init__(
        self,
        url: str,
        collectors: Mapping[str, Collector],
        weather: Weather,
        witness: Witness,
        clock: FixedClock,
    ) -> None:
        self._url = url
        self._clock = clock
        self._lives = 0
        self._runs: dict[int, Run] = {}
        self.store = self._opened()
        self._parts = Parts(
            store=self.store,
            sinks={TARGET: WatchedSink(collectors, weather, witness, clock)},
            vault=Vault(Path(), {}),
            http=make_client(clock),
            clock=clock,
            directory=Path(),
            outbox_limit=10**9,
            collectors=collectors,
            patience=AT_ONCE,
        )

    def enter(self, names: Sequence[str], tick: datetime | None) -> tuple[list[Errand], set[str]]:
        """Enter what is due into the queue, and take all of it."""
        ticks = {name: [tick] if tick else [] for name in names}
        plans, broken = enter(self._parts, self._parts.collectors, ticks)
        assert not broken
        unfinished = {name for name, one in plans.items() if len(one.runs) >= WINDOWS_A_TURN}
        taken = self.store.queue.take(MANY)
        self._runs = {run.id: run for run in taken}
        return [Errand(run.collector, run.window, run.kind, run.id) for run in taken], unfinished

    def collect(self, errand: Errand) -> bool:
        """Collect a window as a worker does."""
        collector = self._parts.collectors[errand.collector]
        outcome = collect_taken(self._parts, collector, self._runs[errand.run], lambda *_: None)
        return outcome.state in SUCCEEDED

    def leave(self, errand: Errand) -> None:
        """Leave the run as it is, taken by a process that is about to die."""

    def deliver(self) -> None:
        """Deliver what waits, until the sink says no."""
        delivery = self.store.delivery
        for lane_id in delivery.lanes_with_entries([TARGET]):
            while ready := delivery.ready(lane_id, 8):
                lane = delivery.lane(lane_id)
                done = [
                    deliver(self._parts, entry, lane, others_flow=lambda: False) for entry in ready
                ]
                if any(one.fate is not Fate.DONE for one in done):
                    return

    def restart(self) -> None:
        """Be another process: the one before is dead."""
        self.store.close()
        self.store = self._opened()
        self._parts = replace(self._parts, store=self.store)
        self.store.queue.reap()

    def close(self) -> None:
        """Close the store."""
        self.store.close()

    def _opened(self) -> Store:
        self._lives += 1
        owner = dead(self._lives)
        store = Store(self._url, clock=self._clock, owner=owner, synchronous="OFF")
        store.open()
        return store
