"""``:start`` and ``:end``: what is put in their places, and as which type."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from pydantic import AfterValidator, Field

from collectors.api import Window
from collectors.api.times import Bounds, spelt_format

BOUND = frozenset({"start", "end"})
TIMESTAMP = "timestamp"
Value = datetime | date | str | int


def _format(text: str) -> str:
    return text if text == TIMESTAMP else spelt_format(text)


class TimeBounds(Bounds):
    """How both ends are given to the database; a mere text is the ``format``."""

    format: Annotated[str, AfterValidator(_format)] = Field(
        TIMESTAMP,
        description="`timestamp`, `date`, `iso`, `epoch`, `epoch_ms`, or a text such as `%Y%m%d`.",
    )

    def values(self, window: Window, zone: ZoneInfo, dialect: str) -> Mapping[str, Value]:
        """Give ``start`` and ``end`` for a database of that ``dialect``."""
        start, end = self.ends(window, zone)
        if self.format == TIMESTAMP:
            return {"start": _timestamp(start, dialect), "end": _timestamp(end, dialect)}
        if self.format == "date" and dialect != "sqlite":
            return {"start": start.date(), "end": end.date()}
        first, last = self.spelt(window, zone)
        return {"start": first, "end": last}


def parameters(query: str) -> frozenset[str]:
    """Give the names that ``query`` has after a colon."""
    return frozenset(sa.text(query).compile().params)


def bound(query: str, values: Mapping[str, Value]) -> sa.TextClause:
    """Give the statement with each of ``values`` that it names put in."""
    named = parameters(query)
    return sa.text(query).bindparams(
        *(
            sa.bindparam(name, value, _type(value))
            for name, value in values.items()
            if name in named
        )
    )


def _timestamp(moment: datetime, dialect: str) -> Value:
    if dialect == "postgresql":
        return moment
    local = moment.replace(tzinfo=None)
    return local.isoformat(" ", "seconds") if dialect == "sqlite" else local


def _type(value: Value) -> sa.types.TypeEngine[Any]:
    match value:
        case datetime():
            return sa.DateTime(timezone=value.tzinfo is not None)
        case date():
            return sa.Date()
        case int():
            return sa.BigInteger()
    return sa.String()
