"""Pingdom: uptime and response time of one check, hour by hour (API 3.1).

::

    service: carers-allowance
    collectors:
      monitoring:
        source: pingdom
        schedule: hourly
        query: {check: 85975}

``check`` is the check's id, which is in its address in the console, or its exact name. An id is
better: names need not be unique, and a check that is renamed is no longer found by its old one.

The credential is a token that may read (Settings > Pingdom API); ``base_url`` is only needed for
a proxy::

    # credentials/pingdom.yaml
    token: the-token
    base_url: https://api.pingdom.com/api/3.1

One reading an hour. Its dimension ``check`` is the text of the query, not what the check is called
today, so that renaming a check moves no record; a data set that was kept under names goes on where
the query has the name. Measures:

===============  =================================================================================
``avgresponse``  mean response time in milliseconds; unknown where nothing was measured
``uptime``       seconds; availability is uptime / (uptime + downtime)
``downtime``     seconds
``unmonitored``  seconds without a measurement; 3600 where the check was paused
===============  =================================================================================

An hour that Pingdom leaves out is left out here too, and told; it is never taken for uptime. Hours
younger than three hours are collected again, because late results may still change them.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import StringConstraints

from collectors.api import Context, Credential, Limits, NotYet, Period, Reading, Source, Window
from collectors.sources.pingdom.account import Account, Checks, PingdomCredential, quota_keys
from collectors.sources.pingdom.summary import Hour, holes, overfull, parse

__all__ = ["Pingdom", "PingdomCredential"]

MONTH = timedelta(days=31)


class Pingdom(Source):
    """The hourly summary of one check, by its id or exact name."""

    name: ClassVar[str] = "pingdom"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR})
    credential: ClassVar[type[Credential] | None] = PingdomCredential
    quota: ClassVar[str | None] = "pingdom"

    check: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

    @property
    def max_span(self) -> timedelta:
        """A month: what one request asks for."""
        return MONTH

    @property
    def settle(self) -> timedelta:
        """Three hours, for late results of probes."""
        return timedelta(hours=3)

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the key of the account."""
        return quota_keys(credential_name)

    def requests(self, window: Window) -> int:
        """Give one for each month."""
        return len(list(_months(window)))

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading for every hour that Pingdom knows; tell of those it does not."""
        account = Account(context)
        check_id = self._check_id(account)
        parts = list(_months(window))

        def fetch(part: Window) -> list[Hour]:
            return parse(account.summary(check_id, part), part)

        known: list[datetime] = []
        for hours in context.ahead(fetch, parts) if len(parts) > 1 else map(fetch, parts):
            for sentence in overfull(hours):
                context.warn(f"Pingdom, check {self.check}: {sentence}")
            for hour in hours:
                known.append(hour.at)
                yield hour.reading(self.check)
        if not known and window.end + self.settle > context.clock.now():
            raise NotYet(f"Pingdom has no figures of check {self.check} yet for {window}")
        for sentence in holes(window, known):
            context.warn(f"Pingdom, check {self.check}: {sentence}")

    def examine(self, context: Context) -> Iterator[str]:
        """Look the check up: the token is good, and there is a check of that id or name."""
        account = Account(context)
        check = account.check(self._check_id(account))
        yield f"the token of the credential {context.credential_name} is good"
        yield f"Pingdom has the check {check}"

    def _check_id(self, account: Account) -> str:
        if re.fullmatch("[0-9]+", self.check):
            return self.check
        checks: Checks = account.context.shared.get(account.key, Checks)
        return str(checks.called(self.check, account).id)


def _months(window: Window) -> Iterator[Window]:
    start = window.start
    while start < window.end:
        end = min(start + MONTH, window.end)
        yield Window(start, end)
        start = end
