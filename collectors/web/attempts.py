"""How often wrong tokens were offered, so that nobody can try them all."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from collectors.clock import Clock

TRIES = 10
"""How many wrong tokens one client may offer to one data set in ``WHILE``."""
WHILE = timedelta(minutes=1)
MOST = 10_000
"""Of how many clients and data sets this is kept in mind; the longest unheard of are forgotten."""

Key = tuple[str, str]
"""A client's address and a data set."""


@dataclass(slots=True)
class _Record:
    since: datetime
    wrong: int = 0
    is_known: bool = False


class Attempts:
    """Counts wrong tokens by client and data set. Safe to share between threads.

    Whoever has once offered the right token from an address is known there, and is let try
    whatever others do from the same address: behind a proxy, clients share one.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._records: OrderedDict[Key, _Record] = OrderedDict()
        self._lock = threading.Lock()

    def wait(self, key: Key) -> int:
        """Give how many seconds to wait before the next try; 0 where it may be now."""
        with self._lock:
            record = self._records.get(key)
            if record is None or record.is_known or record.wrong < TRIES:
                return 0
            left = record.since + WHILE - self._clock.now()
            return max(0, -(-left // timedelta(seconds=1)))

    def wrong(self, key: Key) -> None:
        """Note a wrong token."""
        with self._lock:
            now = self._clock.now()
            record = self._record(key, now)
            if not record.since <= now < record.since + WHILE:
                record.since, record.wrong = now, 0
            record.wrong += 1

    def right(self, key: Key) -> None:
        """Note the right token."""
        with self._lock:
            record = self._record(key, self._clock.now())
            record.wrong, record.is_known = 0, True

    def __len__(self) -> int:
        return len(self._records)

    def _record(self, key: Key, now: datetime) -> _Record:
        record = self._records.setdefault(key, _Record(now))
        self._records.move_to_end(key)
        if len(self._records) > MOST:
            self._records.popitem(last=False)
        return record
