"""Everything that may be wrong when a mixed hour is over: in the data sets, then in the store."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import combinations, pairwise
from typing import Any

import sqlalchemy as sa

from collectors.clock import epoch, from_epoch
from collectors.datasets import DataSets
from collectors.intervals import union
from collectors.store import (
    DELIVERED,
    OWED,
    BackfillState,
    Owner,
    PartState,
    State,
    Store,
    Tick,
    TickOutcome,
    tables,
)
from collectors.store import daemon_tables as daemon
from collectors.store.owner import is_free
from collectors.store.quota_tables import slots
from collectors.values import DataSet
from tests.reliability.figures import HOUR
from tests.reliability.hour import MOMENTS, MOVING_ONES, STEADY, Hour
from tests.reliability.hour_figures import (
    PAST,
    SINCE,
    ended,
    ever_said,
    expected,
    hours,
    is_final,
    moment,
)
from tests.reliability.trial import PERIOD_KEYS, compared, without_id

MOVING_SINCE = SINCE + timedelta(days=1)
TICKS = {"toll/every": 1, "toll/latest": 3}
"""Seconds between the ticks of collectors that nobody touches."""
LATEST = "toll/latest"
BACKFILLED = ("toll/past", "toll/every")
Row = Mapping[Any, Any]
Held = Mapping[str, Sequence[Mapping[str, Any]]]


def wrong(hour: Hour) -> list[str]:
    """Tell everything that is not as it must be once all is done and the last daemon has ended."""
    platform = {name: list(held.values()) for name, held in hour.platform.held.items()}
    store = hour.store()
    try:
        return [
            *wrong_figures("platform", hour, store, platform),
            *wrong_figures("embedded", hour, store, embedded(hour)),
            *(f"two posts about one period at a time: {one}" for one in hour.platform.overlaps),
            *(f"one window asked for twice at a time: {one}" for one in hour.source.overlaps),
            *wrong_ledger(hour, store),
        ]
    finally:
        store.close()


def wrong_ledger(hour: Hour, store: Store) -> Iterator[str]:
    """Tell what is wrong in the store."""
    runs = rows(store, tables.runs)
    yield from _wrong_runs(runs)
    yield from _left_behind(store)
    yield from wrong_coverage(hour, store)
    yield from _wrong_delivery(store)
    yield from _wrong_backfills(store)
    yield from wrong_ticks(hour, rows(store, daemon.ticks), runs)


def is_done(hour: Hour) -> bool:
    """Tell whether everything has been collected and delivered, as far as the store knows."""
    store = hour.store()
    try:
        if any(_wrong_backfills(store)) or any(wrong_coverage(hour, store)):
            return False
        waits = [one for one in rows(store, tables.runs) if one["collector"] != MOMENTS]
        return not (
            any(one["ended_at"] is None for one in waits)
            or any(entry.collector != MOMENTS for entry in store.view.entries())
        )
    finally:
        store.close()


def has_failed_chunks(hour: Hour) -> bool:
    """Tell whether a chunk of the backfill waits for somebody to let it be tried again."""
    store = hour.store()
    try:
        return any(one["state"] == PartState.FAILED for one in rows(store, daemon.backfill_parts))
    finally:
        store.close()


def mistakes(hour: Hour) -> list[str]:
    """Give the mistakes in files that the daemon tells of."""
    store = hour.store()
    try:
        told = store.post.told("configuration")
        return told[1]["mistakes"] if told else []
    finally:
        store.close()


def ticks_since(hour: Hour, moment: datetime) -> list[Tick]:
    """Give the ticks after a moment, of every collector."""
    store = hour.store()
    try:
        ticks = store.ticks.listed(since=moment, limit=10**6)
        return [tick for tick in ticks if tick.at > epoch(moment)]
    finally:
        store.close()


def embedded(hour: Hour) -> Held:
    """Give what the embedded data sets hold, as it was sent."""
    data_sets = DataSets(hour.embedded_url, clock=hour.clock)
    added = {*PERIOD_KEYS, "_updated_at"}
    held = {
        series: [
            {name: value for name, value in one.items() if name not in added}
            for one in data_sets.read(DataSet(*series.split("/")))
        ]
        for series in hour.tokens
    }
    data_sets.close()
    return held


def wrong_figures(target: str, hour: Hour, store: Store, held: Held) -> Iterator[str]:
    """Tell what a target misses and what it has too much, observation by observation."""
    now = hour.clock.now()
    for series in (*STEADY, *_there(hour)):
        right = expected(series, _since(series), ended(now), now)
        if series in BACKFILLED:
            right += expected(series, *PAST, now)
        if series == LATEST:
            right = [one for one in right if one["_timestamp"] == right[-1]["_timestamp"]]
        yield from compared(f"{series} at {target}", right, map(without_id, held[series]))
    for series in set(MOVING_ONES) - set(_there(hour)):
        known = ever_said(series, MOVING_SINCE, now)
        strange = [one for one in held[series] if without_id(one) not in known]
        yield from (f"{series} at {target}: {one} was never said" for one in strange)
    yield from wrong_moments(target, store, held[MOMENTS])


def wrong_moments(target: str, store: Store, held: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Tell where a target has not just what was collected of the present: one figure a moment."""
    runs = [one for one in rows(store, tables.runs) if one["collector"] == MOMENTS]
    done = [one["start"] for one in runs if one["state"] in (State.DONE, State.WARNED)]
    right = [(f"{from_epoch(at):%Y-%m-%dT%H:%M:%S}+00:00", moment(at)) for at in done]
    yield from compared(
        f"moments at {target}", right, ((one["_timestamp"], one["count"]) for one in held)
    )
    for one in store.view.collected(MOMENTS):
        if not any(one.start <= at < one.end for at in done):
            yield f"{MOMENTS} is covered without a run: {one}"


