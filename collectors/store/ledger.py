"""The ledger of the store: what is due, who collects it, and what has been collected.

Each public method is one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.clock import epoch, from_epoch
from collectors.intervals import overlap
from collectors.store import coverage, lanes, outbox, runs, tables, windows
from collectors.store.coverage import Stretch
from collectors.store.outbox import Chunk
from collectors.store.part import Part
from collectors.store.runs import Planned, Run, State
from collectors.store.windows import Lanes, Result
from collectors.values import DataSet


@dataclass(frozen=True, slots=True)
class Plan:
    """What planning gave: runs to be claimed, and runs that another living process works on."""

    runs: Sequence[int]
    busy: Sequence[Run]


class Ledger(Part):
    """What is due, who collects it, and what has been collected."""

    def origin(self, collector: str, first: datetime) -> datetime:
        """Give where the collector's history begins; ``first`` is kept if it has none yet."""

        def work(connection: Connection) -> int:
            self._ensure_collector(connection, collector)
            row = tables.collectors.c.name == collector
            known = connection.execute(sa.select(tables.collectors.c.origin).where(row)).scalar()
            if known is None:
                known = epoch(first)
                connection.execute(tables.collectors.update().where(row).values(origin=known))
            return known

        return from_epoch(self.database.write(work))

    def collected(self, collector: str) -> list[Stretch]:
        """Give the collected stretches of a collector, in order of time."""
        return self.database.read(lambda connection: coverage.collected(connection, collector))

    def plan(self, collector: str, planned: Sequence[Planned], *, instead: bool = False) -> Plan:
        """Write down what is due, unless an open run is about it already.

        ``instead`` puts the new windows in the place of due runs that they overlap (a window
        given by hand). Runs whose process has died are ended first.
        """

        def work(connection: Connection) -> Plan:
            now = self.now()
            self._lock_collector(connection, collector)
            open_ones = runs.open_runs(connection, collector)
            lost = runs.reap(connection, open_ones, self.owner, now)
            open_ones = [run for run in open_ones if run.id not in lost]
            if instead:
                open_ones = self._replace_due(connection, open_ones, planned, now)
            fresh = [
                runs.insert(connection, collector, one, now)
                for one in planned
                if not any(overlap(run.window, (one.start, one.end)) for run in open_ones)
            ]
            self.step("plan.writing")
            waiting = [run.id for run in open_ones if run.state != State.RUNNING]
            busy = [run for run in open_ones if run.state == State.RUNNING]
            return Plan(runs=[*waiting, *fresh], busy=busy)

        plan = self.database.write(work)
        self.step("plan.written")
        return plan

    def claim(self, run_id: int) -> Run | None:
        """Take a run; None where another process has it, or its time has not come."""
        now = self.now()
        run = self.database.write(
            lambda connection: runs.claim(connection, run_id, self.owner, now)
        )
        self.step("claim.written")
        return run

    def heartbeat(self, run_ids: Sequence[int]) -> None:
        """Prolong the leases of these runs and of every lane of this process."""

        def work(connection: Connection) -> None:
            runs.prolong(connection, run_ids, self.owner, self.now())
            lanes.prolong(connection, self.owner, self.now())

        self.database.write(work)

    def source_state(self, collector: str) -> dict[str, str]:
        """Give what the collector's source remembers from its last success."""
        query = sa.select(tables.collectors.c.state).where(tables.collectors.c.name == collector)
        text = self.database.read(lambda connection: connection.execute(query).scalar())
        state: dict[str, str] = orjson.loads(text) if text else {}
        return state

    def lanes_for(self, targets: Iterable[str], data_set: DataSet, limit: int) -> Lanes:
        """Give the lanes that a run is about to write to; those over ``limit`` bytes are full."""

        def work(connection: Connection) -> Lanes:
            found = [lanes.ensure(connection, target, str(data_set)) for target in targets]
            sizes = outbox.sizes(connection, found)
            return Lanes(
                data_set=str(data_set),
                open=[lane for lane in found if sizes[lane] < limit],
                full=[lane for lane in found if sizes[lane] >= limit],
            )

        return self.database.write(work)

    def write_chunk(self, run: Run, to: Lanes, chunk: Chunk) -> None:
        """Keep a chunk of a window that is still being read; LeaseLost where the run is not ours."""

        def work(connection: Connection) -> None:
            runs.hold(connection, run, self.owner, self.now())
            windows.write_chunk(connection, run, to, chunk, self.now())
            self.step("chunk.writing")

        self.database.write(work)
        self.step("chunk.written")

    def finish(
        self,
        run: Run,
        to: Lanes,
        last: Chunk | None,
        result: Result,
        state: Mapping[str, str],
    ) -> None:
        """Keep the last chunk and, in the same transaction, that the window is collected."""

        def work(connection: Connection) -> None:
            now = self.now()
            runs.hold(connection, run, self.owner, now)
            if last is not None:
                windows.write_chunk(connection, run, to, last, now)
            windows.finish(connection, run, to, result, now)
            row = tables.collectors.c.name == run.collector
            values = {"state": orjson.dumps(dict(state)).decode()}
            connection.execute(tables.collectors.update().where(row).values(values))
            self.step("window.writing")

        self.database.write(work)
        self.step("window.written")

    def end(self, run: Run, state: State, reason: str, **more: Any) -> None:
        """Write that a run ended without its window: failed, parked, not yet."""

        def work(connection: Connection) -> None:
            runs.hold(connection, run, self.owner, self.now())
            runs.end(connection, run.id, state, reason, self.now(), **more)

        self.database.write(work)

    def _ensure_collector(self, connection: Connection, collector: str) -> None:
        kind = sqlite if connection.dialect.name == "sqlite" else postgresql
        values = {"name": collector, "state": "{}"}
        connection.execute(kind.insert(tables.collectors).values(values).on_conflict_do_nothing())

    def _lock_collector(self, connection: Connection, collector: str) -> None:
        self._ensure_collector(connection, collector)
        row = tables.collectors.c.name == collector
        connection.execute(sa.select(tables.collectors.c.name).where(row).with_for_update())

    def _replace_due(
        self, connection: Connection, open_ones: list[Run], planned: Sequence[Planned], now: int
    ) -> list[Run]:
        kept = []
        for run in open_ones:
            hit = any(overlap(run.window, (one.start, one.end)) for one in planned)
            if hit and run.state != State.RUNNING:
                runs.end(connection, run.id, State.SUPERSEDED, "a window given by hand", now)
            else:
                kept.append(run)
        return kept
