import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.sources.spreadsheet.numbers import UNKNOWN, read_number


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("6,400,000", 6_400_000),
        ("6 400 000", 6_400_000),
        ("6\u00a0400\u202f000", 6_400_000),
        ("007", 7),
        ("£1.23", 1.23),
        ("£ 1,234.50", 1234.5),
        ("12%", 0.12),
        ("12.3 %", 0.123),
        ("(5)", -5),
        ("(£1,234.50)", -1234.5),
        ("-£5", -5),
        ("£-5", -5),
        ("\u22125", -5),
        ("+5", 5),
        (".5", 0.5),
        ("6.4E+06", 6_400_000.0),
    ],
)
def test_a_number_can_be_written_as_people_do(text, number):
    read = read_number(text)
    assert (read, type(read)) == (number, type(number))


@pytest.mark.parametrize(
    "text", ["", " ", "-", "\u2013", "[not provided]", "[Not  Provided]", "N/A", ".."]
)
def test_a_cell_that_says_nothing_is_unknown(text):
    assert read_number(text) is None


def test_zero_is_known_to_be_zero():
    assert read_number("0") == 0
    assert read_number("£0.00") == 0.0


def test_more_texts_can_mean_that_nobody_knows():
    assert read_number("[C]", UNKNOWN | {"[c]"}) is None


@pytest.mark.parametrize(
    "text",
    [
        "#REF!",
        "about 12",
        "1,23",
        "12,34,567",
        "1.2.3",
        "£",
        "%",
        "--5",
        "(-5)",
        "١٢",
        "0x1F",
        "inf",
        "nan",
        "5m",
    ],
)
def test_a_cell_that_is_something_else_is_refused(text):
    with pytest.raises(ValueError, match="is not a number"):
        read_number(text)


@pytest.mark.parametrize("text", ["9" * 30, "1e99", "1" + ",000" * 7])
def test_a_number_that_no_count_can_be_is_refused(text):
    with pytest.raises(ValueError, match="is too large a number"):
        read_number(text)


@given(st.integers(-(10**18), 10**18))
def test_an_integer_is_read_as_itself_with_or_without_separators(number):
    assert read_number(str(number)) == number
    assert read_number(f"{number:,}") == number
    assert read_number(f"{number:,}".replace(",", " ")) == number


@given(st.decimals(-(10**9), 10**9, places=4))
def test_a_fraction_is_the_nearest_float(number):
    assert read_number(str(number)) == float(number)


@given(st.text(max_size=12))
def test_any_text_is_a_number_within_bounds_unknown_or_refused(text):
    with contextlib.suppress(ValueError):
        read = read_number(text)
        assert read is None or abs(read) <= 10**18
