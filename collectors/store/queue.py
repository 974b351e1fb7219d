"""The due queue: runs that wait for a worker, entered by ticks and taken by priority and age."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy.engine import Connection

from collectors.intervals import subtract
from collectors.store import coverage, histories, runs, snapshots, ticks
from collectors.store.coverage import Stretch
from collectors.store.ledger import Plan, apart
from collectors.store.part import Part
from collectors.store.runs import Planned, Run, State
from collectors.store.ticks import Noted


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What is due of one collector, as it follows from the coverage that was ``seen``.

    ``origin`` is where its history begins, if it was never planned before. ``at`` are the ticks
    that asked, in seconds since 1970; ``idle`` is why nothing is due, where nothing is. What is
    looked at for an ``instant`` has no past.
    """

    collector: str
    planned: Sequence[Planned]
    seen: Sequence[Stretch]
    origin: int | None = None
    at: Sequence[int] = ()
    idle: str = ""
    instant: bool = False


@dataclass(frozen=True, slots=True)
class _Compared:
    """A proposal beside the runs that are open; ``fresh`` of it is still to be written."""

    proposal: Proposal
    open_ones: Sequence[Run]
    fresh: Sequence[Planned]
    stale: bool

    def plan(self, ids: Iterable[int]) -> Plan:
        """Give the plan, once what is fresh has these ids."""
        fresh = dict(zip(ids, self.fresh, strict=True))
        waiting = [run.id for run in self.open_ones if run.state != State.RUNNING]
        priorities = {run.id: run.priority for run in self.open_ones}
        priorities |= {run_id: planned.priority for run_id, planned in fresh.items()}
        busy = [run for run in self.open_ones if run.state == State.RUNNING]
        return Plan(
            [*waiting, *fresh],
            priorities,
            busy,
            stale=self.stale,
            fresh=tuple(fresh),
            postponed=self._postponed(),
        )

    def _postponed(self) -> bool:
        wanted = [] if self.stale else [(one.start, one.end) for one in self.proposal.planned]
        fresh = [(one.start, one.end) for one in self.fresh]
        return bool(subtract(wanted, [*fresh, *(run.window for run in self.open_ones)]))


