"""What is counted of providers' quotas, and what they told: rows of the quota tables.

All functions work inside a transaction. Who counts for keys holds their rows, taken in one order,
until its transaction ends.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.api import Limits
from collectors.store.quota_rules import Told, Use, corrected, until
from collectors.store.quota_tables import keys as key_rows
from collectors.store.quota_tables import quotas, uses


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes of each of its keys, and whether live work makes it."""

    amount: int
    live: bool


def _among(column: sa.Column[str]) -> sa.ColumnElement[bool]:
    return column.in_(bindparam("keys", expanding=True))


_HOLD = (
    sa.select(key_rows.c.key, key_rows.c.asked)
    .where(_among(key_rows.c.key))
    .order_by(key_rows.c.key)
    .with_for_update()
)
_ASK = (
    key_rows.update()
    .where(_among(key_rows.c.key))
    .values(asked=key_rows.c.asked + bindparam("amount"))
)
_LIMIT = key_rows.update().where(key_rows.c.key == bindparam("of")).values(limits=bindparam("said"))
_USES = sa.select(uses).where(_among(uses.c.key))
_FORGET = uses.delete().where(_among(uses.c.key), uses.c.until <= bindparam("now"))
_ALL_TOLD = sa.select(quotas).order_by(quotas.c.key, quotas.c.bucket)
_TOLD = _ALL_TOLD.where(_among(quotas.c.key))
_TAKE = (
    quotas.update()
    .where(_among(quotas.c.key), quotas.c.resets_at > bindparam("now"), quotas.c.each > 0)
    .values(remaining=quotas.c.remaining - quotas.c.each * bindparam("amount"))
)


def hold(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """Hold the rows of ``keys``, made where there are none; gives what was ever asked of each."""
    found = _held(connection, keys)
    if missing := sorted(set(keys) - found.keys()):
        rows = [{"key": key, "limits": "{}", "asked": 0} for key in missing]
        insert = _kind(connection).insert(key_rows).on_conflict_do_nothing()
        connection.execute(insert, rows)
        found = _held(connection, keys)
    return found


def remember(connection: Connection, limits: Mapping[str, Limits]) -> None:
    """Write down what may be asked of keys, for who looks."""
    rows = [{"of": key, "said": orjson.dumps(one.said()).decode()} for key, one in limits.items()]
    connection.execute(_LIMIT, rows)


def limits_of(connection: Connection) -> dict[str, Limits]:
    """Give what may be asked of every key that was ever asked."""
    rows = connection.execute(sa.select(key_rows.c.key, key_rows.c.limits)).all()
    return {key: Limits.of(orjson.loads(text)) for key, text in rows}


def used(connection: Connection, keys: Collection[str]) -> dict[str, dict[str, list[Use]]]:
    """Give what was asked of ``keys``, by key and span."""
    found: dict[str, dict[str, list[Use]]] = defaultdict(lambda: defaultdict(list))
    for row in connection.execute(_USES, {"keys": list(keys)}):
        found[row.key][row.span].append(Use(until=row.until, live=row.live, other=row.other))
    return found


def forget(connection: Connection, found: Mapping[str, Mapping[str, list[Use]]], now: int) -> None:
    """Clear, of what was found, whatever does not count any more."""
    uses_of = (one for spans in found.values() for listed in spans.values() for one in listed)
    if any(one.until <= now for one in uses_of):
        connection.execute(_FORGET, {"keys": list(found), "now": now})


def told(connection: Connection, keys: Collection[str] | None = None) -> dict[str, list[Told]]:
    """Give what replies said of ``keys``, or of all, by key."""
    query, names = (_ALL_TOLD, []) if keys is None else (_TOLD, list(keys))
    found: dict[str, list[Told]] = defaultdict(list)
    for row in connection.execute(query, {"keys": names}).mappings():
        found[row["key"]].append(Told(**row))
    return found


def take(connection: Connection, limits: Mapping[str, Limits], cost: Cost, now: int) -> None:
    """Count a request against keys that are held."""
    if reported := [key for key, one in limits.items() if one.reported]:
        connection.execute(_ASK, {"keys": reported, "amount": cost.amount})
        connection.execute(_TAKE, {"keys": reported, "amount": cost.amount, "now": now})
    rows = [
        {"key": key, "span": span, "until": until(span, one, now)}
        | {"live": cost.amount * cost.live, "other": cost.amount * (not cost.live)}
        for key, one in limits.items()
        for span in one.windows
    ]
    if rows:
        insert = _kind(connection).insert(uses)
        added = {name: uses.c[name] + insert.excluded[name] for name in ("live", "other")}
        connection.execute(
            insert.on_conflict_do_update(index_elements=uses.primary_key, set_=added), rows
        )


def report(connection: Connection, said: Sequence[Told], unseen: Mapping[str, int]) -> None:
    """Correct what is left of keys that are held; see ``corrected``."""
    before = told(connection, {one.key for one in said})
    known = {(one.key, one.bucket): one for found in before.values() for one in found}
    for one in said:
        name = (one.key, one.bucket)
        known[name] = corrected(known.get(name), one, unseen.get(one.key, 0))
    insert = _kind(connection).insert(quotas)
    names = [column.name for column in quotas.columns if not column.primary_key]
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=quotas.primary_key, set_={name: insert.excluded[name] for name in names}
        ),
        [asdict(known[one.key, one.bucket]) for one in said],
    )


def _held(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    rows = connection.execute(_HOLD, {"keys": sorted(keys)}).all()
    return {row.key: row.asked for row in rows}


def _kind(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql
