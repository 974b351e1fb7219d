"""From the records of a reply to readings. Pure."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from collectors.api import Number, Reading, Unexpected
from collectors.api.figures import number_of, text_of
from collectors.sources.json.expressions import MISSING, compiled

Names = Mapping[str, str]
_SHOWN = 60


def records_of(answer: Any, expect: str | None, records: str) -> list[Any]:
    """Give the records of an answer. Raises Unexpected where they are not where they should be."""
    if expect is not None and not found(expect, answer, "expect"):
        fail(f"`expect` ({expect}) does not hold", answer)
    value = found(records, answer, "records")
    if isinstance(value, dict):
        return [value]
    if not isinstance(value, list):
        fail(f"`records` ({records}) finds {kind(value)} where a list is expected", answer)
    return value


def unrolled(records: list[Any], unroll: str | None) -> Iterator[Any]:
    """Give each record, or each item that ``unroll`` finds in it, beside what it is an item of."""
    for record in records:
        if unroll is None:
            yield record
            continue
        items = found(unroll, record, "unroll")
        if not isinstance(items, list):
            fail(f"`unroll` ({unroll}) finds {kind(items)} where a list is expected", record)
        for item in items:
            yield {"of": record, "item": item}


@dataclass(kw_only=True)
class Rows:
    """Makes records into readings, and keeps account of what they lack.

    ``time`` is where the time is, ``read`` makes it the start of a period; ``at`` is the time of
    records that have none.
    """

    time: str | None
    read: Callable[[Any], datetime]
    measures: Names | str
    dimensions: Names
    unknown: frozenset[str]
    missing: Counter[str] = field(default_factory=Counter)
    count: int = 0
    last: Any = None

    def reading(self, record: Any, at: datetime) -> Reading:
        """Give the reading of a record. Raises Unexpected where it is not one."""
        self.count += 1
        self.last = record
        start = at if self.time is None else self._time(self.time, record)
        return Reading(start, self._measures(record), self._dimensions(record))

    def tell(self, warn: Callable[[str], None]) -> None:
        """Tell what was missing; raises Unexpected where no record had any figure."""
        names = [self.measures] if isinstance(self.measures, str) else list(self.measures.values())
        if self.count and all(self.missing[name] == self.count for name in names):
            fail(f"none of {self.count} records has {' or '.join(names)}", self.last)
        for name in names:
            if count := self.missing[name]:
                warn(f"{name} is missing in {count} of {self.count} records")

    def _time(self, where: str, record: Any) -> datetime:
        value = found(where, record, "time")
        if value is None or value is MISSING:
            fail(f"a record has no time at {where}", record)
        try:
            return self.read(value)
        except (ValueError, TypeError) as exc:
            said = exc if isinstance(exc, ValueError) else "is no time"
            fail(f"the time {shown(value)} at {where} {said}", record)

    def _measures(self, record: Any) -> dict[str, Number | None]:
        if isinstance(self.measures, str):
            return self._all(self.measures, record)
        return {name: self._figure(where, record) for name, where in self.measures.items()}

    def _all(self, where: str, record: Any) -> dict[str, Number | None]:
        values = found(where, record, "measures")
        if values is None or values is MISSING:
            self.missing[where] += 1
            return {}
        if not isinstance(values, dict):
            fail(f"`measures` ({where}) finds {kind(values)} where a mapping is expected", record)
        return {name: self._number(value, name, record) for name, value in values.items()}

    def _figure(self, where: str, record: Any) -> Number | None:
        value = found(where, record, "measures")
        if value is MISSING:
            self.missing[where] += 1
            return None
        return self._number(value, where, record)

    def _number(self, value: Any, where: str, record: Any) -> Number | None:
        try:
            return number_of(value, self.unknown)
        except ValueError as exc:
            hint = "; texts that mean unknown go under `unknown`" if isinstance(value, str) else ""
            fail(f"{shown(value)} at {where} {exc}{hint}", record)

    def _dimensions(self, record: Any) -> dict[str, str]:
        return {name: self._text(where, record) for name, where in self.dimensions.items()}

    def _text(self, where: str, record: Any) -> str:
        value = found(where, record, "dimensions")
        try:
            return text_of(None if value is MISSING else value)
        except ValueError as exc:
            fail(
                f"the dimension at {where} {exc}; where that is normal, write {where} || 'none'",
                record,
            )


def found(expression: str, value: Any, key: str) -> Any:
    """Give what an expression finds; Unexpected where it does not fit what it is given."""
    try:
        return compiled(expression)(value)
    except ValueError as exc:
        first = " ".join(str(exc).split())
        fail(f"`{key}` ({expression}) does not fit the reply: {first}", value)


def fail(message: str, sample: Any) -> NoReturn:
    """Raise Unexpected with ``sample``, a piece of the reply."""
    raise Unexpected(message, json.dumps(sample, ensure_ascii=False, default=str))


def kind(value: Any) -> str:
    """Name what a value is."""
    names = {dict: "a mapping", list: "a list", str: "a text", bool: "a truth value"}
    if value is None or value is MISSING:
        return "nothing"
    return names.get(type(value), "a number")


def shown(value: Any) -> str:
    """Give a value for a message, shortened."""
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
