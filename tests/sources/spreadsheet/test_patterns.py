"""A pattern of names stands for all its files, as one document."""

import pytest

from collectors.api import Refused, Unavailable
from collectors.sources.spreadsheet import Spreadsheet
from tests.sources.spreadsheet.workbooks import (
    CountingShared,
    book,
    collect,
    content_of,
    context_of,
    figures,
    told,
)

QUERY = {"file": "feedex/*.csv"}


@pytest.fixture
def context(tmp_path):
    (tmp_path / "feedex").mkdir()
    context = context_of(tmp_path, shared=CountingShared())
    write(context, "a.csv", "month,slug,n\nApr 2013,one,1\nJun 2013,one,3\n")
    write(context, "b.csv", "n;month;more;slug\n2;May 2013;x;two\n4;Jun 2013;x;one\n")
    return context


def write(context, name, content):
    raw = content if isinstance(content, bytes) else content.encode()
    (context.directory / "feedex" / name).write_bytes(raw)


def revision(context, **query):
    said = {"date": "month", "measures": ["n"]} | QUERY | query
    return Spreadsheet(**said).revision(context)


def said(error, context, **query):
    with pytest.raises(error) as caught:
        collect(context, **(QUERY | query))
    return str(caught.value).removeprefix(f"{context.directory}/")


def test_all_files_are_read_by_the_names_of_their_columns_in_order_of_period_and_file(context):
    assert figures(context, **QUERY) == [1, 2, 3, 4]
    assert figures(context, **QUERY, where={"slug": "one"}) == [1, 3, 4]
    assert sorted(context.shared.built) == [
        "spreadsheet layout",
        "spreadsheet revision",
        "spreadsheet rows",
        "spreadsheet table",
    ]


def test_files_of_different_formats_may_stand_beside_each_other(context):
    write(context, "c.xlsx", content_of(book([("month", "n"), ("Jul 2013", 5)])))
    assert figures(context, file="feedex/*") == [1, 2, 3, 4, 5]


def test_a_pattern_may_go_through_folders(context):
    assert figures(context, file="**/[ab].csv") == [1, 2, 3, 4]
    assert figures(context, file=f"{context.directory}/fee*/b.csv") == [2, 4]


def test_a_file_that_is_called_like_a_pattern_is_that_file(context):
    write(context, "[ab].csv", "month,n\nApr 2013,9\n")
    assert figures(context, file="feedex/[ab].csv") == [9]


def test_files_that_are_hidden_or_lie_beside_open_workbooks_are_left_out(context):
    before = revision(context, file="feedex/*")
    write(context, "~$c.xlsx", "whoever has it open")
    write(context, ".a.csv.swp", "an editor's")
    (context.directory / "feedex" / "folder").mkdir()
    assert revision(context, file="feedex/*") == before
    assert figures(context, file="feedex/*") == [1, 2, 3, 4]


def test_the_revision_changes_with_every_file(context):
    seen = [revision(context)]
    write(context, "c.csv", "month,n\nJul 2013,5\n")
    seen.append(revision(context))
    write(context, "c.csv", "month,n\nJul 2013,6\n")
    seen.append(revision(context))
    (context.directory / "feedex" / "c.csv").rename(context.directory / "feedex" / "d.csv")
    seen.append(revision(context))
    assert len(set(seen)) == 4
    (context.directory / "feedex" / "d.csv").unlink()
    assert revision(context) == seen[0]


def test_what_is_wrong_is_told_with_its_file_and_row(context):
    write(context, "c.csv", "month,n,slug\nJul 2013,much,one\nAug 2013\n")
    assert figures(context, **QUERY) == [1, 2, 3, 4, None, None]
    assert told(context) == [
        "feedex/c.csv: row 3 has 1 cells of 3: column 'n' and what follows is unknown",
        "feedex/c.csv: row 2, column 'n': 'much' is not a number",
    ]


def test_a_file_without_a_column_is_refused_by_its_name(context):
    write(context, "c.csv", "month,number\nJul 2013,5\n")
    assert (
        said(Refused, context)
        == "feedex/c.csv: there is no column 'n'; there are: 'month', 'number'"
    )
    assert said(Refused, context, measures=["number"]).startswith(
        "feedex/a.csv: there is no column"
    )


def test_a_row_need_only_be_in_one_of_the_files(context):
    assert figures(context, **QUERY, where={"slug": "two"}) == [2]
    assert figures(context, **QUERY, where={"slug": ["one", "three"]}) == [1, 3, 4]
    assert told(context) == ["feedex/*.csv: no row has 'three' as 'slug'; there are: 'one', 'two'"]
    assert said(Refused, context, where={"slug": "three"}) == (
        "feedex/*.csv: no row has 'three' as 'slug'; there are: 'one', 'two'"
    )
    both = {"slug": "two", "n": "1"}
    assert said(Refused, context, where=both) == (
        "feedex/*.csv: no row has all of {'slug': ('two',), 'n': ('1',)}"
    )


def test_wide_files_may_each_have_periods_of_their_own(context):
    write(context, "2013.tsv", "what\tn 2013-04\nall\t1\n")
    write(context, "2014.tsv", "what\tn 2014-04\tn 2013-05\nall\t3\t2\n")
    query = {"date": None, "columns": "(?P<measure>n) (?P<period>.+)"}
    assert figures(context, file="feedex/*.tsv", **query) == [1, 2, 3]


def test_one_broken_file_leaves_all_as_it_was(context):
    write(context, "c.csv", "month,n\nJul 20")
    assert said(Unavailable, context).startswith("feedex/c.csv: ends in the middle of row 2")


def test_a_pattern_that_no_file_is_like_is_asked_for_again(context):
    assert said(Unavailable, context, file="feedex/*.xlsx") == (
        "feedex/*.xlsx: no file has a name like this; put one there"
    )
