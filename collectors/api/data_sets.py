"""The door to other data sets, for a source that makes figures of figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from collectors.errors import Unavailable
from collectors.periods import Period, Window, beginning, label
from collectors.values import DataSet

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A data set that a source reads.

    ``target`` is the name of a target of the platform, or a read API's base URL; None is the
    embedded store where that is a target, else the first one. ``hourly`` tells that its records
    are of hours or instants, whose ``_timestamp`` is a moment; that of days and longer is a date.
    """

    data_set: DataSet
    target: str | None = None
    hourly: bool = False

    @property
    def is_elsewhere(self) -> bool:
        """Tell whether it is another platform's, of which nothing is known here."""
        return self.target is not None and "://" in self.target

    def by_moment(self, period: Period) -> bool:
        """Tell whether ``_timestamp`` is a moment, for who makes figures by ``period`` of it."""
        return self.hourly or period is Period.HOUR

    def stamps(self, window: Window, period: Period, zone: ZoneInfo) -> tuple[datetime, datetime]:
        """Give what ``_timestamp`` says at the two ends of a window of whole periods."""
        if self.by_moment(period):
            return window.start, window.end
        return label(window.start, period, zone), label(window.end, period, zone)

    def start(self, stamp: datetime, period: Period, zone: ZoneInfo) -> datetime:
        """Give the first moment that a record with this ``_timestamp`` may tell of."""
        return stamp if self.by_moment(period) else beginning(stamp.date(), zone)

    def end(self, stamp: datetime, period: Period, zone: ZoneInfo) -> datetime:
        """Give the moment before which all records with an earlier ``_timestamp`` may lie."""
        if self.by_moment(period) or stamp.astimezone(UTC).time() == time():
            return self.start(stamp, period, zone)
        return self.start(stamp + _DAY, period, zone)


class DataSetReader(Protocol):
    """Reads what ``Source.inputs`` names, embedded or over HTTP: the answers are the same."""

    def query(self, asked: Input, params: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Give the ``data`` of the read API's answer to these parameters.

        Raises Unavailable, Refused or Unexpected.
        """
        ...

    def is_ours(self, asked: Input) -> bool:
        """Tell whether collectors of this platform write it, so that it holds all there will be."""
        ...


class NoDataSets:
    """A reader where there is nothing to read."""

    def query(self, asked: Input, params: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Raise Unavailable."""
        raise Unavailable(f"{asked.data_set} cannot be read here: there are no data sets")

    def is_ours(self, asked: Input) -> bool:
        """Tell that it is not."""
        return False
