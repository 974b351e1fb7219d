"""What is counted of providers' quotas, and what they told: rows of the quota tables.

All functions work inside a transaction. Who counts for keys holds their rows, taken in one order,
until its transaction ends.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy import bindparam
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection

from collectors.api import Limits
from collectors.statements import Statement
from collectors.store.quota_rules import Told, Use, corrected, until
from collectors.store.quota_tables import among, named, quotas, uses
from collectors.store.quota_tables import keys as key_rows


@dataclass(frozen=True, slots=True)
class Cost:
    """What a request takes of each of its keys, and whether live work makes it."""

    amount: int
    live: bool


_LIMIT = key_rows.update().where(key_rows.c.key == bindparam("of")).values(limits=bindparam("said"))
_COLUMNS = [column.name for column in quotas.columns]


@cache
def _hold(count: int) -> Statement:
    query = sa.select(key_rows.c.key, key_rows.c.asked).where(among(key_rows.c.key, count))
    return Statement(query.order_by(key_rows.c.key).with_for_update())


@cache
def _ask(count: int) -> Statement:
    more = key_rows.c.asked + bindparam("amount")
    return Statement(key_rows.update().where(among(key_rows.c.key, count)).values(asked=more))


@cache
def _uses(count: int | None) -> Statement:
    query = sa.select(uses)
    return Statement(query if count is None else query.where(among(uses.c.key, count)))


@cache
def _forget(count: int) -> Statement:
    old = uses.c.until <= bindparam("now")
    return Statement(uses.delete().where(among(uses.c.key, count), old))


@cache
def _told(count: int | None) -> Statement:
    query = sa.select(quotas).order_by(quotas.c.key, quotas.c.bucket)
    return Statement(query if count is None else query.where(among(quotas.c.key, count)))


@cache
def _take(count: int) -> Statement:
    less = quotas.c.remaining - quotas.c.each * bindparam("amount")
    counted = sa.and_(quotas.c.resets_at > bindparam("now"), quotas.c.each > 0)
    update = quotas.update().where(among(quotas.c.key, count), counted)
    return Statement(update.values(remaining=less))


@cache
def _use(kind: Any) -> Statement:
    insert = kind.insert(uses)
    added = {name: uses.c[name] + insert.excluded[name] for name in ("live", "other")}
    return Statement(insert.on_conflict_do_update(index_elements=uses.primary_key, set_=added))


@cache
def _keep(kind: Any) -> Statement:
    insert = kind.insert(quotas)
    names = [column.name for column in quotas.columns if not column.primary_key]
    said = {name: insert.excluded[name] for name in names}
    return Statement(insert.on_conflict_do_update(index_elements=quotas.primary_key, set_=said))


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


def used(
    connection: Connection, keys: Collection[str] | None = None
) -> dict[str, dict[str, list[Use]]]:
    """Give what was asked of ``keys``, or of all, by key and span."""
    found: dict[str, dict[str, list[Use]]] = defaultdict(lambda: defaultdict(list))
    for key, span, ends, live, other in _rows(connection, _uses, keys):
        found[key][span].append(Use(until=ends, live=live, other=other))
    return found


def forget(connection: Connection, found: Mapping[str, Mapping[str, list[Use]]], now: int) -> None:
    """Clear, of what was found, whatever does not count any more."""
    uses_of = (one for spans in found.values() for listed in spans.values() for one in listed)
    if any(one.until <= now for one in uses_of):
        _forget(len(found)).run(connection, {**named(found), "now": now})


def told(connection: Connection, keys: Collection[str] | None = None) -> dict[str, list[Told]]:
    """Give what replies said of ``keys``, or of all, by key."""
    found: dict[str, list[Told]] = defaultdict(list)
    for row in _rows(connection, _told, keys):
        one = Told(**dict(zip(_COLUMNS, row, strict=True)))
        found[one.key].append(one)
    return found


def take(connection: Connection, limits: Mapping[str, Limits], cost: Cost, now: int) -> None:
    """Count a request against keys that are held."""
    if reported := [key for key, one in limits.items() if one.reported]:
        asked = {**named(reported), "amount": cost.amount}
        _ask(len(reported)).run(connection, asked)
        _take(len(reported)).run(connection, {**asked, "now": now})
    rows = [
        {"key": key, "span": span, "until": until(span, one, now)}
        | {"live": cost.amount * cost.live, "other": cost.amount * (not cost.live)}
        for key, one in limits.items()
        for span in one.windows
    ]
    for row in rows:
        _use(_kind(connection)).run(connection, row)


def report(connection: Connection, said: Sequence[Told], unseen: Mapping[str, int]) -> None:
    """Correct what is left of keys that are held; see ``corrected``."""
    before = told(connection, {one.key for one in said})
    known = {(one.key, one.bucket): one for found in before.values() for one in found}
    for one in said:
        name = (one.key, one.bucket)
        known[name] = corrected(known.get(name), one, unseen.get(one.key, 0))
    for one in said:
        _keep(_kind(connection)).run(connection, asdict(known[one.key, one.bucket]))


def _rows(
    connection: Connection,
    statement: Callable[[int | None], Statement],
    keys: Collection[str] | None,
) -> Sequence[Sequence[Any]]:
    if keys is None:
        return statement(None).rows(connection)
    return statement(len(keys)).rows(connection, named(keys))


def _held(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    rows = _hold(len(keys)).rows(connection, named(keys))
    return {row[0]: row[1] for row in rows}


def _kind(connection: Connection) -> Any:
    return sqlite if connection.dialect.name == "sqlite" else postgresql
