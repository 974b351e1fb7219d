"""Satisfaction: how people rated a service on its "done" page, from exports or own counts.

From exports of Feedback Explorer, dropped in a folder, or from a list of counts that the service
keeps itself, in a file or at a URL. ``support-api`` asks for the same ratings by itself. As the
Performance Platform kept them::

    service: register-to-vote
    collectors:
      customer-satisfaction:
        source: satisfaction
        schedule: daily
        query: {file: data/feedex/*.csv, slug: register-to-vote}
        steps:
          - drop: [timeSpan, dataType]
        id:                                     # 20130210_register-to-vote
          scheme: legacy
          fields: [_timestamp, slug]
          timestamps: {_timestamp: '%Y%m%d'}
          encoding: plain

===============  =================================================================================
``file``         a file, or a pattern of names such as ``data/feedex/*.csv``, relative to the
                 configuration directory; or a URL with ``http://`` or ``https://``
``slug``         the service: the last part of the path of its "done" page
===============  =================================================================================

A list of counts is JSON: objects with ``date`` (``2026-11-20``), ``slug``, ``rating_1`` to
``rating_5`` and, if known, ``total`` and ``comments``.

One reading a period (UTC days) in which somebody rated, with the dimensions ``slug`` and ``period``
and these measures. Those of a longer period are made of the sums of its days:

===================  =============================================================================
``rating_1`` …       how many gave it: 1 is very dissatisfied, ``rating_5`` very satisfied
``total``            the sum of the five
``comments``         how many said more. Without those in whom personal data is suspected: these
                     are not exported, though their ratings are counted
``weighted_score``   (mean - 1) / 4, from 0 to 1, as on the Performance Platform's dashboards
``share_satisfied``  (rating_4 + rating_5) / total, as the service manual first had it
===================  =============================================================================

Comments are counted and not kept: no text of them is ever stored, sent, logged or told.

All exports together are one document, so keep the old ones; rows that several of them have count
once. A rating with a comment is in an export twice, as a row of its own and in the count of its
day that is made in the night after. So the counts are what counts. Of a day that has none yet the
single rows count, and that is told; it is right once the next export is there. A day without a
count before one that has it is left out with its period, and told, as is a day with a row that
cannot be read. So is a period that is not over; one that begins before the exports do is too low.

A private URL needs a credential, which the collector names: ``credentials: satisfaction``::

    # credentials/satisfaction.yaml
    token: the-token
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated, ClassVar
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints, field_serializer

from collectors.api import (
    Context,
    Credential,
    Document,
    Period,
    Reading,
    Refused,
    Window,
    without_query,
)
from collectors.sources.satisfaction.counts import PERIODS, is_over, readings, start_of
from collectors.sources.satisfaction.places import (
    Found,
    SatisfactionCredential,
    find,
    is_url,
)
from collectors.sources.satisfaction.tally import Service

__all__ = ["Satisfaction", "SatisfactionCredential", "Slug"]

Slug = Annotated[str, StringConstraints(pattern=r"^[^/\s]+$")]


class Satisfaction(Document):
    """Ratings in exports of Feedback Explorer, or in a service's own counts."""

    name: ClassVar[str] = "satisfaction"
    periods: ClassVar[frozenset[Period]] = PERIODS
    credential: ClassVar[type[Credential] | None] = SatisfactionCredential
    credential_needed: ClassVar[bool] = False

    file: Annotated[str, Field(min_length=1)]
    slug: Slug

    @field_serializer("file")
    def _shown(self, file: str) -> str:
        return f"{without_query(file)}?****" if is_url(file) and "?" in file else file

    @property
    def fixed_zone(self) -> ZoneInfo:
        """UTC, in which support-api counts its days."""
        return ZoneInfo("UTC")

    def revision(self, context: Context) -> str:
        """Give a text that changes with the files, and when a period in them is over."""
        found = find(self.file, context)
        starts = {start_of(day, context) for day in self._service(found).days}
        over = sum(is_over(at, context) for at in starts)
        return f"{found.revision} with {over} periods"

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading for each period. Raises Unavailable where a file is half-written."""
        found = find(self.file, context)
        service = self._service(found)
        for sentence in service.told:
            context.warn(f"{found.place}: {self.slug}: {sentence}")
        for day, why in sorted(service.broken.items()):
            context.warn(f"{self.slug}: the {context.period} of {day} is left out: {why}")
        for reading in readings(service.days, service.broken, self.slug, context):
            if window.contains(reading.at):
                yield reading

    def _service(self, found: Found) -> Service:
        if self.slug in found.services:
            return found.services[self.slug]
        near = get_close_matches(self.slug, found.services, n=3, cutoff=0.5)
        there = ", ".join(near or sorted(found.services)[:5]) or "none"
        raise Refused(
            f"{found.place}: nobody rated {self.slug!r} there; of the services in it these are "
            f"nearest: {there}"
        )
