"""From a record to its row in the table, and back."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Row

from collectors.clock import EPOCH, from_epoch
from collectors.datasets.tables import PERIODS
from collectors.periods import floor
from collectors.record_rules import TIMESTAMPS, parse_timestamp, problems, schema_problems

LONGEST_KEY = 1000
"""Bytes of an ``_id`` that is its own key; PostgreSQL's indexes hold no more than 2,700."""


def to_row(data_type: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the row that keeps ``record``; one without ``_id`` is given one.

    Raises ValueError with every reason for which the write API refuses the record.
    """
    reasons = problems(record) + schema_problems(data_type, record)
    if reasons:
        raise ValueError("; ".join(dict.fromkeys(reasons)))
    return row_of(record)


def row_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Give the row that keeps a ``record`` that no rule refuses.

    Raises ValueError where it holds what databases do not keep.
    """
    body = dict(record)
    for name in TIMESTAMPS:
        if name in body:
            body[name], _ = _times(body[name])
    if "_id" not in body:
        body["_id"] = uuid.uuid4().hex
    _, columns = _times(record["_timestamp"])
    return {"id": key(body["_id"]), "body_text": _written(body), **columns}


def to_record(row: Row[Any]) -> dict[str, Any]:
    """Give the record that ``row`` keeps, with what the read API adds: period starts, update."""
    record: dict[str, Any] = row.body
    for period in PERIODS:
        record[f"_{period}_start_at"] = _spelt(getattr(row, period))
    record["_updated_at"] = _spelt(row.updated_at)
    return record


def key(identity: str) -> str:
    """Give what an ``_id`` is kept under: itself, or the digest of a very long one.

    An ``_id`` holds no white space, so none can look like the digest of another.
    """
    encoded = identity.encode()
    if len(encoded) <= LONGEST_KEY:
        return identity
    return " " + hashlib.sha256(encoded).hexdigest()


@lru_cache(maxsize=4096)
def _times(text: str) -> tuple[str, Mapping[str, int]]:
    moment = parse_timestamp(text)
    starts = {str(period): _seconds(floor(moment, period)) for period in PERIODS}
    return moment.isoformat(), {"timestamp": _seconds(moment), **starts}


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)


@lru_cache(maxsize=4096)
def _spelt(seconds: int) -> str:
    return from_epoch(seconds).isoformat()


def _written(body: Mapping[str, Any]) -> str:
    text = orjson.dumps(body).decode()
    # PostgreSQL keeps no NUL in JSON. The escape may also stand for itself, after a backslash.
    if "\\u0000" in text:
        for name, value in body.items():
            if isinstance(value, str) and "\0" in value:
                raise ValueError(f"{name} holds a NUL character")
    return text
