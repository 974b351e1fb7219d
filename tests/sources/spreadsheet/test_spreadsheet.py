import inspect
import os
import re
import textwrap
from datetime import UTC, datetime

import pytest
import yaml

from collectors import config
from collectors.api import ALWAYS, Period, Window
from collectors.errors import ConfigError
from collectors.sources import spreadsheet
from collectors.sources.spreadsheet import Spreadsheet, SpreadsheetCredential
from tests.contexts import make_context
from tests.sources.spreadsheet.workbooks import CountingShared

MANUAL = inspect.getdoc(spreadsheet)
CONTENT = "slug,period,n\none,Apr 2013,1\ntwo,Apr 2013,2\none,May 2013,3\n"


@pytest.fixture
def context(tmp_path):
    (tmp_path / "figures.csv").write_text(CONTENT)
    return make_context(directory=tmp_path, period=Period.MONTH, shared=CountingShared())


def one(slug):
    where = {"slug": slug}
    return Spreadsheet(file="figures.csv", where=where, date="period", measures=["n"])


def figures(source, context, window=ALWAYS):
    return [reading.measures["n"] for reading in source.collect(window, context)]


def test_collectors_of_one_file_share_one_parsed_copy(context):
    for _ in range(3):
        for slug, expected in (("one", [1, 3]), ("two", [2])):
            one(slug).revision(context)
            assert figures(one(slug), context) == expected
    assert sorted(context.shared.built) == [
        "spreadsheet layout",
        "spreadsheet revision",
        "spreadsheet rows",
        "spreadsheet table",
    ]


def test_a_changed_file_has_another_revision_and_is_read_again(context):
    before = one("two").revision(context)
    path = context.directory / "figures.csv"
    path.write_text(CONTENT.replace("2\n", "5\n"))
    assert one("two").revision(context) != before
    assert figures(one("two"), context) == [5]


def test_a_file_that_was_only_touched_keeps_its_revision(context):
    before = one("two").revision(context)
    os.utime(context.directory / "figures.csv", ns=(1, 1))
    assert one("two").revision(context) == before
    assert context.shared.built == ["spreadsheet revision"] * 2


def test_a_change_that_keeps_size_and_time_is_noticed(context):
    path = context.directory / "figures.csv"
    os.utime(path, ns=(1, 1))
    before = one("two").revision(context)
    path.write_text(CONTENT.replace("2\n", "5\n"))
    os.utime(path, ns=(1, 1))
    assert one("two").revision(context) != before


def test_a_window_can_be_asked_for(context):
    may = Window(datetime(2013, 5, 1, tzinfo=UTC), datetime(2013, 6, 1, tzinfo=UTC))
    assert figures(one("one"), context, may) == [3]


def test_rows_with_the_same_period_and_dimensions_are_all_given(context):
    source = Spreadsheet(file="figures.csv", date="period", measures=["n"])
    assert figures(source, context) == [1, 2, 3]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"measures": ["n"]}, "say either `date` .a long sheet. or `columns` .a wide one."),
        ({"date": "d", "columns": "(?P<period>.+)"}, "say either `date`"),
        ({"date": "d", "measure": "n"}, "`measure` belongs to `columns`"),
        ({"date": "d"}, "say `measures`: what becomes which measure"),
        ({"columns": "(?P<period>.+)", "measures": ["n"]}, "say `measure`, not `measures`"),
        ({"columns": "(?P<period>.+)(?P<measure>.)", "measure": "n"}, "say `measures`"),
        ({"columns": ["(?P<period>.+)", "(?P<period>.+)(?P<measure>.)"]}, "or none"),
        ({"columns": "Total (.+)"}, "must have a group"),
        ({"columns": "(?P<period>.+) (?P<measures>.+)"}, "must have a group"),
        ({"columns": "(?P<period>.+"}, "is not a pattern: missing"),
        ({"date": "d", "measures": {"a": "n", "b": "n"}}, "more than one column becomes 'n'"),
        ({"date": "d", "measures": ["n"], "dimensions": ["n"]}, "more than one column becomes 'n'"),
        ({"date": "d", "measures": ["n"], "encoding": "utf-9"}, "'utf-9' is not an encoding"),
        ({"date": "d", "measures": ["n"], "encoding": "hex"}, "'hex' is not an encoding"),
        ({"date": "d", "measures": ["n"], "delimiter": "::"}, "'::' is not a delimiter"),
        ({"date": "d", "measures": ["n"], "sheets": "1"}, "Extra inputs are not permitted"),
        ({"date": "d", "measures": ["n"], "sheet": " "}, "at least 1 character"),
        ({"date": "d", "measures": ["n"], "header": "0"}, "greater than or equal to 1"),
        ({"date": "d", "measures": ["n"], "header": "top"}, "valid integer"),
        ({"date": "d", "measures": ["n"], "file": "ftp://a/b"}, "a URL with http:// or https://"),
        ({"date": "d", "measures": ["n"], "file": "https://me:pw@a/b"}, "no user or password"),
        ({"file": "", "date": "d", "measures": ["n"]}, "at least 1 character"),
    ],
)
def test_a_query_that_means_nothing_is_refused(query, message):
    with pytest.raises(ValueError, match=message):
        Spreadsheet(**({"file": "figures.csv"} | query))


SAMPLES = re.findall(r"::\n\n((?:    .+\n?)+)", MANUAL)
COLLECTORS = [sample for sample in SAMPLES if "source:" in sample]
CREDENTIALS = [sample for sample in SAMPLES if "source:" not in sample]


def test_the_manual_page_has_a_sample_of_each_kind():
    assert (len(COLLECTORS), len(CREDENTIALS)) == (3, 3)


@pytest.mark.parametrize("sample", COLLECTORS, ids=["long", "wide", "workbook"])
def test_the_samples_of_the_manual_page_are_right(sample, tmp_path):
    (tmp_path / "services").mkdir()
    content = "service: carers-allowance\ncollectors:\n  figures:\n" + sample
    (tmp_path / "services" / "carers-allowance.yaml").write_text(textwrap.dedent(content))
    sources = {"spreadsheet": Spreadsheet}
    loaded = config.load(tmp_path, tmp_path / "credentials", sources=sources, environment={})
    assert [str(mistake) for mistake in (*loaded.mistakes, *loaded.warnings)] == []
    assert loaded.collectors["carers-allowance/figures"].period in (Period.QUARTER, Period.MONTH)


@pytest.mark.parametrize("sample", CREDENTIALS, ids=["bearer", "basic", "header"])
def test_the_samples_of_credentials_are_right(sample, tmp_path):
    (tmp_path / "spreadsheet.yaml").write_text(textwrap.dedent(sample))
    assert config.Vault(tmp_path, {}).credential("spreadsheet", SpreadsheetCredential)


@pytest.mark.parametrize(
    "keys",
    [{}, {"user": "me"}, {"header": "X"}, {"token": "mellon", "user": "me", "password": "sesame"}],
)
def test_a_credential_is_of_one_kind(keys, tmp_path):
    (tmp_path / "spreadsheet.yaml").write_text(yaml.dump(keys))
    with pytest.raises(ConfigError, match="say `token`, or `user` and `password`, or `header`"):
        config.Vault(tmp_path, {}).credential("spreadsheet", SpreadsheetCredential)


def test_the_manual_page_tells_of_every_key():
    missing = [name for name in Spreadsheet.model_fields if f"``{name}``" not in MANUAL]
    assert missing == []
