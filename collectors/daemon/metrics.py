"""Metrics for Prometheus: what this process has done, and what the store holds.

Each is described in ``docs/metrics.md``. The registry is its own, so nothing of it is global.
"""

import platform
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.exposition import choose_encoder

from collectors import __version__
from collectors.clock import epoch
from collectors.daemon.lookout import Lookout
from collectors.daemon.store_metrics import StoreMetrics
from collectors.runner import Delivered, Fate, Outcome

RUN_SECONDS = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600)
BATCH_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
DELAY_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """All metrics of one daemon. It is told what happens, from any thread."""

    def __init__(self, lookout: Lookout) -> None:
        self._lookout = lookout
        self.registry = CollectorRegistry()
        counter = partial(Counter, registry=self.registry)
        gauge = partial(Gauge, registry=self.registry)
        histogram = partial(Histogram, registry=self.registry)
        self._runs = counter("collector_runs", "Runs that have ended.", ["kind", "state"])
        self._run_seconds = histogram(
            "collector_run_seconds", "How long a run took.", ["kind"], buckets=RUN_SECONDS
        )
        self._readings = counter("collector_readings", "Readings that sources gave.")
        self._observations = counter("collector_observations", "Observations made of readings.")
        self._refused = counter(
            "collector_observations_refused",
            "Observations refused by our own check or by a target.",
            ["by"],
        )
        self._delivered = counter(
            "collector_observations_delivered", "Observations that targets accepted."
        )
        self._batches = counter(
            "collector_batches", "Batches that were tried, by what became of them.", ["fate"]
        )
        self._batch_seconds = histogram(
            "collector_batch_seconds", "How long it took to try a batch.", buckets=BATCH_SECONDS
        )
        self._tick_delay = histogram(
            "collector_tick_delay_seconds",
            "How long after its time a tick was planned.",
            buckets=DELAY_SECONDS,
        )
        self._mistakes = gauge(
            "collector_configuration_mistakes", "Mistakes in the files as they were last read."
        )
        self._loaded = gauge(
            "collector_configuration_loaded_timestamp_seconds",
            "When the files were last read without a mistake; 0 where they never were.",
        )
        build = Info("collector_build", "The program's version.", registry=self.registry)
        build.info({"version": __version__, "python": platform.python_version()})
        ProcessCollector(registry=self.registry)
        self.registry.register(StoreMetrics(lookout))
        for by in ("check", "target"):
            self._refused.labels(by)
        for fate in Fate:
            self._batches.labels(fate.name.lower())

    def run_ended(self, outcome: Outcome, kind: str, seconds: float) -> None:
        """Count a run that this process has ended; one that another process has is none."""
        if outcome.state is None:
            return
        self._runs.labels(kind, outcome.state).inc()
        self._run_seconds.labels(kind).observe(seconds)
        self._readings.inc(outcome.readings)
        self._observations.inc(outcome.observations)
        self._refused.labels("check").inc(outcome.rejected)

    def delivered(self, delivered: Delivered, seconds: float) -> None:
        """Count a batch that was tried."""
        self._batches.labels(delivered.fate.name.lower()).inc()
        self._batch_seconds.observe(seconds)
        self._delivered.inc(delivered.observations)
        self._refused.labels("target").inc(delivered.rejected)

    def tick(self, delay_seconds: float) -> None:
        """Note how long after its time a tick was planned."""
        self._tick_delay.observe(max(0.0, delay_seconds))

    def configured(self, mistakes: int) -> None:
        """Note that the configuration was read, and how many mistakes are in it."""
        self._mistakes.set(mistakes)
        if not mistakes:
            self._loaded.set(epoch(self._lookout.parts().clock.now()))

    def page(self, accept: str = "") -> tuple[bytes, str]:
        """Give all metrics in the format that the header ``accept`` asks for, and its name."""
        encode, content_type = choose_encoder(accept)
        return encode(self.registry), content_type
