"""What is said of files that cannot be used, and that it is said before anything is yielded."""

from zoneinfo import ZoneInfo

import pytest

from collectors.api import ALWAYS, Period, Refused, Unavailable
from collectors.sources.spreadsheet import Spreadsheet
from tests.contexts import SimpleShared, make_context

GOOD = "slug,period,n\none,Apr 2013,1\ntwo,Apr 2013,2\n"
QUERY = {"file": "figures.csv", "date": "period", "measures": ["n"]}


def collect(directory, context=None, **query):
    parts = {"directory": directory, "period": Period.MONTH, "zone": ZoneInfo("Europe/London")}
    return list(Spreadsheet(**(QUERY | query)).collect(ALWAYS, context or make_context(**parts)))


def told(error, directory, content, **query):
    """Give what is said about a file with that content, without its directory."""
    raw = content if isinstance(content, bytes) else content.encode()
    (directory / "figures.csv").write_bytes(raw)
    with pytest.raises(error) as caught:
        collect(directory, **query)
    return str(caught.value).removeprefix(f"{directory}/figures.csv: ")


def test_a_vanished_file_is_asked_for_again(tmp_path):
    with pytest.raises(Unavailable) as caught:
        collect(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path}/figures.csv: cannot be read (No such file or directory); "
        "put it there, readable by this user"
    )


def test_a_file_that_the_system_does_not_give_is_asked_for_again(tmp_path):
    (tmp_path / "figures.csv").symlink_to("figures.csv")
    with pytest.raises(Unavailable, match="cannot be read \\(Too many levels of symbolic links\\)"):
        collect(tmp_path)


def test_a_directory_is_refused(tmp_path):
    (tmp_path / "figures.csv").mkdir()
    with pytest.raises(Refused, match=r"figures\.csv: is a directory; name a file in it"):
        collect(tmp_path)


@pytest.mark.parametrize("content", ["", "\n\n", "\ufeff", " \r\n"])
def test_an_empty_file_may_be_about_to_be_written(tmp_path, content):
    assert told(Unavailable, tmp_path, content) == "is empty; write the file again, whole"


def test_a_header_alone_is_refused(tmp_path):
    assert told(Refused, tmp_path, "slug,period,n\n") == "has a header and no rows"
    assert told(Refused, tmp_path, "slug,period,n\n,,\n\n") == "has a header and no rows"


def test_a_file_that_ends_in_the_middle_of_a_row_is_half_written(tmp_path):
    assert told(Unavailable, tmp_path, "slug,period,n\none,Apr 2013,1\ntwo,Apr") == (
        "ends in the middle of row 3 (2 of 3 cells, no line end); it looks half-written: "
        "write it whole, or end its last line"
    )


def test_a_file_that_ends_inside_quotes_is_half_written(tmp_path):
    assert told(Unavailable, tmp_path, 'slug,period,n\none,Apr 2013,"1,0') == (
        "ends inside the quotes of row 2; it looks half-written: write it whole"
    )


def test_text_after_a_closing_quote_is_no_table(tmp_path):
    assert told(Refused, tmp_path, 'slug,period,n\none,"Apr" 2013,1\n') == (
        "row 2 is not CSV: ',' expected after '\"'"
    )


def test_a_binary_file_is_refused(tmp_path):
    assert told(Refused, tmp_path, b"\x89PNG\x00\x00") == "is not text; save the sheet as CSV"


def test_bytes_of_no_known_encoding_are_refused(tmp_path):
    assert told(Refused, tmp_path, GOOD.encode() + b"\x81") == (
        "is neither UTF-8 nor Windows-1252; set `encoding`, or save it as UTF-8"
    )
    assert told(Refused, tmp_path, "é,b\n1,2\n", encoding="ascii") == (
        "is not ascii; set `encoding`, or save it as UTF-8"
    )


@pytest.mark.parametrize("page", ["<html>\n<body>Sign in", "\ufeff\n<!DOCTYPE  HTML>\n<p>Sign in"])
def test_a_page_instead_of_a_sheet_is_refused(tmp_path, page):
    assert told(Refused, tmp_path, page) == ("is a web page and not a sheet; save the sheet itself")


def test_an_error_instead_of_a_sheet_is_refused_with_what_there_is(tmp_path):
    assert told(Refused, tmp_path, "Server error\nTry again later\n") == (
        "there is no column 'period'; there are: 'Server error'"
    )


