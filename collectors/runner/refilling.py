"""Gives lanes that were full what they are owed, from the embedded copy where that has it."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from collectors.clock import from_epoch
from collectors.config.model import EMBEDDED, Collector
from collectors.datasets import DataSets, Query
from collectors.intervals import subtract
from collectors.packing import pack
from collectors.periods import ALWAYS, Window, label
from collectors.runner.parts import Parts
from collectors.store import DELIVERED, Debt
from collectors.values import DataSet

OURS = ("_id", "_timestamp", "_start_at", "_end_at")
"""The fields with a leading underscore that a write API takes; the embedded store adds others."""


def refill(parts: Parts, collectors: Mapping[str, Collector]) -> list[int]:
    """Enter what lanes are owed and have room for again; gives the ids of those lanes.

    What is not in the copy stays owed, and is paid by collecting its window again. Raises
    StoreError.
    """
    copy = parts.embedded
    if copy is None:
        return []
    refilled: list[int] = []
    for debt in parts.store.view.owed():
        collector = collectors.get(debt.collector)
        if collector is None or not _can_be_paid(parts, debt):
            continue
        parts.store.ledger.refill(debt, list(_bodies(copy, debt, collector)))
        refilled.append(debt.lane.id)
    return refilled


def _can_be_paid(parts: Parts, debt: Debt) -> bool:
    if debt.lane.target == EMBEDDED or debt.lane.target not in parts.sinks:
        return False
    if debt.waiting >= parts.outbox_limit:
        return False
    whole = [(debt.start, debt.end)]
    held = [
        interval
        for depth in parts.store.view.depths(empty_too=True)
        if depth.lane.target == EMBEDDED and depth.lane.data_set == debt.lane.data_set
        for interval in parts.store.view.lane_intervals(depth.lane.id, debt.collector, DELIVERED)
    ]
    return not subtract(whole, held)


def _bodies(copy: DataSets, debt: Debt, collector: Collector) -> Iterator[tuple[bytes, int, int]]:
    records = copy.read(DataSet.parse(debt.lane.data_set), _query(debt, collector))
    while some := list(islice(records, collector.batch)):
        body, size = pack([_as_sent(one) for one in some])
        yield body, len(some), size


def _query(debt: Debt, collector: Collector) -> Query:
    window = Window(from_epoch(debt.start), from_epoch(debt.end))
    if window == ALWAYS:
        return Query()
    start, end = (
        label(edge, collector.period, collector.zone) for edge in (window.start, window.end)
    )
    return Query(start_at=start, end_at=end)


def _as_sent(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value for name, value in record.items() if name in OURS or not name.startswith("_")
    }
