"""What a query of Universal Analytics is in GA4, as far as there is such a thing.

``ga4_names.csv`` is the table: names of Universal Analytics (a pattern), what they are called now
(``=``: the same), and what is to be said of it.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from pydantic import Field

from collectors.config.legacy.old import Strict
from collectors.errors import ConfigError

_TERM = re.compile(
    r"(?:ga:)?(?P<name>\w+)(?P<test>==|!=|=~|!~|=@|!@|>=|<=|>|<)(?P<value>.*)", re.DOTALL
)


class OldQuery(Strict):
    """The ``query`` of ``performanceplatform.collector.ga``."""

    id: str = Field(pattern=r"^(ga:)?\w+$")
    metrics: tuple[str, ...] = Field(min_length=1)
    dimensions: tuple[str, ...] = ()
    filters: tuple[str, ...] | str = ()
    sort: tuple[str, ...] = ()
    max_results: int = Field(0, alias="maxResults", ge=0)
    segment: str | None = None
    frequency: Literal["daily", "weekly", "monthly"] = "weekly"

    @property
    def view(self) -> str:
        """The number of the view."""
        return self.id.removeprefix("ga:")


class Asked:
    """What is asked of GA4 in place of an old query.

    ``query`` is all but the property, its filters in their old form; ``names`` maps what is asked
    for to what it was called; ``remarks`` say what somebody has to see to. Raises ConfigError
    where two names are one now.
    """

    def __init__(self, old: OldQuery) -> None:
        self.remarks: list[str] = []
        self.names: dict[str, str] = {}
        if old.segment:
            self.remarks.append("GA4 has no segments: say it with 'filters', or with an audience")
        asked: dict[str, Any] = {
            "metrics": [self._asked("metric", name) for name in old.metrics],
            "dimensions": [self._asked("dimension", name) for name in old.dimensions],
            "filters": self._filters(old.filters),
            "order": [self._ordered(name) for name in old.sort],
            "limit": old.max_results,
            "segment": old.segment,
        }
        self.query = {key: value for key, value in asked.items() if value}

    def _asked(self, kind: str, name: str) -> str:
        ga4 = self._ga4(name, kind)
        if (other := self.names.setdefault(ga4, name)) != name:
            raise ConfigError(f"query.{kind}s: {other} and {name} are both {ga4} in GA4: keep one")
        return ga4

    def _filters(self, said: str | Sequence[str]) -> str:
        text = said if isinstance(said, str) else ";".join(said)
        pieces = re.split(r"((?<!\\)[;,])", text)
        return "".join(one if one in ";," else self._term(one) for one in pieces)

    def _term(self, text: str) -> str:
        match = _TERM.fullmatch(text)
        if match is None:
            self.remarks.append(f"the filter {text!r} cannot be read")
            return text
        return f"{self._ga4(match['name'])}{match['test']}{match['value']}"

    def _ordered(self, text: str) -> str:
        name = text.removeprefix("-")
        return f"{text[: -len(name)]}{self._ga4(name.removeprefix('ga:'))}"

    def _ga4(self, name: str, kind: str | None = None) -> str:
        known = _find(name, kind)
        if known is None:
            self.remarks.append(f"{name!r} is not known: see whether GA4 has it")
            return name
        ga4 = name if known.ga4 == "=" else known.ga4
        if known.remark or not ga4:
            what = f"is {ga4!r} in GA4" if ga4 else "has no counterpart in GA4"
            hint = f": {known.remark}" if known.remark else ""
            self.remarks.append(f"the {known.kind} {name!r} {what}{hint}")
        return ga4 or name


class _Known(NamedTuple):
    kind: str
    pattern: re.Pattern[str]
    ga4: str
    remark: str


@cache
def _table() -> Sequence[_Known]:
    text = files(__package__).joinpath("ga4_names.csv").read_text(encoding="utf-8")
    return [_known(row) for row in csv.DictReader(text.splitlines())]


def _known(row: Mapping[str, str]) -> _Known:
    return _Known(row["kind"], re.compile(row["name"]), row["ga4"], row["remark"])


def _find(name: str, kind: str | None) -> _Known | None:
    fitting = (known for known in _table() if known.pattern.fullmatch(name))
    return next((known for known in fitting if kind in (None, known.kind)), None)