def _wrong_runs(runs: Sequence[Row]) -> Iterator[str]:
    by_collector = defaultdict[str, list[Row]](list)
    for run in runs:
        by_collector[run["collector"]].append(run)
        open_ones = (State.DUE,) if run["collector"] == MOMENTS else ()
        if run["ended_at"] is None and run["state"] not in open_ones:
            yield f"open run: {dict(run)}"
    for ours in by_collector.values():
        begun = [one for one in ours if one["began_at"] is not None]
        for one, other in combinations(begun, 2):
            if _meet(one, other, "start", "end") and _meet(one, other, "began_at", "ended_at"):
                yield f"two runs of a window at a time: {dict(one)} and {dict(other)}"


def _meet(one: Row, other: Row, start: str, end: str) -> bool:
    closes, others = (it[end] if it[end] is not None else 1 << 62 for it in (one, other))
    return bool(one[start] < others and other[start] < closes)


def _left_behind(store: Store) -> Iterator[str]:
    """Tell of leases, slots and lanes that are held though nobody lives who could."""
    for table in (daemon.leases, slots):
        yield from (f"left in {table.name}: {dict(row)}" for row in rows(store, table))
    me = Owner.this_process()
    yield from (f"in the outbox: {one}" for one in store.view.entries())
    for lane in store.view.lanes():
        free = is_free(lane.owner, lane.lease_until, me, store.view.now())
        if not free or lane.parked_at or lane.retry_at:
            yield f"not free: {lane}"


