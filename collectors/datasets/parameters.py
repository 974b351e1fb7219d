"""From the read API's parameters to a Query, with the messages of the Performance Platform's."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, time, timedelta
from types import MappingProxyType
from typing import Literal

from collectors.config.model import DeclaredDataSet
from collectors.datasets.query import METHODS, MOST_PERIODS, NO_SUCH_TIME, BadQuery, Collect, Query
from collectors.datasets.tables import PERIODS
from collectors.periods import Period, floor, shift

LEAST_SPAN = timedelta(days=7)
"""How much time a query tells of at least, where raw queries are not allowed."""
PARAMETERS = frozenset(
    {
        "start_at",
        "end_at",
        "inclusive",
        "duration",
        "period",
        "filter_by",
        "filter_by_prefix",
        "group_by",
        "collect",
        "sort_by",
        "limit",
        "flatten",
        "format",
    }
)

_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})"
)
_NUMBER = re.compile(r"[0-9]{1,19}")
_BOOLEANS: Mapping[str, bool] = MappingProxyType({"true": True, "false": False})


def parse(params: Sequence[tuple[str, str]], declared: DeclaredDataSet, now: datetime) -> Query:
    """Read the parameters of a query, in the order and as often as they were given.

    ``now`` (aware) is where a ``duration`` without ``start_at`` and ``end_at`` ends. Raises
    BadQuery, whose text is the ``message`` of the read API's 400, and nothing else.
    """
    given = _Given(params)
    given.check_names()
    start_at, end_at, relative = _times(given, now)
    field, descending = _order(given)
    query = Query(
        start_at=start_at,
        end_at=end_at,
        inclusive=_inclusive(given),
        filter_by=tuple(_filter(text) for text in given.all("filter_by")),
        filter_by_prefix=tuple(_pair(text) for text in given.all("filter_by_prefix")),
        group_by=tuple(dict.fromkeys(given.all("group_by"))),
        period=_period(given),
        collect=tuple(dict.fromkeys(map(_collect, given.all("collect")))),
        sort_by=field,
        descending=descending,
        limit=_number(given, "limit"),
        flatten=_boolean(given, "flatten") or _format(given) == "csv",
        relative=relative,
        format=_format(given),
    )
    if not declared.raw_queries_allowed:
        _check_not_raw(query)
    return query


class _Given:
    """The parameters as given; where one may be given once, the first counts."""

    def __init__(self, params: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in params:
            self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def all(self, name: str) -> Sequence[str]:
        return self._values.get(name, ())

    def get(self, name: str) -> str | None:
        return next(iter(self.all(name)), None)

    def check_names(self) -> None:
        if not self._values.keys() <= PARAMETERS:
            raise BadQuery("An unrecognised parameter was provided")
        if "filter_by" in self and "filter_by_prefix" in self:
            raise BadQuery("Cannot use both filter_by and filter_by_prefix in the same query")


def _times(
    given: _Given, now: datetime
) -> tuple[datetime | None, datetime | None, Literal[-1, 0, 1]]:
    """Give both ends, and which way a relative query looks for records."""
    _check_times(given)
    start_at, end_at = _moment(given, "start_at"), _moment(given, "end_at")
    period, duration = _period(given), _number(given, "duration")
    if period is None or duration is None:
        return start_at, end_at, 0
    if duration == 0:
        raise BadQuery("'duration' must not be zero")
    if duration > MOST_PERIODS:
        raise BadQuery(f"The query spans more than {MOST_PERIODS} periods")
    try:
        known = floor(start_at or end_at or now, period)
        if start_at:
            return known, shift(known, period, duration), 1
        return shift(known, period, -duration), known, -1
    except OverflowError:
        raise BadQuery(NO_SUCH_TIME) from None


def _check_times(given: _Given) -> None:
    start, end, duration = (name in given for name in ("start_at", "end_at", "duration"))
    if duration and start and end:
        raise BadQuery(
            "Absolute and relative time cannot be requested at the same time - either ask for "
            "'start_at' and 'end_at', or ask for 'start_at'/'end_at' with 'duration'"
        )
    if "period" in given and not (duration or (start and end)):
        raise BadQuery(
            "Either 'duration' or both 'start_at' and 'end_at' are required for a period query"
        )
    if start and not (end or duration):
        raise BadQuery("Use of 'start_at' requires 'end_at' or 'duration'")
    if end and not (start or duration):
        raise BadQuery("Use of 'end_at' requires 'start_at' or 'duration'")
    if duration and "period" not in given:
        raise BadQuery(
            "If 'duration' is requested (for relative time), 'period' is required - please add a "
            "period (like 'day', 'month' etc)"
        )


def _moment(given: _Given, name: str) -> datetime | None:
    text = given.get(name)
    if text is None:
        return None
    try:
        if not _MOMENT.fullmatch(text):
            raise ValueError(text)
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadQuery(f"{name} is not a valid datetime") from None


def _period(given: _Given) -> Period | None:
    text = given.get("period")
    if text is None:
        return None
    names = list(map(str, PERIODS))
    if text not in names:
        raise BadQuery(f"'period' must be one of {names}")
    return Period(text)


def _inclusive(given: _Given) -> bool:
    value = _boolean(given, "inclusive")
    if "inclusive" in given and not ("start_at" in given or "end_at" in given):
        raise BadQuery("inclusive can be used only with either ['start_at', 'end_at']")
    return value


def _filter(text: str) -> tuple[str, str | bool]:
    field, value = _pair(text)
    return field, _BOOLEANS.get(value, value)


def _pair(text: str) -> tuple[str, str]:
    field, colon, value = text.partition(":")
    if not colon:
        raise BadQuery(
            "filter_by must be a field name and value separated by a colon (:) "
            "eg. authority:Westminster"
        )
    return field, value


def _collect(text: str) -> Collect:
    field, colon, method = text.partition(":")
    if not colon:
        return Collect(field, plain=True)
    for known in METHODS:
        if method == known:
            return Collect(field, known)
    raise BadQuery("Unknown collection method")


def _order(given: _Given) -> tuple[str | None, bool]:
    text = given.get("sort_by")
    if text is None:
        return None, False
    field, colon, direction = text.partition(":")
    if not colon:
        raise BadQuery(
            "sort_by must be a field name and sort direction separated by a colon (:) "
            "eg. authority:ascending"
        )
    if direction not in ("ascending", "descending"):
        raise BadQuery(
            "Unrecognised sort direction. Supported directions include: ascending, descending"
        )
    return field, direction == "descending"


def _number(given: _Given, name: str) -> int | None:
    text = given.get(name)
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadQuery(f"{name} must be a positive integer")
    return int(text)


def _boolean(given: _Given, name: str) -> bool:
    text = given.get(name)
    if text is None:
        return False
    if text not in _BOOLEANS:
        raise BadQuery(f"{name} must be either 'true' or 'false'")
    return _BOOLEANS[text]


def _format(given: _Given) -> Literal["csv", "json"]:
    text = given.get("format")
    if text == "csv":
        return "csv"
    if text in ("json", None):
        return "json"
    raise BadQuery("format must be either 'csv' or 'json'")


def _check_not_raw(query: Query) -> None:
    """Refuse what tells of few people, as the original does for such data sets."""
    if query.is_raw:
        raise BadQuery("querying for raw data is not allowed")
    ends = {"start_at": query.start_at, "end_at": query.end_at}
    known = {name: moment for name, moment in ends.items() if moment is not None}
    if query.relative or query.period is Period.HOUR:
        return
    if len(known) == 2 and known["end_at"] - known["start_at"] < LEAST_SPAN:
        raise BadQuery("The minimum time span for a query is 7 days")
    for name, moment in known.items():
        if moment.time() != time():
            raise BadQuery(f"{name} must be midnight")
    for name, moment in known.items():
        if query.period is Period.WEEK and moment.weekday() != 0:
            raise BadQuery(f"{name} must be a monday")
        if query.period is Period.MONTH and moment.day != 1:
            raise BadQuery(f"'{name}' must be the first of the month for period=month queries")
