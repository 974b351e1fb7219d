"""The planner: one thread that turns ticks into due runs, and looks again where it was asked to."""

import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from heapq import heappop, heappush

import structlog

from collectors.api import Probing
from collectors.clock import epoch
from collectors.daemon.present import Present
from collectors.errors import StoreError
from collectors.runner import WINDOWS_A_TURN, enter
from collectors.schedule import Tick
from collectors.store import Noted, TickOutcome

AT_ONCE = 500
"""How many collectors are planned in one transaction."""
TRY_AGAIN = 5.0
"""Seconds until planning is tried again where the store failed."""
IDLE = 30.0
log = structlog.get_logger()


class Planner:
    """Plans what has ticked and what is to be looked at again; nothing that it was told is lost.

    ``entered`` is called when runs may have become due, ``probe`` with the collector of a
    ``Probing`` source and the time of its tick, ``moved`` at every turn of the thread.
    """

    def __init__(
        self,
        present: Present,
        *,
        entered: Callable[[], None],
        probe: Callable[[str, datetime], None],
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self._present = present
        self._entered = entered
        self._probe = probe
        self._changed = threading.Condition()
        self._ticked: dict[str, list[datetime]] = {}
        self._asked: dict[str, None] = {}
        self._later: list[tuple[datetime, str]] = []
        self._unfinished: set[str] = set()
        self._planning = False
        self._stopped = False
        self._thread = threading.Thread(target=self._work, name="planner", daemon=True)
        self._moved = moved

    def start(self) -> None:
        """Begin to plan."""
        self._thread.start()

    def stop(self) -> None:
        """Plan nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()

    def is_idle(self) -> bool:
        """Tell whether all that was asked for is planned."""
        with self._changed:
            return not (self._ticked or self._asked or self._planning)

    def ticked(self, tick: Tick) -> None:
        """Take note of a tick; it is planned as soon as may be."""
        with self._changed:
            for name in tick.collectors:
                self._ticked.setdefault(name, []).extend(tick.at)
            self._changed.notify()

    def look(self, names: Iterable[str]) -> None:
        """Look as soon as may be whether anything is due of these collectors, without a tick."""
        with self._changed:
            self._asked.update(dict.fromkeys(names))
            self._changed.notify()

    def look_at(self, name: str, when: datetime) -> None:
        """Look at a collector again at a given time."""
        with self._changed:
            heappush(self._later, (when, name))
            self._changed.notify()

    def ended(self, name: str) -> None:
        """Look again at a collector of which a run is over, if not all that was due was planned."""
        if name in self._unfinished:
            self.look([name])

    def plan(self, ticks: dict[str, list[datetime]]) -> None:
        """Plan these collectors, each with its ticks if it had any. Raises StoreError."""
        parts, active = self._present.parts, self._present.active
        known = {name: at for name, at in ticks.items() if name in active}
        paused = parts.store.pauses.paused(active[name] for name in known)
        self._skip({name: str(pause) for name, pause in paused.items()}, known)
        wanted = {name: at for name, at in known.items() if name not in paused}
        for name in [one for one in wanted if isinstance(active[one].source, Probing)]:
            for at in wanted[name]:
                self._probe(name, at)
            wanted[name] = []
        plans, broken = enter(parts, active, wanted)
        for name, reason in broken.items():
            log.warning("not planned", collector=name, reason=reason)
        self._unfinished -= wanted.keys() - plans.keys()
        for name, plan in plans.items():
            more = plan.postponed or len(plan.runs) + len(plan.busy) >= WINDOWS_A_TURN
            (self._unfinished.add if more else self._unfinished.discard)(name)
        self._entered()

    def _skip(self, reasons: dict[str, str], ticks: dict[str, list[datetime]]) -> None:
        """Write down that these ticks led to nothing."""
        noted = [
            Noted(
                collector=name,
                at=epoch(ticks[name][-1]),
                seen_at=epoch(self._present.parts.clock.now()),
                outcome=TickOutcome.SKIPPED,
                reason=reason,
                count=len(ticks[name]),
            )
            for name, reason in reasons.items()
            if ticks[name]
        ]
        self._present.parts.store.ticks.write(noted)

    def _work(self) -> None:
        while (ticks := self._next()) is not None:
            try:
                self.plan(ticks)
            except StoreError as exc:
                log.warning("nothing can be planned", reason=str(exc), retry_in=TRY_AGAIN)
                self._put_back(ticks)
            except Exception:
                log.exception("this program broke while it planned", collectors=sorted(ticks))

    def _next(self) -> dict[str, list[datetime]] | None:
        """Wait for something to plan: what has ticked first; None when it is stopped."""
        with self._changed:
            self._planning = False
            while not self._stopped:
                self._moved()
                self._wake_later()
                self._planning = bool(self._ticked or self._asked)
                if self._ticked:
                    return {name: self._ticked.pop(name) for name in _some(self._ticked)}
                if self._asked:
                    names = _some(self._asked)
                    for name in names:
                        del self._asked[name]
                    return {name: [] for name in names}
                self._changed.wait(self._seconds_to_next())
            return None

    def _wake_later(self) -> None:
        now = self._present.parts.clock.now()
        while self._later and self._later[0][0] <= now:
            self._asked[heappop(self._later)[1]] = None

    def _seconds_to_next(self) -> float:
        if not self._later:
            return IDLE
        wait = self._later[0][0] - self._present.parts.clock.now()
        return max(0.01, min(IDLE, wait.total_seconds()))

    def _put_back(self, ticks: dict[str, list[datetime]]) -> None:
        with self._changed:
            for name, at in ticks.items():
                if at:
                    self._ticked[name] = [*at, *self._ticked.get(name, [])]
                else:
                    self._asked[name] = None
            if not self._stopped:
                self._changed.wait(TRY_AGAIN)


def _some(names: dict[str, list[datetime]] | dict[str, None]) -> Sequence[str]:
    return list(names)[:AT_ONCE]
