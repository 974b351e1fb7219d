r"""Google Analytics 4: goals of a service, and any report of the Data API (v1beta).

How many began and how many got to the end::

    service: carers-allowance
    collectors:
      completion:
        source: google-analytics
        schedule: daily
        query:
          property: "94954354"
          goals: {start: begin_application, done: application_complete}

Any report of dimensions and metrics::

    service: carers-allowance
    collectors:
      devices:
        source: google-analytics
        schedule: weekly
        query:
          property: "94954354"
          dimensions: [deviceCategory]
          metrics: [sessions, totalUsers]
          filters:
            pagePath: {begins: /apply}
            hostName: [www.gov.uk, apply.service.gov.uk]
          order: [-sessions]
          limit: 10

===============  =================================================================================
``property``     the number of the property (Admin > Property details), not a ``G-`` or ``UA-`` id
``goals``        stage to the event that counts it, or to a mapping of ``event`` and ``count``;
                 the stages ``start`` and ``done`` give a rate
``count``        what is counted of the goals' events: ``key_events``, ``events``, ``users`` or
                 ``sessions``. Without it, key events where the event is marked as one, else events
``stages``       ``columns`` (one reading, with ``starts``, ``completions``, ``completion_rate``;
                 other stages keep their names) or ``rows`` (a reading a stage: ``stage``,
                 ``count``)
``dimensions``   what to tell apart, at most 8
``metrics``      what to count, at most 10, instead of ``goals``
``filters``      what to keep; see below
``order``        dimensions and metrics, ``-`` for downwards; without it by the dimensions
``limit``        how many rows of each period to keep, in that ``order``
``fill``         what a period without a row has: ``zero`` or ``absent``. Without it ``zero`` for
                 goals and ``absent`` for reports; with dimensions no period is filled
``quality``      ``true`` adds what Google says of the figures: ``sampled_share`` (of the events
                 that were read), and 1 or 0 for ``thresholded``, ``other_row``, ``truncated``
===============  =================================================================================

A filter names a field and what it must be: a text, a list of texts (any of them), or a mapping of
``is``, ``begins``, ``ends``, ``contains``, ``matches`` (a regular expression) to a text or a list;
for metrics ``equals``, ``less_than``, ``at_most``, ``more_than``, ``at_least`` to a number, and
``between`` to two; ``not`` to any of these. All fields of a mapping must hold; ``any`` takes a list
of mappings of which one must hold, ``none`` a list of which none may. Case does not matter. The
text of old works too, with today's names: ``ga:deviceCategory==mobile;ga:sessions>10``.

The rate is computed from the counts: unknown where nothing started, never 0 or infinite. A period
in which nothing was logged counts as 0 once it is three days old; before, Google may not have
counted it yet. Figures settle after three days. Names that data sets do not take have ``_`` for the
odd character: ``keyEvents:done`` is ``keyEvents_done``. Names of Universal Analytics are mistakes,
each with the name of today.

Users, rates and means are never added up over periods: weeks and longer are asked for one by one,
five in a request, for reports that have them, a ``limit``, or quarters; anything else is one report
over many periods. Days are those of the property's time zone; where the collector's differ, it is
told which ``zone`` to set. Hours are told apart by their local name, so in the night in which the
clocks go back the figures of two hours stand in the first of them.

Google's ``(other)`` row, thresholding, sampling and truncation are warnings of the run; so is an
event that is never counted in a window in which that of another stage is. Tokens are kept account
of a property and project, over all processes; requests of a property under way at once are at most
``concurrent``. Where the tokens of an hour are used up a run is parked for half of one, where those
of the day are until the property's midnight. What fails at Google is tried three times, slowly.

The credential is ``credentials/google-analytics.yaml``. A service account (make a key in the Google
Cloud console, enable the Google Analytics Data API, and add the account's address as a Viewer of
the property)::

    kind: service_account
    key_file: analytics-key.json

A person's consent, which the command ``credentials google`` asks for and writes (``kind:
authorized_user``, with a ``key_file``), or as oauth2client kept it::

    kind: stored
    client_secrets: client_secrets.json
    storage: storage.db

Files are looked for beside the credential; renewed tokens are written back to them. ``concurrent``
(8) is how many requests of a property may be under way at once, ``base_url`` another address of the
API.
"""

import builtins
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, PositiveInt, model_validator

