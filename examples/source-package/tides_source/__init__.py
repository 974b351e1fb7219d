"""Tides: heights by the hour, from an API of JSON.

::

    service: harbour
    collectors:
      tides:
        source: tides
        schedule: hourly
        query: {url: https://tides.example/heights, station: dover}

``url`` is where the heights are, ``station`` is whose.
"""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import ClassVar

from collectors.api import Context, Period, Reading, Source, Unexpected, Window


class Tides(Source):
    """Heights of one station."""

    name: ClassVar[str] = "tides"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR})
    url: str
    station: str

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield a reading an hour."""
        asked = {"from": window.start.isoformat(), "to": window.end.isoformat()}
        reply = context.http.get(f"{self.url}/{self.station}", params=asked).json()
        try:
            for row in reply["heights"]:
                at = datetime.fromisoformat(row["at"]).astimezone(UTC)
                yield Reading(at, {"height": row["metres"]}, {"station": self.station})
        except (KeyError, TypeError, ValueError) as exc:
            raise Unexpected(f"these are no heights: {exc!r}", str(reply)) from exc
