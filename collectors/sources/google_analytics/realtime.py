"""Google Analytics 4, this minute: who is there now, and what they do (realtime, API v1beta).

::

    service: carers-allowance
    collectors:
      realtime:
        source: google-analytics-realtime
        schedule: every 2 minutes               # an instant: what there is at each tick
        query:
          property: "94954354"
          filters: {unifiedScreenName: {begins: Apply for Carer's Allowance}}
        map: {activeUsers: unique_visitors}     # as data sets called `realtime` want it
        add: {for_url: /carers-allowance}

===============  =================================================================================
``property``     the number of the property (Admin > Property details), not a ``G-`` or ``UA-`` id
``metrics``      ``activeUsers`` (the default), ``eventCount``, ``keyEvents``, ``screenPageViews``
``dimensions``   what to tell apart: ``unifiedScreenName``, ``eventName``, ``deviceCategory``,
                 ``country``, ``city``, ``platform``, ``minutesAgo``, ``audienceName``,
                 ``streamId`` and others, at most 9
``filters``      what to keep, written as for google-analytics
``minutes``      how many minutes count as now: 30 (the default) or less; 60 or less of a
                 Google Analytics 360 property
``order``        dimensions and metrics, ``-`` for downwards; without it by the dimensions
``limit``        how many rows to keep, in that ``order``
===============  =================================================================================

Addresses of pages are not known in realtime: ``unifiedScreenName`` is the title of a page, or the
screen of an app. Where nobody is there, figures are 0; with dimensions there are no rows. What is
told belongs to the tick of the schedule, and a tick that passed cannot be asked for again.

Realtime has tokens of its own, which are kept account of as those of google-analytics are, and
apart from them. The credential is the same, too: ``credentials/google-analytics.yaml``.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from collectors.api import (
    Context,
    Credential,
    Limits,
    Period,
    Reading,
    Source,
    Unexpected,
    Window,
    counted,
)
from collectors.api.google import GoogleCredential, project_of
from collectors.sources.google_analytics.account import Property, quota_keys
from collectors.sources.google_analytics.filters import Filters, parse
from collectors.sources.google_analytics.names import PropertyNumber, is_count, legal, today
from collectors.sources.google_analytics.report import (
    AT_MOST_DIMENSIONS,
    AT_MOST_METRICS,
    Page,
    Report,
)
from collectors.sources.google_analytics.report import parse as read

__all__ = ["GoogleAnalyticsRealtime"]

ROWS = 250_000
"""Rows that one reply has at most; there are no pages."""
_NOT_NOW = frozenset({"dateRanges", "offset", "keepEmptyRows"})
_PAGES = re.compile(r"(page|landingPage|fullPage|unifiedPage|exitPage)\w*|hostname", re.IGNORECASE)
_PEOPLE = frozenset({"newUsers", "sessions", "totalUsers", "users", "visitors", "visits"})


def now(name: str) -> str:
    """Give the name of a metric or dimension. Raises ValueError where realtime has another."""
    bare = re.sub("^(ga|rt):", "", name.strip())
    if _PAGES.fullmatch(bare) and bare != "pageviews":
        raise ValueError(
            f"{name!r} is not known in realtime, where a page has no address: say "
            "unifiedScreenName, which is its title"
        )
    if bare in _PEOPLE:
        raise ValueError(f"{name!r} is not known in realtime: say activeUsers")
    return today(name)


Name = Annotated[str, AfterValidator(now)]


@dataclass(frozen=True)
class Moment(Property):
    """One property as it is now."""

    kind: ClassVar[str] = ":realtime"

    def now(self, body: Mapping[str, Any], window: Window) -> Any:
        """Give the reply to one report of realtime."""
        properties = self.google.service.properties()
        request = properties.runRealtimeReport(property=self.resource, body=body)
        [found] = self._execute(request, window)
        return found


class GoogleAnalyticsRealtime(Source):
    """What one property tells of this minute; the module is its manual page."""

    name: ClassVar[str] = "google-analytics-realtime"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.INSTANT})
    credential: ClassVar[type[Credential] | None] = GoogleCredential
    quota: ClassVar[str | None] = "google"
    credential_file: ClassVar[str | None] = "google-analytics"

    property: PropertyNumber
    metrics: Annotated[tuple[Name, ...], Field(min_length=1, max_length=AT_MOST_METRICS)] = (
        "activeUsers",
    )
    dimensions: Annotated[tuple[Name, ...], Field(max_length=AT_MOST_DIMENSIONS)] = ()
    filters: Mapping[str, Any] | str | None = None
    minutes: Annotated[int, Field(ge=1, le=60)] = 30
    order: tuple[str, ...] = ()
    limit: Annotated[PositiveInt, Field(le=ROWS)] | None = None

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        names = [*self.dimensions, *self.metrics]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"asked for twice: {', '.join(twice)}")
        for name in self.order:
            if name.removeprefix("-") not in names:
                raise ValueError(f"`order` names {name!r}, which is no dimension or metric of it")
        if self.limit and not self.order:
            raise ValueError("`limit` keeps the first rows, so it needs an `order`")
        self._filters()
        return self

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the keys of the project, the property, and both. Raises Refused without a key."""
        return quota_keys(project_of(credential), credential, self.property, Moment.kind)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield what is so now, as of the tick with which ``window`` begins."""
        page = self._page(Moment(context, self.property), window)
        names = [legal(name) for name in self.metrics]
        for texts, numbers in page.rows:
            dimensions = dict(zip(map(legal, self.dimensions), texts, strict=True))
            yield Reading(window.start, dict(zip(names, numbers, strict=True)), dimensions)
        if not page.rows and not self.dimensions:
            nobody = {legal(name): 0 if is_count(name) else None for name in self.metrics}
            yield Reading(window.start, nobody)

    def examine(self, context: Context) -> Iterator[str]:
        """Log in, and ask for what there is now."""
        asked, at = Moment(context, self.property), context.clock.now()
        tick = Window(at, at + timedelta(minutes=1))
        asked.google.log_in()
        yield f"the credential {context.credential_name} logs in"
        page = self._page(asked, tick)
        yield f"the property {self.property} answers in realtime, with {counted(page.count, 'row')}"

    def _page(self, asked: Moment, window: Window) -> Page:
        page = read(asked.now(self._body(), window), self.dimensions, self.metrics)
        if len(page.rows) != min(page.count, self.limit or ROWS):
            raise Unexpected(
                f"Google Analytics tells of {counted(page.count, 'row')} and gives {len(page.rows)}"
            )
        if page.count > ROWS and self.limit is None:
            asked.context.warn(
                f"there are {page.count} rows, and realtime gives no more than {ROWS}: ask for "
                "fewer dimensions, or say `order` and `limit`"
            )
        return page

    def _body(self) -> dict[str, Any]:
        report = Report(
            dimensions=self.dimensions,
            metrics=self.metrics,
            filters=self._filters(),
            order=self.order,
        )
        body = report.body({}, None, limit=self.limit or ROWS)
        asked = {key: value for key, value in body.items() if key not in _NOT_NOW}
        return asked | {"minuteRanges": [{"startMinutesAgo": self.minutes - 1, "endMinutesAgo": 0}]}

    def _filters(self) -> Filters:
        return parse(self.filters, self.metrics, now) if self.filters is not None else Filters()
