"""Matomo: any report of one site, or its visitors of the last minutes. It was Piwik once.

::

    service: apply-for-a-visa
    collectors:
      devices:
        source: matomo
        schedule: weekly
        query:
          site: 7
          method: DevicesDetection.getType
          dimensions: {label: device}
          measures: {nb_visits: sessions}
      done:
        source: matomo
        schedule: daily
        query:
          site: 7
          method: Goals.get
          arguments: {idGoal: 1}
          segment: countryCode==gb
          measures: {nb_visits_converted: completions, conversion_rate: completion_rate}
      realtime:
        source: matomo
        schedule: every 2 minutes               # an instant: what there is at each tick
        query:
          site: 7
          method: Live.getCounters
          arguments: {lastMinutes: 2}
          measures: {visitors: unique_visitors}
        add: {for_url: /carers-allowance}       # this data type wants it

===============  =================================================================================
``site``         the site's id (Administration > Websites)
``method``       the method of the Reporting API that gives the report
``measures``     column of the report to measure; a list stands for columns that are called like
                 their measures. A report of one bare number has one column, ``value``
``dimensions``   column to dimension, or a list of columns
``segment``      only visits like these, as Matomo writes it
``arguments``    more parameters of the method; all rows are asked for (``filter_limit: -1``), with
                 figures as numbers (``format_metrics: 0``), unless they say otherwise
===============  =================================================================================

The credential is where Matomo is, and a token of a user who may only view (Administration >
Personal > Security). It is only ever sent in the body of a POST, so tokens for secure requests
only will do::

    # credentials/matomo.yaml
    base_url: https://matomo.service.gov.uk
    token: the-token

Days are the site's own, so give the collector its ``zone``. A window is one request. A row that
lacks a measure has it unknown; a measure that no row has is told, for it may be misspelt. A
percentage is a fraction. Where nobody came, Matomo has no rows, and nothing is sent. Periods are
asked for again until a day after their end, for visits that come in late.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from collectors.api import (
    Context,
    Credential,
    Limits,
    Period,
    Reading,
    Source,
    Window,
    floor,
    shift,
)
from collectors.sources.matomo.account import Account, MatomoCredential, quota_keys
from collectors.sources.matomo.report import Columns, by_period, rows_of

__all__ = ["Matomo", "MatomoCredential"]

_OURS = ("date", "format", "idSite", "method", "module", "period", "segment", "token_auth")
_DEFAULTS = {"filter_limit": "-1", "format_metrics": "0"}


def _are_free(arguments: Mapping[str, str]) -> Mapping[str, str]:
    if taken := sorted(arguments.keys() & set(_OURS)):
        raise ValueError(f"{', '.join(taken)}: said by the collector itself; leave it out")
    return arguments


Names = Mapping[str, str] | tuple[str, ...]


class Matomo(Source):
    """One report of one site, over periods or at this instant."""

    name: ClassVar[str] = "matomo"
    periods: ClassVar[frozenset[Period]] = frozenset(
        {Period.INSTANT, Period.DAY, Period.WEEK, Period.MONTH, Period.YEAR}
    )
    credential: ClassVar[type[Credential] | None] = MatomoCredential
    quota: ClassVar[str | None] = "matomo"

    site: Annotated[str, StringConstraints(pattern=r"^[0-9]+$")]
    method: Annotated[str, StringConstraints(pattern=r"^\w+\.\w+$")]
    measures: Annotated[Names, Field(min_length=1)]
    dimensions: Names = ()
    segment: str | None = None
    arguments: Annotated[Mapping[str, str], AfterValidator(_are_free)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _has_every_name_once(self) -> "Matomo":
        names = self.yields
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"more than one column becomes {', '.join(map(repr, twice))}")
        return self

    @property
    def yields(self) -> tuple[str, ...]:
        """The names that the query gives."""
        return (*_named(self.measures).values(), *_named(self.dimensions).values())

    @property
    def max_span(self) -> timedelta:
        """A quarter: Matomo may have to count every day of it while it is asked."""
        return timedelta(days=92)

    @property
    def settle(self) -> timedelta:
        """A day, for visits that are told late."""
        return timedelta(days=1)

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the key of the installation."""
        return quota_keys(credential)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading for each row of the report, period by period."""
        account, columns = Account(context), Columns(_named(self.measures), _named(self.dimensions))
        if context.period is Period.INSTANT:
            found = {window.start: rows_of(account.ask(self.method, self._parameters()))}
        else:
            found = by_period(
                account.ask(self.method, self._dated(window, context)), window, context
            )
        for column in columns.absent(found):
            context.warn(f"Matomo's {self.method} has no column {column}")
        for at, rows in found.items():
            for row in rows:
                yield columns.reading(at, row)

    def examine(self, context: Context) -> Iterator[str]:
        """Log in, see the site, and ask for the last period that is over."""
        site = Account(context).site(self.site)
        yield f"the token of the credential {context.credential_name} may see {site}"
        found = sum(1 for _ in self.collect(_last(context), context))
        yield f"{self.method} answers (rows: {found})"

    def _parameters(self) -> dict[str, str]:
        segment = {"segment": self.segment} if self.segment else {}
        return {**_DEFAULTS, **self.arguments, **segment, "idSite": self.site}

    def _dated(self, window: Window, context: Context) -> dict[str, str]:
        first, last = (
            moment.astimezone(context.zone).date()
            for moment in (window.start, window.end - timedelta(seconds=1))
        )
        dates = {"period": context.period.value, "date": f"{first},{last}"}
        return self._parameters() | dates


def _named(names: Names) -> Mapping[str, str]:
    return names if isinstance(names, Mapping) else {name: name for name in names}


def _last(context: Context) -> Window:
    now = context.clock.now()
    if context.period is Period.INSTANT:
        return Window(now, now + timedelta(minutes=1))
    end = floor(now, context.period, context.zone)
    return Window(shift(end, context.period, -1, context.zone), end)
