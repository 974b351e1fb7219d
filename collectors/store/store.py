"""The store: one database behind the ledger, the delivery, the view and the quotas."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from collectors.clock import Clock
from collectors.database import BUSY_SECONDS, Database, ignore
from collectors.store.backfill_book import BackfillBook
from collectors.store.delivery import Delivery
from collectors.store.figures import Figures
from collectors.store.filling import Filling
from collectors.store.incidents import Incidents
from collectors.store.ledger import Ledger
from collectors.store.owner import Owner
from collectors.store.pauses import Pauses
from collectors.store.post import Post
from collectors.store.probe_book import ProbeBook
from collectors.store.queue import Queue
from collectors.store.quota_book import QuotaBook
from collectors.store.reads import Reads
from collectors.store.tick_book import TickBook
from collectors.store.view import View

MIGRATIONS = Path(__file__).parent / "migrations"


class Store:
    """The store of one platform, at ``url``. Safe to share between threads.

    Every transaction of the program on it is one method of one of its parts. ``step`` is called
    with a name from ``STEPS`` at points where a process may die; it does nothing outside of tests.
    ``patience`` is how many seconds SQLite waits for a lock of another process.
    """

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        owner: Owner,
        synchronous: str = "FULL",
        patience: float = BUSY_SECONDS,
        step: Callable[[str], None] = ignore,
    ) -> None:
        self._database = Database(
            url,
            what="the store",
            migrations=MIGRATIONS,
            synchronous=synchronous,
            patience=patience,
        )
        self.step = step
        parts = (self._database, clock, owner, step)
        self.ledger = Ledger(*parts)
        self.delivery = Delivery(*parts)
        self.filling = Filling(*parts)
        self.reads = Reads(*parts)
        self.view = View(*parts)
        self.quota = QuotaBook(*parts)
        self.pauses = Pauses(*parts)
        self.figures = Figures(*parts)
        self.incidents = Incidents(*parts)
        self.queue = Queue(*parts)
        self.ticks = TickBook(*parts)
        self.backfills = BackfillBook(*parts)
        self.post = Post(*parts)
        self.probes = ProbeBook(*parts)

    def open(self) -> None:
        """Upgrade the tables where they are older; StoreError where they are newer."""
        self._database.upgrade(self.step)

    def at_one_moment(self) -> AbstractContextManager[None]:
        """Let whatever this thread reads in the body be of one consistent state."""
        return self._database.at_one_moment()

    def close(self) -> None:
        """Close every connection."""
        self._database.close()
