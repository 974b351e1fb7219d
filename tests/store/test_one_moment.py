"""Looking at one moment, and at a long list page by page, on each database."""

from tests.store.worlds import planned


def test_what_is_written_meanwhile_is_not_seen_before_the_end(store, beside):
    store.ledger.plan("toll/hourly", [planned(0, 10)])
    with store.at_one_moment():
        first = store.view.runs()
        beside.ledger.plan("toll/daily", [planned(0, 10)])
        with store.at_one_moment():
            assert store.view.runs() == first
        assert store.view.runs() == first
    assert [one.collector for one in store.view.runs()] == ["toll/daily", "toll/hourly"]


def test_runs_come_newest_first_page_by_page(store):
    for number in range(4):
        store.ledger.plan("toll/hourly", [planned(number * 10, number * 10 + 10)])
    pages = store.view.runs(limit=3), store.view.runs(limit=3, before=2)
    assert [[one.start for one in page] for page in pages] == [[30, 20, 10], [0]]
    assert store.view.runs(states=["failed"]) == store.view.runs(collector="toll/daily") == []
