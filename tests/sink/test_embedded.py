import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from collectors.clock import FixedClock
from collectors.config.model import DeclaredDataSet
from collectors.datasets import DataSets
from collectors.errors import StoreError, Unexpected
from collectors.sink.contract import Sink
from collectors.sink.embedded import EmbeddedSink
from collectors.values import Batch, DataSet, Receipt, Rejected

VISITS = DataSet("carers-allowance", "visits")


@pytest.fixture
def data_sets(database_url: str) -> Iterator[DataSets]:
    opened = DataSets(database_url, clock=FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    opened.open()
    yield opened
    opened.close()


@pytest.fixture
def sink(data_sets: DataSets) -> Sink:
    return EmbeddedSink(data_sets)


def observation(identity: str, **fields: Any) -> dict[str, Any]:
    return {"_id": identity, "_timestamp": "2026-06-17T00:00:00+00:00", **fields}


def batch(*observations: Any) -> Batch:
    return Batch(VISITS, gzip.compress(orjson.dumps(observations)), len(observations))


def kept(data_sets: DataSets) -> list[str]:
    return [one["_id"] for one in data_sets.read(VISITS)]


def test_a_batch_is_kept_and_may_be_sent_again(sink: Sink, data_sets: DataSets):
    sent = batch(observation("a", count=1), observation("b", count=2))
    assert sink.send(sent) == Receipt(accepted=2, rejected=[])
    assert sink.send(sent) == Receipt(accepted=2, rejected=[])
    assert kept(data_sets) == ["a", "b"]


def test_one_bad_observation_costs_one_observation(sink: Sink, data_sets: DataSets):
    bad = observation("b", parts={"of": "it"})
    receipt = sink.send(batch(observation("a"), bad, observation("c")))
    assert receipt == Receipt(accepted=2, rejected=[Rejected(bad, "parts has an invalid value")])
    assert kept(data_sets) == ["a", "c"]


def test_a_declared_data_set_takes_a_batch_whole_or_not_at_all(data_sets: DataSets):
    schema = {"properties": {"count": {"minimum": 0}}}
    sink = EmbeddedSink(data_sets, [DeclaredDataSet(data_set=VISITS, schema=schema)])
    assert sink.send(batch(observation("a", count=1))) == Receipt(accepted=1)
    refused = sink.send(batch(observation("b", count=2), observation("c", count=-1)))
    assert refused == Receipt(refusal="-1 is less than the minimum of 0")
    assert kept(data_sets) == ["a"]


def test_of_a_realtime_data_set_the_oldest_fall_off(data_sets: DataSets):
    declared = DeclaredDataSet(data_set=VISITS, realtime=True, capped_size=200)
    sink = EmbeddedSink(data_sets, [declared])
    for minute in range(10):
        sink.send(batch({"_id": f"{minute}", "_timestamp": f"2026-06-17T00:0{minute}:00Z"}))
    assert "9" in kept(data_sets)
    assert "0" not in kept(data_sets)


def test_what_is_retracted_is_gone_and_what_was_not_there_counts_as_gone(
    sink: Sink, data_sets: DataSets
):
    sink.send(batch(observation("a"), observation("b")))
    assert sink.retract(VISITS, ["a", "never there"]) == Receipt(accepted=2)
    assert sink.retract(DataSet("no", "such"), ["a"]) == Receipt(accepted=1)
    assert kept(data_sets) == ["b"]


def test_an_emptied_data_set_holds_nothing_and_an_unknown_one_neither(
    sink: Sink, data_sets: DataSets
):
    sink.send(batch(observation("a"), observation("b")))
    assert sink.empty(VISITS) == Receipt()
    assert sink.empty(DataSet("no", "such")) == Receipt()
    assert kept(data_sets) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html>", "a batch for carers-allowance/visits cannot be unpacked"),
        (gzip.compress(b"[{}]")[:-9], "cannot be unpacked"),
        (gzip.compress(b"[{"), "cannot be unpacked"),
        (gzip.compress(b"{}"), "is not a list of observations"),
        (gzip.compress(b"[1]"), "is not a list of observations"),
    ],
    ids=["not gzip", "cut off", "not JSON", "an object", "a list of numbers"],
)
def test_a_damaged_batch_is_told_and_nothing_is_kept(
    sink: Sink, data_sets: DataSets, body: bytes, said: str
):
    with pytest.raises(Unexpected, match=said):
        sink.send(Batch(VISITS, body, 1))
    assert kept(data_sets) == []


def test_a_database_that_cannot_be_reached_is_a_store_error():
    clock = FixedClock(datetime(2026, 11, 20, tzinfo=UTC))
    data_sets = DataSets("postgresql://me@127.0.0.1:1/name", clock=clock)
    with pytest.raises(StoreError, match=r"the data sets .* Connection refused"):
        EmbeddedSink(data_sets).send(batch(observation("a")))
    data_sets.close()
