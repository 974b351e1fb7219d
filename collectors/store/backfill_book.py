"""The backfills of the store. Each public method is one transaction."""

import getpass
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.intervals import Interval
from collectors.store import backfill_progress, backfill_settling, backfills
from collectors.store.backfill_progress import BackfillProgress, Speed
from collectors.store.backfills import Backfill, BackfillPart, BackfillState, PartState
from collectors.store.coverage import Stretch
from collectors.store.daemon_tables import backfill_parts as part_rows
from collectors.store.daemon_tables import backfills as rows
from collectors.store.part import Part
from collectors.store.runs import Planned, State
from collectors.store.tables import runs as run_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillChunk:
    """A stretch of one collector that holds so many periods to be collected.

    That asks ``requests`` of its source, against the quota ``keys``.
    """

    collector: str
    start: int
    end: int
    periods: int
    requests: int = 0
    keys: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BackfillOrder:
    """What somebody asks for: its ``chunks`` in the order in which they are to be collected.

    ``start`` and ``end`` are local days, the last one included.
    """

    what: str
    start: str
    end: str
    chunk: str
    newest_first: bool
    force: bool
    chunks: Sequence[BackfillChunk]


class BackfillBook(Part):
    """What somebody asked for of the past, and how far it is."""

    def create(self, order: BackfillOrder) -> int:
        """Write down a backfill, which runs from now on; gives its number.

        What is forced leaves a trace in the audit.
        """

        def work(connection: Connection) -> int:
            values = {
                name: getattr(order, name) for name in BackfillOrder.__slots__ if name != "chunks"
            }
            values |= {"created_at": self.now(), "who": getpass.getuser()}
            values |= {"state": BackfillState.RUNNING}
            key = connection.execute(rows.insert(), values).inserted_primary_key
            assert key is not None  # noqa: S101 - a table with a key gives one
            backfill_id = int(key[0])
            connection.execute(part_rows.insert(), _parts(backfill_id, order.chunks))
            if order.force:
                self._note_forced(connection, order)
            self.step("plan.writing")
            return backfill_id

        made = self.database.write(work)
        self.step("plan.written")
        return made

    def settle(self) -> None:
        """Write what became of parts whose runs have ended, and of backfills whose parts have."""
        if self.database.read(backfill_settling.has_ended_runs):
            self.database.write(lambda connection: backfill_settling.settle(connection, self.now()))

    def running(self, only: Collection[int] | None = None) -> list[Backfill]:
        """Give those that go on, the oldest first; of ``only`` these, where that is given."""
        return self.database.read(lambda connection: backfills.running(connection, only))

    def under_way(self, backfill_id: int) -> int:
        """Give how many of its parts have a run that is due or running, not parked."""
        return self.database.read(lambda connection: backfills.under_way(connection, backfill_id))

    def waiting(self, backfill_id: int, after: int, limit: int) -> list[BackfillPart]:
        """Give its next parts beyond the position ``after`` whose time has come, in order."""
        return self.database.read(
            lambda connection: backfills.waiting(connection, backfill_id, after, self.now(), limit)
        )

    def enter(self, part: BackfillPart, planned: Planned, seen: Sequence[Stretch]) -> int | None:
        """Write down the next run of a part; None where it may not be, or not now.

        ``seen`` is the coverage that it follows from. It waits for every open run of its window.
        """

        def work(connection: Connection) -> int | None:
            now = self.now()
            entered = backfills.enter(connection, part, planned, seen, self.owner, now)
            self.step("plan.writing")
            return entered

        run_id = self.database.write(work)
        self.step("plan.written")
        return run_id

    def end(self, part: BackfillPart, state: PartState, reason: str) -> None:
        """Write that a waiting part has ended without another run."""
        self.database.write(
            lambda connection: backfills.end(connection, part, state, reason, self.now())
        )

    def lose(self, part: BackfillPart, lost: Interval, periods: int, reason: str) -> None:
        """Let a waiting part go on behind what is lost, so many periods, which fail as a part."""
        self.database.write(
            lambda connection: backfills.lose(connection, part, lost, periods, reason, self.now())
        )

    def unfinished(self, backfill_id: int) -> set[str]:
        """Give the collectors of which a part has not ended."""
        query = sa.select(part_rows.c.collector).distinct()
        query = query.where(
            part_rows.c.backfill_id == backfill_id, part_rows.c.state.in_(backfills.UNFINISHED)
        )
        return set(self.database.read(lambda connection: connection.execute(query).scalars().all()))

    def due(self, only: Collection[int], limit: int) -> list[tuple[int, str]]:
        """Give what nobody has begun of the collectors of these backfills: runs, collectors.

        The most urgent come first, of whatever kind: a part waits for every other run of its time.
        """
        now = self.now()
        table = run_rows.c
        mine = sa.select(part_rows.c.collector).where(
            part_rows.c.backfill_id.in_(only), part_rows.c.state.in_(backfills.UNFINISHED)
        )
        parked = sa.and_(table.state == State.PARKED, table.not_before <= now)
        query = (
            sa.select(table.id, table.collector)
            .where(table.collector.in_(mine), sa.or_(table.state == State.DUE, parked))
            .order_by(table.priority, table.id)
            .limit(limit)
        )
        found = self.database.read(lambda connection: connection.execute(query).all())
        return [(row.id, row.collector) for row in found]

    def get(self, backfill_id: int) -> Backfill | None:
        """Give one backfill; None where there is none of this number."""
        return self.database.read(lambda connection: backfills.get(connection, backfill_id))

    def parts(self, backfill_id: int) -> list[BackfillPart]:
        """Give the parts of a backfill, in the order in which they are collected."""
        query = sa.select(part_rows).where(part_rows.c.backfill_id == backfill_id)
        query = query.order_by(part_rows.c.position, part_rows.c.id)
        found = self.database.read(lambda connection: connection.execute(query).mappings().all())
        return [backfills.part_of_row(row) for row in found]

    def failed(self) -> list[BackfillPart]:
        """Give every part that failed, of backfills that were not cancelled, oldest first."""
        query = sa.select(part_rows).join(rows, rows.c.id == part_rows.c.backfill_id)
        query = query.where(part_rows.c.state == PartState.FAILED)
        query = query.where(rows.c.state != BackfillState.CANCELLED).order_by(part_rows.c.id)
        found = self.database.read(lambda connection: connection.execute(query).mappings().all())
        return [backfills.part_of_row(row) for row in found]

    def progress(self, ids: Sequence[int] | None = None) -> list[BackfillProgress]:
        """Tell how far these backfills have come, or all of them, the oldest first."""
        now = self.now()
        return self.database.read(lambda it: backfill_progress.progress(it, now, ids))

    def speeds(self, collectors: Sequence[str], limit: int = 200) -> list[Speed]:
        """Give what the last good runs of these collectors took, the newest first."""
        return self.database.read(
            lambda connection: backfill_progress.speeds(connection, collectors, limit)
        )

    def pause(self, backfill_id: int) -> bool:
        """Begin nothing more of it until it is resumed; False where it does not run."""
        return self._stop(backfill_id, (BackfillState.RUNNING,), BackfillState.PAUSED)

    def resume(self, backfill_id: int) -> bool:
        """Let it go on, and try at once what waits after a failure; False where it has ended."""

        def work(connection: Connection) -> bool:
            before = (BackfillState.RUNNING, BackfillState.PAUSED)
            if not backfills.change_state(connection, backfill_id, before, BackfillState.RUNNING):
                return False
            backfills.wait_no_longer(connection, backfill_id)
            return True

        return self.database.write(work)

    def cancel(self, backfill_id: int) -> bool:
        """Begin nothing more of it, for good; False where it has ended. What runs may end."""
        before = (BackfillState.RUNNING, BackfillState.PAUSED)
        return self._stop(backfill_id, before, BackfillState.CANCELLED)

    def retry(self, backfill_id: int) -> int:
        """Let its failed parts be tried again; gives how many. One that was cancelled stays so."""

        def work(connection: Connection) -> int:
            before = (BackfillState.RUNNING, BackfillState.PAUSED, BackfillState.FAILED)
            if not backfills.change_state(connection, backfill_id, before, BackfillState.RUNNING):
                return 0
            return backfills.retry(connection, backfill_id)

        return self.database.write(work)

    def _stop(
        self, backfill_id: int, before: Collection[BackfillState], after: BackfillState
    ) -> bool:
        def work(connection: Connection) -> bool:
            now = self.now()
            ended = now if after is BackfillState.CANCELLED else None
            if not backfills.change_state(connection, backfill_id, before, after, ended):
                return False
            backfills.withdraw(connection, backfill_id, f"the backfill was {after}", now)
            backfill_settling.settle(connection, now)
            self.note(connection, "backfill", str(backfill_id), str(after))
            return True

        return self.database.write(work)

    def _note_forced(self, connection: Connection, order: BackfillOrder) -> None:
        for collector in sorted({one.collector for one in order.chunks}):
            days = f"{order.start} - {order.end}"
            self.note(connection, "collect again", collector, days)


def _parts(backfill_id: int, chunks: Sequence[BackfillChunk]) -> list[dict[str, object]]:
    return [
        {
            "backfill_id": backfill_id,
            "position": position,
            "collector": one.collector,
            "start": one.start,
            "end": one.end,
            "reached": one.start,
            "periods": one.periods,
            "state": PartState.WAITING,
            "attempts": 0,
            "reason": "",
            "requests": one.requests,
            "quota_keys": orjson.dumps(list(one.keys)).decode(),
        }
        for position, one in enumerate(chunks)
    ]
