"""The second verb: deliver one entry of the outbox, and act on what is answered.

======================================  =========================================================
answer                                  what happens
======================================  =========================================================
accepted                                the entry is gone, what is delivered grows
refused because of records              halved in the request, down to the bad ones, which become
                                        dead letters; if most of a first small sample is refused,
                                        it is the configuration: the lane is parked
too large                               the entry is halved in the outbox; one observation alone is
                                        a dead letter, or where nothing was ever accepted, the lane
                                        is parked
Unavailable, QuotaSpent                 the lane waits; entries stay
500 again while other lanes flow        the entry is halved, until the bad record is alone
anything else                           the lane is parked until somebody acts; entries stay
======================================  =========================================================
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto

import structlog
from structlog.contextvars import bound_contextvars

from collectors.errors import CollectorError, QuotaSpent, StoreError, Unavailable
from collectors.packing import pack, unpack
from collectors.runner.parts import Parts
from collectors.sink.contract import Sink
from collectors.store import Entry, Lane
from collectors.values import Batch, DataSet, Observation, Receipt, Rejected, counted

SAMPLE = 10
"""How many observations are tried alone before a refused batch is halved."""
FAILURES_OF_ONE = 2
"""So often may the far side fail on one entry, while others pass, before it is halved."""

log = structlog.get_logger()


class Fate(Enum):
    """What has become of an entry."""

    DONE = auto()
    AGAIN = auto()
    WAITS = auto()
    PARKED = auto()


@dataclass(frozen=True, slots=True)
class Delivered:
    """What came of trying an entry for ``seconds``; ``retry_at`` is set where its lane waits."""

    fate: Fate
    observations: int = 0
    rejected: int = 0
    reason: str = ""
    retry_at: datetime | None = None
    seconds: float = 0.0


class _Misconfigured(CollectorError):
    """Most of a sample was refused: not the records are wrong, but where they are sent."""


def deliver(
    parts: Parts,
    entry: Entry,
    lane: Lane,
    *,
    others_flow: Callable[[], bool],
    payload: bytes | None = None,
) -> Delivered:
    """Send one entry once. ``others_flow`` is asked whether the target accepts what others send.

    ``payload`` is what the entry held when it was chosen; without it, that is looked up.
    Raises StoreError only; an entry that was sent and could not be taken out is sent again.
    """
    began = time.monotonic()
    with bound_contextvars(
        collector=entry.collector, data_set=lane.data_set, run=entry.run_id, target=lane.target
    ):
        delivered = _deliver(parts, entry, lane, payload, others_flow)
        delivered = replace(delivered, seconds=time.monotonic() - began)
        log.debug(
            "delivered",
            fate=delivered.fate.name.lower(),
            observations=delivered.observations,
            refused=delivered.rejected,
            reason=delivered.reason,
            seconds=round(delivered.seconds, 3),
        )
    return delivered


def _deliver(
    parts: Parts,
    entry: Entry,
    lane: Lane,
    payload: bytes | None,
    others_flow: Callable[[], bool],
) -> Delivered:
    sink = parts.sinks.get(lane.target)
    if sink is None:
        return _park(parts, lane, f"the target {lane.target} is not in platform.yaml any more")
    payload = payload or parts.store.delivery.payload(entry)
    if payload is None:
        return Delivered(Fate.DONE)
    parts.store.step("send.sending")
    try:
        receipt = _send(sink, entry, lane, payload)
    except Unavailable as exc:
        return _unavailable(parts, entry, lane, exc, others_flow)
    except (QuotaSpent, StoreError) as exc:
        resets_at = getattr(exc, "resets_at", None)
        return _wait(parts, lane, exc, resets_at or _next_try(parts, lane, None), None)
    except CollectorError as exc:
        return _park(parts, lane, str(exc))
    parts.store.step("send.sent")
    return _act_on(parts, entry, lane, receipt)


def _send(sink: Sink, entry: Entry, lane: Lane, payload: bytes) -> Receipt:
    data_set = DataSet.parse(lane.data_set)
    if entry.emptying:
        return sink.empty(data_set)
    if entry.retraction:
        return sink.retract(data_set, unpack(payload))
    receipt = sink.send(Batch(data_set, payload, entry.count))
    if receipt.refusal is None:
        return receipt
    return _sift(sink, data_set, unpack(payload), receipt.refusal, known_good=lane.accepted > 0)


def _act_on(parts: Parts, entry: Entry, lane: Lane, receipt: Receipt) -> Delivered:
    delivery = parts.store.delivery
    if receipt.too_large and entry.count > 1:
        delivery.halve(entry)
        return Delivered(Fate.AGAIN, reason="too large for one request: halved")
    rejected = list(receipt.rejected)
    if receipt.too_large and not lane.accepted:
        return _park(parts, lane, "even one observation is too large: see the target's proxy")
    if receipt.too_large:
        rejected = _all_of(parts, entry, "too large for the data set")
    if entry.retraction and receipt.refusal:
        log.warning("cannot retract", reason=receipt.refusal)
    delivery.settle(entry, lane, receipt.accepted, _scrubbed(parts, rejected))
    return Delivered(Fate.DONE, receipt.accepted, len(rejected))


def _sift(
    sink: Sink, data_set: DataSet, items: list[Observation], refusal: str, *, known_good: bool
) -> Receipt:
    """Find by halving which of refused ``items`` are bad; the others are posted on the way."""
    sample, rest = items[:SAMPLE], items[SAMPLE:]
    if len(items) == 1:
        rejected = [Rejected(items[0], refusal)]
    else:
        rejected = [bad for one in sample for bad in _halving(sink, data_set, [one])]
    if _looks_misconfigured(len(sample), len(rejected), known_good=known_good):
        of = counted(len(sample), "observation was", "observations were")
        raise _Misconfigured(f"{len(rejected)} of the first {of} refused: {refusal}")
    rejected += _halving(sink, data_set, rest)
    return Receipt(accepted=len(items) - len(rejected), rejected=rejected)


def _looks_misconfigured(tried: int, refused: int, *, known_good: bool) -> bool:
    if tried < 3:
        return not known_good and refused == tried
    return refused * 2 > tried


def _halving(sink: Sink, data_set: DataSet, items: list[Observation]) -> list[Rejected]:
    if not items:
        return []
    receipt = sink.send(Batch(data_set, pack(items)[0], len(items)))
    if receipt.refusal is None and not receipt.too_large:
        return list(receipt.rejected)
    if len(items) == 1:
        return [Rejected(items[0], receipt.refusal or "too large for the data set")]
    middle = len(items) // 2
    return _halving(sink, data_set, items[:middle]) + _halving(sink, data_set, items[middle:])


def _unavailable(
    parts: Parts, entry: Entry, lane: Lane, error: Unavailable, others_flow: Callable[[], bool]
) -> Delivered:
    blamed = error.status == 500 and not entry.emptying and others_flow()
    if not blamed or entry.failures < FAILURES_OF_ONE:
        retry_at = _next_try(parts, lane, error.retry_after)
        return _wait(parts, lane, error, retry_at, entry if blamed else None)
    if entry.count > 1 and not entry.retraction:
        parts.store.delivery.halve(entry)
        return Delivered(Fate.AGAIN, reason=f"{error}: halved, as other data sets are accepted")
    rejected = _all_of(parts, entry, f"{error} to this observation alone")
    parts.store.delivery.settle(entry, lane, 0, _scrubbed(parts, rejected))
    return Delivered(Fate.DONE, 0, len(rejected))


def _all_of(parts: Parts, entry: Entry, reason: str) -> list[Rejected]:
    payload = parts.store.delivery.payload(entry)
    items = unpack(payload) if payload else []
    return [Rejected(one if isinstance(one, dict) else {"_id": one}, reason) for one in items]


def _scrubbed(parts: Parts, rejected: Sequence[Rejected]) -> list[Rejected]:
    return [replace(one, reason=parts.vault.scrub(one.reason)) for one in rejected]


def _next_try(parts: Parts, lane: Lane, retry_after: float | None) -> datetime:
    return parts.clock.now() + timedelta(seconds=parts.patience.wait(lane.failures, retry_after))


def _wait(
    parts: Parts, lane: Lane, error: CollectorError, retry_at: datetime, entry: Entry | None
) -> Delivered:
    reason = parts.vault.scrub(str(error))
    parts.store.delivery.back_off(lane, reason, retry_at, entry)
    return Delivered(Fate.WAITS, reason=reason, retry_at=retry_at)


def _park(parts: Parts, lane: Lane, reason: str) -> Delivered:
    reason = parts.vault.scrub(reason)
    if lane.parked_at is None:
        log.error("lane parked", reason=reason)
    parts.store.delivery.park(lane, reason)
    return Delivered(Fate.PARKED, reason=reason)
