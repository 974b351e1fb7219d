"""A table gives the same readings whether it is written as CSV or as XLSX."""

import csv
import io
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.spreadsheet.workbooks import book, collect, content_of, context_of

LETTERS = st.characters(min_codepoint=32, max_codepoint=0x24F, exclude_characters='="\x7f')
TEXTS = st.text(LETTERS, max_size=12).filter(lambda text: text[:1] not in "+-'" or not text)
NUMBERS = st.integers(-(10**15), 10**15) | st.floats(-1e9, 1e9).map(lambda one: round(one, 6))
DAYS = st.dates(date(1950, 1, 1), date(2199, 12, 31))
PERIODS = DAYS | st.sampled_from(["Apr 2013", "2013-05", "2013/14", "2013", "Total", ""])
ROWS = st.tuples(
    PERIODS, NUMBERS | TEXTS | st.none(), TEXTS | st.integers(-(10**15), 10**15) | DAYS
)


def as_csv(rows):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["month", "n", "what"], *rows])
    return file.getvalue().encode()


def readings(directory, content):
    """Give the readings of a file, and how many cells were told of."""
    context = context_of(directory)
    (directory / "figures").write_bytes(content)
    found = collect(context, file="figures", dimensions=["what"])
    return found, len(context.warn.told)


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        ROWS.filter(lambda row: any(str(one or "").strip() for one in row)), min_size=1, max_size=9
    )
)
def test_a_table_gives_the_same_readings_as_csv_and_as_xlsx(rows):
    with TemporaryDirectory() as name:
        directory = Path(name)
        workbook = content_of(book([("month", "n", "what"), *rows]))
        assert readings(directory, as_csv(rows)) == readings(directory, workbook)


@settings(deadline=None, max_examples=50)
@given(st.datetimes(datetime(1950, 1, 1), datetime(2199, 12, 31)))  # noqa: DTZ001 - as in a cell
def test_a_moment_in_a_workbook_stands_for_its_day(moment):
    with TemporaryDirectory() as name:
        workbook = content_of(
            book([("month", "n", "what"), (moment.replace(microsecond=0), 1, "x")])
        )
        (found,), _ = readings(Path(name), workbook)
        ((as_text,), _) = readings(Path(name), as_csv([(moment.date().isoformat(), 1, "x")]))
        assert found == as_text
