"""What metrics and health show of the store, looked up once for all who ask within seconds."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from collectors.runner import Parts
from collectors.standing import Standing, standings
from collectors.store import Depth, Store
from collectors.store.quota_standing import QuotaStanding

FRESH, STALE = 10.0, 300.0
"""Seconds for which what was seen is shown again, at least and at most."""
SHARE = 50
"""In between, so many times as long as looking took: it takes a fiftieth of the time at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the store holds at one moment, ``at``.

    ``queue`` counts the runs that have not ended, by kind and state; ``backfill_periods`` are what
    running backfills have yet to collect; ``is_daemon`` tells that this process holds the post of
    the store's daemon.
    """

    at: datetime
    standings: Sequence[Standing]
    depths: Sequence[Depth]
    quotas: Sequence[QuotaStanding]
    queue: Mapping[tuple[str, str], int]
    backfill_periods: int
    is_daemon: bool

    @property
    def late(self) -> list[str]:
        """The names of the collectors that are late."""
        return [one.collector.name for one in self.standings if one.is_late]


class Lookout:
    """Looks into the store of what ``parts`` gives, which a reload may change.

    Safe to share between threads: whoever asks while somebody looks gets what that one saw.
    """

    def __init__(
        self, parts: Callable[[], Parts], *, ticking: Callable[[], float] = time.monotonic
    ) -> None:
        self.parts = parts
        self._ticking = ticking
        self._lock = threading.Lock()
        self._seen: Sight | None = None
        self._until = 0.0

    def look(self) -> Sight:
        """Give what the store holds, or held up to ``STALE`` seconds ago. Raises StoreError."""
        with self._lock:
            began = self._ticking()
            if self._seen is None or began >= self._until:
                self._seen = _look(self.parts())
                ended = self._ticking()
                self._until = ended + min(STALE, max(FRESH, SHARE * (ended - began)))
            return self._seen


def _look(parts: Parts) -> Sight:
    store = parts.store
    enabled = {name: one for name, one in parts.collectors.items() if one.enabled}
    with store.at_one_moment():
        holder = store.post.holder()
        return Sight(
            at=parts.clock.now(),
            standings=standings(parts, enabled, ask=False),
            depths=store.view.depths(empty_too=True),
            quotas=store.quota.standing(),
            queue=store.view.open_counts(),
            backfill_periods=_backfill_periods(store),
            is_daemon=holder is not None and holder.owner == store.post.owner,
        )


def _backfill_periods(store: Store) -> int:
    running = [one.id for one in store.backfills.running()]
    return sum(one.left for one in store.backfills.progress(running)) if running else 0
