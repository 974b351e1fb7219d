"""What sources report of their budgets, shared by all collectors of the store."""

from datetime import datetime

from collectors.clock import epoch, from_epoch
from collectors.errors import QuotaSpent
from collectors.store import quotas
from collectors.store.part import Part


class QuotaBook(Part):
    """The quota that a source is given: see ``collectors.api.Quota``."""

    def check(self, key: str) -> None:
        """Raise QuotaSpent while the budget of ``key`` is known to be used up."""
        budget = self.database.read(lambda connection: quotas.get(connection, key))
        if budget and budget.remaining <= 0 and budget.resets_at > self.now():
            resets_at = from_epoch(budget.resets_at)
            message = f"the quota {key} is spent until {resets_at:%Y-%m-%d %H:%M:%S} UTC"
            raise QuotaSpent(message, resets_at)

    def report(self, key: str, remaining: int, resets_at: datetime) -> None:
        """Remember what a reply said is left of ``key`` until ``resets_at``."""
        budget = quotas.Budget(
            key=key, remaining=remaining, resets_at=epoch(resets_at), reported_at=self.now()
        )
        self.database.write(lambda connection: quotas.report(connection, budget))
