"""The works of the daemon: ticker, planner, crew, prober and sender, wired to one another."""

import threading
import time
from dataclasses import replace
from datetime import datetime

import structlog

from collectors.daemon.metrics import Metrics
from collectors.daemon.planner import Planner
from collectors.daemon.present import Present
from collectors.daemon.prober import Prober
from collectors.daemon.pulse import Pulse
from collectors.daemon.retries import Retries
from collectors.engine.crew import Crew
from collectors.engine.heart import Heart
from collectors.engine.local import SENDERS
from collectors.engine.sender import Sender
from collectors.runner import Delivered, Outcome, Patience
from collectors.schedule import Kind, Tick, timing_of
from collectors.schedule.ticker import Ticker
from collectors.store import SUCCEEDED, Lanes, Run

STUCK_AFTER = 120.0
"""Seconds without a move after which a loop counts as stuck."""
FOR_EVER = 10**9
log = structlog.get_logger()


class Works:
    """What moves of a daemon. ``metrics`` and ``pulse`` are told; ``heart`` holds its leases.

    ``backfilled`` is set when a run of a backfill has ended, and so there is room for the next.
    """

    def __init__(self, present: Present, metrics: Metrics, pulse: Pulse, heart: Heart) -> None:
        self._present = present
        self._metrics = metrics
        self._pulse = pulse
        workers = present.state.configuration.platform.workers
        self.crew = Crew(
            lambda: present.parts,
            workers,
            heart,
            ended=self._ended,
            kept=self._kept,
            moved=lambda: pulse.touch("crew"),
        )
        self.backfilled = threading.Event()
        self.prober = Prober(present, workers, lambda name: self.planner.look([name]))
        self.planner = Planner(
            present,
            entered=self.crew.wake,
            probe=self.prober.probe,
            moved=lambda: pulse.touch("planner"),
        )
        self.retries = Retries(present.parts.clock.now, self.planner.look_at)
        self.ticker = Ticker(present.parts.clock, self._ticked, lambda: pulse.touch("ticker"))
        self.sender = self._new_sender()

    def start(self) -> None:
        """Begin: what was left by whoever ran before is looked at first."""
        self._present.parts.store.queue.reap()
        for name in ("ticker", "planner", "crew", "sender"):
            self._pulse.expect(name, STUCK_AFTER)
        self.planner.start()
        self.planner.look(self._present.active)
        self.crew.start()
        self.ticker.start()

    def reschedule(self) -> datetime:
        """Let the collectors of now tick, and no others; gives the moment that was now.

        What ticks before ``start`` is told then.
        """
        active = self._present.active
        return self.ticker.replace({name: timing_of(one) for name, one in active.items()})

    def stop(self, limit: float) -> bool:
        """Begin nothing more, and let what runs end within ``limit`` seconds.

        What does not is put back: its window is due again. Gives whether every thread has ended.
        """
        until = time.monotonic() + limit
        self.ticker.stop()
        self.planner.stop()
        self.prober.close()
        self.crew.stop()
        if not self.crew.wait(limit):
            self.put_back()
        self.crew.close()
        return self._stop_sending(max(1.0, until - time.monotonic())) and not self.crew.running

    def put_back(self) -> None:
        """Take no more runs, and let go of those under way: their windows are due again."""
        self.crew.stop()
        if left := self.crew.running:
            self._present.parts.store.queue.put_back(left, "the daemon was stopped meanwhile")
            log.warning("put back", runs=sorted(left), collectors=sorted(set(left.values())))

    def mend_sender(self) -> None:
        """Put a new sender in the place of one that has come to an end by a failure."""
        if not self.sender.is_broken:
            return
        try:
            self.sender.close()
        except Exception:
            log.exception("the sender broke; a new one begins")
        self.sender = self._new_sender()

    def _new_sender(self) -> Sender:
        parts = self._present.parts
        return Sender(
            lambda: self._present.parts,
            SENDERS,
            self._delivered,
            _endless(parts.patience),
            lambda: self._pulse.touch("sender"),
        )

    def _stop_sending(self, limit: float) -> bool:
        """Let what is being sent arrive, for a while; what does not is sent again next time."""
        self.sender.stop()
        closing = threading.Thread(target=self.sender.close, name="closing", daemon=True)
        closing.start()
        closing.join(limit)
        return not closing.is_alive()

    def _ticked(self, tick: Tick) -> None:
        delay = self._present.parts.clock.now() - tick.at[-1]
        self._metrics.tick(delay.total_seconds())
        log.debug("tick", at=tick.at[-1], collectors=len(tick.collectors))
        self.planner.ticked(tick)

    def _ended(self, run: Run, outcome: Outcome) -> None:
        self._metrics.run_ended(outcome, run.kind, outcome.seconds)
        if run.kind == Kind.BACKFILL:
            self.backfilled.set()
            self.planner.ended(run.collector)
            return
        collector = self._present.active.get(run.collector)
        if collector is not None:
            shared = f"{collector.source.name} {collector.credentials or ''}"
            self.retries.ended(run.collector, shared, outcome)
        if outcome.is_cut:
            self.planner.look([run.collector])
        elif outcome.state in SUCCEEDED:
            self.planner.ended(run.collector)

    def _kept(self, to: Lanes, _observations: int) -> None:
        self.sender.notice([*to.open, *to.full])

    def _delivered(self, delivered: Delivered) -> None:
        self._metrics.delivered(delivered, delivered.seconds)


def _endless(patience: Patience) -> Patience:
    """Give the patience of a process that is there to stay: it never leaves a lane to others."""
    return replace(patience, tries=FOR_EVER, stay=float(FOR_EVER), owner_tries=FOR_EVER)
