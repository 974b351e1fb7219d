"""The first verb: collect one window, from the source into the outbox and the ledger."""

import time
from dataclasses import replace

import structlog
from structlog.contextvars import bound_contextvars

from collectors.clock import from_epoch
from collectors.config.model import Collector
from collectors.errors import CollectorError, LeaseLost, StoreError, Unexpected
from collectors.periods import Window
from collectors.runner.collection import Collection, OnChunk
from collectors.runner.outcome import Outcome, tell
from collectors.runner.parts import Parts
from collectors.store import Run, State

log = structlog.get_logger()


def collect(parts: Parts, collector: Collector, run_id: int, on_chunk: OnChunk) -> Outcome:
    """Collect the window of a planned run; never raises for what a source or the store does."""
    try:
        run = parts.store.ledger.claim(run_id)
    except StoreError as exc:
        return Outcome.failed(collector, str(exc))
    if run is None:
        return _unclaimed(parts, collector, run_id)
    return collect_taken(parts, collector, run, on_chunk)


def collect_taken(
    parts: Parts, collector: Collector, run: Run, on_chunk: OnChunk, *, parks: bool = False
) -> Outcome:
    """Collect the window of a run that this process has taken; never raises, as ``collect``.

    With ``parks``, a run that would wait for a quota is parked, so far as that loses nothing:
    somebody takes it up again when its time has come.
    """
    began = time.monotonic()
    with bound_contextvars(collector=collector.name, data_set=str(collector.data_set), run=run.id):
        outcome = _collect(Collection(parts, collector, run, on_chunk, parks=parks))
        outcome = replace(outcome, seconds=time.monotonic() - began)
        tell(outcome)
    return outcome


def _collect(collection: Collection) -> Outcome:
    try:
        return collection.collect()
    except LeaseLost as exc:
        return collection.left(str(exc))
    except CollectorError as exc:
        return collection.end(exc)
    except Exception as exc:  # whatever it is, the window must end with a reason
        log.exception("this program broke")
        return collection.end(Unexpected(f"this program broke: {type(exc).__name__}: {exc}"))


def _unclaimed(parts: Parts, collector: Collector, run_id: int) -> Outcome:
    run = parts.store.view.run(run_id)
    if run.state != State.PARKED:
        return Outcome.left(collector, "another process has it")
    window = Window(from_epoch(run.start), from_epoch(run.end))
    return Outcome(collector=collector.name, window=window, state=State.PARKED, reason=run.reason)
