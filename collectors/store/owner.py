"""Who holds a lease: a process, named so that another one can tell whether it still lives."""

import os
import socket
from dataclasses import dataclass

import psutil

LEASE = 60
"""Seconds that a lease lasts without a heartbeat."""


@dataclass(frozen=True, slots=True)
class Owner:
    """One process on one host. A pid is used again, so the time it started belongs to its name."""

    host: str
    pid: int
    started: int

    @classmethod
    def this_process(cls) -> "Owner":
        """Name the process that is running."""
        pid = os.getpid()
        return cls(socket.gethostname(), pid, round(psutil.Process(pid).create_time() * 1000))

    @classmethod
    def parse(cls, text: str) -> "Owner":
        """Read what ``str()`` wrote."""
        host, pid, started = text.rsplit("/", 2)
        return cls(host, int(pid), int(started))

    def __str__(self) -> str:
        return f"{self.host}/{self.pid}/{self.started}"

    @property
    def shown(self) -> str:
        """The name as an operator knows it."""
        return f"process {self.pid} on {self.host}"

    def died_beside(self, other: "Owner") -> bool:
        """Tell whether this process is known to be gone; only its own host can know."""
        if self.host != other.host or self == other:
            return False
        try:
            process = psutil.Process(self.pid)
            if self.pid == other.pid or process.status() == psutil.STATUS_ZOMBIE:
                return True
            started = round(process.create_time() * 1000)
        except psutil.NoSuchProcess:
            return True
        # The clock may have been set since, and moves the time at which a process seems to have
        # started. Where that is in doubt, the lease decides.
        return abs(started - self.started) > LEASE * 1000


def is_free(holder: str | None, lease_until: int | None, asking: Owner, now: int) -> bool:
    """Tell whether a lease may be taken: nobody's, one's own, run out, or of a dead process."""
    if holder is None or holder == str(asking) or (lease_until or 0) < now:
        return True
    return Owner.parse(holder).died_beside(asking)
