"""The sink that is this program's own: the embedded data sets, in-process."""

import gzip
import zlib
from collections.abc import Sequence
from typing import Any

import orjson

from collectors.config.model import DeclaredDataSet
from collectors.datasets import DataSets
from collectors.datasets.writing import RefusedRecords, Writer
from collectors.errors import Unexpected
from collectors.values import Batch, DataSet, Receipt


class EmbeddedSink:
    """Keeps batches in ``data_sets``: no token, and data sets come into being as needed.

    Each observation is judged by itself, so those refused are listed in ``Receipt.rejected`` and
    the others of their batch are kept. One that is ``declared`` takes a batch whole or not at all,
    as it does over HTTP: its schema, its automatic ids and its size hold here too. Raises
    StoreError where the database fails, and Unexpected where the batch's own body cannot be read.
    """

    def __init__(self, data_sets: DataSets, declared: Sequence[DeclaredDataSet] = ()) -> None:
        self._data_sets = data_sets
        self._writers = {one.data_set: Writer(data_sets, one) for one in declared}

    def send(self, batch: Batch) -> Receipt:
        """Keep the batch's observations, each replacing the one with its ``_id``."""
        observations = _unpacked(batch)
        if writer := self._writers.get(batch.data_set):
            return _posted(writer, observations)
        rejected = self._data_sets.upsert(batch.data_set, observations)
        return Receipt(accepted=len(observations) - len(rejected), rejected=rejected)

    def retract(self, data_set: DataSet, ids: Sequence[str]) -> Receipt:
        """Remove the observations with these ``_id``s; all of them are gone then."""
        self._data_sets.delete(data_set, ids)
        return Receipt(accepted=len(ids))

    def empty(self, data_set: DataSet) -> Receipt:
        """Remove all observations of the data set."""
        self._data_sets.empty(data_set)
        return Receipt()


def _posted(writer: Writer, observations: list[dict[str, Any]]) -> Receipt:
    try:
        writer.post(observations)
    except RefusedRecords as exc:
        return Receipt(refusal=str(exc))
    return Receipt(accepted=len(observations))


def _unpacked(batch: Batch) -> list[dict[str, Any]]:
    try:
        found = orjson.loads(gzip.decompress(batch.body))
    except (OSError, EOFError, zlib.error, orjson.JSONDecodeError) as exc:
        message = f"a batch for {batch.data_set} cannot be unpacked: {exc}"
        raise Unexpected(message) from exc
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        raise Unexpected(f"a batch for {batch.data_set} is not a list of observations")
    return found
