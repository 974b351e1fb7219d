"""The tables of quotas. Times are whole seconds since 1970."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from collectors.store.tables import metadata

keys = sa.Table(
    "quota_keys",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("limits", sa.Text, nullable=False),
    sa.Column("asked", sa.BigInteger, nullable=False),
)
"""``asked`` is how many requests have ever begun; who counts for a key holds its row."""

slots = sa.Table(
    "quota_slots",
    metadata,
    sa.Column("holder", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("live", sa.Boolean, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("lease_until", sa.BigInteger, nullable=False),
    sa.Index("quota_slots_by_key", "key"),
)
"""The requests that are under way; ``holder`` is a name that is used for one of them."""

uses = sa.Table(
    "quota_uses",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("span", sa.Text, primary_key=True),
    sa.Column("until", sa.BigInteger, primary_key=True),
    sa.Column("live", sa.BigInteger, nullable=False),
    sa.Column("other", sa.BigInteger, nullable=False),
)
"""What was asked and counts against a ``minute``, ``hour`` or ``day`` until ``until``."""

quotas = sa.Table(
    "quotas",
    metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("bucket", sa.Text, primary_key=True),
    sa.Column("remaining", sa.BigInteger, nullable=False),
    sa.Column("most", sa.BigInteger, nullable=False),
    sa.Column("each", sa.BigInteger, nullable=False),
    sa.Column("resets_at", sa.BigInteger, nullable=False),
    sa.Column("reported_at", sa.BigInteger, nullable=False),
)
"""What replies said is left, less what has been asked since; ``most`` is the most that was."""


def among(column: sa.Column[str], count: int) -> sa.ColumnElement[bool]:
    """Spell that a key is one of so many, which ``named`` gives."""
    return column.in_([sa.bindparam(name) for name in _names(count)])


def named(keys: Collection[str]) -> dict[str, Any]:
    """Give keys as the values of a statement with ``among``."""
    return dict(zip(_names(len(keys)), sorted(keys), strict=True))


def _names(count: int) -> list[str]:
    return [f"key_{number}" for number in range(count)]
