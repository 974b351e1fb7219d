"""What to read of a data set."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from collectors.periods import Period, Window, count, floor, following, shift
from collectors.record_rules import LARGEST_INTEGER, is_text

Method = Literal["sum", "count", "set", "mean"]
METHODS: tuple[Method, ...] = ("sum", "count", "set", "mean")
MOST_FIELDS = 50
"""How many filters, groups or collected fields a query has at most."""
MOST_PERIODS = 100_000
"""How many periods a query spans at most: eleven years of hours."""
NO_SUCH_TIME = "The query leaves the calendar"

_FIELD = re.compile(r"[A-Za-z_][A-Za-z0-9_]+")


class BadQuery(ValueError):
    """A query that cannot be answered; the text says why, in the read API's words where it can."""


@dataclass(frozen=True, slots=True)
class Collect:
    """A field to collect of each group, and how.

    A ``plain`` one was asked for without a method: its set is then also given under its bare name.
    """

    field: str
    method: Method = "set"
    plain: bool = False

    @property
    def name(self) -> str:
        """The name under which it is given: ``count:sum``."""
        return f"{self.field}:{self.method}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """Which records to read, in which order and how grouped; by default all, oldest first.

    ``start_at`` and ``end_at`` (aware) are half-open, unless ``inclusive``. ``filter_by`` holds
    pairs of a field and the text, or True or False, that it must equal; ``filter_by_prefix`` of a
    field and how its text begins. ``sort_by`` is a field, ``descending`` turns the order round. A
    field that a record lacks sorts before all others, then come numbers, then text.

    With ``group_by`` or ``period`` the records are counted by group; ``collect`` says what else to
    tell of each. ``flatten`` gives groups with periods as plain rows. ``relative`` is 1 or -1 for
    a query that said how many periods from where on, or up to where: it then moves on to the
    first, or back to the last, period with records.

    Raises BadQuery where it makes no sense.
    """

    start_at: datetime | None = None
    end_at: datetime | None = None
    inclusive: bool = False
    filter_by: tuple[tuple[str, str | bool], ...] = ()
    filter_by_prefix: tuple[tuple[str, str], ...] = ()
    group_by: tuple[str, ...] = ()
    period: Period | None = None
    collect: tuple[Collect, ...] = ()
    sort_by: str | None = None
    descending: bool = False
    limit: int | None = None
    flatten: bool = False
    relative: Literal[-1, 0, 1] = 0
    format: Literal["csv", "json"] = "json"

    def __post_init__(self) -> None:
        self._check_filters()
        self._check_groups()
        self._check_order()
        self._check_limit()
        self._check_collected()
        self._check_span()

    @property
    def is_raw(self) -> bool:
        """Tell whether the answer is the records themselves."""
        return not self.group_by and self.period is None

    @property
    def figures(self) -> tuple[str, ...]:
        """The fields of which counts, sums or means are collected."""
        return tuple(dict.fromkeys(one.field for one in self.collect if one.method != "set"))

    @property
    def summed(self) -> frozenset[str]:
        """The fields of which sums or means are collected."""
        return frozenset(one.field for one in self.collect if one.method in ("sum", "mean"))

    @property
    def sets(self) -> tuple[str, ...]:
        """The fields of which the different values are collected."""
        return tuple(dict.fromkeys(one.field for one in self.collect if one.method == "set"))

    @property
    def window(self) -> Window | None:
        """The whole periods from ``start_at`` to ``end_at``; None where there are none or no ends.

        Raises BadQuery where they do not lie within the calendar.
        """
        if self.period is None or self.start_at is None or self.end_at is None:
            return None
        try:
            start, end = floor(self.start_at, self.period), floor(self.end_at, self.period)
            if end < self.end_at:
                end = following(end, self.period)
        except OverflowError:
            raise BadQuery(NO_SUCH_TIME) from None
        return Window(start, end) if start < end else None

    def moved(self, periods: int) -> "Query":
        """Give the same query so many periods later (earlier, if negative), relative no more.

        Raises OverflowError where the calendar has no such periods.
        """
        window = self.window
        if window is None or self.period is None:
            return self
        return replace(
            self,
            start_at=shift(window.start, self.period, periods),
            end_at=shift(window.end, self.period, periods),
            relative=0,
        )

    def _check_filters(self) -> None:
        if self.filter_by and self.filter_by_prefix:
            raise BadQuery("Cannot use both filter_by and filter_by_prefix in the same query")
        _check_count("filter_by", self.filter_by or self.filter_by_prefix)
        for field, value in (*self.filter_by, *self.filter_by_prefix):
            _check_field("filter by", field)
            if isinstance(value, str) and ("\0" in value or not is_text(value)):
                raise BadQuery(f"filter_by {field} holds what is no text")

    def _check_groups(self) -> None:
        _check_count("group_by", self.group_by)
        for field in self.group_by:
            _check_field("group by", field)
            if field.startswith("_"):
                raise BadQuery(
                    "Cannot group by internal fields, internal fields start with an underscore"
                )

    def _check_collected(self) -> None:
        if self.collect and self.is_raw:
            raise BadQuery("collect can be used only with either ['group_by', 'period']")
        _check_count("collect", self.collect)
        for field in (one.field for one in self.collect):
            _check_field("collect", field)
            if field.startswith("_"):
                raise BadQuery(
                    "Cannot collect internal fields, internal fields start with an underscore"
                )
            if field in self.group_by:
                raise BadQuery("Cannot collect by a field that is used for group_by")

    def _check_order(self) -> None:
        if self.sort_by is None:
            return
        if self.period is not None and not self.group_by:
            raise BadQuery(
                "Cannot sort for period queries without group_by. "
                "Period queries are always sorted by time."
            )
        _check_field("sort by", self.sort_by)
        if self.group_by and self.sort_by not in ("_count", *self.group_by):
            raise BadQuery(f"Invalid sort key {self.sort_by}: groups have _count and group_by")

    def _check_limit(self) -> None:
        if self.limit is None:
            return
        if not 1 <= self.limit <= LARGEST_INTEGER:
            raise BadQuery("limit must be a positive integer")
        if self.period is not None and not self.group_by:
            raise BadQuery("A period query can only be limited if it is grouped")

    def _check_span(self) -> None:
        window = self.window
        if window and self.period and count(window, self.period) > MOST_PERIODS:
            raise BadQuery(f"The query spans more than {MOST_PERIODS} periods")


def _check_field(what: str, field: str) -> None:
    if not _FIELD.fullmatch(field):
        raise BadQuery(f"Cannot {what} an invalid field name")


def _check_count(what: str, given: Collection[object]) -> None:
    if len(given) > MOST_FIELDS:
        raise BadQuery(f"{what} is given more than {MOST_FIELDS} times")
