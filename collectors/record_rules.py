"""The write API's rules for one record, in the server's own words.

They are those of the Performance Platform's write API. The pipeline applies them before anything
is sent, the embedded data sets when it arrives, so that both judge alike. Two things are judged
more strictly than the original did, which stored them and could not give them back: a number that
is not finite, and text that is not Unicode (a lone surrogate).
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from dateutil import parser

TIMESTAMPS = ("_timestamp", "_start_at", "_end_at")
INTERNAL = frozenset({"_id", *TIMESTAMPS})
LARGEST_INTEGER = 2**63 - 1
LONGEST_TIMESTAMP = 100
"""Characters; what is longer is no date, and dateutil would look at each of them."""
LONGEST_KEPT = 200
"""Characters of a field's name up to which what was found of it is kept in mind."""

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")
_SPACE = re.compile(r"\s")
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)
_UNSAID = datetime(1970, 1, 1)  # noqa: DTZ001 - naive, as what it completes may be
_NUMBERS = {int, float, bool}
_KINDS: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
        "string": lambda value: isinstance(value, str),
    }
)

SCHEMAS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "customer-satisfaction": {
            **{f"rating_{grade}": "integer" for grade in range(1, 6)},
            "total": "integer",
            "comments": "integer",
            "slug": "string",
        },
        "monitoring": {"uptime": "integer", "downtime": "integer"},
        "realtime": {"for_url": "string", "unique_visitors": "integer"},
        "transactions-by-channel": {"count": "integer", "channel": "string"},
    }
)
"""Per data type, the fields that its schema requires and the JSON type of each."""


def are_welcome(data_type: str, records: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether no rule can mind any of ``records``; False where they must be asked one by one.

    This looks at columns, not at records, and costs a tenth of asking each.
    """
    if data_type in SCHEMAS:
        return False
    alike: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for names, record in zip(map(tuple, records), records, strict=True):
        alike.setdefault(names, []).append(record)
    return all(_are_plain(names, group) for names, group in alike.items())


def _are_plain(names: tuple[str, ...], alike: Sequence[Mapping[str, Any]]) -> bool:
    """Tell so of records that all have the fields ``names``, in that order."""
    values = zip(*(record.values() for record in alike), strict=True)
    columns = dict(zip(names, values, strict=True))
    identities, timestamps = columns.get("_id"), columns.get("_timestamp")
    return (
        identities is not None
        and timestamps is not None
        and columns.keys().isdisjoint(("_start_at", "_end_at"))
        and not any(map(key_problem, names))
        and all(map(_is_plain, columns.values()))
        and set(map(type, identities)) == {str}
        and all(map(str.isalnum, identities))
        and not any(_date_time_problems({"_timestamp": one}) for one in set(timestamps))
    )


def _is_plain(column: tuple[Any, ...]) -> bool:
    kinds = set(map(type, column))
    if type(None) in kinds:
        kinds.remove(type(None))
        column = tuple(value for value in column if value is not None)
    if kinds == {str}:
        return is_text("".join(column))
    if not kinds <= _NUMBERS:
        return False
    if kinds and not -LARGEST_INTEGER <= min(column) <= max(column) <= LARGEST_INTEGER:
        return False
    return float not in kinds or math.isfinite(sum(column))


def problems(record: Mapping[str, Any]) -> list[str]:
    """Give every message with which the write API refuses ``record``; none if it is welcome.

    What must be there is said by ``schema_problems``; here is judged what is there.
    """
    found = [said for key in TIMESTAMPS if key in record if (said := _date_problem(key, record))]
    undated = bool(found)
    for key, value in record.items():
        said = key_problem(key) or _value_problem(key, value)
        if said is None and undated and key in TIMESTAMPS and _date_problem(key, record):
            said = f"{key} is not a valid datetime object"
        if said is not None:
            found.append(said)
    return found


def schema_problems(data_type: str, record: Mapping[str, Any]) -> list[str]:
    """Give every message with which the schema of ``data_type`` refuses ``record``.

    Every data type requires ``_timestamp`` as a date and time with a ``T``; some require more,
    see ``SCHEMAS``.
    """
    required = SCHEMAS.get(data_type, {})
    missing = [key for key in ("_timestamp", *required) if key not in record]
    return [
        *(f"'{key}' is a required property" for key in missing),
        *_date_time_problems(record),
        *(
            f"{record[key]!r} is not of type '{kind}'"
            for key, kind in required.items()
            if key in record and not _KINDS[kind](record[key])
        ),
    ]


def key_problem(key: str) -> str | None:
    """Give the message that refuses ``key`` as the name of a field, or None."""
    return _key_problem(key) if len(key) <= LONGEST_KEPT else _key_problem.__wrapped__(key)


@lru_cache(maxsize=4096)
def _key_problem(key: str) -> str | None:
    if not _KEY.fullmatch(key):
        return f"{key} is not a valid key"
    if key.startswith("_") and key not in INTERNAL:
        return f"{key} is not a recognised internal field"
    return None


def parse_timestamp(text: str) -> datetime:
    """Read a date and time as the write API does; gives aware UTC, and takes naive as UTC.

    What the text leaves out is that of 1970-01-01T00:00:00. Raises ValueError with the reason.
    """
    if len(text) > LONGEST_TIMESTAMP:
        raise ValueError("too long for a date and time")
    return _parsed(text)


@lru_cache(maxsize=4096)
def _parsed(text: str) -> datetime:
    try:
        moment = parser.parse(text, default=_UNSAID, tzinfos=_zone)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except OverflowError as exc:
        raise ValueError(f"out of range: {text}") from exc


def is_date_time(text: str) -> bool:
    """Tell whether ``text`` is a date and time with a ``T``; the zone may be left out."""
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return _DATE_TIME.fullmatch(text) is not None


def _zone(name: str | None, offset: int | None) -> tzinfo | None:
    if offset is not None:
        return timezone(timedelta(seconds=offset))
    if name is not None:
        raise ValueError(f"unknown time zone: {name}")
    return None


def _date_problem(key: str, record: Mapping[str, Any]) -> str | None:
    value = record[key]
    article = "the " if key == "_timestamp" else ""
    malformed = f"{article}{key} must be a date in the format yyyy-MM-ddT00:00:00Z"
    if not isinstance(value, str):
        return malformed
    try:
        parse_timestamp(value)
    except ValueError as exc:
        # dateutil names a cause where the form is right and a number in it is not.
        return f"{value} in the {key} field is not a valid date" if exc.__cause__ else malformed
    return None


def _date_time_problems(record: Mapping[str, Any]) -> list[str]:
    value = record.get("_timestamp", "")
    if "_timestamp" not in record:
        return []
    if not isinstance(value, str):
        return [f"{value!r} is not of type 'string'"]
    return [] if is_date_time(value) else [f"{value!r} is not a 'date-time'"]


def _value_problem(key: str, value: object) -> str | None:
    if isinstance(value, int):
        fits = -LARGEST_INTEGER - 1 <= value <= LARGEST_INTEGER
    elif isinstance(value, float):
        return None if math.isfinite(value) else f"{key} is not a finite number"
    else:
        fits = value is None or isinstance(value, str)
    if not fits:
        return f"{key} has an invalid value"
    if key == "_id" and not _is_id(value):
        return f'_id "{value}" is not a valid id'
    if isinstance(value, str) and not is_text(value):
        return f"{key} is not valid text"
    return None


def is_text(value: str) -> bool:
    """Tell whether ``value`` is Unicode throughout, and so can be sent."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_id(value: object) -> bool:
    return isinstance(value, str) and value != "" and not _SPACE.search(value)
