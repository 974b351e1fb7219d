"""What is left of each provider's budget, by the keys that sources name.

All functions work inside a transaction.
"""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.store.tables import quotas


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a provider last said of one key; times are seconds since 1970."""

    key: str
    remaining: int
    resets_at: int
    reported_at: int


def report(connection: Connection, budget: Budget) -> None:
    """Remember what a reply said, in place of what an earlier one said."""
    kind = sqlite if connection.dialect.name == "sqlite" else postgresql
    values = {name: getattr(budget, name) for name in Budget.__slots__}
    insert = kind.insert(quotas).values(values)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["key"],
            set_={name: value for name, value in values.items() if name != "key"},
        )
    )


def get(connection: Connection, key: str) -> Budget | None:
    """Give what is known of a key."""
    row = connection.execute(sa.select(quotas).where(quotas.c.key == key)).mappings().first()
    return Budget(**row) if row else None


def listed(connection: Connection) -> list[Budget]:
    """Give what is known of every key, by name."""
    rows = connection.execute(sa.select(quotas).order_by(quotas.c.key)).mappings()
    return [Budget(**row) for row in rows]
