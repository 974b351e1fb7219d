"""What a source that lives on ticks has seen, until it is gathered into periods."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol


class Probes(Protocol):
    """What a collector's probes saw."""

    @property
    def every(self) -> timedelta:
        """How often the collector ticks."""
        ...

    def between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
        """Give the ticks in ``[start, end)`` of which there is a result, oldest first, with it."""
        ...


class NoProbes:
    """What there is of a collector that does not probe."""

    every = timedelta(0)

    def between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
        """Give nothing."""
        return iter(())
