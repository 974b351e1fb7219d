"""Looking into the store; nothing is written here."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.clock import from_epoch
from collectors.store import coverage, dead_letters, lanes, looking, outbox, runs, tables
from collectors.store.coverage import OWED
from collectors.store.dead_letters import DeadLetter
from collectors.store.lanes import Depth, Lane
from collectors.store.outbox import Entry
from collectors.store.part import Part
from collectors.store.runs import Run

AT_ONCE = 500
"""How many collectors one query names; SQLite takes no more than some thousand values."""


_NO_ANSWER = (runs.State.RUNNING, runs.State.MISSED)
_FIRST_PLANNED = (
    sa.select(tables.runs.c.planned_at)
    .where(tables.runs.c.collector == tables.collectors.c.name)
    .order_by(tables.runs.c.id)
    .limit(1)
    .scalar_subquery()
    .label("planned_at")
)
_COLLECTORS = sa.select(
    tables.collectors.c.name,
    tables.collectors.c.origin,
    tables.collectors.c.looked_at,
    _FIRST_PLANNED,
).where(tables.collectors.c.name.in_(sa.bindparam("names", expanding=True)))


@dataclass(frozen=True, slots=True)
class Debt:
    """A stretch of a collector that a lane is owed; ``waiting`` is bytes that wait there."""

    lane: Lane
    waiting: int
    collector: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows of one collector, of one moment.

    ``origin`` is where its history begins, None where it was never planned; ``stretches`` are what
    is collected, in order of time; ``debts`` are what lanes are owed. ``planned_at`` is when its
    first run was planned; ``looked_at`` is when a document was last found unchanged.
    """

    origin: datetime | None = None
    stretches: Sequence[coverage.Stretch] = ()
    debts: Sequence[Debt] = ()
    planned_at: datetime | None = None
    looked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """What of a collector waits in a lane: so many observations, the oldest since ``since``."""

    lane: Lane
    observations: int
    since: int


