"""Gives lanes what they are owed, from the embedded copy as far as that has it.

A debt is paid piece by piece, whole periods at a time, as long as there is room in the lane; what
has been paid is no debt any more, so a process that dies goes on where it was. A snapshot is paid
whole, or not at all.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby, islice
from typing import Any
from zoneinfo import ZoneInfo

from collectors.clock import epoch, from_epoch
from collectors.config.model import EMBEDDED, Collector
from collectors.datasets import DataSets, Query
from collectors.errors import CollectorError
from collectors.intervals import Interval
from collectors.packing import pack
from collectors.periods import ALWAYS, UTC_ZONE, Period, beginning, label
from collectors.runner.parts import Parts
from collectors.store import LOOSE, Debt, Piece, State
from collectors.values import DataSet

OURS = ("_id", "_timestamp", "_start_at", "_end_at")
"""The fields with a leading underscore that a write API takes; the embedded store adds others."""

BATCH = 1000
"""How many records that came otherwise than by a collector go into one request."""
PAYMENT = 4_000_000
"""Bytes, before compression, after which what has been read is entered into the lane."""
LOOKS = 3
"""How often a debt is looked at, where somebody begins to collect while it is read."""

Body = tuple[bytes, int, int]
"""A list of records, packed; how many they are, and their size before that, in bytes."""
Kept = Callable[[str, int], None]
"""Is told the data set and the number of observations whenever some have been entered."""


def refill(
    parts: Parts,
    collectors: Mapping[str, Collector],
    *,
    target: str | None = None,
    data_sets: frozenset[str] = frozenset(),
    kept: Kept = lambda _data_set, _observations: None,
) -> list[int]:
    """Enter what lanes are owed of these collectors; gives the ids of those lanes.

    With ``target`` it is only that one's lanes, and of ``data_sets`` also the records that came
    otherwise. What is not in the copy stays owed, and is paid by collecting its window again.
    Raises StoreError.
    """
    if parts.embedded is None:
        return []
    refilled = []
    for debt in parts.store.view.owed():
        if debt.lane.target == EMBEDDED or debt.lane.target not in parts.sinks:
            continue
        if target is not None and debt.lane.target != target:
            continue
        loose = debt.collector == LOOSE and target and debt.lane.data_set in data_sets
        collector = collectors.get(debt.collector)
        if (loose or collector) and Payment(parts, parts.embedded, debt, collector, kept).pay():
            refilled.append(debt.lane.id)
    return refilled


@dataclass(frozen=True, slots=True)
class Axis:
    """Where in time the records of a collector lie, by their ``_timestamp``, and back."""

    period: Period = Period.HOUR
    zone: ZoneInfo = UTC_ZONE

    def label(self, at: int) -> datetime | None:
        """Give what ``_timestamp`` says of a time; None at the edges of time."""
        moment = from_epoch(at)
        if moment in (ALWAYS.start, ALWAYS.end):
            return None
        return label(moment, self._grain, self.zone)

    def span(self, interval: Interval) -> Interval:
        """Give what ``_timestamp`` says of both ends of an interval; the edges of time stay."""
        start, end = (at if (said := self.label(at)) is None else epoch(said) for at in interval)
        return start, end

    def start(self, timestamp: str) -> int:
        """Give where the day, or the hour, of a record begins."""
        said = datetime.fromisoformat(timestamp)
        return epoch(said if self._grain is Period.HOUR else beginning(said.date(), self.zone))

    @property
    def _grain(self) -> Period:
        return Period.HOUR if self.period in (Period.HOUR, Period.INSTANT) else Period.DAY


@dataclass
class Payment:
    """The payment of one debt, as far as there is room; ``collector`` is None of loose records."""

    parts: Parts
    copy: DataSets
    debt: Debt
    collector: Collector | None
    kept: Kept
    paid: int = 0
    _waiting: int = field(init=False)

    def __post_init__(self) -> None:
        self._waiting = self.debt.waiting

    def pay(self) -> bool:
        """Pay; tells whether anything was paid."""
        if self.collector and self.parts.store.ledger.plan(self.collector.name, []).busy:
            return False
        if self.collector and self.collector.replace:
            return self._pay_snapshot(self.collector)
        for _ in range(LOOKS):
            if self._pay_what_is_there():
                break
        return self.paid > 0

    def _pay_what_is_there(self) -> bool:
        """Tell whether nothing came between: all that could be paid now is paid."""
        filling = self.parts.store.filling
        seen = filling.payable(self.debt, EMBEDDED)
        for stretch in seen.stretches:
            with closing(self._payments(stretch)) as payments:
                for pieces in payments:
                    if not filling.pay(self.debt, EMBEDDED, seen, pieces):
                        return False
                    self._count(body for piece in pieces for body in piece.bodies)
        return True

    def _payments(self, stretch: Interval) -> Generator[list[Piece], None, None]:
        """Give neighbouring pieces, so many as go into one transaction, while there is room."""
        gathered: list[Piece] = []
        size = 0
        if self._room <= 0:
            return
        for piece in self._pieces(stretch):
            gathered.append(piece)
            size += sum(size for _, _, size in piece.bodies)
            if size >= min(PAYMENT, self._room):
                yield gathered
                gathered, size = [], 0
                if self._room <= 0:
                    return
        if gathered:
            yield gathered

    @property
    def _room(self) -> int:
        return self.parts.outbox_limit - self._waiting

    def _pieces(self, stretch: Interval) -> Iterator[Piece]:
        """Give pieces of whole periods that tile the stretch, each of about a request.

        As when it was collected, only a period that is larger than that is cut.
        """
        start, held, batch = stretch[0], list[dict[str, Any]](), self._batch
        for at, period in self._periods(stretch):
            if held and (len(held) >= batch or len(period) > batch):
                yield Piece(start, at, _bodies(held, batch))
                start, held = at, []
            held += period
        yield Piece(start, stretch[1], _bodies(held, batch))

    def _periods(self, stretch: Interval) -> Iterator[tuple[int, list[dict[str, Any]]]]:
        """Give the records of each period, and where it begins within the stretch."""
        axis = self._axis
        with closing(self._records(stretch)) as records:
            by_start = groupby(records, lambda one: max(stretch[0], axis.start(one["_timestamp"])))
            for at, found in by_start:
                yield at, [_as_sent(one) for one in found]

    def _records(self, stretch: Interval) -> Generator[dict[str, Any], None, None]:
        opens, closes = map(self._axis.label, stretch)
        data_set = DataSet.parse(self.debt.lane.data_set)
        yield from self.copy.read(data_set, Query(start_at=opens, end_at=closes))

    def _pay_snapshot(self, collector: Collector) -> bool:
        store = self.parts.store
        run = store.filling.begin_snapshot(self.debt, EMBEDDED)
        if run is None:
            return False
        try:
            whole = (epoch(ALWAYS.start), epoch(ALWAYS.end))
            with closing(self._records(whole)) as records:
                while some := [_as_sent(one) for one in islice(records, collector.batch)]:
                    body = _body(some)
                    store.filling.write_snapshot(run, self.debt, *body)
                    self._count([body])
            store.filling.end_snapshot(run, self.debt)
        except CollectorError as exc:
            store.ledger.end(run, State.FAILED, self.parts.vault.scrub(str(exc)))
            raise
        return True

    def _count(self, bodies: Iterable[Body]) -> None:
        self.paid += 1
        for _, count, size in bodies:
            self._waiting += size
            self.kept(self.debt.lane.data_set, count)

    @property
    def _axis(self) -> Axis:
        return axis_of(self.collector) if self.collector else Axis()

    @property
    def _batch(self) -> int:
        return self.collector.batch if self.collector else BATCH


def axis_of(collector: Collector) -> Axis:
    """Give where in time the records of a collector lie."""
    return Axis(collector.period, collector.zone)


def _bodies(records: list[dict[str, Any]], batch: int) -> list[Body]:
    """Give whole periods as one body, and a period that is larger than a batch as several."""
    cut = batch if len({one["_timestamp"] for one in records}) == 1 else len(records)
    return [_body(records[at : at + cut]) for at in range(0, len(records), cut or 1)]


def _body(records: list[dict[str, Any]]) -> Body:
    body, size = pack(records)
    return body, len(records), size


def _as_sent(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in record.items() if name in OURS or not name.startswith("_")
    }
