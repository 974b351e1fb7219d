"""Bringing a lane up to date from a copy: what the lane is owed, and how that is paid.

A record read from the copy must not overwrite anything newer. So a stretch is paid only while the
copy has all of it, nothing of it waits for the copy, and nobody collects it; and only if no run of
whoever writes the data set has been planned since the copy was read. What is collected later comes
later in the lane, by its run. Each public method is one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from collectors.intervals import Interval, intersect, overlap, subtract, union
from collectors.store import coverage, histories, lanes, outbox, runs, snapshots, windows
from collectors.store.coverage import DELIVERED, OWED
from collectors.store.outbox import Chunk
from collectors.store.part import Part
from collectors.store.runs import REFILL, Planned, Run, State
from collectors.store.view import Debt
from collectors.store.windows import Lanes, Piece

LOOSE = "targets fill"
"""Stands for a collector where records came to the copy otherwise; a real one has no blank."""

PRIORITY = 4
_DAY = 86_400
"""What a stretch is widened by, in seconds, where two collectors may count in different zones."""


@dataclass(frozen=True, slots=True)
class Payable:
    """What of a debt may be paid now, and the newest run that was planned when it was looked at."""

    stretches: Sequence[Interval]
    newest: int


class Filling(Part):
    """What lanes are owed, and how it is paid. ``copy`` is the target that is read."""

    def begin(self, target: str, detail: str) -> None:
        """Leave a trace in the audit that a target is filled."""
        self.database.write(
            lambda connection: self.note(connection, "targets fill", target, detail)
        )

    def owe(
        self,
        target: str,
        copy: str,
        data_set: str,
        collector: str,
        *,
        loose: Sequence[Interval] | None = None,
        replace: bool = False,
        dry: bool = False,
    ) -> list[Interval]:
        """Owe a target what the copy has of a collector and the target has not, nor waits for it.

        Gives all that it is owed then. ``loose`` are the stretches of records of no collector;
        with ``replace`` a target that has the latest snapshot is owed nothing. A ``dry`` one is
        only looked at.
        """

        def work(connection: Connection) -> list[Interval]:
            held = loose if loose is not None else _held(connection, copy, data_set, collector)
            lane_id = lanes.find(connection, target, data_set)
            if dry and lane_id is None:
                return list(held)
            lane_id = lane_id or lanes.ensure(connection, target, data_set)
            has = coverage.lane_intervals(connection, lane_id, collector, DELIVERED)
            waits = outbox.outstanding(connection, lane_id, collector, snapshots.EVERYTHING, 0)
            owed = coverage.lane_intervals(connection, lane_id, collector, OWED)
            lacking = subtract(held, [*has, *waits])
            if replace and not _reaches(lacking, held):
                lacking = []
            if not dry:
                coverage.set_lane_intervals(connection, lane_id, collector, OWED, add=lacking)
            return union(owed, lacking)

        def locked(connection: Connection) -> list[Interval]:
            histories.lock(connection, collector)
            return work(connection)

        if dry:
            return self.database.read(work)
        owed = self.database.write(locked)
        self.step("owe.written")
        return owed

    def held(self, copy: str, data_set: str, collector: str) -> list[Interval]:
        """Give the stretches of a collector that the copy has, as far as it has all of them."""
        return self.database.read(lambda connection: _held(connection, copy, data_set, collector))

    def payable(self, debt: Debt, copy: str) -> Payable:
        """Give what of a debt may be paid now."""
        return self.database.read(lambda connection: _payable(connection, debt, copy))

    def pay(self, debt: Debt, copy: str, seen: Payable, pieces: Sequence[Piece]) -> bool:
        """Enter pieces that join into the lane; False where they may not be paid any more."""
        start, end = pieces[0].start, pieces[-1].end

        def work(connection: Connection) -> bool:
            _lock(connection, debt, copy)
            now = _payable(connection, debt, copy)
            if now.newest != seen.newest or subtract([(start, end)], now.stretches):
                return False
            run = self._done(connection, debt, (start, end))
            windows.pay(connection, run, debt.lane.id, pieces, self.now())
            self.step("fill.writing")
            return True

        paid = self.database.write(work)
        self.step("fill.written")
        return paid

    def begin_snapshot(self, debt: Debt, copy: str) -> Run | None:
        """Begin to fill in a snapshot, which nobody may collect meanwhile; None if not now."""

        def work(connection: Connection) -> Run | None:
            _lock(connection, debt, copy)
            seen = _payable(connection, debt, copy)
            collected = coverage.collected(connection, debt.collector)
            held = _held(connection, copy, debt.lane.data_set, debt.collector)
            if not (seen.stretches and collected and _reaches(held, [(0, collected[-1].end)])):
                return None
            planned = _planned(debt, snapshots.EVERYTHING)
            run_id = runs.insert(connection, debt.collector, planned, self.now())
            return runs.claim(connection, run_id, self.owner, self.now())

        return self.database.write(work)

    def write_snapshot(self, run: Run, debt: Debt, body: bytes, count: int, size: int) -> None:
        """Keep a part of a snapshot, held until all of it is there."""

        def work(connection: Connection) -> None:
            runs.hold(connection, run, self.owner, self.now())
            to = Lanes(data_set=debt.lane.data_set, open=[debt.lane.id], replace=True)
            latest = coverage.collected(connection, debt.collector)[-1]
            chunk = Chunk(
                start=latest.start,
                end=latest.end,
                body=body,
                count=count,
                size=size,
                ids={},
                readings=0,
            )
            windows.write_chunk(connection, run, to, chunk, self.now())
            self.step("chunk.writing")

        self.database.write(work)
        self.step("chunk.written")

    def end_snapshot(self, run: Run, debt: Debt) -> None:
        """Let a snapshot leave that has been filled in whole."""

        def work(connection: Connection) -> None:
            histories.lock(connection, debt.collector)
            runs.hold(connection, run, self.owner, self.now())
            snapshots.release(connection, run, [debt.lane.id], self.now())
            runs.end(connection, run.id, State.DONE, run.reason, self.now())
            self.step("fill.writing")

        self.database.write(work)
        self.step("fill.written")

    def _done(self, connection: Connection, debt: Debt, window: Interval) -> Run:
        run_id = runs.insert(connection, debt.collector, _planned(debt, window), self.now())
        runs.end(connection, run_id, State.DONE, f"owed to {debt.lane.name}", self.now())
        return runs.get(connection, run_id)


def _planned(debt: Debt, window: Interval) -> Planned:
    return Planned(
        start=window[0],
        end=window[1],
        kind=REFILL,
        priority=PRIORITY,
        reason=f"owed to {debt.lane.name}",
    )


def _held(connection: Connection, copy: str, data_set: str, collector: str) -> list[Interval]:
    lane_id = lanes.find(connection, copy, data_set)
    if lane_id is None:
        return []
    return coverage.lane_intervals(connection, lane_id, collector, DELIVERED)


def _reaches(one: Sequence[Interval], other: Sequence[Interval]) -> bool:
    return bool(one and other) and one[-1][1] >= other[-1][1]


def _lock(connection: Connection, debt: Debt, copy: str) -> None:
    for name in _writers(connection, debt, copy):
        histories.lock(connection, name)


def _writers(connection: Connection, debt: Debt, copy: str) -> list[str]:
    lane_id = lanes.find(connection, copy, debt.lane.data_set)
    known = coverage.delivering(connection, lane_id) if lane_id is not None else []
    return sorted({*known, debt.collector})


def _payable(connection: Connection, debt: Debt, copy: str) -> Payable:
    writers = _writers(connection, debt, copy)
    newest = max(runs.newest(connection, name, without=REFILL) for name in writers)
    whole = (debt.start, debt.end)
    owed = coverage.lane_intervals(connection, debt.lane.id, debt.collector, OWED)
    found = intersect([whole], owed)
    if debt.collector != LOOSE:
        held = _held(connection, copy, debt.lane.data_set, debt.collector)
        found = intersect(found, held)
    own, others = _busy(connection, debt, copy, writers)
    if any(overlap(whole, (start - _DAY, end + _DAY)) for start, end in others):
        found = []
    return Payable(subtract(found, own), newest)


def _busy(
    connection: Connection, debt: Debt, copy: str, writers: Sequence[str]
) -> tuple[list[Interval], list[Interval]]:
    """Give what is being collected or waits for the copy: of the collector, and of others."""
    lane_id = lanes.find(connection, copy, debt.lane.data_set)
    entries = outbox.entries(connection, lane_id) if lane_id is not None else []
    busy = [(one.collector, (one.start, one.end)) for one in entries]
    busy += [(name, window) for name in writers for window in runs.open_windows(connection, name)]
    own = [window for name, window in busy if name == debt.collector]
    return own, [window for name, window in busy if name != debt.collector]
