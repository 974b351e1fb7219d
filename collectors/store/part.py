"""What the parts of the store share: the database, the clock, who they work for."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from collectors.clock import Clock, epoch
from collectors.database import Database
from collectors.store import tables
from collectors.store.owner import Owner

STEPS = (
    "plan.writing",
    "plan.written",
    "claim.written",
    "chunk.writing",
    "chunk.written",
    "window.writing",
    "window.written",
    "send.sending",
    "send.sent",
    "settle.writing",
    "settle.written",
)
"""The points at which a test stops the process, in the order in which a run passes them."""

FILL_STEPS = ("owe.written", "fill.writing", "fill.written")
"""Those that only the filling of a lane passes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One side of the store. ``step`` is called with a name of ``STEPS``; see there."""

    database: Database
    clock: Clock
    owner: Owner
    step: Callable[[str], None]

    def now(self) -> int:
        """Give the time in seconds since 1970."""
        return epoch(self.clock.now())

    def note(self, connection: Connection, action: str, subject: str, detail: str) -> None:
        """Leave a trace in the audit of what somebody has done by hand."""
        values = {
            "at": self.now(),
            "who": getpass.getuser(),
            "action": action,
            "subject": subject,
            "detail": detail,
        }
        connection.execute(tables.audit.insert().values(values))
