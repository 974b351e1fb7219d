"""Times and figures as others write them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import Period, Window, beginning, floor, shift
from collectors.api.figures import number_of, text_of
from collectors.api.times import Bounds, Time, asked_alone

LONDON, UTC_ZONE, APIA = ZoneInfo("Europe/London"), ZoneInfo("UTC"), ZoneInfo("Pacific/Apia")
DAYS = st.dates(date(2000, 1, 1), date(2037, 12, 30))
JUNE = datetime(2026, 6, 1, 23, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "how"),
    [
        ("2026-06-02", {}),
        ("2026-06-02T14:30:00", {}),
        ("2026-06-01T23:00:00Z", {}),
        ("2026-06-02T01:00:00+02:00", {}),
        (date(2026, 6, 2), {}),
        (datetime(2026, 6, 2, 12), {}),  # noqa: DTZ001 - a database gives such
        (datetime(2026, 6, 2, 12, tzinfo=UTC), {}),
        (1780354800, {"format": "epoch"}),
        (1780354800.5, {"format": "epoch"}),
        (Decimal(1780354800), {"format": "epoch"}),
        ("1780354800", {"format": "epoch"}),
        ("1780354800000", {"format": "epoch_ms"}),
        ("02/06/2026", {"format": "%d/%m/%Y"}),
        ("02/06/2026 23", {"format": ["%Y", "%d/%m/%Y %H"]}),
        ("2026-06-01T23:30:00", {"zone": "UTC"}),
        ("2026-06-03", {"marks": "end"}),
        ("2026-06-03T00:00:00+01:00", {"marks": "end"}),
    ],
)
def test_a_time_counts_for_the_day_in_which_it_lies(value, how):
    read = Time.model_validate({"field": "at"} | how).reader(Period.DAY, LONDON)
    assert read(value) == JUNE


@pytest.mark.parametrize(
    ("value", "how", "message"),
    [
        ("", {}, "is not a time written as iso"),
        ("2.6.2026", {"format": ["iso", "%d/%m/%Y"]}, "is not a time written as iso or %d/%m/%Y"),
        (5, {}, "is a number: `format: epoch` (or `epoch_ms`) reads one as a time"),
        (float("nan"), {"format": "epoch"}, "is a number"),
        ("soon", {"format": "epoch"}, "is not a time written as epoch"),
        (True, {"format": "epoch"}, "is no time"),
        (None, {}, "is no time"),
        (1e300, {"format": "epoch"}, "is beyond the calendar"),
        ("9999-12-31T23:00:00-12:00", {}, "is beyond the calendar"),
    ],
)
def test_what_is_no_time_is_told(value, how, message):
    read = Time.model_validate({"field": "at"} | how).reader(Period.DAY, LONDON)
    with pytest.raises(ValueError) as caught:
        read(value)
    assert str(caught.value).startswith(message)


@given(day=DAYS, zone=st.sampled_from([LONDON, UTC_ZONE, APIA]))
def test_a_written_day_is_that_day_in_every_zone(day, zone):
    read = Time(field="day").reader(Period.DAY, zone)
    assert read(day.isoformat()) == floor(beginning(day, zone), Period.DAY, zone)


@given(
    day=DAYS,
    zone=st.sampled_from([LONDON, UTC_ZONE, APIA]),
    form=st.sampled_from(["iso", "epoch", "epoch_ms"]),
    end=st.sampled_from(["exclusive", "inclusive"]),
)
def test_what_is_spelt_is_read_back(day, zone, form, end):
    start = floor(beginning(day, zone), Period.DAY, zone)
    window = Window(start, shift(start, Period.DAY, 1, zone))
    first, last = Bounds(format=form, end=end).spelt(window, zone)
    read = Time(field="at", format=form).reader(Period.DAY, zone)
    assert read(first) == window.start
    assert read(last) == (window.end if end == "exclusive" else window.start)


def test_periods_are_asked_for_one_by_one_and_an_instant_as_it_is():
    window = Window(JUNE, shift(JUNE, Period.DAY, 3, LONDON))
    alone = list(asked_alone(window, Period.DAY, LONDON))
    assert [one.start for one in alone] == [shift(JUNE, Period.DAY, n, LONDON) for n in range(3)]
    assert alone[-1].end == window.end
    assert list(asked_alone(window, Period.INSTANT, LONDON)) == [window]


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (None, None),
        (True, 1),
        (False, 0),
        (0, 0),
        (1.5, 1.5),
        (float("inf"), None),
        (Decimal("5.0"), 5.0),
        (Decimal(5), 5),
        (Decimal("1E+3"), 1000),
        (Decimal("NaN"), None),
        (" 12 ", 12),
        ("-0.5", -0.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("NaN", None),
        ("+Inf", None),
        ("-", None),
    ],
)
def test_a_figure_is_a_number_or_unknown(value, number):
    found = number_of(value, {"-"})
    assert found == number
    assert type(found) is type(number)


@pytest.mark.parametrize("value", ["", "many", "1_000", "1,000", "0x1f", [1], {}, b"1"])
def test_anything_else_is_no_figure(value):
    with pytest.raises(ValueError, match="is no number"):
        number_of(value)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_text_is_that_number(number):
    assert number_of(str(number)) == number


@pytest.mark.parametrize(
    ("value", "text"),
    [("a", "a"), (True, "true"), (5, "5"), (Decimal("1.50"), "1.50"), (JUNE, JUNE.isoformat())],
)
def test_what_tells_figures_apart_is_text(value, text):
    assert text_of(value) == text


@pytest.mark.parametrize(("value", "message"), [(None, "is missing"), ([], "is no text")])
def test_what_cannot_tell_figures_apart_is_told(value, message):
    with pytest.raises(ValueError, match=message):
        text_of(value)