class Queue(Part):
    """Runs that wait for a worker."""

    def enter(self, proposals: Sequence[Proposal]) -> dict[str, Plan]:
        """Write down what is due of many collectors and what became of their ticks.

        A plan is ``stale`` where coverage has changed since: then nothing new of it is written,
        its tick neither. Runs whose process has died are ended first.
        """

        def work(connection: Connection) -> dict[str, Plan]:
            now = self.now()
            found = self._compared(connection, proposals, now)
            due = [(one.proposal.collector, fresh) for one in found for fresh in one.fresh]
            ids = iter(runs.insert_all(connection, due, now))
            plans = {one.proposal.collector: one.plan(islice(ids, len(one.fresh))) for one in found}
            good = [one for one in proposals if not plans[one.collector].stale]
            noted = [note for one in good for note in _noted(one, plans[one.collector], now)]
            ticks.write(connection, noted)
            self.step("plan.writing")
            return plans

        if not proposals:
            return {}
        plans = self.database.write(work)
        self.step("plan.written")
        return plans

    def take(self, limit: int, kinds: Collection[str] = ()) -> list[Run]:
        """Take up to ``limit`` runs whose time has come, of these kinds or of any."""

        def work(connection: Connection) -> list[Run]:
            now = self.now()
            ready = runs.ready(connection, limit, kinds, now, hold=True)
            taken = [runs.claim(connection, run_id, self.owner, now) for run_id in ready]
            return [run for run in taken if run is not None]

        if not self.database.look(lambda it: runs.ready(it, 1, kinds, self.now(), hold=False)):
            return []
        taken = self.database.write(work)
        self.step("claim.written")
        return taken

    def put_back(self, run_ids: Collection[int], reason: str) -> None:
        """End runs of this process that it will not finish; their windows are due again."""

        def work(connection: Connection) -> None:
            for run_id in sorted(run_ids):
                run = runs.get(connection, run_id)
                if run.state == State.RUNNING and run.owner == str(self.owner):
                    snapshots.drop_held(connection, run)
                    runs.end(connection, run_id, State.LOST, reason, self.now())

        self.database.write(work)

    def withdraw(self, collectors: Mapping[str, str]) -> int:
        """End what waits for a worker of these collectors, each with its reason; gives how many."""

        def work(connection: Connection) -> int:
            waiting = runs.waiting(connection)
            gone = [(run_id, collectors[name]) for run_id, name in waiting if name in collectors]
            for run_id, reason in gone:
                runs.end(connection, run_id, State.SUPERSEDED, reason, self.now())
            return len(gone)

        return self.database.write(work)

    def waiting(self) -> set[str]:
        """Give the collectors of which something waits for a worker, now or until later."""
        return {name for _, name in self.database.read(runs.waiting)}

    def reap(self) -> int:
        """End every run whose process has died; gives how many."""

        def work(connection: Connection) -> int:
            return len(self._reap(connection, runs.running(connection), self.now()))

        return self.database.write(work)

    def _compared(
        self, connection: Connection, proposals: Sequence[Proposal], now: int
    ) -> list["_Compared"]:
        """Hold what the collectors have, and compare it with what is proposed."""
        names = [one.collector for one in proposals]
        begun = {one.collector: one.origin for one in proposals if one.origin is not None}
        histories.lock_all(connection, names, begun)
        open_ones = runs.open_of(connection, names)
        lost = self._reap(connection, [run for found in open_ones.values() for run in found], now)
        covered = coverage.collected_by(connection, names)
        compared = []
        for one in proposals:
            mine = [run for run in open_ones.get(one.collector, ()) if run.id not in lost]
            reaped = len(mine) < len(open_ones.get(one.collector, ()))
            stale = reaped or covered.get(one.collector, []) != list(one.seen)
            planned = () if stale else one.planned
            mine = runs.give_way(connection, mine, planned, now)
            fresh = apart(planned, [run.window for run in mine])
            compared.append(_Compared(one, mine, fresh, stale))
        return compared

    def _reap(self, connection: Connection, found: Sequence[Run], now: int) -> set[int]:
        lost = runs.reap(connection, found, self.owner, now)
        for run in found:
            if run.id in lost:
                snapshots.drop_held(connection, run)
        return lost


def _noted(one: Proposal, plan: Plan, now: int) -> list[Noted]:
    """Tell what became of each tick: the last one planned, those before it came too late for it."""
    if not one.at:
        return []
    *earlier, last = one.at
    told = [_overtaken(one, earlier, now)] if earlier else []
    return [*told, _last(one, plan, last, now)]


def _overtaken(one: Proposal, earlier: Sequence[int], now: int) -> Noted:
    """Tell of ticks that were not planned before the next one came."""
    reason = "the tick after it, which planned what was due"
    if one.instant:
        reason = "an instant passed before it was planned, and does not come again"
    return Noted(
        collector=one.collector,
        at=earlier[-1],
        seen_at=now,
        outcome=ticks.TickOutcome.SKIPPED if one.instant else ticks.TickOutcome.JOINED,
        reason=reason,
        count=len(earlier),
    )


def _last(one: Proposal, plan: Plan, at: int, now: int) -> Noted:
    if plan.fresh:
        return Noted.planned(one.collector, at, now, plan.fresh[0])
    open_ones = [*(run.id for run in plan.busy), *plan.runs]
    joined = bool(one.planned and open_ones)
    return Noted(
        collector=one.collector,
        at=at,
        seen_at=now,
        outcome=ticks.TickOutcome.JOINED if joined else ticks.TickOutcome.SKIPPED,
        reason=f"run {open_ones[0]} has not ended" if joined else one.idle,
        run_id=open_ones[0] if joined else None,
    )
