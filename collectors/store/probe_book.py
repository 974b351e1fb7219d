"""What sources that live on ticks saw, kept until the hours are collected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy.engine import Connection

from collectors.clock import epoch, from_epoch
from collectors.database import Database
from collectors.store import probes
from collectors.store.part import Part

PROBES_KEPT = timedelta(days=8)
"""How long a probe is kept at the most, whatever becomes of its hour."""
AT_ONCE = 500
"""How many collectors one query names; SQLite takes no more than some thousand values."""
_HOUR = 3600
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """The probes of one collector: see ``collectors.api.Probes``."""

    database: Database
    collector: str
    every: timedelta

    def between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
        """Give the ticks in ``[start, end)`` of which there is a result, oldest first, with it."""
        rows = self.database.read(
            lambda connection: probes.between(connection, self.collector, epoch(start), epoch(end))
        )
        return ((from_epoch(at), orjson.loads(result)) for at, result in rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class LastProbe:
    """What the last probe of a collector saw, and how many are ``gathered`` so far."""

    at: datetime
    result: Mapping[str, Any]
    gathered: int


class ProbeBook(Part):
    """What was seen at which tick."""

    def of(self, collector: str, every: timedelta) -> Seen:
        """Give the probes of a collector that ticks so often."""
        return Seen(self.database, collector, every)

    def last(self, collectors: Sequence[str], since: datetime) -> dict[str, LastProbe]:
        """Give the last probe of those of these collectors that have any; it counts ``since``."""
        found: dict[str, LastProbe] = {}

        def work(connection: Connection) -> None:
            for first in range(0, len(collectors), AT_ONCE):
                names = collectors[first : first + AT_ONCE]
                for name, at, result, count in probes.last(connection, names, epoch(since)):
                    seen = orjson.loads(result)
                    found[name] = LastProbe(at=from_epoch(at), result=seen, gathered=count)

        self.database.read(work)
        return found

    def keep(
        self, collector: str, at: datetime, every: timedelta, result: Mapping[str, Any]
    ) -> None:
        """Keep what was seen at a tick; the first result of a tick is the one that counts.

        With the first tick of an hour, what is no longer needed is dropped.
        """
        text = orjson.dumps(dict(result)).decode()
        tick, seconds = epoch(at), every // _SECOND

        def work(connection: Connection) -> None:
            probes.add(connection, collector, tick, text)
            if tick % _HOUR < seconds:
                probes.forget(connection, collector, seconds, self.now() - PROBES_KEPT // _SECOND)

        self.database.write(work)
