r"""JSON over HTTP: the figures of any endpoint that answers JSON, without code.

Hour by hour from Prometheus, whose samples are lists inside of each series::

    service: blue-badge
    collectors:
      monitoring:
        source: json
        schedule: hourly
        query:
          url: http://prometheus.internal:9090/api/v1/query_range
          params:
            query: avg_over_time(probe_success{job="blue-badge"}[1h])
            start: "{start}"
            end: "{end}"
            step: "3600"
          window: epoch
          expect: status == 'success'
          records: data.result
          unroll: values
          time: {field: "item[0]", format: epoch, marks: end}
          measures: {uptime_rate: "item[1]"}
          dimensions: {instance: of.metric.instance}
          max_days: 30

A reply without a time, from UptimeRobot (v3): each day is asked for by itself::

    service: blue-badge
    collectors:
      uptime:
        source: json
        schedule: daily
        credentials: uptimerobot
        query:
          url: https://api.uptimerobot.com/v3/monitors/802/stats/uptime
          params: {from: "{start}", to: "{end}"}
          measures: {uptime_percent: uptime, downtime: totalDowntimeSeconds}

What is so just now, page by page::

    service: blue-badge
    collectors:
      monitors:
        source: json
        schedule: every 5 minutes
        credentials: uptimerobot
        query:
          url: https://api.uptimerobot.com/v3/monitors?limit=200
          pages: {by: link, next: nextLink}
          records: data
          measures: {up: status == 'UP'}
          dimensions: {monitor: friendlyName}

Webtrends reports, where days and browsers are the keys of mappings::

    service: blue-badge
    collectors:
      browsers:
        source: json
        schedule: daily
        credentials: webtrends
        query:
          url: https://ws.webtrends.com/v2/ReportService/profiles/1/reports/whoop
          params: {format: json, start_period: "{start}", end_period: "{end}"}
          window: {format: "%Ym%md%d", end: inclusive}
          each_period: yes
          records: entries(data)
          unroll: entries(value.SubRows)
          time: {field: "split(of.key, '-')[0]", format: "%m/%d/%Y"}
          measures: {visitors: item.value.measures.Visits}
          dimensions: {browser: item.key}

===============  =================================================================================
``url``          where to ask. Only its path counts where the credential has a ``base_url``
``method``       ``GET``, or ``POST``
``params``       the parameters of the URL's query
``headers``      more headers; logins belong in the credential
``form``         what is posted as a form
``body``         what is posted as JSON, written as JSON
``window``       how ``{start}`` and ``{end}`` are spelt: a ``format`` (``iso`` in UTC, ``date``,
                 ``epoch``, ``epoch_ms``, or a text such as ``%Y%m%d``), or a mapping of ``format``,
                 ``zone`` (else UTC for ``iso``, the collector's for texts) and ``end``:
                 ``exclusive``, or ``inclusive`` for the last second, or day, that is wanted
``pages``        how to go on to the next page; see below
``expect``       what must hold of every reply; else it is an error
``records``      where the list of records is; without it the whole reply is one, or the list
``unroll``       a list inside each record: every item becomes a record ``{of: …, item: …}``
``time``         where a record's time is, or a mapping of ``field``, ``format`` (``iso``,
                 ``epoch``, ``epoch_ms``, a text such as ``%d/%m/%Y``, or a list of those that
                 occur), ``zone`` (of times that name none; else the collector's) and ``marks``:
                 whether a time stands at the ``start`` or at the ``end`` of its period
``each_period``  ``yes`` asks for each period by itself; without ``time`` that is always so
``measures``     measure to where it is; or a text: where a mapping of all of them is
``dimensions``   dimension to where it is
``unknown``      texts that mean that nobody knows, besides ``null`` and ``NaN``
``sorted``       ``yes`` where records come oldest first: pages are handed on as they come, and
                 not gathered first
``max_days``     the most days to ask for at once
===============  =================================================================================

In ``url``, ``params``, ``headers``, ``form`` and the texts of ``body``, ``{start}``, ``{end}``,
``{page}``, ``{offset}`` and ``{cursor}`` stand for what is asked for; any other single word in
braces is a mistake. A text of ``body`` that is nothing else becomes a number where it is one.

Where things are is said in JMESPath (jmespath.org), with three more functions: ``entries(x)``, the
entries of a mapping as a list of ``{key: …, value: …}`` (those of each of a list, none of
``null``); ``zip(a, b, …)``, columns as rows; ``split(text, separator)``. For columns that are
called ``days`` and ``visits``: ``records: zip(days, visits)``, ``time: "[0]"``.

``pages`` is a mapping: ``by`` says what leads on, and ``at_most`` (1000) how many pages there may
be. ``page`` counts from ``first`` (1) and ``offset`` adds up records from ``first`` (0), until a
page is empty, or has fewer records than ``size``. ``cursor`` and ``link`` are found at ``next`` in
each reply, until there is none. ``header`` follows the header ``Link``. A page that was there
before, and a link to another host, are errors.

A record counts for the period in which its time lies; records outside of what was asked for are
left out. Where all of them are, the period is not published yet, and is asked for again. No records
at all mean that there are none: where figures come late, give the collector its ``settle``. A
figure may be written as text; ``true`` is 1. What is missing is never 0: a figure that a record
lacks is told and unknown; a reply in which nothing has a figure, or a record without time or
dimension, is an error that keeps a sample.

A login is in a credential, which the collector names: a bearer token::

    # credentials/json.yaml
    token: the-token

or, for HTTP's own login, a user and a password::

    # credentials/json.yaml
    user: the-user
    password: the-password

or a header, or a parameter of the URL, of any name::

    # credentials/json.yaml
    parameter: api_key
    value: the-key
    base_url: https://api.example.com/v2
"""

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PositiveInt, field_serializer, model_validator