class View(Part):
    """What the store holds, for commands and pages."""

    def run(self, run_id: int) -> Run:
        """Give one run by its id."""
        return self._as_it_is(self.database.read(lambda it: runs.get(it, run_id)))

    def latest_runs(self) -> dict[str, Run]:
        """Give the last run of each collector that has begun, but for backfills."""
        found = self.database.read(looking.latest)
        return {name: self._as_it_is(run) for name, run in found.items()}

    def latest_ended(self, begun: Mapping[str, Run]) -> dict[str, Run]:
        """Give the last run of each collector that has ended, or is parked, but for backfills.

        ``begun`` are the ``latest_runs``: where one of them has ended, it is that.
        """
        others = [name for name, run in begun.items() if run.state in _NO_ANSWER]
        ended = {name: begun[name] for name in begun.keys() - others}
        if not others:
            return ended
        of = others if len(others) <= AT_ONCE else None
        return ended | self.database.read(
            lambda connection: looking.latest(connection, without=_NO_ANSWER, of=of)
        )

    def runs(
        self,
        *,
        collector: str | None = None,
        states: Collection[str] = (),
        before: int | None = None,
        limit: int = 100,
    ) -> list[Run]:
        """Give the runs planned last, the newest first; ``before`` is the id where a page ends."""

        def work(connection: Connection) -> list[Run]:
            lost = looking.gone(connection, self.owner, self.now()) if states else ()
            return looking.listed(
                connection,
                collector=collector,
                states=states,
                before=before,
                limit=limit,
                lost=lost,
            )

        return [self._as_it_is(run) for run in self.database.read(work)]

    def _as_it_is(self, run: Run) -> Run:
        return looking.as_it_is(run, self.owner, self.now())

    def open_counts(self) -> dict[tuple[str, str], int]:
        """Give how many runs have not ended, by kind and state."""
        table = tables.runs.c
        query = sa.select(table.kind, table.state, sa.func.count())
        query = query.where(table.state.in_(runs.OPEN)).group_by(table.kind, table.state)
        rows = self.database.read(lambda connection: connection.execute(query).all())
        return {(kind, state): int(count) for kind, state, count in rows}

    def depths(self, *, empty_too: bool = False) -> list[Depth]:
        """Give what waits in each lane."""
        return self.database.read(lambda connection: lanes.depths(connection, empty_too=empty_too))

    def lanes(self) -> list[Lane]:
        """Give every lane."""
        return list(self.database.read(lanes.every).values())

    def lane_intervals(self, lane_id: int, collector: str, state: str) -> list[tuple[int, int]]:
        """Give what a lane has, or is owed, of a collector."""
        return self.database.read(
            lambda connection: coverage.lane_intervals(connection, lane_id, collector, state)
        )

    def entries(self, lane_id: int | None = None) -> list[Entry]:
        """Give the entries of the outbox, oldest first."""
        return self.database.read(lambda connection: outbox.entries(connection, lane_id))

    def dead_letters(self, data_set: str | None = None) -> list[DeadLetter]:
        """Give the dead letters, oldest first."""
        return self.database.read(lambda connection: dead_letters.listed(connection, data_set))

    def newest_dead_letters(
        self,
        *,
        data_set: str | None = None,
        collector: str | None = None,
        before: int | None = None,
        limit: int = 100,
    ) -> list[DeadLetter]:
        """Give the dead letters buried last, the newest first; ``before`` ends a page."""
        return self.database.read(
            lambda connection: dead_letters.newest(
                connection, data_set=data_set, collector=collector, before=before, limit=limit
            )
        )

    def dead_letter_reasons(self, limit: int = 100) -> list[tuple[str, str, int]]:
        """Give the commonest reasons: the data set, the reason, how many letters bear it."""
        return self.database.read(lambda connection: dead_letters.reasons(connection, limit))

    def dead_letter_counts(self) -> dict[str, int]:
        """Give how many dead letters each collector has."""
        return self.database.read(dead_letters.counts)

    def audit(self) -> list[tuple[int, str, str, str, str]]:
        """Give the audit: time, who, action, subject, detail; oldest first."""
        table = tables.audit.c
        query = sa.select(table.at, table.who, table.action, table.subject, table.detail)
        rows = self.database.read(
            lambda connection: connection.execute(query.order_by(table.id)).all()
        )
        return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]

    def fingerprints(self) -> dict[str, set[str]]:
        """Give the fingerprints under which the stretches of each collector were collected."""
        table = tables.coverage.c
        query = sa.select(table.collector, table.fingerprint).distinct()
        found: dict[str, set[str]] = {}
        for name, fingerprint in self.database.read(
            lambda connection: connection.execute(query).all()
        ):
            found.setdefault(name, set()).add(fingerprint)
        return found

    def owed(self, collector: str | None = None) -> list[Debt]:
        """Give what is owed to lanes that were full, of one collector or of all."""
        names = None if collector is None else [collector]
        return self.database.read(lambda connection: _owed(connection, names))

    def histories(self, collectors: Sequence[str]) -> Mapping[str, History]:
        """Give what is known of these collectors, all of one moment, in few queries."""
        found: dict[str, History] = {}

        def work(connection: Connection) -> None:
            for first in range(0, len(collectors), AT_ONCE):
                found.update(_histories(connection, collectors[first : first + AT_ONCE]))

        self.database.read(work)
        return {name: found.get(name, History()) for name in collectors}

    def collected(self, collector: str) -> list[coverage.Stretch]:
        """Give the collected stretches of a collector, in order of time."""
        return self.database.read(lambda connection: coverage.collected(connection, collector))

    def origin(self, collector: str) -> datetime | None:
        """Give where the collector's history begins; None where it was never planned."""
        query = sa.select(tables.collectors.c.origin).where(tables.collectors.c.name == collector)
        known = self.database.read(lambda connection: connection.execute(query).scalar())
        return None if known is None else from_epoch(known)

    def queued(self) -> dict[str, list[Queued]]:
        """Give what of each collector waits to be delivered, lane by lane."""

        def work(connection: Connection) -> dict[str, list[Queued]]:
            rows = outbox.queued(connection)
            known = lanes.every(connection) if rows else {}
            found = defaultdict[str, list[Queued]](list)
            for name, lane_id, observations, since in rows:
                one = Queued(lane=known[lane_id], observations=observations, since=since)
                found[name].append(one)
            return found

        return self.database.read(work)


def _histories(connection: Connection, names: Sequence[str]) -> dict[str, History]:
    stretches = coverage.collected_by(connection, names)
    debts = defaultdict[str, list[Debt]](list)
    for debt in _owed(connection, names):
        debts[debt.collector].append(debt)
    return {
        row.name: History(
            origin=_moment(row.origin),
            stretches=stretches.get(row.name, ()),
            debts=debts.get(row.name, ()),
            planned_at=_moment(row.planned_at),
            looked_at=_moment(row.looked_at),
        )
        for row in connection.execute(_COLLECTORS, {"names": list(names)})
    }


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else from_epoch(seconds)


def _owed(connection: Connection, collectors: Sequence[str] | None) -> list[Debt]:
    table = tables.lane_coverage.c
    query = sa.select(table.lane_id, table.collector, table.start, table.end)
    query = query.where(table.state == OWED).order_by(table.lane_id, table.start)
    if collectors is not None:
        query = query.where(table.collector.in_(collectors))
    rows = connection.execute(query).all()
    sizes = outbox.sizes(connection, [row[0] for row in rows]) if rows else {}
    return [Debt(lanes.get(connection, lane), sizes[lane], *rest) for lane, *rest in rows]