def test_a_sheet_of_a_file_without_sheets_is_refused(tmp_path):
    assert told(Refused, tmp_path, GOOD, sheet="1") == (
        "is text and has no sheets; leave out `sheet`"
    )


def test_a_column_that_is_gone_is_told_with_the_nearest(tmp_path):
    renamed = GOOD.replace("slug", "Slugs").replace("period", "periods")
    nearest = "there is no column 'period'; nearest: 'periods'"
    assert told(Refused, tmp_path, renamed) == nearest
    assert told(Refused, tmp_path, GOOD, dimensions={"slog": "x"}) == (
        "there is no column 'slog'; nearest: 'slug'"
    )
    assert told(Refused, tmp_path, GOOD, where={"Slug": "one"}) == (
        "there is no column 'Slug'; nearest: 'slug'"
    )
    assert told(Refused, tmp_path, GOOD, measures=["volume"]) == (
        "there is no column 'volume'; there are: 'slug', 'period', 'n'"
    )


def test_a_name_that_two_columns_have_is_refused(tmp_path):
    assert told(Refused, tmp_path, "n,period,n\n1,Apr 2013,2\n") == (
        "more than one column is called 'n': 1 and 3"
    )


def test_rows_that_are_gone_are_refused_and_do_not_empty_the_data_set(tmp_path):
    assert told(Refused, tmp_path, GOOD, where={"slug": "ones"}) == (
        "no row has 'ones' as 'slug'; nearest: 'one'"
    )
    both = {"slug": "one", "n": ["2"]}
    assert told(Refused, tmp_path, GOOD, where=both) == (
        "no row has all of {'slug': ('one',), 'n': ('2',)}"
    )


def test_one_of_several_values_that_is_gone_is_told(tmp_path):
    (tmp_path / "figures.csv").write_text(GOOD)
    context = make_context(directory=tmp_path, period=Period.MONTH)
    readings = collect(tmp_path, context, where={"slug": ["two", "three", "one"]})
    assert [reading.measures["n"] for reading in readings] == [1, 2]
    assert context.warn.told == [
        f"{tmp_path}/figures.csv: no row has 'three' as 'slug'; there are: 'one', 'two'"
    ]


def wide(**query):
    return {"date": None, "columns": "(?P<measure>.+) (?P<period>[0-9-]+)"} | query


def test_a_pattern_that_matches_no_column_is_refused(tmp_path):
    query = wide(columns="Total (?P<period>.+)", measure="n", measures=[])
    assert told(Refused, tmp_path, "slug,Totals 2013-04\na,1\n", **query) == (
        "no column is like 'Total (?P<period>.+)'; nearest: 'Totals 2013-04'"
    )


def test_a_measure_that_no_column_has_is_refused(tmp_path):
    query = wide(measures={"Vol.": "n"})
    assert told(Refused, tmp_path, "Vol 2013-04,CPT 2013-04\n1,2\n", **query) == (
        "no column's measure is 'Vol.'; nearest: 'Vol'"
    )


def test_two_columns_that_say_the_same_are_refused(tmp_path):
    query = wide(measures={"Vol": "n", "Volume": "n"})
    assert told(Refused, tmp_path, "Vol 2013-04,Volume 2013-04-01\n1,2\n", **query) == (
        "columns 'Vol 2013-04' and 'Volume 2013-04-01' both say 'n' of the same period"
    )


def test_columns_whose_periods_cannot_be_read_at_all_are_refused(tmp_path):
    assert "column 'Vol 2013-15': '2013-15' is not a period" in told(
        Refused, tmp_path, "Vol 2013-15,x\n1,2\n", **wide(measures={"Vol": "n"})
    )


class Rewriting(SimpleShared):
    """Writes to a file just before its table is built, as somebody else might."""

    def __init__(self, path, content):
        super().__init__()
        self.path, self.content = path, content

    def get(self, key, build):
        if key[0] == "spreadsheet table":
            self.path.write_text(self.content)
        return super().get(key, build)


def test_a_file_that_changes_while_it_is_read_is_read_again_next_time(tmp_path):
    path = tmp_path / "figures.csv"
    path.write_text(GOOD)
    shared = Rewriting(path, GOOD.replace("2\n", "3\n"))
    context = make_context(directory=tmp_path, period=Period.MONTH, shared=shared)
    with pytest.raises(Unavailable, match="changed while it was being read; it is read again"):
        collect(tmp_path, context)
    assert [reading.measures["n"] for reading in collect(tmp_path, context)] == [1, 3]
