"""A simulated time: whatever was down when, in the end every period is settled and delivered."""

from datetime import UTC, date, datetime, timedelta

import pytest

from collectors.clock import FixedClock, epoch
from collectors.store import DELIVERED
from tests.reliability.fleet import Fleet, Simulated
from tests.reliability.memory_book import MemoryBook
from tests.reliability.simulation import CALM, Simulation
from tests.reliability.store_book import StoreBook
from tests.reliability.weather import Weather
from tests.reliability.witness import Witness

AUTUMN = datetime(2026, 10, 10, 9, 17, tzinfo=UTC)
SPRING = datetime(2026, 3, 25, 22, 45, tzinfo=UTC)
FOUR_HUNDRED = Fleet(daily=300, hourly=70, weekly=30, instants=2, since=date(2026, 8, 1))
FEW = Fleet(daily=9, hourly=2, weekly=1, instants=1, since=date(2026, 3, 1))
FEW_DAYS = timedelta(days=5)


class Observed(Witness):
    """A witness who also writes down what he is told."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.told = []

    def asked(self, ask, *, went_well):
        self.told.append((ask, went_well))
        super().asked(ask, went_well=went_well)


def simulate(collectors, weather, start, end, book_of):
    """Let a time pass; gives the witness and the book."""
    clock = FixedClock(start)
    witness = Observed(collectors, weather, start)
    book = book_of(collectors, weather, witness, clock)
    Simulation(collectors, weather, book, witness, clock).run(start, end)
    return witness, book


def test_after_a_month_of_outages_every_period_is_settled_delivered_and_asked_for_no_more_than_needed(
    tmp_path,
):
    end = AUTUMN + timedelta(days=30)
    weather = Weather.drawn(5, AUTUMN, end - CALM)
    collectors = FOUR_HUNDRED.configured(tmp_path / "config")
    witness, _ = simulate(collectors, weather, AUTUMN, end, MemoryBook)
    witness.conclude(end - CALM)
    assert witness.seen.settled > 50_000
    assert witness.seen.unheard
    assert witness.seen.failures


@pytest.fixture
def bad_weather():
    """Weather that the simulated source follows too."""
    weather = Weather.drawn(5, SPRING, SPRING + FEW_DAYS)
    Simulated.weather = weather
    yield weather
    Simulated.weather = None


def test_the_store_and_the_book_of_the_simulated_year_agree(tmp_path, database_url, bad_weather):
    end = SPRING + FEW_DAYS + timedelta(days=4)
    collectors = FEW.configured(tmp_path / "config")
    said, book = simulate(collectors, bad_weather, SPRING, end, MemoryBook)
    seen, real = simulate(
        collectors, bad_weather, SPRING, end, lambda *parts: StoreBook(database_url, *parts)
    )
    try:
        seen.conclude(SPRING + FEW_DAYS)
        assert seen.told == said.told
        assert {name: in_store(real.store, name) for name in collectors} == {
            name: (in_memory(page.coverage), page.delivered) for name, page in book.pages.items()
        }
    finally:
        real.close()


def in_store(store, name):
    [lane] = [one for one in store.view.lanes() if one.data_set == name]
    stretches = [
        (one.start, one.end, one.settled, one.collected_at) for one in store.view.collected(name)
    ]
    return stretches, store.view.lane_intervals(lane.id, name, DELIVERED)


def in_memory(coverage):
    return [
        (epoch(one.window.start), epoch(one.window.end), one.settled, epoch(one.collected_at))
        for one in coverage
    ]
