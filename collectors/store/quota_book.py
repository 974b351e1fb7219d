"""What sources report of their budgets, shared by all collectors of the store."""

import random
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from collectors.clock import epoch, from_epoch
from collectors.errors import QuotaSpent, Unavailable
from collectors.store import quota_slots, quotas
from collectors.store.part import Part
from collectors.store.quota_slots import Slot

PATIENCE = 120.0
"""Seconds that a request waits for a slot."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


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

    @contextmanager
    def slot(self, key: str, at_most: int, sleep: Callable[[float], None]) -> Iterator[None]:
        """Hold one of the ``at_most`` slots of ``key`` while the body runs."""
        slot = self._wait_for(key, at_most, sleep)
        try:
            yield
        finally:
            self.database.write(lambda connection: quota_slots.give_back(connection, slot))

    def _wait_for(self, key: str, at_most: int, sleep: Callable[[float], None]) -> Slot:
        holder, waited, longest = uuid.uuid4().hex, 0.0, _FIRST_PAUSE
        while (slot := self._take(key, at_most, holder)) is None:
            if waited >= PATIENCE:
                raise Unavailable(
                    f"{at_most} requests of {key} are under way, which is as many as may be, and "
                    f"none has ended in {PATIENCE:g} s"
                )
            pause = random.uniform(longest / 2, longest)
            sleep(pause)
            waited, longest = waited + pause, min(_LONGEST_PAUSE, longest * 2)
        return slot

    def _take(self, key: str, at_most: int, holder: str) -> Slot | None:
        return self.database.write(
            lambda connection: quota_slots.take(
                connection, key, at_most, holder, self.owner, self.now()
            )
        )