from collectors.api import (
    Context,
    Credential,
    NotYet,
    Period,
    Reading,
    Refused,
    Source,
    Window,
    counted,
    without_query,
)
from collectors.api.texts import QueryText
from collectors.api.times import Bounds, Time, asked_alone, last_period
from collectors.sources.json.asking import Endpoint, Question
from collectors.sources.json.credential import JsonCredential
from collectors.sources.json.expressions import Expression
from collectors.sources.json.pages import Pages
from collectors.sources.json.placeholders import PLACE, WINDOW, named
from collectors.sources.json.reading import Rows, records_of, unrolled

__all__ = ["Json", "JsonCredential"]

Expressions = Mapping[str, Expression]
_LOGINS = frozenset({"authorization", "proxy-authorization", "cookie"})


def _is_url(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError as exc:
        raise ValueError(f"this is no URL: {exc}") from exc
    if parts.scheme not in ("", "http", "https") or (parts.scheme and not parts.netloc):
        raise ValueError("a URL begins with http:// or https://; or it is only a path")
    if "@" in parts.netloc:
        raise ValueError("a login belongs in the credential (`user` and `password`)")
    return url


def _is_json(text: str) -> str:
    try:
        json.loads(text)
    except ValueError as exc:
        raise ValueError(f"this is not JSON: {exc}") from exc
    return text


def _are_harmless(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name in headers:
        if name.lower() in _LOGINS:
            raise ValueError(f"{name} is a login, and belongs in the credential")
    return headers


class Json(Source):
    """Any endpoint that answers JSON; the module is its manual page."""

    name: ClassVar[str] = "json"
    periods: ClassVar[frozenset[Period]] = frozenset(Period)
    credential: ClassVar[type[Credential] | None] = JsonCredential
    credential_needed: ClassVar[bool] = False

    url: Annotated[QueryText, AfterValidator(_is_url)]
    method: Literal["GET", "POST"] = "GET"
    params: Mapping[str, QueryText] = {}
    headers: Annotated[Mapping[str, QueryText], AfterValidator(_are_harmless)] = {}
    form: Mapping[str, QueryText] = {}
    body: Annotated[QueryText, AfterValidator(_is_json)] | None = None
    window: Bounds = Bounds()
    pages: Pages | None = None
    expect: Expression | None = None
    records: Expression = "@"
    unroll: Expression | None = None
    time: Time | None = None
    each_period: bool = False
    measures: Annotated[Expressions, Field(min_length=1)] | Expression
    dimensions: Expressions = Field({})
    unknown: frozenset[str] = frozenset()
    sorted: bool = False
    max_days: PositiveInt | None = None

    @field_serializer("url", when_used="json")
    def _without_query(self, url: str) -> str:
        shown = without_query(url) if "://" in url else url.partition("?")[0]
        return f"{shown}?****" if "?" in url else shown

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.body is not None or self.form) and self.method != "POST":
            raise ValueError("a `body` or `form` is sent with `method: POST`")
        if self.body is not None and self.form:
            raise ValueError("say either `body` or `form`")
        if isinstance(self.measures, Mapping):
            twice = sorted(self.measures.keys() & self.dimensions.keys())
            if twice:
                raise ValueError(f"{', '.join(twice)}: both a measure and a dimension")
        self._check_placeholders()
        return self

    @property
    def yields(self) -> tuple[str, ...]:
        """The names that the query gives."""
        measures = self.measures if isinstance(self.measures, Mapping) else ()
        return (*measures, *self.dimensions)

    def _check_placeholders(self) -> None:
        wanted = {self.pages.placeholder} - {None} if self.pages else set()
        there = self._placeholders & PLACE
        for name in wanted - there:
            raise ValueError(f"`pages` by {name} needs {{{name}}} in what is sent")
        if stray := sorted(there - wanted):
            raise ValueError(f"{{{stray[0]}}} needs `pages` by {stray[0]}")

    @property
    def _placeholders(self) -> set[str]:
        body = json.loads(self.body) if self.body is not None else None
        return set(named([self.url, self.params, self.headers, self.form, body]))

    @property
    def max_span(self) -> timedelta | None:
        """What `max_days` says."""
        return timedelta(days=self.max_days) if self.max_days else None

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of ``window``, in order of period."""
        if not (self.time is None or context.period is Period.INSTANT or self.each_period):
            yield from self._answered(window, context)
            return
        self._check_asks(context)
        for one in asked_alone(window, context.period, context.zone):
            yield from self._answered(one, context)

    def examine(self, context: Context) -> Iterator[str]:
        """Ask for the last period: there is an answer, with records, and they can be read."""
        endpoint = Endpoint(self._question(), context)
        rows, window = (
            self._rows(context),
            last_period(context.clock.now(), context.period, context.zone),
        )
        self._check_asks(context)
        found = next(endpoint.answers(window, self._records))
        yield f"{endpoint.place} answers, and `records` finds {len(found)}"
        readings = [rows.reading(record, window.start) for record in unrolled(found, self.unroll)]
        rows.tell(context.warn)
        if readings:
            made = counted(len(readings), "reading")
            yield f"{made} can be made of them; the first is of {readings[0].at}"

    def _answered(self, window: Window, context: Context) -> Iterator[Reading]:
        readings = self._readings(window, context)
        if self.sorted or self.time is None:
            yield from readings
        else:
            yield from sorted(readings, key=lambda reading: reading.at)

    def _readings(self, window: Window, context: Context) -> Iterator[Reading]:
        endpoint = Endpoint(self._question(), context)
        rows = self._rows(context)
        inside = 0
        for records in endpoint.answers(window, self._records):
            for record in unrolled(records, self.unroll):
                reading = rows.reading(record, window.start)
                if window.contains(reading.at):
                    inside += 1
                    yield reading
        rows.tell(context.warn)
        if rows.count and not inside:
            raise NotYet(
                f"{endpoint.place} gave {counted(rows.count, 'record')} and none of {window}: it "
                "has not published that yet, or `time` or `window` is not as it should be"
            )

    def _records(self, answer: Any) -> list[Any]:
        return records_of(answer, self.expect, self.records)

    def _rows(self, context: Context) -> Rows:
        timed = self.time is not None and context.period is not Period.INSTANT
        time = self.time if timed and self.time else Time(field="@")
        return Rows(
            time=time.field if timed else None,
            read=time.reader(context.period, context.zone),
            measures=self.measures,
            dimensions=self.dimensions,
            unknown=self.unknown,
        )

    def _question(self) -> Question:
        return Question(
            method=self.method,
            url=self.url,
            params=self.params,
            headers=self.headers,
            form=self.form,
            body=self.body,
            window=self.window,
            pages=self.pages,
        )

    def _check_asks(self, context: Context) -> None:
        past = context.period is not Period.INSTANT
        if self.time is None and past and not self._placeholders & WINDOW:
            raise Refused(
                "the query asks for no {start} or {end} and has no `time`, so its reply could be "
                "of any period: say one of them, or use a schedule such as `every 5 minutes`"
            )