from collectors.api import (
    Context,
    Credential,
    Limits,
    Number,
    Period,
    Reading,
    Source,
    Window,
)
from collectors.api.google import GoogleCredential, project_of
from collectors.sources.google_analytics import quality
from collectors.sources.google_analytics.account import Property, quota_keys
from collectors.sources.google_analytics.calendar import check_hours, periods, twice
from collectors.sources.google_analytics.examination import examine
from collectors.sources.google_analytics.filters import Filters, parse
from collectors.sources.google_analytics.goals import (
    NAMES,
    RATE,
    Count,
    Goal,
    Question,
    absent,
    counted,
    measures,
    questions,
    together,
)
from collectors.sources.google_analytics.names import Name, PropertyNumber, is_count, legal
from collectors.sources.google_analytics.reading import Table, filled
from collectors.sources.google_analytics.report import (
    AT_MOST_DIMENSIONS,
    AT_MOST_METRICS,
    Report,
)

__all__ = ["GoogleAnalytics", "GoogleCredential"]

SETTLE = timedelta(days=3)
SPAN = timedelta(days=92)
BEGINNING = datetime(2015, 8, 14, tzinfo=UTC)
"""The first day that the Data API takes."""


def _goal(value: Any) -> Any:
    return {"event": value} if isinstance(value, str) else value


