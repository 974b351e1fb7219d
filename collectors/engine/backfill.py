"""Backfills without a daemon: this process feeds, collects and delivers until they have ended."""

import threading
from collections.abc import Collection
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from datetime import timedelta

from collectors.engine.heart import Heart
from collectors.engine.local import SENDERS, Progress
from collectors.engine.sender import Sender, Sent
from collectors.runner import Parts, collect, collectable, feed
from collectors.store import BackfillProgress, BackfillState, Lanes

LOOK_AGAIN = 1.0
"""Seconds after which the store is looked at unasked: other processes may work on it too."""
_IDLE = "its collector is paused, not enabled, or not configured any more"


@dataclass
class BackfillEngine:
    """Works on backfills with ``workers`` threads; any number of processes may do so at once."""

    parts: Parts
    workers: int
    progress: Progress = field(default_factory=Progress)
    stopped: bool = field(init=False, default=False)
    _woken: threading.Event = field(init=False, default_factory=threading.Event)

    def stop(self) -> None:
        """Begin nothing more; ``run`` returns once what is under way has ended."""
        self.stopped = True
        self._woken.set()

    def run(self, ids: Collection[int]) -> Sent:
        """Collect and deliver what is left of these backfills, as far as it can be had now.

        What is parked by a quota, or waits after a failure, for longer than the patience of the
        parts, is left to a later process. Raises StoreError.
        """
        sent = Sent()
        self.parts.store.queue.reap()
        with Heart(self.parts.store) as heart:
            while self._round(ids, heart, sent):
                continue
        return sent

    def _round(self, ids: Collection[int], heart: Heart, sent: Sent) -> bool:
        """Work until nothing can go on, and deliver it; tells whether something now can.

        What reads data sets of others waits until they have been delivered.
        """
        sender = Sender(lambda: self.parts, SENDERS, self.progress.delivered)
        try:
            with ThreadPoolExecutor(self.workers, thread_name_prefix="collector") as pool:
                self._work(ids, pool, heart, sender)
        finally:
            sent.add(sender.close())
        return not self.stopped and self._feed(ids) > 0

    def _work(
        self, ids: Collection[int], pool: ThreadPoolExecutor, heart: Heart, sender: Sender
    ) -> None:
        flying: dict[Future[None], int] = {}
        while not self.stopped:
            self._feed(ids)
            for run_id, name in self._due(ids, flying.values()):
                flying[pool.submit(self._collect, run_id, name, heart, sender)] = run_id
            if not flying and not self._is_worth_waiting(ids):
                return
            if not flying:
                self._woken.wait(LOOK_AGAIN)
            done, _ = wait(flying, LOOK_AGAIN, FIRST_COMPLETED)
            for future in done:
                del flying[future]
                future.result()

    def _feed(self, ids: Collection[int]) -> int:
        # Twice as many as work, so that nobody waits for the next one to be written down.
        return feed(self.parts, self.parts.collectors, 2 * self.workers, ids)

    def _due(self, ids: Collection[int], flying: Collection[int]) -> list[tuple[int, str]]:
        """Give the runs for which there is a worker, the most urgent first."""
        free = self.workers - len(flying)
        if free <= 0:
            return []
        found = self.parts.store.backfills.due(ids, self.workers + free)
        active = collectable(self.parts, self.parts.collectors)
        idle = {name: _IDLE for _, name in found if name not in active}
        if idle:
            self.parts.store.queue.withdraw(idle)
        return [one for one in found if one[0] not in flying and one[1] in active][:free]

    def _collect(self, run_id: int, name: str, heart: Heart, sender: Sender) -> None:
        def on_chunk(to: Lanes, observations: int) -> None:
            sender.notice([*to.open, *to.full])
            self.progress.kept(to.data_set, observations)

        if self.stopped:
            return
        heart.add(run_id)
        try:
            outcome = collect(self.parts, self.parts.collectors[name], run_id, on_chunk)
        finally:
            heart.remove(run_id)
        self.progress.collected(outcome)

    def _is_worth_waiting(self, ids: Collection[int]) -> bool:
        """Tell whether something will go on by itself, and soon."""
        self.parts.store.queue.reap()
        going = [
            one
            for one in self.parts.store.backfills.progress(list(ids))
            if one.backfill.state is BackfillState.RUNNING
        ]
        return any(map(self._goes_on, going))

    def _goes_on(self, one: BackfillProgress) -> bool:
        if self.parts.store.backfills.under_way(one.backfill.id):
            return True
        soon = self.parts.clock.now() + timedelta(seconds=self.parts.patience.stay)
        moments = (one.parked_until, one.retried_at)
        return any(moment <= soon for moment in moments if moment is not None)
