import contextlib
from datetime import date
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Period, beginning, floor
from collectors.sources.spreadsheet.labels import MONTHS, Meaning, read_label
from collectors.sources.spreadsheet.meanings import Labels

LONDON = ZoneInfo("Europe/London")
YEARS = st.integers(1800, 2198)
FULL_NAMES = [name for name in MONTHS if len(name) > 4 or name in ("may", "june", "july")]


def read(text, financial_year=None, period=Period.QUARTER):
    return read_label(text, financial_year, period)


@pytest.mark.parametrize(
    ("text", "start", "length"),
    [
        ("2014-01-05", date(2014, 1, 5), Period.DAY),
        ("2014-01-05T00:00:00+00:00", date(2014, 1, 5), Period.DAY),
        ("2014-01-05 00:00:00Z", date(2014, 1, 5), Period.DAY),
        ("2014-W05", date(2014, 1, 27), Period.WEEK),
        ("2013-04", date(2013, 4, 1), Period.MONTH),
        ("Apr 2013", date(2013, 4, 1), Period.MONTH),
        ("Sept. 2013", date(2013, 9, 1), Period.MONTH),
        ("2014-Q1", date(2014, 1, 1), Period.QUARTER),
        ("Q4 2014", date(2014, 10, 1), Period.QUARTER),
        ("Jul - Sep 2012", date(2012, 7, 1), Period.QUARTER),
        ("Jul\u2013Sep\n2012", date(2012, 7, 1), Period.QUARTER),
        ("Dec - Feb 2013", date(2012, 12, 1), Period.QUARTER),
        ("April 2011 to March 2012", date(2011, 4, 1), Period.YEAR),
        ("January 2012 - December 2012", date(2012, 1, 1), Period.YEAR),
        ("2012/13", date(2012, 4, 1), Period.YEAR),
        ("2012/2013", date(2012, 4, 1), Period.YEAR),
        ("1999/00", date(1999, 4, 1), Period.YEAR),
        ("2012-13", date(2012, 4, 1), Period.YEAR),
        ("FY2012-13", date(2012, 4, 1), Period.YEAR),
        ("fy 2012/13", date(2012, 4, 1), Period.YEAR),
        ("Q1 2012/13", date(2012, 4, 1), Period.QUARTER),
        ("Q4 2012/13", date(2013, 1, 1), Period.QUARTER),
        ("2012", date(2012, 1, 1), Period.YEAR),
    ],
)
def test_a_period_can_be_written_in_many_ways(text, start, length):
    assert read(text) == Meaning(start, length)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a period"),
        ("Total", "is not a period"),
        ("6400", "is not a period"),
        ("2014-01-05T10:00:00", "is not a period"),
        ("2012-15", "is not a period"),
        ("05/04/2013", "is not a period"),
        ("2013-02-29", "is not a day of the calendar"),
        ("2014-W53", "is not a week of the calendar"),
        ("Jan - Jun 2013", "speaks of 6 months, which is no month, quarter or year"),
        ("2012/14", "is not a financial year: its second year does not follow the first"),
    ],
)
def test_what_is_no_period_is_refused_with_the_reason(text, message):
    with pytest.raises(ValueError, match=message):
        read(text)


def test_a_month_that_might_be_a_financial_year_is_one_where_it_cannot_be_a_month():
    assert read("2011-12", None, Period.MONTH) == Meaning(date(2011, 12, 1), Period.MONTH)
    assert read("2011-12", None, Period.QUARTER) == Meaning(date(2011, 4, 1), Period.YEAR)
    assert read("2011-12", 9, Period.MONTH) == Meaning(date(2011, 9, 1), Period.YEAR)


def test_a_financial_year_of_a_monthly_collector_has_to_be_called_one():
    with pytest.raises(ValueError, match="say so with `financial_year: april`"):
        read("2012-13", None, Period.MONTH)


@given(YEARS, st.sampled_from(FULL_NAMES), st.sampled_from([" - ", "-", " to ", " \u2013 "]))
def test_twelve_named_months_are_a_year_wherever_they_begin(year, name, between):
    first = MONTHS[name]
    last = (first + 10) % 12 + 1
    end = year + (last < first)
    ends = next(month for month in FULL_NAMES if MONTHS[month] == last)
    for one, other in ((name, ends), (name[:3].title(), ends[:3].upper())):
        meaning = read(f"{one} {year}{between}{other} {end}")
        assert meaning == Meaning(date(year, first, 1), Period.YEAR)


@given(st.text(max_size=20))
def test_any_text_is_a_period_or_a_clear_refusal(text):
    with contextlib.suppress(ValueError):
        assert isinstance(read(text), Meaning)


@given(st.dates(date(1800, 1, 1), date(2199, 12, 31)), st.sampled_from(["day", "month", "year"]))
def test_a_date_stands_for_the_period_of_the_collector_in_which_it_lies(day, period):
    place = Labels().place(day.isoformat(), Period(period), LONDON)
    assert place.at == floor(beginning(day, LONDON), Period(period), LONDON)
    assert place.span is None


@given(YEARS, st.integers(1, 4))
def test_a_shifted_quarter_with_a_span_is_the_year_before_it(year, quarter):
    labels = Labels(shift="-4 quarters", span="year")
    place = labels.place(f"{year}-Q{quarter}", Period.QUARTER, LONDON)
    assert place.at == beginning(date(year - 1, quarter * 3 - 2, 1), LONDON)
    assert place.span is Period.YEAR


def test_a_meaning_is_taken_as_it_stands():
    labels = Labels(shift="-4 quarters", meaning={"2012-q4": "April 2011 to March 2012"})
    place = labels.place(" 2012-Q4 ", Period.QUARTER, LONDON)
    assert (place.at, place.span) == (beginning(date(2011, 4, 1), LONDON), Period.YEAR)


def test_a_financial_year_is_a_span_on_a_finer_grid_and_no_calendar_year():
    assert Labels().place("2012/13", Period.QUARTER, LONDON).span is Period.YEAR
    with pytest.raises(ValueError, match="does not begin where a year"):
        Labels().place("2012/13", Period.YEAR, LONDON)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (
            {"shift": "back a year"},
            "'back a year' is not a shift: write for instance '-4 quarters'",
        ),
        ({"financial_year": "aprl"}, "'aprl' is not a month: write for instance 'april'"),
        ({"dates": "%H:%M"}, "'%H:%M' names no day: write for instance '%d/%m/%Y'"),
        ({"meaning": {"2012-Q4": "some time"}}, "'some time' is not a period"),
    ],
)
def test_a_wrong_setting_is_told_before_any_file_is_read(said, message):
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        Labels(**said)