class GoogleAnalytics(Source):
    """Goals or a report of one property; the module is its manual page."""

    name: ClassVar[str] = "google-analytics"
    credential: ClassVar[type[Credential] | None] = GoogleCredential
    quota: ClassVar[str | None] = "google"

    property: PropertyNumber
    goals: Mapping[str, Annotated[Goal, BeforeValidator(_goal)]] = {}
    count: Count | None = None
    stages: Literal["columns", "rows"] = "columns"
    dimensions: tuple[Name, ...] = ()
    metrics: tuple[Name, ...] = ()
    filters: Mapping[str, Any] | str | None = None
    order: tuple[str, ...] = ()
    limit: PositiveInt | None = None
    fill: Literal["zero", "absent"] | None = None
    quality: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if bool(self.goals) == bool(self.metrics):
            raise ValueError("say either `goals` or `metrics`")
        if len(self.dimensions) > AT_MOST_DIMENSIONS - 1 or len(self.metrics) > AT_MOST_METRICS:
            raise ValueError("a report has at most 8 dimensions and 10 metrics")
        if len(self.goals) > AT_MOST_METRICS:
            raise ValueError("a collector has at most 10 goals")
        self._check_order()
        self._check_fill()
        self._check_names()
        self._filters()
        return self

    def _check_order(self) -> None:
        if self.limit and not self.order:
            raise ValueError("`limit` keeps the first rows, so it needs an `order`")
        if self.goals and self.order:
            raise ValueError("`order` and `limit` are for reports, not for `goals`")
        known = {*self.dimensions, *self.metrics}
        for name in self.order:
            if name.removeprefix("-") not in known:
                raise ValueError(f"`order` names {name!r}, which is no dimension or metric of it")

    def _check_fill(self) -> None:
        if self.fill == "zero" and self.metrics and self.dimensions:
            raise ValueError("`fill: zero` cannot know which rows a report with dimensions lacks")
        if self.metrics and (self.count or self.stages != "columns"):
            raise ValueError("`count` and `stages` are for `goals`")

    def _check_names(self) -> None:
        names = [legal(name) for name in (*self.dimensions, *self.metrics)]
        if self.goals:
            names += [NAMES.get(stage, stage) for stage in self.goals]
            names += [RATE] if NAMES.keys() <= self.goals.keys() else []
        names += quality.FIELDS if self.quality else []
        for stage in self.goals:
            if not re.fullmatch("[a-z_][a-z0-9_]+", stage):
                raise ValueError(f"the stage {stage!r} is not small letters, digits and _")
        if twice_named := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"more than one figure would be called {', '.join(twice_named)}")

    @builtins.property
    def max_span(self) -> timedelta:
        """A quarter: over longer stretches Google rather samples."""
        return SPAN

    @builtins.property
    def settle(self) -> timedelta:
        """Three days, in which Google still counts."""
        return SETTLE

    @builtins.property
    def yields(self) -> tuple[str, ...]:
        """The stages side by side; all other names are made so that data sets take them."""
        stages = self.goals if self.stages == "columns" else ()
        return tuple(NAMES.get(stage, stage) for stage in stages)

    def earliest(self, now: datetime) -> datetime:
        """Give the first day that can be asked for at all."""
        return BEGINNING

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the keys of the project, the property, and both. Raises Refused without a key."""
        return quota_keys(project_of(credential), credential, self.property, Property.kind)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of ``window``, in order of period, page by page."""
        if context.period is Period.HOUR:
            self._check_hours(window, context)
        asked = Property(context, self.property)
        found = self._stages(asked, window) if self.goals else self._rows(asked, window)
        yield from filled(found, window, self.settle, context, self._blank)

    def examine(self, context: Context) -> Iterator[str]:
        """Log in, read the property's names, see that all of them go together and goals exist."""
        asked = Property(context, self.property)
        return examine(asked, self.goals, self.count, partial(self._reports, asked))

    def _reports(self, asked: Property) -> list[Report]:
        return [one.report for one in self._questions(asked)] if self.goals else [self._report()]

    def _filters(self) -> Filters:
        return parse(self.filters, self.metrics) if self.filters is not None else Filters()

    def _report(self) -> Report:
        return Report(
            dimensions=self.dimensions,
            metrics=self.metrics,
            filters=self._filters(),
            order=self.order,
            limit=self.limit,
        )

    def _questions(self, asked: Property) -> list[Question]:
        goals = counted(self.goals, self.count, asked)
        return questions(goals, self.dimensions, self._filters())

    def _rows(self, asked: Property, window: Window) -> Iterator[Reading]:
        table = Table(asked=asked, report=self._report(), window=window)
        names = [legal(name) for name in self.metrics]
        dimensions = [legal(name) for name in table.dimensions]
        for at, rows, metadata, first in table.blocks():
            more = quality.fields(metadata) if self.quality else None
            for texts, numbers in rows:
                found: dict[str, Number | None] = dict(zip(names, numbers, strict=True))
                if more:
                    found |= more
                told = texts[first:] if first else texts
                yield Reading(at, found, dict(zip(dimensions, told, strict=True)))

    def _stages(self, asked: Property, window: Window) -> Iterator[Reading]:
        asking = self._questions(asked)
        tables = [Table(asked=asked, report=one.report, window=window) for one in asking]
        names = [legal(name) for name in self.dimensions]
        nothing = dict.fromkeys(self.goals, 0) if self.fill != "absent" else {}
        totals: Counter[str] = Counter()
        for first, stages in together(asking, [table.blocks() for table in tables]):
            more = quality.fields(first.metadata) if self.quality else {}
            for texts, counts in stages:
                totals.update({stage: count for stage, count in counts.items() if count})
                dimensions = dict(zip(names, texts, strict=True))
                yield from self._laid_out(first.at, nothing | dict(counts), dimensions, more)
        why = (
            "was it renamed, or do `filters` leave it out" if self.filters else "or was it renamed"
        )
        for sentence in absent(self.goals, totals, window, asked.context.zone):
            asked.context.warn(f"{sentence}: is it spelt so, {why}? `check` looks")

    def _laid_out(
        self,
        at: datetime,
        counts: Mapping[str, Number | None],
        dimensions: Mapping[str, str],
        more: Mapping[str, Number],
    ) -> Iterator[Reading]:
        if self.stages == "columns":
            yield Reading(at, {**measures(self.goals, counts), **more}, dimensions)
            return
        for stage in self.goals:
            if stage in counts:
                yield Reading(at, {"count": counts[stage], **more}, {"stage": stage, **dimensions})

    def _blank(self, at: datetime) -> Iterable[Reading]:
        fill = self.fill or ("zero" if self.goals else "absent")
        if fill == "absent" or self.dimensions:
            return ()
        if self.goals:
            return self._laid_out(at, dict.fromkeys(self.goals, 0), {}, {})
        return (Reading(at, {legal(one): 0 if is_count(one) else None for one in self.metrics}),)

    def _check_hours(self, window: Window, context: Context) -> None:
        check_hours(window, context.zone)
        for hour in periods(window, Period.HOUR, context.zone):
            if twice(hour.start, context.zone):
                context.warn(
                    f"the clocks of {context.zone.key} went back: the figures of the hour from "
                    f"{hour.start:%Y-%m-%dT%H:%MZ} are told with those of the hour before"
                )
