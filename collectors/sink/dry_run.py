"""A sink that sends nothing and remembers what it would have sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from collectors.packing import unpack
from collectors.values import Batch, DataSet, Observation, Receipt

SAMPLES = 3


@dataclass
class DryRun:
    """Counts observations by data set, and keeps the first few of each.

    ``emptied`` are the data sets that would be emptied first.
    """

    counts: dict[DataSet, int] = field(default_factory=dict)
    samples: dict[DataSet, list[Observation]] = field(default_factory=dict)
    emptied: set[DataSet] = field(default_factory=set)

    def send(self, batch: Batch) -> Receipt:
        """Count a batch as accepted."""
        self.counts[batch.data_set] = self.counts.get(batch.data_set, 0) + batch.count
        kept = self.samples.setdefault(batch.data_set, [])
        if len(kept) < SAMPLES:
            kept.extend(unpack(batch.body)[: SAMPLES - len(kept)])
        return Receipt(accepted=batch.count)

    def retract(self, data_set: DataSet, ids: Sequence[str]) -> Receipt:
        """Count the ids as gone: nothing is held here."""
        self.counts.setdefault(data_set, 0)
        return Receipt(accepted=len(ids))

    def empty(self, data_set: DataSet) -> Receipt:
        """Forget what would have been sent to the data set so far."""
        self.emptied.add(data_set)
        self.counts[data_set] = 0
        self.samples[data_set] = []
        return Receipt()
