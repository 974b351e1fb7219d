"""The ticks of the store, for whoever asks why something was not collected."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from collectors.clock import epoch, from_epoch
from collectors.store import ticks
from collectors.store.part import Part
from collectors.store.ticks import Noted, Tick

KEPT = timedelta(days=30)
"""How long ticks are remembered."""


class TickBook(Part):
    """What became of each firing of a schedule."""

    def write(self, noted: Sequence[Noted]) -> None:
        """Write down what was made of ticks that led to no run."""
        self.database.write(lambda connection: ticks.write(connection, noted))

    def last(self, collectors: Sequence[str]) -> dict[str, datetime]:
        """Give when each of these collectors ticked last, as far as that is remembered."""
        found = self.database.read(lambda connection: ticks.last_at(connection, collectors))
        return {name: from_epoch(at) for name, at in found.items()}

    def listed(
        self,
        collectors: Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        limit: int = 100,
    ) -> list[Tick]:
        """Give the ticks of these collectors, or of all, the newest first."""
        start = 0 if since is None else epoch(since)
        return self.database.read(
            lambda connection: ticks.listed(connection, collectors, start, limit)
        )

    def prune(self) -> int:
        """Forget what is older than ``KEPT``; gives how many ticks that were."""
        before = self.now() - int(KEPT.total_seconds())
        return self.database.write(lambda connection: ticks.prune(connection, before))
