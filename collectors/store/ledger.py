"""The ledger of the store: what is due, who collects it, and what has been collected.

Each public method is one transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.engine import Connection

from collectors import periods
from collectors.clock import epoch, from_epoch
from collectors.intervals import Interval, overlap
from collectors.store import coverage, histories, lanes, runs, snapshots, windows
from collectors.store.coverage import Stretch
from collectors.store.outbox import Chunk
from collectors.store.part import Part
from collectors.store.runs import Planned, Run, State
from collectors.store.windows import Lanes, Result
from collectors.values import DataSet


@dataclass(frozen=True, slots=True)
class Plan:
    """What planning gave: runs to be claimed, and runs that another living process works on.

    It is ``stale`` where coverage has changed meanwhile: then nothing new was written down.
    ``fresh`` are those of ``runs`` that it wrote down itself. Something is ``postponed`` where a
    window was not written down because it is in part that of an open run.
    """

    runs: Sequence[int]
    priorities: Mapping[int, int]
    busy: Sequence[Run]
    stale: bool = False
    fresh: Sequence[int] = ()
    postponed: bool = False


class Ledger(Part):
    """What is due, who collects it, and what has been collected."""

    def origin(self, collector: str, first: datetime) -> datetime:
        """Give where the collector's history begins; ``first`` is kept if it has none yet."""

        def work(connection: Connection) -> int:
            histories.lock(connection, collector)
            return histories.origin(connection, collector, epoch(first))

        return from_epoch(self.database.write(work))

    def plan(
        self,
        collector: str,
        planned: Sequence[Planned],
        *,
        seen: Sequence[Stretch] | None = None,
        instead: bool = False,
    ) -> Plan:
        """Write down what is due, unless an open run is about it already.

        ``seen`` is the coverage that ``planned`` follows from. Where another process has changed
        it since, nothing of it is written down: it may have been collected by now.

        ``instead`` puts the new windows in the place of due runs that they overlap (a window
        given by hand), and leaves a trace in the audit. Runs whose process has died are ended
        first.
        """
        if not planned and not self.database.read(
            lambda connection: runs.has_open(connection, collector)
        ):
            return Plan([], {}, [])

        def work(connection: Connection) -> Plan:
            now = self.now()
            histories.lock(connection, collector)
            open_ones = self._still_open(connection, collector, now)
            if instead:
                open_ones = self._replace_due(connection, open_ones, planned, now)
                for one in planned:
                    window = periods.spell_stretch(from_epoch(one.start), from_epoch(one.end))
                    self.note(connection, "collect again", collector, window)
            stale = seen is not None and coverage.collected(connection, collector) != list(seen)
            open_ones = runs.give_way(connection, open_ones, () if stale else planned, now)
            fresh = {
                runs.insert(connection, collector, one, now): one
                for one in apart(() if stale else planned, [run.window for run in open_ones])
            }
            self.step("plan.writing")
            waiting = [run.id for run in open_ones if run.state != State.RUNNING]
            priorities = {run.id: run.priority for run in open_ones}
            priorities |= {run_id: one.priority for run_id, one in fresh.items()}
            busy = [run for run in open_ones if run.state == State.RUNNING]
            return Plan([*waiting, *fresh], priorities, busy, stale=stale, fresh=tuple(fresh))

        plan = self.database.write(work)
        self.step("plan.written")
        return plan

    def note_look(self, collectors: Sequence[str]) -> None:
        """Note that these documents were looked at just now, and are as they were collected."""
        now, names = self.now(), sorted(collectors)
        self.database.write(lambda connection: histories.note_look(connection, names, now))

    def claim(self, run_id: int) -> Run | None:
        """Take a run; None where another process has it, or its time has not come."""
        now = self.now()
        run = self.database.write(
            lambda connection: runs.claim(connection, run_id, self.owner, now)
        )
        self.step("claim.written")
        return run

    def note_wait(self, run: Run, reason: str, until: int | None) -> None:
        """Note for what a run waits, and until when; LeaseLost where it is not ours.

        Once it goes on, that is its own reason, and None.
        """
        self.database.write(
            lambda connection: runs.note_wait(connection, run, self.owner, reason, until)
        )

    def heartbeat(self, run_ids: Sequence[int]) -> None:
        """Prolong the leases of these runs and of every lane of this process."""

        def work(connection: Connection) -> None:
            runs.prolong(connection, run_ids, self.owner, self.now())
            lanes.prolong(connection, self.owner, self.now())

        self.database.write(work)

    def source_state(self, collector: str) -> dict[str, str]:
        """Give what the collector's source remembers from its last success."""
        return self.database.read(lambda connection: histories.source_state(connection, collector))

    def lanes_for(
        self, targets: Iterable[str], data_set: DataSet, limit: int, *, replace: bool = False
    ) -> Lanes:
        """Give the lanes that a run is about to write to; those over ``limit`` bytes are full.

        With ``replace`` none is: what waits there will give way to what the run finds.
        """
        name, names = str(data_set), list(targets)

        def look(connection: Connection) -> list[tuple[int, int] | None]:
            return [lanes.sized(connection, target, name) for target in names]

        def make(connection: Connection) -> list[tuple[int, int]]:
            return [lanes.ensure_sized(connection, target, name) for target in names]

        known = [one for one in self.database.look(look) if one is not None]
        sizes = dict(known if len(known) == len(names) else self.database.write(make))
        return Lanes(
            data_set=name,
            open=[lane for lane, size in sizes.items() if replace or size < limit],
            full=[lane for lane, size in sizes.items() if not replace and size >= limit],
            replace=replace,
        )

    def write_chunk(self, run: Run, to: Lanes, chunk: Chunk) -> None:
        """Keep a chunk of a window that is still being read; LeaseLost where it is not ours."""

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
        state: Mapping[str, str] | None = None,
    ) -> None:
        """Keep the last chunk and, in the same transaction, that the window is collected.

        ``state`` is what the source remembers; None where that is what it was.
        """

        def work(connection: Connection) -> None:
            now = self.now()
            histories.hold(connection, run.collector)
            reason = windows.finish(connection, run, to, last, result, now)
            runs.end_held(
                connection,
                run,
                self.owner,
                now,
                state=State(result.state),
                reason=reason,
                end=run.end,
                readings=result.readings,
                observations=result.observations,
                rejected=result.rejected,
                warnings=result.warnings,
                waited=result.waited,
            )
            if state is not None:
                histories.remember(connection, run.collector, state)
            self.step("window.writing")

        self.database.write(work)
        self.step("window.written")

    def end(self, run: Run, state: State, reason: str, **more: Any) -> None:
        """Write that a run ended without its window: failed, parked, not yet."""

        def work(connection: Connection) -> None:
            snapshots.drop_held(connection, run)
            runs.end_held(
                connection, run, self.owner, self.now(), state=state, reason=reason, **more
            )

        self.database.write(work)

    def _still_open(self, connection: Connection, collector: str, now: int) -> list[Run]:
        """Give the runs that have not ended; those whose process died end here."""
        found = runs.open_runs(connection, collector)
        lost = runs.reap(connection, found, self.owner, now)
        for run in found:
            if run.id in lost:
                snapshots.drop_held(connection, run)
        return [run for run in found if run.id not in lost]

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


def apart(planned: Sequence[Planned], taken: Sequence[Interval]) -> list[Planned]:
    """Give the windows that overlap neither what is taken nor one another."""
    held, apart = list(taken), []
    for one in planned:
        window = (one.start, one.end)
        if not any(overlap(window, other) for other in held):
            held.append(window)
            apart.append(one)
    return apart
