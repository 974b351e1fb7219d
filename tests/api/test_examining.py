"""Looking at a source before anything is collected."""

import pytest

from collectors.api import CollectorError, Period, Refused, Source
from collectors.sources.spreadsheet import Spreadsheet
from tests.contexts import make_context


class Silent(Source):
    name = "silent"


def examined(tmp_path, text, **query):
    if text is not None:
        (tmp_path / "tolls.csv").write_text(text)
    source = Spreadsheet(file="tolls.csv", date="day", **{"measures": ["tolls"]} | query)
    return list(source.examine(make_context(directory=tmp_path, period=Period.DAY)))


def test_a_source_that_has_nothing_to_ask_tells_nothing():
    assert list(Silent().examine(make_context())) == []


def test_a_document_tells_that_it_is_there_and_how_much_of_it_is_asked_for(tmp_path):
    assert examined(tmp_path, "day,tolls\n2014-01-01,5\n2014-01-02,6\n") == [
        "the document is there and can be read",
        "it holds 2 readings of what the query asks for",
    ]


@pytest.mark.parametrize("text", [None, "date,tolls\n2014-01-01,5\n"])
def test_a_document_that_is_missing_or_lacks_a_column_says_so(tmp_path, text):
    with pytest.raises(CollectorError):
        examined(tmp_path, text)


def test_a_document_with_nothing_of_what_is_asked_for_says_so(tmp_path):
    with pytest.raises(Refused):
        examined(tmp_path, "day,tolls\n")
