"""The quota of one run: requests that wait a little where they must, or park the run."""

import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from collectors.api import Limits
from collectors.api.quotas import laid_over
from collectors.clock import epoch, from_epoch
from collectors.errors import QuotaSpent, Refused
from collectors.store.quota_book import QuotaBook, Ticket
from collectors.store.quota_rules import Refusal, Told, too_many
from collectors.store.quota_waits import Waits
from collectors.store.quotas import Cost

PATIENCE = 120.0
"""Seconds that a request waits for its turn in this process, and again for all of the store's."""
LONG = 5.0
"""Seconds: a wait that is longer, until a known time, is told; or the run is parked instead, where
that costs nothing."""
LATER = timedelta(minutes=1)
"""For how long a run is parked that has waited for others to end, and they did not."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.02, 1.0


@dataclass
class AskedOf:
    """One request that is under way: see ``collectors.api.Asked``."""

    quota: "RunQuota"
    said: dict[tuple[str, str], Told] = field(default_factory=dict)

    def report(
        self, key: str, remaining: int, resets_at: datetime, bucket: str = "", each: int = 1
    ) -> None:
        """Keep what its reply says until it ends."""
        self.said[key, bucket] = self.quota.told(key, remaining, resets_at, bucket, each)


@dataclass(frozen=True, slots=True)
class RunQuota:
    """The quota that a source is given in a run: see ``collectors.api.Quota``.

    ``named`` is what the configuration says by name of key. ``live`` work may use all that there
    is, other work what is not reserved. ``patience`` is as PATIENCE; ``waits`` are the run's.
    """

    book: QuotaBook
    named: Mapping[str, Limits]
    sleep: Callable[[float], None]
    live: bool
    patience: float = PATIENCE
    waits: Waits = field(default_factory=Waits)

    @contextmanager
    def request(self, keys: str | Mapping[str, Limits], cost: int = 1) -> Iterator[AskedOf]:
        """Count one request, and hold it as under way while the body runs."""
        brought = {keys: Limits()} if isinstance(keys, str) else keys
        limits = {key: laid_over(key, brought[key], self.named) for key in sorted(brought)}
        limits = {key: one for key, one in limits.items() if one.counted}
        asked = AskedOf(self)
        with ExitStack() as turn:
            with self.waits.waiting(self._time):
                missed = turn.enter_context(self.book.turns.taken(limits, self.patience))
                if missed:
                    raise self._spent(too_many(missed, limits[missed].concurrent or 0))
                ticket = self._begin(limits, Cost(cost, self.live)) if limits else None
            try:
                with self.waits.working(self._time):
                    yield asked
            finally:
                if ticket or asked.said:
                    self.book.end(ticket, list(asked.said.values()))

    def report(
        self, key: str, remaining: int, resets_at: datetime, bucket: str = "", each: int = 1
    ) -> None:
        """Remember what a reply said is left of ``key`` until ``resets_at``."""
        self.book.end(None, [self.told(key, remaining, resets_at, bucket, each)])

    def told(self, key: str, remaining: int, resets_at: datetime, bucket: str, each: int) -> Told:
        """Give what a reply said as it is kept."""
        return Told(
            key=key,
            bucket=bucket,
            remaining=remaining,
            most=remaining,
            each=each,
            resets_at=epoch(resets_at),
            reported_at=self.book.now(),
        )

    def _begin(self, limits: Mapping[str, Limits], cost: Cost) -> Ticket:
        waited, longest = 0.0, _FIRST_PAUSE
        while isinstance(found := self.book.begin(limits, cost), Refusal):
            if found.never:
                raise Refused(f"{found.key}: one request costs {cost.amount}, but {found.what}")
            pause = random.uniform(longest / 2, longest)
            longest = min(_LONGEST_PAUSE, longest * 2)
            if found.until is not None:
                pause += max(0.0, found.until - self._time())
            if not found.soon or waited + pause > self.patience:
                raise self._spent(found)
            self._wait(found, pause)
            waited += pause
        return found

    def _wait(self, found: Refusal, seconds: float) -> None:
        if found.until is None or seconds <= LONG:
            self.sleep(seconds)
            return
        if self.waits.may_park():
            raise self._spent(found)
        with self.waits.long(found):
            while seconds > 0:
                self.sleep(min(seconds, LONG))
                seconds -= LONG
                if seconds > 0 and self.waits.may_park():
                    raise self._spent(found)

    def _time(self) -> float:
        return self.book.clock.now().timestamp()

    def _spent(self, found: Refusal) -> QuotaSpent:
        if found.until is not None:
            return QuotaSpent(str(found), from_epoch(found.until))
        message = f"{found}, and none has ended in {self.patience:g} s"
        return QuotaSpent(message, self.book.clock.now() + LATER)
