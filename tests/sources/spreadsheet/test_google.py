"""Figures in a Google Sheet: typed cells, tabs, and what Google says when it says no."""

from datetime import date, datetime, timedelta

import pytest
from pydantic import ValidationError

from collectors.api import ALWAYS, Limits, Period, Refused, Unavailable, Unexpected
from collectors.periods import UTC_ZONE
from collectors.sources.spreadsheet.google import GoogleSheets
from tests.google import google_context
from tests.servers.google import EMAIL
from tests.servers.http import Answer, json_answer
from tests.servers.sheets import NUMBER, SHEETS_SCOPE, SheetsServer, Tab

ROWS = [
    ["Month", "Channel", "Cars"],
    [date(2026, 9, 1), "web", 1200],
    [date(2026, 10, 1), "web", 1300.5],
]
MINUTE = timedelta(minutes=1)


@pytest.fixture
def server():
    with SheetsServer(
        Tab("Crossings", ROWS), Tab("Bob's tab", [["Month", "Cars"], ["2026-09", 7]])
    ) as one:
        yield one


@pytest.fixture
def context(server, tmp_path):
    return google_context(
        server, tmp_path, period=Period.MONTH, zone=UTC_ZONE, credential_name="google-sheets"
    )


def source(**query):
    usual = {"google_sheet": NUMBER, "date": "Month", "measures": {"Cars": "cars"}}
    return GoogleSheets(**{**usual, **query})


def read(source, context):
    return [
        (f"{one.at:%Y-%m}", dict(one.dimensions), dict(one.measures))
        for one in source.collect(ALWAYS, context)
    ]


def test_numbers_and_dates_come_typed_whatever_their_format(context):
    found = read(source(dimensions={"Channel": "channel"}), context)
    assert found == [
        ("2026-09", {"channel": "web"}, {"cars": 1200}),
        ("2026-10", {"channel": "web"}, {"cars": 1300.5}),
    ]
    assert isinstance(found[0][2]["cars"], int)
    assert context.warn.told == []


def test_a_number_is_a_date_only_where_its_format_is_one(server, context):
    noon = datetime(2026, 10, 1, 12)  # noqa: DTZ001 - a sheet's dates have no zone
    rows = [["Month", "Cars"], [2026, 1], [noon, (0.12, "PERCENT")]]
    server.tabs = [Tab("Mixed", rows)]
    assert read(source(), context) == [
        ("2026-01", {}, {"cars": 1}),
        ("2026-10", {}, {"cars": 0.12}),
    ]


def test_faults_and_truths_are_unknown_and_told_with_their_place(server, context):
    server.tabs[0].rows = [
        *ROWS[:1],
        [date(2026, 9, 1), "web", "#N/A"],
        [date(2026, 10, 1), "web", True],
        [date(2026, 11, 1), "web", "12%"],
    ]
    assert [one[2]["cars"] for one in read(source(), context)] == [None, None, 0.12]
    assert context.warn.told == [
        "Google Sheet 'Tolls': Crossings!C2, column 'Cars': N_A is an error",
        "Google Sheet 'Tolls': Crossings!C3, column 'Cars': 'TRUE' is not a number",
    ]


def test_what_is_still_calculated_is_read_again(server, context):
    server.tabs[0].rows = [*ROWS, [date(2026, 11, 1), "web", "Loading..."]]
    with pytest.raises(Unavailable, match="still calculating"):
        source().revision(context)


def test_a_tab_is_told_by_name_or_number(context):
    tab = {"date": "Month", "measures": {"Cars": "cars"}}
    for name in ("Bob's tab", "2"):
        assert read(source(sheet=name, **tab), context) == [("2026-09", {}, {"cars": 7})]


def test_a_header_of_merged_cells_under_a_title(server, context):
    rows = [
        ["Tolls of the bridge"],
        [],
        [None, "Cars", None],
        ["Month", "Cash", "Card"],
        [date(2026, 9, 1), 3, 4],
    ]
    merged = [{"startRowIndex": 2, "endRowIndex": 3, "startColumnIndex": 1, "endColumnIndex": 3}]
    server.tabs = [Tab("Crossings", rows, merged=merged)]
    asked = source(header=(3, 4), measures={"Cars Cash": "cash", "Cars Card": "card"})
    for _ in range(2):  # what is kept is not changed by being read
        assert read(asked, context) == [("2026-09", {}, {"cash": 3, "card": 4})]


