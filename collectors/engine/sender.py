"""Sends what waits in the outbox, while collecting still goes on.

One thread chooses, a pool of threads a target sends: several entries of a lane at a time, but never
two about the same period. Lanes are told of by ``notice`` and are looked at only then.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import count

import structlog

from collectors.clock import from_epoch
from collectors.engine.traffic import Strikes, Traffic
from collectors.errors import StoreError
from collectors.runner import Delivered, Fate, Parts, Patience, deliver
from collectors.store import Entry, Lane

IN_FLIGHT_A_LANE = 8
LANES_AT_ONCE = 16
"""In how many lanes one query looks for what may leave."""
IDLE = 5.0
"""Seconds after which the sender moves though it has nothing to do."""
DOWN_AFTER = 5
"""Failures in a row, of many lanes, after which a target was down, and not what was sent there."""

log = structlog.get_logger()


@dataclass
class Sent:
    """What has been delivered so far, and the lanes that were left, by id, with the reason."""

    observations: int = 0
    rejected: int = 0
    left: dict[int, str] = field(default_factory=dict)

    def add(self, more: "Sent") -> None:
        """Count what somebody else has delivered too."""
        self.observations += more.observations
        self.rejected += more.rejected
        self.left |= more.left


class Sender:
    """The sender of one process: it owns a lane from the first entry on.

    Lanes are given back when it is closed, and idle ones when it wants one of another process.

    ``parts`` gives what to work with, which may change; ``threads`` is how many send to one target
    at a time; ``patience`` is that of the parts unless it is given; ``moved`` is
    called at every turn of its thread.
    """

    def __init__(
        self,
        parts: Callable[[], Parts],
        threads: int,
        on_sent: Callable[[Delivered], None] = lambda _delivered: None,
        patience: Patience | None = None,
        moved: Callable[[], None] = lambda: None,
    ) -> None:
        self.sent = Sent()
        self._current = parts
        self._patience = patience or parts().patience
        self._moved = moved
        self._on_sent = on_sent
        self._threads = threads
        self._changed = threading.Condition()
        self._noticed: set[int] = set()
        self._waiting: dict[int, datetime] = {}
        self._lanes: dict[int, Lane] = {}
        self._emptied: set[int] = set()
        self._flying: dict[int, dict[int, Entry]] = defaultdict(dict)
        self._traffic: dict[str, Traffic] = {}
        self._moments = count()
        self._looked_again = -1
        self._failed_at: dict[int, int] = {}
        self._strikes: dict[int, Strikes] = defaultdict(Strikes)
        self._refused: dict[int, int] = defaultdict(int)
        self._closing = False
        self._stopped = False
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)
        self._thread.start()

    @property
    def _parts(self) -> Parts:
        return self._current()

    @property
    def is_broken(self) -> bool:
        """Tell whether it has come to an end by a failure, which ``close`` raises."""
        return self._broken is not None

    def notice(self, lane_ids: Iterable[int]) -> None:
        """Say that something may wait in these lanes."""
        with self._changed:
            self._noticed.update(lane_ids)
            self._changed.notify()

    def look_again(self, lane_ids: Iterable[int] = ()) -> None:
        """Try these lanes now, or all that were left or wait, as if they were new."""
        with self._changed:
            self._looked_again = next(self._moments)
            chosen = set(lane_ids) or {*self.sent.left, *self._waiting}
            for lane_id in chosen:
                self.sent.left.pop(lane_id, None)
                self._waiting.pop(lane_id, None)
                if not self._flying[lane_id]:
                    self._lanes.pop(lane_id, None)
            self._noticed |= chosen
            self._changed.notify()

    def held_back(self) -> set[int]:
        """Give the lanes that were left or wait."""
        with self._changed:
            return {*self.sent.left, *self._waiting}

    def stop(self) -> None:
        """Begin nothing more; what waits is left to a later process."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def close(self) -> Sent:
        """Send what can be sent now, give the lanes back, and tell what came of it.

        Each lane is looked at once more: another process may have put something there meanwhile.
        """
        with self._changed:
            self._closing = True
            self._noticed.update(self._lanes)
            self._changed.notify()
        self._thread.join()
        for traffic in self._traffic.values():
            traffic.pool.shutdown()
        self._parts.store.delivery.release_lanes()
        if self._broken is not None:
            raise self._broken
        return self.sent

    def _work(self) -> None:
        try:
            while self._wait_for_work():
                self._send_some()
        except BaseException as exc:  # noqa: BLE001 - raised where the sender is closed
            self._broken = exc

    def _wait_for_work(self) -> bool:
        """Wait until there is something to choose; False when all is done."""
        with self._changed:
            while not (self._stopped or self._broken):
                self._wake_lanes()
                if self._noticed:
                    return True
                self._moved()
                if self._closing and not (self._waiting or any(self._flying.values())):
                    return False
                self._changed.wait(self._seconds_to_next())
            return False

    def _wake_lanes(self) -> None:
        now = self._parts.clock.now()
        for lane_id in [one for one, at in self._waiting.items() if at <= now]:
            del self._waiting[lane_id]
            self._noticed.add(lane_id)

    def _seconds_to_next(self) -> float:
        if not self._waiting:
            return IDLE
        wait = min(self._waiting.values()) - self._parts.clock.now()
        return max(0.001, min(1.0, wait.total_seconds()))

    def _send_some(self) -> None:
        with self._changed:
            noticed = self._noticed - self._waiting.keys() - self.sent.left.keys()
            self._noticed = set()
        self._own(noticed)
        found = [self._lanes[lane_id] for lane_id in sorted(noticed & self._lanes.keys())]
        for first in range(0, len(found), LANES_AT_ONCE):
            self._send_lanes(found[first : first + LANES_AT_ONCE])

    def _own(self, lane_ids: set[int]) -> None:
        """Become the sender of these lanes; come back later for those of another process."""
        new = lane_ids - self._lanes.keys()
        if not new:
            return
        owned = self._parts.store.delivery.acquire(sorted(new))
        for lane in owned.values():
            self._lanes[lane.id] = lane
            if lane.target not in self._traffic:
                name = f"sender to {lane.target}"
                pool = ThreadPoolExecutor(self._threads, thread_name_prefix=name)
                self._traffic[lane.target] = Traffic(pool, room=self._threads * 2)
            if lane.retry_at is not None and lane.parked_at is None:
                self._wait_until(lane, from_epoch(lane.retry_at), lane.reason or "it waits")
        refused = new - owned.keys()
        if refused:
            self._give_back_idle(lane_ids)
        for lane_id in refused:
            self._wait_for_owner(lane_id)

    def _give_back_idle(self, noticed: set[int]) -> None:
        """Give back the lanes in which nothing is under way and nothing waits.

        Else two processes that each want a lane of the other would wait for one another.
        """
        with self._changed:
            busy = noticed | self._noticed | self._waiting.keys()
            busy.update(*(traffic.crowded for traffic in self._traffic.values()))
            idle = {one for one in self._lanes.keys() - busy if not self._flying[one]}
            for lane_id in idle:
                del self._lanes[lane_id]
        if idle:
            self._parts.store.delivery.release_lanes(idle)

    def _wait_for_owner(self, lane_id: int) -> None:
        delivery = self._parts.store.delivery
        if not delivery.ready(lane_id, 1, ()):
            return
        self._refused[lane_id] += 1
        with self._changed:
            if self._refused[lane_id] > self._patience.owner_tries:
                lane = delivery.lane(lane_id)
                self.sent.left[lane_id] = f"{lane.name}: another process sends there"
            else:
                wait = timedelta(seconds=self._patience.owner_wait)
                self._waiting[lane_id] = self._parts.clock.now() + wait

    def _wait_until(self, lane: Lane, retry_at: datetime, reason: str) -> None:
        wait = retry_at - self._parts.clock.now()
        with self._changed:
            if wait > timedelta(seconds=self._patience.stay):
                self.sent.left[lane.id] = (
                    f"{reason}; not tried before {retry_at:%Y-%m-%dT%H:%M:%SZ}"
                )
            else:
                self._waiting[lane.id] = max(retry_at, self._waiting.get(lane.id, retry_at))

    def _may_send(self, lane: Lane) -> bool:
        traffic = self._traffic[lane.target]
        with self._changed:
            if lane.id in self._waiting or lane.id in self.sent.left:
                return False
            if traffic.silent is not None:
                self.sent.left[lane.id] = traffic.silent
                return False
            if traffic.is_full:
                traffic.crowded.add(lane.id)
            return not traffic.is_full

    def _send_lanes(self, lanes: Sequence[Lane]) -> None:
        with self._changed:
            self._emptied.difference_update(lane.id for lane in lanes)
        asked = {lane.id: self._free(lane) for lane in lanes if self._may_send(lane)}
        asked = {lane_id: free for lane_id, free in asked.items() if free > 0}
        with self._changed:
            flying = [entry for lane_id in asked for entry in self._flying[lane_id].values()]
        ready, emptied = self._parts.store.delivery.ready_in(asked, flying)
        with self._changed:
            self._emptied |= emptied
        for entry, payload in ready:
            self._send(entry, payload)

    def _free(self, lane: Lane) -> int:
        """Give how many more entries of a lane may be under way.

        A lane that is new, parked or has failed is probed with one entry before it gets more.
        """
        flows = lane.accepted and lane.parked_at is None and not lane.failures
        return (IN_FLIGHT_A_LANE if flows else 1) - len(self._flying[lane.id])

    def _send(self, entry: Entry, payload: bytes) -> None:
        lane = self._lanes[entry.lane_id]
        traffic = self._traffic[lane.target]
        with self._changed:
            self._flying[lane.id][entry.id] = entry
            traffic.flying += 1
            sent = next(self._moments)
        others_flow = partial(self._others_flow, entry)
        future = traffic.pool.submit(
            deliver, self._parts, entry, lane, payload=payload, others_flow=others_flow
        )
        future.add_done_callback(partial(self._landed, entry, sent))

    def _others_flow(self, entry: Entry) -> bool:
        """Tell whether the target accepts what others send it, so that a failure is this entry's.

        Of an observation alone, which would be given up, the proof must be younger than the
        failure before: the whole target may have broken since.
        """
        with self._changed:
            since = self._failed_at.get(entry.lane_id, -1) if entry.count == 1 else -1
            traffic = self._traffic[self._lanes[entry.lane_id].target]
            return traffic.flows_beside(entry.lane_id, since)

    def _landed(self, entry: Entry, sent: int, done: Future[Delivered]) -> None:
        with self._changed:
            lane = self._lanes[entry.lane_id]
            traffic = self._traffic[lane.target]
            del self._flying[lane.id][entry.id]
            traffic.flying -= 1
            self._noticed |= traffic.take_crowded()
            try:
                delivered = done.result()
                self._act_on(lane, sent, delivered)
                self._on_sent(delivered)
            except StoreError as exc:
                self.sent.left[lane.id] = str(exc)
            except Exception as exc:  # noqa: BLE001 - raised where the sender is closed
                self._broken = exc
            self._changed.notify()

    def _act_on(self, lane: Lane, sent: int, delivered: Delivered) -> None:
        if delivered.fate is Fate.PARKED:
            self._leave(lane, sent, delivered.reason)
            return
        if delivered.fate is Fate.WAITS:
            self._let_wait(lane, sent, delivered)
            return
        self.sent.observations += delivered.observations
        self.sent.rejected += delivered.rejected
        self._strikes.pop(lane.id, None)
        self._lanes[lane.id] = replace(lane, parked_at=None, failures=0)
        if delivered.fate is Fate.DONE:
            traffic = self._traffic[lane.target]
            if traffic.has_failed_often(DOWN_AFTER):
                self._wake_beside(traffic.failing)
            traffic.accepted(lane.id, next(self._moments))
            accepted = lane.accepted + delivered.observations
            self._lanes[lane.id] = replace(self._lanes[lane.id], accepted=accepted)
            if lane.id in self._emptied:  # nothing is left, unless somebody notices it
                return
        self._noticed.add(lane.id)

    def _leave(self, lane: Lane, sent: int, reason: str) -> None:
        """Leave a lane that is parked, unless what was refused was sent before a new look."""
        if sent > self._looked_again:
            self.sent.left[lane.id] = reason
            return
        self._noticed.add(lane.id)
        if not self._flying[lane.id]:
            del self._lanes[lane.id]

    def _wake_beside(self, failing: Iterable[int]) -> None:
        """Try at once what waits because its target was down: it has just accepted something."""
        for lane_id in failing:
            if self._waiting.pop(lane_id, None) is not None:
                self._noticed.add(lane_id)

    def _let_wait(self, lane: Lane, sent: int, delivered: Delivered) -> None:
        now = next(self._moments)
        traffic, strikes = self._traffic[lane.target], self._strikes[lane.id]
        self._failed_at[lane.id] = now
        traffic.failed(lane.id, sent, now)
        if strikes.strike(sent, now):
            if not lane.failures:
                _tell_waiting(lane, delivered.reason)
            self._lanes[lane.id] = replace(lane, failures=lane.failures + 1)
        if traffic.has_failed_often(self._patience.tries):
            traffic.silent = delivered.reason
        if strikes.count >= self._patience.tries:
            self.sent.left[lane.id] = delivered.reason
        else:
            retry_at = delivered.retry_at or self._parts.clock.now()
            self._wait_until(lane, retry_at, delivered.reason)


def _tell_waiting(lane: Lane, reason: str) -> None:
    log.warning("lane waits", data_set=lane.data_set, target=lane.target, reason=reason)
