"""Looks of sources that live on ticks, each in time or not at all."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from collectors.clock import epoch
from collectors.daemon.present import Present
from collectors.errors import StoreError
from collectors.runner import probe
from collectors.store import Noted, TickOutcome

log = structlog.get_logger()


class Prober:
    """Probes with ``threads`` at a time. ``probed`` is called with a collector that was."""

    def __init__(self, present: Present, threads: int, probed: Callable[[str], None]) -> None:
        self._present = present
        self._probed = probed
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="prober")

    def probe(self, name: str, at: datetime) -> None:
        """Let a collector look for its tick as soon as a thread is free."""
        self._pool.submit(self._probe, name, at)

    def close(self) -> None:
        """Begin no more looks, and leave those that run to themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _probe(self, name: str, at: datetime) -> None:
        parts, collector = self._present.parts, self._present.active.get(name)
        if collector is None:
            return
        missed = probe(parts, collector, at)
        if missed is None:
            self._probed(name)
            return
        log.warning("tick missed", collector=name, reason=missed)
        noted = Noted(
            collector=name,
            at=epoch(at),
            seen_at=epoch(parts.clock.now()),
            outcome=TickOutcome.SKIPPED,
            reason=missed,
        )
        try:
            parts.store.ticks.write([noted])
        except StoreError as exc:
            log.warning("a missed tick was not written down", collector=name, reason=str(exc))
