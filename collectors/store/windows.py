"""Writing a window: its chunks as they come, and with the last one the coverage, all at once.

All functions work inside a transaction.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from collectors.clock import epoch
from collectors.intervals import Interval, subtract
from collectors.packing import pack
from collectors.statements import Statement
from collectors.store import (
    coverage,
    dead_letters,
    figures,
    outbox,
    period_ids,
    reads,
    runs,
    snapshots,
)
from collectors.store.coverage import DELIVERED, OWED, Stretch
from collectors.store.dead_letters import Address
from collectors.store.figures import Account
from collectors.store.labels import Labels
from collectors.store.outbox import Chunk
from collectors.store.period_ids import Gone
from collectors.store.reads import Read
from collectors.store.runs import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """The lanes that a run writes to, by id; ``full`` ones take no more and are owed the window.

    With ``replace``, what the run finds takes the place of all that the data set holds.
    """

    data_set: str
    open: Sequence[int]
    full: Sequence[int] = ()
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch that a lane is owed, and all of it: packed bodies, each with count and size."""

    start: int
    end: int
    bodies: Sequence[tuple[bytes, int, int]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run found out about its window once it had read all of it.

    ``settled_until`` is where the provisional periods begin, in seconds since 1970; ``labels`` are
    what ``_timestamp`` says of its first period and of the one after its last (None: a document);
    ``reads`` is what of other data sets it was made of; ``account`` is what its periods came to,
    where anything is expected of them; ``waited`` is for how many seconds it waited for quotas.
    """

    stretches: Sequence[Stretch]
    settled_until: int
    state: str
    reason: str
    readings: int = 0
    observations: int = 0
    rejected: int = 0
    warnings: Sequence[str] = field(default_factory=tuple)
    labels: Labels | None = None
    reads: Sequence[Read] = ()
    account: Account | None = None
    waited: int = 0


class _There(NamedTuple):
    """What there is about a window: entries and letters of earlier runs, ids of any.

    ``readers`` tells that somebody has made something of the data set of one lane.
    """

    entries: bool
    letters: bool
    ids: bool
    readers: bool


_THERE = Statement(
    sa.select(
        outbox.ARE_THERE.label("entries"),
        dead_letters.ARE_THERE.label("letters"),
        period_ids.ARE_THERE.label("ids"),
        reads.ARE_THERE.label("readers"),
    )
)
"""Mostly nothing is, which is known at once."""
_WAITS = "waits"
_WAITING = outbox.OUTSTANDING.subquery()
_IN_LANE = Statement(
    sa.union_all(
        coverage.IN_LANE,
        sa.select(sa.literal_column(f"'{_WAITS}'"), _WAITING.c.start, _WAITING.c.end, sa.null()),
    )
)


def write_chunk(
    connection: Connection,
    run: Run,
    lanes: Lanes,
    chunk: Chunk,
    now: int,
    *,
    with_ids: bool = True,
) -> None:
    """Keep one chunk in every open lane, and ``with_ids`` those that it may come to stand for."""
    bounds = (chunk.start, chunk.end)
    address = Address(
        target=None,
        data_set=lanes.data_set,
        collector=run.collector,
        run_id=run.id,
        period=bounds,
    )
    dead_letters.bury(connection, address, chunk.rejected, now)
    if not chunk.count:
        return
    row = {
        **outbox.columns_of(run, bounds, now),
        "held": lanes.replace,
        "count": chunk.count,
        "size": chunk.size,
        "payload": chunk.body,
    }
    if lanes.replace:
        snapshots.begin(connection, run, lanes.open, now)
    elif with_ids:
        period_ids.write(connection, run.collector, run.id, bounds, chunk.ids)
    outbox.add(connection, [{**row, "lane_id": lane_id} for lane_id in lanes.open])


def finish(
    connection: Connection,
    run: Run,
    lanes: Lanes,
    last: Chunk | None,
    result: Result,
    now: int,
) -> str:
    """Write that the window is collected, in place of all that earlier runs left of it.

    Gives the reason with which the run is to end.
    """
    window, reason = run.window, result.reason
    every_lane = [*lanes.open, *lanes.full]
    there = _there(connection, run, next(iter(every_lane), 0))
    if last is not None:
        with_ids = there.ids or result.settled_until < run.end
        write_chunk(connection, run, lanes, last, now, with_ids=with_ids)
    if not lanes.replace:
        _supersede(connection, run, lanes, result, now, there)
    elif not snapshots.finish(connection, run, lanes.open, now):
        reason += "; not sent, as a newer snapshot is there"
    coverage.replace_collected(connection, run.collector, window, result.stretches)
    for lane_id in lanes.open:
        _note_delivery(connection, run, lane_id, window)
    for lane_id in lanes.full:
        _note_debt(connection, run, lane_id, window)
    reads.keep(connection, run.collector, result.reads)
    if result.account is not None:
        figures.keep(connection, run.collector, window, result.account)
    if there.readers or len(every_lane) > 1:
        names = reads.readers(connection, every_lane)
        reads.forget(connection, every_lane, names, _span(lanes, result))
    return reason


def _span(lanes: Lanes, result: Result) -> Interval:
    """Give what of the data set has changed, by ``_timestamp``."""
    if lanes.replace or result.labels is None:
        return snapshots.EVERYTHING
    opens, closes = result.labels
    return epoch(datetime.fromisoformat(opens)), epoch(datetime.fromisoformat(closes))


def settle(connection: Connection, entry: outbox.Entry) -> bool:
    """Take an accepted entry out, and count what it was about as delivered.

    A period is delivered once nothing about it waits, and only of a window that is complete and
    that the lane is not owed. What a snapshot has superseded is delivered with its emptying.
    """
    state = outbox.take(connection, entry.id)
    if state in runs.SUCCEEDED:
        _note_settled(connection, entry)
    return state is not None


def pay(connection: Connection, run: Run, lane_id: int, pieces: Iterable[Piece], now: int) -> None:
    """Enter into one lane what it is owed of a window; it is no debt from then on."""
    rows = [
        {
            **outbox.columns_of(run, (piece.start, piece.end), now),
            "lane_id": lane_id,
            "payload": body,
            "count": count,
            "size": size,
        }
        for piece in pieces
        for body, count, size in piece.bodies
    ]
    outbox.add(connection, rows)
    _note_delivery(connection, run, lane_id, run.window)


def _note_settled(
    connection: Connection, entry: outbox.Entry, without: Sequence[Interval] = ()
) -> None:
    """Count as delivered what an entry that is gone was about, as far as nothing else waits."""
    bounds = (entry.start, entry.end)
    about = [bounds]
    if entry.emptying:
        about = [(one.start, one.end) for one in coverage.collected(connection, entry.collector)]
    of = (entry.lane_id, entry.collector, entry.run_id)
    share, waiting = _share_and_waiting(connection, *of, bounds)
    complete = subtract(about, [*waiting, *share.intervals(OWED), *without])
    share.change(DELIVERED, add=complete)


def _there(connection: Connection, run: Run, lane_id: int) -> _There:
    opens, closes = run.window
    asked = {"of": run.collector, "before": run.id, "opens": opens, "closes": closes}
    asked["lane"] = lane_id
    return _There(**_THERE.mappings(connection, asked)[0])


def _supersede(
    connection: Connection, run: Run, lanes: Lanes, result: Result, now: int, there: _There
) -> None:
    """Take out what earlier runs said of the window, and take back what they had sent."""
    window, labels = run.window, result.labels
    every_lane = [*lanes.open, *lanes.full]
    if there.entries:
        shrunk = outbox.supersede(connection, every_lane, run.collector, window, run.id, labels)
        for entry in shrunk:
            if runs.get(connection, entry.run_id).state in runs.SUCCEEDED:
                _note_settled(connection, entry, [window])
    if there.letters:
        dead_letters.supersede(connection, run.collector, window, run.id, labels)
    gone = there.ids and period_ids.take_gone(connection, run.collector, run.id, window)
    if gone:
        _retract(connection, run, every_lane, gone, now)
    if there.ids or run.start < result.settled_until < run.end:
        period_ids.forget_settled(connection, run.collector, window, result.settled_until)


def _retract(
    connection: Connection, run: Run, lane_ids: Sequence[int], gone: Gone, now: int
) -> None:
    payload, size = pack(gone.ids)
    row = {
        **outbox.columns_of(run, gone.bounds, now),
        "retraction": True,
        "count": len(gone.ids),
        "size": size,
        "payload": payload,
    }
    outbox.add(connection, [{**row, "lane_id": lane_id} for lane_id in lane_ids])


def _note_delivery(connection: Connection, run: Run, lane_id: int, window: Interval) -> None:
    of = (lane_id, run.collector, run.id)
    share, waiting = _share_and_waiting(connection, *of, window)
    share.change(DELIVERED, take=[window], add=subtract([window], waiting))
    share.change(OWED, take=[window])


def _share_and_waiting(
    connection: Connection, lane_id: int, collector: str, run_id: int, window: Interval
) -> tuple[coverage.Share, list[Interval]]:
    """Give what a lane has of a collector, and ``outbox.outstanding``: asked for in one."""
    asked = {"lane": lane_id, "of": collector, "own": run_id}
    rows = _IN_LANE.rows(connection, {**asked, "opens": window[0], "closes": window[1]})
    known = [row for row in rows if row[0] != _WAITS]
    waiting = [(start, end) for state, start, end, _ in rows if state == _WAITS]
    return coverage.Share(connection, lane_id, collector, known), waiting


def _note_debt(connection: Connection, run: Run, lane_id: int, window: Interval) -> None:
    share = coverage.Share(connection, lane_id, run.collector)
    share.change(DELIVERED, take=[window])
    share.change(OWED, add=[window])