def wrong_coverage(hour: Hour, store: Store) -> Iterator[str]:
    """Tell which collectors are not collected as they must be."""
    now = hour.clock.now()
    for series in (*STEADY, *_there(hour)):
        start, end = _since(series), ended(now)
        wanted = [(epoch(start), epoch(end))]
        if series in BACKFILLED:
            wanted.insert(0, (epoch(PAST[0]), epoch(PAST[1])))
        stretches = store.view.collected(series)
        if (had := union((one.start, one.end) for one in stretches)) != wanted:
            yield f"{series} is collected in {had}, not in {wanted}"
        if any(one.end > other.start for one, other in pairwise(stretches)):
            yield f"{series} is covered twice: {stretches}"
        settled = [(one.start, one.end) for one in stretches if one.settled]
        final = [one for one in hours(start, end) if is_final(one, now)]
        due = [one for one in final if not any(a <= epoch(one) < b for a, b in settled)]
        yield from (f"{series} is not settled: {one}" for one in due)
        if stretch_too_much := [one for one in settled if one[1] > epoch(final[-1] + HOUR)]:
            yield f"{series} is settled too early: {stretch_too_much}"


def _wrong_delivery(store: Store) -> Iterator[str]:
    """Tell which lanes do not have what was collected."""
    for lane in store.view.lanes():
        if lane.data_set == MOMENTS:
            continue
        collected = store.view.collected(lane.data_set)
        wanted = union((one.start, one.end) for one in collected)
        if (had := store.view.lane_intervals(lane.id, lane.data_set, DELIVERED)) != wanted:
            yield f"{lane.name} has {had}, not {wanted}"
        if owed := store.view.lane_intervals(lane.id, lane.data_set, OWED):
            yield f"{lane.name} is owed {owed}"


def _wrong_backfills(store: Store) -> Iterator[str]:
    for one in rows(store, daemon.backfills):
        if one["state"] != BackfillState.DONE:
            yield f"a backfill is not done: {dict(one)}"
    for one in rows(store, daemon.backfill_parts):
        if one["state"] != PartState.DONE or one["reached"] != one["end"]:
            yield f"a chunk is not done: {dict(one)}"


def wrong_ticks(hour: Hour, ticks: Sequence[Row], runs: Sequence[Row]) -> Iterator[str]:
    """Tell which ticks were told twice, not at all, or otherwise than they ended."""
    known = {one["id"]: one for one in runs}
    told = defaultdict[str, list[Row]](list)
    for tick in ticks:
        told[tick["collector"]].append(tick)
        if tick["run_id"] is not None:
            yield from _wrong_run_of(tick, known.get(tick["run_id"]))
        elif tick["outcome"] not in (TickOutcome.SKIPPED, TickOutcome.JOINED) or not tick["reason"]:
            yield f"a tick without a run or a reason: {dict(tick)}"
    for name, seconds in {**TICKS, MOMENTS: int(hour.moments.split()[1])}.items():
        for one, other in pairwise(told[name]):
            if other["at"] - one["at"] != other["count"] * seconds:
                yield f"ticks told twice or not at all: {dict(one)}, then {dict(other)}"
    for name, ours in told.items():
        if wrongly := [one for one, other in pairwise(ours) if one["at"] >= other["at"]]:
            yield f"{name}: ticks out of order: {wrongly}"


def _wrong_run_of(tick: Row, run: Row | None) -> Iterator[str]:
    if run is None or run["collector"] != tick["collector"]:
        yield f"a tick of no run of its collector: {dict(tick)}, {run}"
        return
    planned = tick["outcome"] == "planned"
    closes = run["ended_at"] if run["ended_at"] is not None else tick["seen_at"]
    if planned and run["planned_at"] != tick["seen_at"]:
        yield f"a tick that did not plan its run: {dict(tick)}, {dict(run)}"
    if not run["planned_at"] <= tick["seen_at"] <= closes:
        yield f"a tick of a run that was not open: {dict(tick)}, {dict(run)}"


def _there(hour: Hour) -> list[str]:
    return sorted(f"{service}/cars" for service in hour.there)


def _since(series: str) -> Any:
    return SINCE if series in BACKFILLED else MOVING_SINCE


def rows(store: Store, table: sa.Table) -> list[sa.RowMapping]:
    """Give the rows of a table, in order of their keys."""
    key = list(table.primary_key)
    query = sa.select(table).order_by(*key)
    return store.view.database.read(lambda it: list(it.execute(query).mappings()))
