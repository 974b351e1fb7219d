"""Sources that live on ticks: one look at the present, and what of it can be gathered later."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from collectors.api import Context, Probing, Unavailable
from collectors.clock import epoch
from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.intervals import Interval, subtract
from collectors.periods import Period, floor
from collectors.runner.parts import Parts
from collectors.runner.reading import border
from collectors.store import PROBES_KEPT, LastProbe, Stretch
from collectors.values import counted

log = structlog.get_logger()


def probe(parts: Parts, collector: Collector, at: datetime) -> str | None:
    """Look at the present for the tick ``at`` of a ``Probing`` source, and keep what was seen.

    Gives None, or why nothing was kept: the tick is missed then. It is too late to begin once the
    next tick has come. Never raises for what a source or the store does.
    """
    try:
        context = parts.context(collector, [])
        every = context.probes.every
        if parts.clock.now() >= at + every:
            raise Unavailable(f"the tick of {at:%Y-%m-%dT%H:%M:%SZ} was missed: the next has come")
        seen = _scrubbed(parts, _look(collector, at, context))
        parts.store.probes.keep(collector.name, at, every, seen)
    except CollectorError as exc:
        return parts.vault.scrub(str(exc))
    log.debug("probed", collector=collector.name, at=f"{at:%Y-%m-%dT%H:%M:%SZ}", **seen)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probed:
    """When a collector was last probed, what was ``told``, and how many its period has so far."""

    at: datetime
    told: str
    gathered: int
    period: Period

    def __str__(self) -> str:
        many = counted(self.gathered, "probe")
        return f"{self.at:%Y-%m-%dT%H:%M:%SZ}: {self.told}; {many} of this {self.period} so far"


def last_probes(parts: Parts, collectors: Iterable[Collector]) -> dict[str, Probed]:
    """Give by name what the last probes saw of those that were probed. Raises StoreError."""
    probing = defaultdict[datetime, dict[str, Collector]](dict)
    now = parts.clock.now()
    for one in collectors:
        if isinstance(one.source, Probing):
            probing[floor(now, one.period, one.zone)][one.name] = one
    return {
        name: _probed(parts, of[name], last)
        for since, of in probing.items()
        for name, last in parts.store.probes.last(list(of), since).items()
    }


def _probed(parts: Parts, collector: Collector, last: LastProbe) -> Probed:
    try:
        with border(collector):
            told = _probing(collector).told(last.result)
    except CollectorError as exc:
        told = parts.vault.scrub(str(exc))
    return Probed(at=last.at, told=told, gathered=last.gathered, period=collector.period)


def probed_now(collector: Collector, at: datetime, context: Context) -> Context:
    """Look once, keep nothing, and give a context in which that is all that was ever seen.

    What was seen is told as a warning. Raises what the source raises.
    """
    seen = _look(collector, at, context)
    with border(collector):
        context.warn(f"seen just now: {_probing(collector).told(seen)}")
    return replace(context, probes=_Once(context.probes.every, at, seen))


def final(collector: Collector, stretches: Sequence[Stretch], now: datetime) -> list[Interval]:
    """Give what is collected and cannot be gathered again: its probes may be gone by now.

    So it is with what was collected before the collector probed, or in another way.
    """
    if not isinstance(collector.source, Probing):
        return []
    oldest = epoch(now - PROBES_KEPT)
    own = [one for one in stretches if one.fingerprint == collector.fingerprint]
    still_there = [(max(one.start, oldest), one.end) for one in own]
    return subtract([(one.start, one.end) for one in stretches], still_there)


@dataclass(frozen=True)
class _Once:
    every: timedelta
    at: datetime
    seen: Mapping[str, Any]

    def between(
        self, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
        if start <= self.at < end:
            yield self.at, self.seen


def _look(collector: Collector, at: datetime, context: Context) -> Mapping[str, Any]:
    with border(collector):
        return _probing(collector).probe(at, context)


def _probing(collector: Collector) -> Probing:
    if not isinstance(collector.source, Probing):
        raise TypeError(f"{collector.source.name} does not probe")
    return collector.source


def _scrubbed(parts: Parts, value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _scrubbed(parts, one) for name, one in value.items()}
    return parts.vault.scrub(value) if isinstance(value, str) else value
