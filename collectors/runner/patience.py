"""How long delivery waits before it tries again, and when a process leaves that to a later one."""

import random
from dataclasses import dataclass
from datetime import timedelta

TRIED_WITHIN = timedelta(hours=1)
"""How soon after a failure a daemon collects again, at the latest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Waits are in seconds.

    ``first`` is the longest first wait; it doubles with every failure in a row, up to ``longest``,
    and what is waited is drawn from nothing to that. What ``Retry-After`` asks for is obeyed
    between ``shortest`` and ``longest``. A process leaves a lane to a later one after ``tries``
    failures in a row, or where it would have to wait for longer than ``stay``; it asks for one
    that another process sends on ``owner_tries`` times, every ``owner_wait``.
    """

    first: float = 1.0
    shortest: float = 1.0
    longest: float = 3600.0
    tries: int = 5
    stay: float = 30.0
    owner_wait: float = 1.0
    owner_tries: int = 60

    def wait(self, failures: int, asked: float | None) -> float:
        """Give the seconds to wait after so many failures in a row before this one."""
        if asked is not None:
            return min(max(asked, self.shortest), self.longest)
        return random.uniform(0, min(self.longest, self.first * 2.0 ** min(failures, 12)))
