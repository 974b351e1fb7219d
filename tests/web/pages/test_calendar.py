"""The calendar of a collector: every period that is wanted, once, by what has become of it."""

from datetime import date

import pytest

from collectors.cli.settings import Settings, World
from collectors.clock import FixedClock
from collectors.periods import Period
from collectors.standing import standings
from collectors.standing.calendar import Mark, calendar
from collectors.web.pages.grid import grid
from tests.places import NOW


@pytest.fixture(scope="module")
def look(site):
    """Give the calendar of a collector of the busy place."""
    place = site.place
    world = World(sources=place.sources, clock=FixedClock(NOW), http=place.http)
    settings = Settings(world, place.config, place.credentials, None)
    with settings.looking() as looking:
        parts = looking()

        def of(name, year=None):
            (known,) = standings(parts, {name: settings.configuration.collectors[name]})
            return calendar(parts, known, year)

        yield of


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("toll/hourly", {Mark.PROVISIONAL: 48, Mark.SETTLED: 420}),
        ("toll/daily", {Mark.SETTLED: 354}),
        ("toll/weekly", {Mark.SETTLED: 50}),
        ("toll/quarterly", {Mark.SETTLED: 31}),
        ("bridge/late", {Mark.LATE: 82, Mark.FAILED: 2}),
        ("bridge/failed", {Mark.FAILED: 3}),
        ("bridge/not-yet", {Mark.WAITING: 84}),
        ("bridge/parked", {Mark.WAITING: 84}),
        ("bridge/lost", {Mark.LOST: 13, Mark.SETTLED: 6}),
        ("bridge/never", {Mark.WAITING: 1}),
        ("toll/instant", {Mark.LOST: 94, Mark.SETTLED: 3}),
    ],
)
def test_periods_are_counted_by_what_has_become_of_them(look, name, counts):
    assert look(name).counts == counts


def test_a_document_has_no_calendar(look):
    assert look("toll/scroll") is None


def test_a_day_of_hours_tells_its_share(look):
    today = look("toll/hourly").cells[-1]
    assert (today.day, today.mark, today.collected, today.wanted) == (
        date(2026, 11, 20),
        Mark.PROVISIONAL,
        12,
        12,
    )


def test_the_worst_of_a_day_is_what_it_shows(look):
    last = look("bridge/late").cells[-1]
    assert (last.mark, dict(last.periods)) == (Mark.LATE, {Mark.LATE: 10, Mark.FAILED: 2})


def test_the_last_year_is_twelve_months_to_today(look):
    found = look("toll/daily")
    assert (found.cells[0].day, found.cells[-1].day) == (date(2025, 12, 1), date(2026, 11, 20))
    assert found.cells[-1].mark is Mark.NOT_WANTED
    assert (found.grain, found.years) == (Period.DAY, [2026, 2025])


def test_an_older_year_begins_when_the_collector_does(look):
    found = look("toll/daily", 2025)
    assert (found.counts, found.cells[-1].day) == ({Mark.SETTLED: 214}, date(2025, 12, 31))
    assert grid(found).rows[0].name == "Jun 2025"


@pytest.mark.parametrize(
    ("name", "row", "columns"),
    [
        ("toll/daily", "Feb 2026", 31),
        ("toll/weekly", "2026", 53),
        ("toll/monthly", "2022", 12),
        ("toll/quarterly", "2019", 4),
        ("toll/yearly", "2010s", 10),
    ],
)
def test_cells_stand_under_the_heads_of_their_calendar(look, name, row, columns):
    found = grid(look(name))
    assert len(found.heads) == columns
    assert {len(one.cells) for one in found.rows} == {columns}
    assert row in [one.name for one in found.rows]
