"""What became of parts of backfills, read off their runs; nothing else is remembered.

All functions work inside a transaction.
"""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.engine import Connection

from collectors.store.backfills import UNFINISHED, BackfillState, PartState
from collectors.store.daemon_tables import backfill_parts as parts
from collectors.store.daemon_tables import backfills
from collectors.store.runs import OPEN, SUCCEEDED, State
from collectors.store.tables import runs as run_rows
from collectors.values import counted

TRIES = 6
FIRST_WAIT, LONGER = 60, 4
"""Seconds to wait after the first passing failure of a part, and how many times longer each time:
six tries take some six hours."""

_UPDATE = parts.update().where(parts.c.id == bindparam("part_id"))
_ENDED = (
    sa.select(
        parts.c.id,
        parts.c.end,
        parts.c.attempts,
        run_rows.c.state,
        run_rows.c.end.label("run_end"),
        run_rows.c.reason,
        run_rows.c.not_before,
    )
    .select_from(parts.outerjoin(run_rows, run_rows.c.id == parts.c.run_id))
    .where(parts.c.state == PartState.ENTERED)
    .where(sa.or_(run_rows.c.state.is_(None), run_rows.c.state.not_in(OPEN)))
    .order_by(parts.c.id)
)
_ENDED_AND_HELD = _ENDED.with_for_update(of=parts, skip_locked=True)


def _has(*states: PartState) -> Any:
    mine = sa.and_(parts.c.backfill_id == backfills.c.id, parts.c.state.in_(states))
    return sa.exists().where(mine)


_OVER = sa.and_(
    backfills.c.state.in_((BackfillState.RUNNING, BackfillState.PAUSED)), ~_has(*UNFINISHED)
)
_CLOSE = (
    backfills.update()
    .where(_OVER)
    .values(
        state=sa.case((_has(PartState.FAILED), BackfillState.FAILED), else_=BackfillState.DONE),
        ended_at=bindparam("now"),
    )
)
_ANYTHING = sa.select(sa.or_(_ENDED.order_by(None).exists(), sa.exists().where(_OVER)))


def has_ended_runs(connection: Connection) -> bool:
    """Tell whether ``settle`` would write anything."""
    return bool(connection.execute(_ANYTHING).scalar())


def settle(connection: Connection, now: int) -> None:
    """Write what became of parts whose runs have ended, and of backfills whose parts have."""
    for row in connection.execute(_ENDED_AND_HELD).all():
        connection.execute(_UPDATE, {"part_id": row.id, **_after(row, now)})
    connection.execute(_CLOSE, {"now": now})


def _after(row: Any, now: int) -> dict[str, Any]:
    """Tell what a part has come to by its run, which has ended."""
    if row.state in SUCCEEDED:
        fresh = {"attempts": 0, "reason": "", "reached": row.run_end}
        if row.run_end < row.end:
            return {"state": PartState.WAITING, **fresh}
        return {"state": PartState.DONE, "ended_at": now, **fresh}
    if row.state == State.NOT_YET or (row.state == State.FAILED and row.not_before is not None):
        return _again(row, now)
    if row.state == State.FAILED:
        return {"state": PartState.FAILED, "reason": row.reason, "ended_at": now}
    return {"state": PartState.WAITING, "reason": row.reason or ""}


def _again(row: Any, now: int) -> dict[str, Any]:
    """Let a part wait after a failure that may pass, and longer each time, but not for ever."""
    attempts = row.attempts + 1
    if attempts >= TRIES:
        reason = f"{row.reason}; tried {counted(attempts, 'time')}"
        return {"state": PartState.FAILED, "reason": reason, "ended_at": now}
    wait = FIRST_WAIT * LONGER ** (attempts - 1)
    return {
        "state": PartState.WAITING,
        "attempts": attempts,
        "not_before": max(row.not_before or 0, now + wait),
        "reason": row.reason,
    }
