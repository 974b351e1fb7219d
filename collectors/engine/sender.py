"""Sends what waits in the outbox, while collecting still goes on.

One thread chooses, a pool of threads sends: several entries of a lane at a time, but never two
about the same period. Lanes are told of by ``notice`` and are looked at only then.
"""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial

from collectors.errors import StoreError
from collectors.runner import Delivered, Fate, Parts, deliver
from collectors.store import Entry, Lane

IN_FLIGHT_A_LANE = 8
TRIES = 5
"""How often a target or lane may fail in a row before this process leaves it to a later one."""
LONGEST_WAIT = timedelta(seconds=30)
"""A lane that must wait for longer than this is left to a later process."""
OWNER_WAIT = timedelta(seconds=1)
"""How often to look whether another process has let go of a lane."""
OWNER_PATIENCE = 60
"""So often is looked before the lane's entries are left to that process."""


@dataclass
class Sent:
    """What has been delivered so far, and the lanes that were left, by id, with the reason."""

    observations: int = 0
    rejected: int = 0
    left: dict[int, str] = field(default_factory=dict)


class Sender:
    """The sender of one process: it owns a lane from the first entry until it is closed."""

    def __init__(
        self,
        parts: Parts,
        threads: int,
        on_sent: Callable[[Delivered], None] = lambda _delivered: None,
    ) -> None:
        self.sent = Sent()
        self._parts = parts
        self._on_sent = on_sent
        self._room = threads * 2
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sender")
        self._changed = threading.Condition()
        self._noticed: set[int] = set()
        self._waiting: dict[int, datetime] = {}
        self._lanes: dict[int, Lane] = {}
        self._flying: dict[int, dict[int, Entry]] = defaultdict(dict)
        self._failures: dict[str | int, int] = defaultdict(int)
        self._refused: dict[int, int] = defaultdict(int)
        self._flowed: set[tuple[str, int]] = set()
        self._closing = False
        self._broken: BaseException | None = None
        self._thread = threading.Thread(target=self._work, name="sender", daemon=True)
        self._thread.start()

    def notice(self, lane_ids: Iterable[int]) -> None:
        """Say that something may wait in these lanes."""
        with self._changed:
            self._noticed.update(lane_ids)
            self._changed.notify()

    def close(self) -> Sent:
        """Send what can be sent now, give the lanes back, and tell what came of it."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._pool.shutdown()
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
            while True:
                self._wake_lanes()
                if self._noticed and self._total_flying() < self._room:
                    return True
                if self._closing and not (self._noticed or self._waiting or self._total_flying()):
                    return False
                self._changed.wait(self._seconds_to_next())

    def _wake_lanes(self) -> None:
        now = self._parts.clock.now()
        for lane_id in [one for one, at in self._waiting.items() if at <= now]:
            del self._waiting[lane_id]
            self._noticed.add(lane_id)

    def _seconds_to_next(self) -> float | None:
        if not self._waiting:
            return None
        wait = min(self._waiting.values()) - self._parts.clock.now()
        return max(0.01, min(1.0, wait.total_seconds()))

    def _total_flying(self) -> int:
        return sum(map(len, self._flying.values()))

    def _send_some(self) -> None:
        with self._changed:
            noticed, self._noticed = self._noticed, set()
        self._own(noticed)
        for lane_id in sorted(noticed):
            lane = self._lanes.get(lane_id)
            if lane is not None and lane_id not in self.sent.left:
                self._send_lane(lane)

    def _own(self, lane_ids: set[int]) -> None:
        """Become the sender of these lanes; come back later for those of another process."""
        new = lane_ids - self._lanes.keys()
        if not new:
            return
        owned = self._parts.store.delivery.acquire(sorted(new))
        self._lanes |= owned
        for lane_id in new - owned.keys():
            self._wait_for_owner(lane_id)

    def _wait_for_owner(self, lane_id: int) -> None:
        delivery = self._parts.store.delivery
        if not delivery.ready(lane_id, 1, ()):
            return
        self._refused[lane_id] += 1
        with self._changed:
            if self._refused[lane_id] > OWNER_PATIENCE:
                lane = delivery.lane(lane_id)
                self.sent.left[lane_id] = f"{lane.name}: another process sends there"
            else:
                self._waiting[lane_id] = self._parts.clock.now() + OWNER_WAIT

    def _send_lane(self, lane: Lane) -> None:
        flying = self._flying[lane.id]
        # A lane that is parked or has failed is probed with one entry before it gets more.
        probing = lane.parked_at is not None or lane.failures > 0
        free = (1 if probing else IN_FLIGHT_A_LANE) - len(flying)
        if free <= 0:
            return
        for entry in self._parts.store.delivery.ready(lane.id, free, list(flying.values())):
            with self._changed:
                flying[entry.id] = entry
            others_flow = any(
                target == lane.target and other != lane.id for target, other in self._flowed
            )
            future = self._pool.submit(deliver, self._parts, entry, lane, others_flow=others_flow)
            future.add_done_callback(partial(self._landed, entry))

    def _landed(self, entry: Entry, done: Future[Delivered]) -> None:
        with self._changed:
            del self._flying[entry.lane_id][entry.id]
            try:
                delivered = done.result()
            except StoreError as exc:
                self.sent.left[entry.lane_id] = str(exc)
            else:
                self._act_on(self._lanes[entry.lane_id], delivered)
                self._on_sent(delivered)
            self._changed.notify()

    def _act_on(self, lane: Lane, delivered: Delivered) -> None:
        if delivered.fate is Fate.PARKED:
            self.sent.left[lane.id] = delivered.reason
            return
        if delivered.fate is Fate.WAITS:
            self._let_wait(lane, delivered)
            return
        self.sent.observations += delivered.observations
        self.sent.rejected += delivered.rejected
        self._failures[lane.id] = 0
        if delivered.fate is Fate.DONE:
            self._failures[lane.target] = 0
            self._flowed.add((lane.target, lane.id))
            self._lanes[lane.id] = replace(lane, parked_at=None, failures=0)
        self._noticed.add(lane.id)

    def _let_wait(self, lane: Lane, delivered: Delivered) -> None:
        self._lanes[lane.id] = replace(lane, failures=lane.failures + 1)
        self._failures[lane.target] += 1
        self._failures[lane.id] += 1
        now = self._parts.clock.now()
        retry_at = delivered.retry_at or now
        most = max(self._failures[lane.target], self._failures[lane.id])
        if most >= TRIES or retry_at - now > LONGEST_WAIT:
            self.sent.left[lane.id] = delivered.reason
        else:
            self._waiting[lane.id] = retry_at
