"""What every sink can do: send, take back, empty; a receipt says what became of it."""

from collections.abc import Sequence
from typing import Protocol

from collectors.values import Batch, DataSet, Receipt


class Sink(Protocol):
    """Where observations go.

    All methods raise Unavailable (try again later), Refused (the far side says no, and will say
    no again), Unexpected (the answer is not what we know), or StoreError (our own database failed);
    after any of these nothing is known to have arrived, and the same call may be made again.
    """

    def send(self, batch: Batch) -> Receipt:
        """Hand over ``batch``; every observation replaces the one with its ``_id``."""
        ...

    def retract(self, data_set: DataSet, ids: Sequence[str]) -> Receipt:
        """Remove the observations with these ``_id``s.

        ``accepted`` is how many are gone now; those that were not there count as gone.
        """
        ...

    def empty(self, data_set: DataSet) -> Receipt:
        """Remove all observations of the data set. Refused where that cannot be done."""
        ...
