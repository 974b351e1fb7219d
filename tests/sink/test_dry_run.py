from collectors.packing import pack
from collectors.sink.dry_run import DryRun
from collectors.values import Batch, DataSet, Receipt

JOURNEY, VISITS = DataSet("carers-allowance", "journey"), DataSet("carers-allowance", "visits")


def batch(data_set, *identities):
    return Batch(data_set, pack([{"_id": one} for one in identities])[0], len(identities))


def test_a_dry_run_accepts_all_counts_it_and_keeps_the_first_three_of_each_data_set():
    sink = DryRun()

    receipts = [
        sink.send(batch(JOURNEY, "a", "b")),
        sink.send(batch(JOURNEY, "c", "d")),
        sink.send(batch(VISITS, "e")),
    ]

    assert receipts == [Receipt(accepted=2), Receipt(accepted=2), Receipt(accepted=1)]
    assert sink.counts == {JOURNEY: 4, VISITS: 1}
    assert sink.samples == {
        JOURNEY: [{"_id": "a"}, {"_id": "b"}, {"_id": "c"}],
        VISITS: [{"_id": "e"}],
    }


def test_nothing_is_held_so_everything_is_gone_when_it_is_taken_back():
    assert DryRun().retract(JOURNEY, ["a", "b"]) == Receipt(accepted=2)


def test_what_is_to_be_emptied_is_counted_and_shown_anew():
    sink = DryRun()
    sink.send(batch(JOURNEY, "a", "b"))

    assert sink.empty(JOURNEY) == Receipt()
    sink.send(batch(JOURNEY, "c"))

    assert sink.emptied == {JOURNEY}
    assert (sink.counts, sink.samples) == ({JOURNEY: 1}, {JOURNEY: [{"_id": "c"}]})
