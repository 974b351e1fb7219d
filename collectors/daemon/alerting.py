"""The daemon's look at itself from outside: who is late, who is to be told, and the heartbeat."""

import time
from collections.abc import Callable

from collectors.alerts import AlertLoop, Heartbeat, broken_files, wrong_clock
from collectors.daemon.chores import Chore
from collectors.daemon.present import Present, State

LOOK = 60.0
"""Seconds between two looks, where looking is quick."""
SHARE = 150
"""Looking takes at most this part of the time of one core; so it is less often where there is much
to look at. What it waits for, a store or a webhook, does not count."""
BEAT = 5.0


class Alerting:
    """Looks for what is late or broken, and tells.

    ``healthy`` tells whether all loops move; ``planned`` whether all collectors were planned since
    the start: before, what is late is not known.
    """

    def __init__(
        self, present: Present, *, healthy: Callable[[], bool], planned: Callable[[], bool]
    ) -> None:
        self._present = present
        self._healthy = healthy
        self._planned = planned
        self._has_looked = False
        self._state: State | None = None
        self._look_at = 0.0
        self._follow(present.state)

    def chores(self) -> list[Chore]:
        """Give what is to be done, and how often."""
        return [Chore("alerts", BEAT, self.look), Chore("heartbeat", BEAT, self.beat)]

    def look(self) -> None:
        """Judge everything, where it is time, and tell what is to be told."""
        began = time.thread_time()
        if time.monotonic() < self._look_at or not (self._has_looked or self._planned()):
            return
        self._has_looked = True
        state = self._present.state
        self._follow(state)
        files = broken_files(state.configuration.mistakes)
        self._loop.look([*files, *wrong_clock(state.parts.http)])
        took = time.thread_time() - began
        self._look_at = time.monotonic() + max(LOOK, SHARE * took)

    def beat(self) -> None:
        """Tell whoever waits for it that the daemon works, if it does."""
        self._heartbeat.beat(self._healthy())

    def _follow(self, state: State) -> None:
        if state is self._state:
            return
        settings = state.configuration.platform.alerts
        self._loop = AlertLoop(state.parts, state.active, settings)
        self._heartbeat = Heartbeat(state.parts.http, settings.heartbeat)
        self._state = state
