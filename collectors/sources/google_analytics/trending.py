"""Google Analytics 4, what is rising and falling: each page's last week beside the week before.

::

    service: govuk
    collectors:
      trending:
        source: google-analytics-trending
        schedule: daily
        replace: yes                            # a snapshot: the pages of today, and no others
        query:
          property: "53872948"
          beside: [pagePath]
          filters: {pageTitle: {not: {begins: An error has occurred}}}
          top: 20

===============  =================================================================================
``property``     the number of the property (Admin > Property details), not a ``G-`` or ``UA-`` id
``dimension``    what is followed, each of its values by itself: ``pageTitle`` (the default)
``beside``       dimensions to tell with it. Where there are several values, the figures are those
                 of all together, and the first in the alphabet is told: of ``/a`` and ``/a/b``
                 that is ``/a``
``metric``       what is counted: ``screenPageViews`` (the default), or another count
``filters``      what to keep, written as for google-analytics
``floor``        500 (the default), or how many there have to be in a week for it to count: fewer
                 are told as so many
``top``          how many to keep, those that have risen most; without it all
===============  =================================================================================

A reading has ``week2``, the seven days up to the end of the period; ``week1``, the seven days
before; and ``percent_change``, which is ``(week2 - week1) / week1 * 100``. Its ``timeSpan`` is
``week``. The floor keeps a page that went from 1 to 10 from having risen by 900 per cent, and
``week1`` from being 0. Google's ``(other)`` row is no page and left out.

Both weeks are asked for at once. Their days are those of the property's time zone. Google goes on
counting for three days, and so long it is asked again. The credential is that of google-analytics:
``credentials/google-analytics.yaml``; so are the tokens, and how account is kept of them.
"""

import builtins
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import Field, PositiveInt, model_validator

from collectors.api import (
    Context,
    Credential,
    Limits,
    NotYet,
    Number,
    Period,
    Reading,
    Source,
    Unexpected,
    Window,
    shift,
)
from collectors.api.google import GoogleCredential, project_of
from collectors.sources.google_analytics.account import Property, quota_keys
from collectors.sources.google_analytics.calendar import periods
from collectors.sources.google_analytics.examination import examine
from collectors.sources.google_analytics.filters import Filters, parse
from collectors.sources.google_analytics.names import (
    Name,
    PropertyNumber,
    adds_up,
    is_count,
    legal,
)
from collectors.sources.google_analytics.reading import Table
from collectors.sources.google_analytics.report import AT_MOST_DIMENSIONS, Report, Row

__all__ = ["GoogleAnalyticsTrending"]

FLOOR = 500
SETTLE = timedelta(days=3)
SPAN = timedelta(days=7)
OTHER = "(other)"


@dataclass(slots=True)
class Trend:
    """One value: what is told with it, and its counts of the two weeks."""

    value: str
    beside: list[str]
    weeks: list[Number]

    @property
    def percent_change(self) -> float:
        """How much the second week is above the first, in per cent of the first."""
        first, second = self.weeks
        return (second - first) / first * 100


def trends(rows: Iterable[tuple[int, Row]], floor: int) -> list[Trend]:
    """Give what became of each value, counts below ``floor`` raised to it; the risen ones first.

    A row has the value, what is told beside it, and a count; it comes with its week, 0 or 1.
    """
    found: dict[str, Trend] = {}
    for week, ((value, *beside), (count,)) in rows:
        if value == OTHER:
            continue
        if count is None:
            raise Unexpected(f"Google Analytics counts {value[:60]!r} with no number")
        trend = found.setdefault(value, Trend(value, beside, [0, 0]))
        trend.beside = min(trend.beside, beside)
        trend.weeks[week] += count
    for trend in found.values():
        trend.weeks = [max(count, floor) for count in trend.weeks]
    return sorted(found.values(), key=lambda one: (-one.percent_change, -one.weeks[1], one.value))


class GoogleAnalyticsTrending(Source):
    """What is rising and falling of one property; the module is its manual page."""

    name: ClassVar[str] = "google-analytics-trending"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.DAY, Period.WEEK})
    credential: ClassVar[type[Credential] | None] = GoogleCredential
    quota: ClassVar[str | None] = "google"
    credential_file: ClassVar[str | None] = "google-analytics"

    property: PropertyNumber
    dimension: Name = "pageTitle"
    beside: Annotated[tuple[Name, ...], Field(max_length=AT_MOST_DIMENSIONS - 1)] = ()
    metric: Name = "screenPageViews"
    filters: Mapping[str, Any] | str | None = None
    floor: PositiveInt = FLOOR
    top: PositiveInt | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        names = (self.dimension, *self.beside)
        if len(set(map(legal, names))) < len(names):
            raise ValueError("`dimension` and `beside` name a dimension twice")
        if not is_count(self.metric):
            raise ValueError(f"{self.metric!r} is no count: `floor` and the change are of counts")
        if self.beside and not adds_up(self.metric):
            raise ValueError(
                f"{self.metric!r} cannot be added up over what is `beside`: leave `beside` out, or "
                "take another metric"
            )
        self._filters()
        return self

    @builtins.property
    def max_span(self) -> timedelta:
        """A week: each of its days is a request."""
        return SPAN

    @builtins.property
    def settle(self) -> timedelta:
        """Three days, in which Google still counts."""
        return SETTLE

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the keys of the project, the property, and both. Raises Refused without a key."""
        return quota_keys(project_of(credential), credential, self.property, Property.kind)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the trends as of each period's end, those that have risen most first."""
        asked = Property(context, self.property)
        for period in periods(window, context.period, context.zone):
            found = trends(self._rows(asked, period.end), self.floor)
            if not found and context.clock.now() < period.end + SETTLE:
                raise NotYet(f"Google Analytics has nothing yet of the two weeks before {period}")
            yield from (self._reading(one, period) for one in found[: self.top])

    def examine(self, context: Context) -> Iterator[str]:
        """Log in, read the property's names, and see that those of the query go together."""
        return examine(Property(context, self.property), {}, None, lambda: [self._report()])

    def _rows(self, asked: Property, end: datetime) -> Iterator[tuple[int, Row]]:
        """Give the rows of the week before the last one (0), and of the last one (1)."""
        zone = asked.context.zone
        middle, start = (shift(end, Period.DAY, -count, zone) for count in (7, 14))
        table = Table(
            asked=asked,
            report=self._report(),
            window=Window(start, end),
            stretches=(Window(start, middle), Window(middle, end)),
        )
        rows = ((int(one.at == middle), row) for one in table.blocks() for row in one.rows)
        last: tuple[int, Sequence[str]] | None = None
        for week, row in rows:
            if (week, row.texts) == last:
                raise Unexpected(f"Google Analytics counts {row.texts[0][:60]!r} twice")
            last = week, row.texts
            yield week, row

    def _report(self) -> Report:
        return Report(
            dimensions=(self.dimension, *self.beside),
            metrics=(self.metric,),
            filters=self._filters(),
        )

    def _filters(self) -> Filters:
        return parse(self.filters, (self.metric,)) if self.filters is not None else Filters()

    def _reading(self, trend: Trend, period: Window) -> Reading:
        names = map(legal, (self.dimension, *self.beside))
        measures = dict(zip(("week1", "week2"), trend.weeks, strict=True))
        return Reading(
            at=period.start,
            measures=measures | {"percent_change": trend.percent_change},
            dimensions=dict(zip(names, (trend.value, *trend.beside), strict=True)),
            span=Period.WEEK,
        )
