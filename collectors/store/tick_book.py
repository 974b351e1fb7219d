"""The ticks of the store, for whoever asks why something was not collected."""

from collections.abc import Callable, Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy.engine import Connection

from collectors.clock import epoch, from_epoch
from collectors.store import forgetting, ticks
from collectors.store.part import Part
from collectors.store.ticks import Noted, Tick, TickOutcome

TICKS_KEPT = timedelta(days=30)
"""How long ticks are remembered."""
RUNS_KEPT = timedelta(days=180)
"""How long runs are remembered that are not the last of their collector, and what was wrong."""


class TickBook(Part):
    """What became of each firing of a schedule."""

    def write(self, noted: Sequence[Noted]) -> None:
        """Write down what was made of ticks that led to no run."""
        self.database.write(lambda connection: ticks.write(connection, noted))

    def last(self, collectors: Sequence[str]) -> dict[str, datetime]:
        """Give when each of these collectors ticked last, as far as that is remembered."""
        found = self.database.read(lambda connection: ticks.last_at(connection, collectors))
        return {name: from_epoch(at) for name, at in found.items()}

    def last_since(self, since: datetime) -> dict[str, datetime]:
        """Give when each collector ticked last, of the ticks that were planned from then on."""
        found = self.database.read(lambda connection: ticks.last_since(connection, epoch(since)))
        return {name: from_epoch(at) for name, at in found.items()}

    def listed(
        self,
        collectors: Sequence[str] | None = None,
        *,
        since: datetime | None = None,
        limit: int = 100,
        outcomes: Collection[TickOutcome] = (),
    ) -> list[Tick]:
        """Give the ticks of these collectors, or of all, the newest first; any outcome or some."""
        start = 0 if since is None else epoch(since)
        return self.database.read(
            lambda connection: ticks.listed(connection, collectors, start, limit, outcomes)
        )

    def forget(self) -> int:
        """Forget ticks of more than ``TICKS_KEPT`` ago, runs and incidents of ``RUNS_KEPT``.

        Gives how many of all that were.
        """
        return (
            self._forget(forgetting.forget_ticks, TICKS_KEPT)
            + self._forget(forgetting.forget_runs, RUNS_KEPT)
            + self._forget(forgetting.forget_incidents, RUNS_KEPT)
        )

    def _forget(self, some: Callable[[Connection, int], int], kept: timedelta) -> int:
        before, forgotten = self.now() - int(kept.total_seconds()), 0
        while more := self.database.write(lambda connection: some(connection, before)):
            forgotten += more
        return forgotten
