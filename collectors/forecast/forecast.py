"""The forecast: ticks, runs, workers, quotas and nights of the next hours or days."""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median

from collectors.api import Limits
from collectors.clock import epoch, from_epoch
from collectors.config.model import Collector
from collectors.errors import CollectorError
from collectors.forecast.budgets import BudgetUse, budgets_of
from collectors.forecast.demand import Demand, Job
from collectors.forecast.nights import Night, nights
from collectors.forecast.queueing import Hour, Load, by_hour, simulate
from collectors.periods import Window
from collectors.runner import Parts
from collectors.runner.drafting import SECONDS_A_REQUEST
from collectors.runner.quotas import quota_limits
from collectors.schedule import Kind, next_tick, timing_of

SHORTEST = 0.05
"""Seconds: the store counts whole ones, so that short runs seem to take none."""


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """What the time from ``start`` to ``end`` brings.

    ``seconds`` is what a request takes, by source, from its past runs; sources that are not in it
    were ``assumed``. ``calls`` are requests by key and hour. ``never`` are collectors that never
    tick, ``resting`` those that do not tick within this time. ``unknown`` tells, by collector, why
    its quota is not known; ``broken`` why it cannot be planned.
    """

    start: datetime
    end: datetime
    collectors: int
    hours: Sequence[Hour]
    load: Load
    seconds: Mapping[str, float]
    assumed: Sequence[str]
    budgets: Sequence[BudgetUse]
    calls: Mapping[str, Counter[int]]
    nights: Sequence[Night]
    never: Sequence[str]
    resting: int
    paused: Sequence[str]
    unknown: Mapping[str, str]
    broken: Mapping[str, str]

    @property
    def ticks(self) -> int:
        """How many times a collector ticks."""
        return sum(hour.ticks for hour in self.hours)

    @property
    def runs(self) -> Counter[Kind]:
        """How many runs begin, by kind."""
        return sum((hour.runs for hour in self.hours), Counter())

    @property
    def is_good(self) -> bool:
        """Tell whether no budget breaks, and the workers keep up."""
        return self.load.keeps_up and not any(one.breaks for one in self.budgets)


def forecast(
    parts: Parts,
    collectors: Mapping[str, Collector],
    window: Window,
    workers: int,
    told: Callable[[datetime], None] = lambda _: None,
) -> Forecast:
    """Simulate what these collectors do in ``window``, from the store as it is; nothing is written.

    Every run is taken to go well, what sources are made of to be there. ``told`` is called with the
    time that is reached. Raises StoreError.
    """
    paused = parts.store.pauses.paused(collectors.values())
    active = {name: one for name, one in collectors.items() if name not in paused}
    demand = Demand(parts, active, window.start, window.end)
    speeds = _speeds(parts, active)

    def seconds(job: Job) -> float:
        return max(1, job.requests) * speeds.get(job.collector.source.name, SECONDS_A_REQUEST)

    load = Load(workers, epoch(window.start), epoch(window.end))
    simulate(demand.jobs(told), demand.backfills(), seconds, load)
    keys, unknown = _keys(parts, active)
    budgets, calls = budgets_of(load.begun, keys, _used(parts, keys))
    first = {name: next_tick(timing_of(one), window.start) for name, one in active.items()}
    return Forecast(
        start=window.start,
        end=window.end,
        collectors=len(active),
        hours=list(by_hour(load, demand.ticks)),
        load=load,
        seconds=speeds,
        assumed=sorted({one.source.name for one in active.values()} - speeds.keys()),
        budgets=budgets,
        calls=calls,
        nights=nights(active, window.start, window.end),
        never=[name for name, at in first.items() if at is None],
        resting=sum(at is not None and at >= window.end for at in first.values()),
        paused=sorted(paused),
        unknown=unknown,
        broken=demand.broken,
    )


def _speeds(parts: Parts, collectors: Mapping[str, Collector]) -> dict[str, float]:
    """Give the seconds that a request of each source takes: the median of its past runs."""
    by_source: defaultdict[str, list[str]] = defaultdict(list)
    for name, one in parts.collectors.items():
        by_source[one.source.name].append(name)
    wanted = {one.source.name for one in collectors.values()}
    found: dict[str, float] = {}
    for source in wanted:
        runs = [
            run.seconds / max(1, _requests(parts.collectors[run.collector], run.start, run.end))
            for run in parts.store.backfills.speeds(by_source[source])
        ]
        if runs:
            found[source] = max(median(runs) or fmean(runs), SHORTEST)
    return found


def _requests(collector: Collector, start: int, end: int) -> int:
    try:
        return collector.source.requests(Window(from_epoch(start), from_epoch(end)))
    except Exception:  # noqa: BLE001 - a plugin that breaks here breaks when it is planned, and says so
        return 1


def _keys(
    parts: Parts, collectors: Mapping[str, Collector]
) -> tuple[dict[str, dict[str, Limits]], dict[str, str]]:
    keys: dict[str, dict[str, Limits]] = {}
    unknown: dict[str, str] = {}
    for name, one in collectors.items():
        try:
            keys[name] = quota_limits(parts, one)
        except CollectorError as exc:
            unknown[name] = parts.vault.scrub(str(exc))
    return keys, unknown


def _used(parts: Parts, keys: Mapping[str, Mapping[str, Limits]]) -> dict[tuple[str, str], int]:
    limits = {key: one for known in keys.values() for key, one in known.items()}
    found = parts.store.quota.standing(limits) if limits else []
    return {(one.key, budget.name): budget.used for one in found for budget in one.budgets}