def test_rows_that_begin_further_down_keep_their_numbers(server, context):
    server.tabs = [Tab("Crossings", [["Month", "Cars"], ["2026-09", "many"]], first=(4, 1))]
    assert read(source(), context) == [("2026-09", {}, {"cars": None})]
    assert context.warn.told == [
        "Google Sheet 'Tolls': Crossings!C6, column 'Cars': 'many' is not a number"
    ]


def test_it_is_asked_for_once_a_minute_and_its_revision_changes_with_a_cell(server, context):
    first = source().revision(context)
    assert read(source(), context)
    assert read(source(where={"Channel": "web"}), context)
    assert server.asked == 2, "its tabs, and the cells of one"

    context.clock.advance(MINUTE)
    assert source().revision(context) == first
    server.tabs[0].rows = [*ROWS[:2], [date(2026, 10, 1), "web", 1301]]
    context.clock.advance(MINUTE)
    assert source().revision(context) != first


def test_the_scope_is_the_smallest_that_reads_sheets(server, context):
    source().revision(context)
    asked = [one for one in server.requests if one.path == "/token"]
    assert len(asked) == 1
    assert server.wanted == SHEETS_SCOPE
    keys = {"google:project-x": Limits(), "google:project-x:sheets": Limits(concurrent=8)}
    assert context.quota.asked == [keys] * 2


def no_access(server):
    server.account.readers.clear()


def disabled(server):
    server.account.enabled = False


def a_file(server):
    server.is_a_file = True


def no_tabs(server):
    server.tabs = [Tab("Chart", [], kind="OBJECT")]


@pytest.mark.parametrize(
    ("change", "query", "said"),
    [
        (no_access, {}, rf"does not have permission.*{EMAIL} may not see the Google Sheet {NUMBER}: share it with that account, as a Viewer"),
        (disabled, {}, "the API sheets.googleapis.com is not enabled in the project 1234; enable it at"),
        (a_file, {}, "save it as a Google Sheet"),
        (no_tabs, {}, "there is no sheet 1"),
        (no_tabs, {"sheet": "Chart"}, "is a chart"),
        (None, {"google_sheet": "x" * 44}, "there is no such Google Sheet: correct `google_sheet`"),
        (None, {"sheet": "Crosings"}, "there is no sheet 'Crosings'; nearest: 'Crossings'"),
        (None, {"sheet": "3"}, "there is no sheet '3'"),
        (None, {"date": "Mouth"}, "Google Sheet 'Tolls': sheet 'Crossings': there is no column 'Mouth'; nearest: 'Month'"),
        (None, {"where": {"Channel": "paper"}}, "no row has 'paper' as 'Channel'"),
    ],
)  # fmt: skip
def test_what_is_refused_says_what_to_do(server, context, change, query, said):
    if change:
        change(server)
    with pytest.raises(Refused, match=said):
        read(source(**query), context)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"properties": {"title": "T"}},
        {"properties": {"title": "T"}, "sheets": [{}]},
        [],
        None,
        {"properties": {"title": 1}, "sheets": 7},
    ],
)
def test_what_is_no_sheet_is_unexpected(server, context, answer):
    server.fault = json_answer(answer)
    with pytest.raises(Unexpected):
        source().revision(context)


def test_a_server_that_is_down_is_asked_again_and_its_failure_is_kept_as_long(server, context):
    server.fault = Answer(503, b"")
    for _ in range(2):
        with pytest.raises(Unavailable):
            source().revision(context)
    assert server.asked == 3
    server.fault = None
    context.clock.advance(MINUTE)
    assert source().revision(context)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        (f"https://docs.google.com/spreadsheets/d/{NUMBER}/edit?gid=0#gid=0", NUMBER),
        (f"https://docs.google.com/spreadsheets/u/1/d/{NUMBER}", NUMBER),
        (NUMBER, NUMBER),
        ("https://docs.google.com/spreadsheets/d/e/2PACX-1vQ/pub?output=csv", None),
        ("https://example.org/x.csv", None),
        ("tolls", None),
    ],
)
def test_a_sheet_is_named_by_its_address_or_its_id(text, number):
    if number is None:
        with pytest.raises(ValidationError, match="is no Google Sheet: write its address"):
            source(google_sheet=text)
    else:
        assert source(google_sheet=text).google_sheet == number


def test_check_tells_how_many_readings_there_are(context):
    assert list(source().examine(context))[-1] == "it holds 2 readings of what the query asks for"
