"""Slots: how many requests of a key are under way at once, over all processes of the store.

All functions work inside a transaction. A slot is leased: one that a dead process left behind is
taken over, on its own host at once, elsewhere when the lease has run out.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.store.owner import Owner
from collectors.store.tables import quota_slots as slots

LEASE = 600
"""Seconds that a slot lasts: longer than any one request, so that it needs no heartbeat."""

_NOBODY = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """One of the numbered slots of a key, while ``holder`` has it: a name that is used once."""

    key: str
    number: int
    holder: str


def take(
    connection: Connection, key: str, at_most: int, holder: str, owner: Owner, now: int
) -> Slot | None:
    """Take one of the ``at_most`` slots of ``key``; None where all are taken."""
    for number, holder_before in _free(connection, key, at_most, owner, now):
        slot = Slot(key, number, holder)
        values = {**asdict(slot), "owner": str(owner), "lease_until": now + LEASE}
        if _write(connection, values, holder_before):
            return slot
    return None


def give_back(connection: Connection, slot: Slot) -> None:
    """Let others have the slot; nothing happens where they already do."""
    mine = (
        slots.c.key == slot.key,
        slots.c.number == slot.number,
        slots.c.holder == slot.holder,
    )
    connection.execute(sa.delete(slots).where(*mine))


def _free(
    connection: Connection, key: str, at_most: int, owner: Owner, now: int
) -> Iterator[tuple[int, str]]:
    """Give the numbers nobody living has, those nobody has at all first, with who had them."""
    rows = connection.execute(sa.select(slots).where(slots.c.key == key)).all()
    yield from ((one, _NOBODY) for one in range(at_most) if one not in {row.number for row in rows})
    for row in rows:
        left = row.lease_until < now or Owner.parse(row.owner).died_beside(owner)
        if left and row.number < at_most:
            yield row.number, row.holder


def _write(connection: Connection, values: dict[str, Any], holder_before: str) -> bool:
    """Put the slot down, unless another process was faster."""
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    written = connection.execute(
        kind.insert(slots)
        .values(values)
        .on_conflict_do_update(
            index_elements=["key", "number"], set_=values, where=slots.c.holder == holder_before
        )
        .returning(slots.c.number)
    )
    return written.first() is not None
