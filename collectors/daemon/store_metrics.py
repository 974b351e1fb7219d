"""The metrics that are read from the store whenever Prometheus asks."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import structlog
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from collectors.clock import epoch
from collectors.daemon.lookout import Lookout, Sight
from collectors.errors import StoreError
from collectors.store import Depth
from collectors.store.quota_standing import Budget

Values = Mapping[tuple[str, ...], float]
"""A value by the values of a gauge's labels."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Seen:
    """A gauge: its name, help and labels, and where its values are to be seen."""

    name: str
    text: str
    labels: Sequence[str]
    values: Callable[[Sight], Values]

    def family(self, sight: Sight) -> GaugeMetricFamily:
        """Give the gauge as the exposition wants it."""
        family = GaugeMetricFamily(self.name, self.text, labels=self.labels)
        for labels, value in self.values(sight).items():
            family.add_metric(labels, value)
        return family


class StoreMetrics(Collector):
    """Metrics of what a lookout sees; where the store fails, they say so and nothing else."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout

    def describe(self) -> list[GaugeMetricFamily]:
        """Name nothing in advance, so that registering does not read the store."""
        return []

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """Give every gauge, as the store is now."""
        up = GaugeMetricFamily("collector_store_up", "Whether the store could be read.", labels=[])
        try:
            sight = self._lookout.look()
        except StoreError as exc:
            log.warning("metrics without the store", error=str(exc))
            up.add_metric([], 0)
            yield up
            return
        up.add_metric([], 1)
        yield up
        yield from (gauge.family(sight) for gauge in GAUGES)


def _late(sight: Sight) -> Values:
    return {
        (one.collector.name,): (sight.at - (one.late_since or sight.at)).total_seconds()
        for one in sight.standings
    }


def _states(sight: Sight) -> Values:
    return {(state,): count for state, count in Counter(x.state for x in sight.standings).items()}


def _due(sight: Sight) -> Values:
    return {(): sum(due.periods for one in sight.standings for due in one.due)}


def _lost(sight: Sight) -> Values:
    return {(): sum(bool(one.lost) for one in sight.standings)}


def _dead_letters(sight: Sight) -> Values:
    return {(one.collector.name,): one.refused for one in sight.standings if one.refused}


def _by_target(
    measure: Callable[[Depth], float], together: Callable[[Iterable[float]], float] = sum
) -> Callable[[Sight], Values]:
    def values(sight: Sight) -> Values:
        found = defaultdict[tuple[str, ...], list[float]](list)
        for depth in sight.depths:
            found[depth.lane.target,].append(measure(depth))
        return {target: together(some) for target, some in found.items()}

    return values


def _by_lane(measure: Callable[[Sight, Depth], float]) -> Callable[[Sight], Values]:
    """Give a value for each lane in which something waits."""
    return lambda sight: {
        (one.lane.target, one.lane.data_set): measure(sight, one)
        for one in sight.depths
        if one.entries
    }


def _age(sight: Sight, depth: Depth) -> float:
    now = epoch(sight.at)
    return max(0, now - (depth.oldest or now))


def _oldest(sight: Sight) -> Values:
    return _by_target(lambda depth: _age(sight, depth), max)(sight)


def _by_budget(measure: Callable[[Budget], float | None]) -> Callable[[Sight], Values]:
    return lambda sight: {
        (one.key, budget.name): value
        for one in sight.quotas
        for budget in one.budgets
        if (value := measure(budget)) is not None
    }


TARGET, LANE, BUDGET = ("target",), ("target", "data_set"), ("key", "budget")
GAUGES = (
    Seen(
        "collector_collectors",
        "Enabled collectors, by their state as 'status' tells it.",
        ("state",),
        _states,
    ),
    Seen(
        "collector_late_seconds",
        "How long ago the first missing period passed its deadline; 0 where none has.",
        ("collector",),
        _late,
    ),
    Seen("collector_due_periods", "Periods that are to be collected.", (), _due),
    Seen(
        "collector_collectors_with_lost_periods",
        "Collectors with periods that their source has forgotten before they were collected.",
        (),
        _lost,
    ),
    Seen(
        "collector_dead_letters",
        "Refused observations that are kept, of collectors that have any.",
        ("collector",),
        _dead_letters,
    ),
    Seen(
        "collector_open_runs",
        "Runs that are due, running or parked.",
        ("kind", "state"),
        lambda sight: {(kind, state): count for (kind, state), count in sight.queue.items()},
    ),
    Seen(
        "collector_backfill_periods",
        "Periods that running backfills have yet to collect.",
        (),
        lambda sight: {(): sight.backfill_periods},
    ),
    Seen(
        "collector_outbox_entries",
        "Entries that wait to be delivered.",
        TARGET,
        _by_target(lambda depth: depth.entries),
    ),
    Seen(
        "collector_outbox_observations",
        "Observations that wait to be delivered.",
        TARGET,
        _by_target(lambda depth: depth.observations),
    ),
    Seen(
        "collector_outbox_bytes",
        "Size, before compression, of what waits to be delivered.",
        TARGET,
        _by_target(lambda depth: depth.size),
    ),
    Seen("collector_outbox_oldest_seconds", "Age of the oldest entry.", TARGET, _oldest),
    Seen(
        "collector_lanes_parked",
        "Lanes that wait for somebody to act.",
        TARGET,
        _by_target(lambda depth: depth.lane.parked_at is not None),
    ),
    Seen(
        "collector_lane_observations",
        "Observations that wait in a lane, of lanes that hold any entry.",
        LANE,
        _by_lane(lambda _sight, depth: depth.observations),
    ),
    Seen(
        "collector_lane_oldest_seconds",
        "Age of the oldest entry of a lane, of lanes that hold any.",
        LANE,
        _by_lane(_age),
    ),
    Seen(
        "collector_quota_remaining",
        "What is left of a budget of a quota until it resets, as its provider counts.",
        BUDGET,
        _by_budget(lambda budget: budget.left),
    ),
    Seen(
        "collector_quota_limit",
        "How much of it there is in all.",
        BUDGET,
        _by_budget(lambda budget: budget.limit),
    ),
    Seen(
        "collector_quota_resets_timestamp_seconds",
        "When there will be more of it.",
        BUDGET,
        _by_budget(lambda budget: budget.resets_at),
    ),
    Seen(
        "collector_quota_under_way",
        "Requests that are under way now.",
        ("key",),
        lambda sight: {(one.key,): one.under_way for one in sight.quotas},
    ),
    Seen(
        "collector_is_daemon",
        "Whether this process holds the post of the store's daemon.",
        (),
        lambda sight: {(): sight.is_daemon},
    ),
)
