"""What the cells of a workbook mean, and where in it the table is."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from openpyxl import Workbook
from openpyxl.chart import BarChart, Reference

from collectors.api import Period, Refused
from tests.sources.spreadsheet.workbooks import (
    HEAD,
    ROWS,
    SHEET,
    book,
    collect,
    content_of,
    context_of,
    figures,
    old_mac_book,
    replaced,
    tampered,
    told,
    with_cells,
    with_shared_texts,
)


@pytest.fixture
def context(tmp_path):
    return context_of(tmp_path)


def write(context, made, name="figures.xlsx"):
    content = made if isinstance(made, bytes) else content_of(made)
    (context.directory / name).write_bytes(content)


def refusal(context, made=None, **query):
    """Give what is said of a workbook that is refused, without its directory and name."""
    if made is not None:
        write(context, made)
    with pytest.raises(Refused) as caught:
        collect(context, **query)
    return str(caught.value).removeprefix(f"{context.directory}/figures.xlsx: ")


def test_a_number_is_a_number_as_the_file_types_it(context):
    numbers = [0, 6_400_000, -5, 0.125, 1e-7, 1.5e10, "6,400,000", "12%", "(5)", "n/a", None]
    write(context, book([HEAD, *(("Apr 2013", number) for number in numbers)]))
    expected = [0, 6_400_000, -5, 0.125, 1e-7, 1.5e10, 6_400_000, 0.12, -5, None, None]
    assert figures(context) == expected
    assert told(context) == []


def test_a_percentage_is_the_fraction_that_is_stored(context):
    made = book()
    made.active["B2"].number_format = "0%"
    made.active["B2"].value = 0.12
    write(context, made)
    assert figures(context) == [0.12, 2]


def test_a_number_beyond_reason_is_unknown_and_told(context):
    write(
        context, with_cells('<row r="2"><c r="A2"><v>2013</v></c><c r="B2"><v>1e999</v></c></row>')
    )
    assert figures(context, labels={"meaning": {"2013": "Apr 2013"}}) == [None]
    assert told(context) == [
        "figures.xlsx: Sheet1!B2, column 'n': 'Infinity' is too large a number"
    ]


@pytest.mark.parametrize("day", [date(2013, 4, 5), datetime(2013, 4, 30, 23, 59, 59)])  # noqa: DTZ001
def test_a_date_is_a_date_and_no_text_to_guess(context, day):
    write(context, book([HEAD, (day, 1)]))
    (reading,) = collect(context, labels={"dates": "%Y-%d-%m"})
    assert reading.at == datetime(2013, 3, 31, 23, tzinfo=UTC)


def test_days_are_counted_from_1904_where_the_workbook_says_so(context):
    made = old_mac_book()
    for row in (HEAD, (date(2013, 4, 5), 1)):
        made.active.append(row)
    write(context, made)
    assert b'date1904="1"' in made_part(content_of(made), "xl/workbook.xml")
    assert [reading.at.date() for reading in collect(context)] == [date(2013, 3, 31)]


def made_part(content, name):
    found = []
    tampered(content, lambda one, part: found.append(part) if one == name else None)
    return found[0]


def test_a_date_written_as_text_in_the_file_is_read_too(context):
    cells = '<c r="A2" t="d"><v>2013-04-05T00:00:00</v></c><c r="B2"><v>1</v></c>'
    write(context, with_cells(f'<row r="2">{cells}</row>'))
    assert figures(context) == [1]


def test_a_year_as_a_number_is_a_label(context):
    write(context, book([HEAD, (2013, 1)]))
    (reading,) = collect(context)
    assert (reading.at.date(), reading.span) == (date(2013, 1, 1), Period.YEAR)


def test_a_date_that_no_calendar_has_is_told(context):
    made = book([HEAD, (None, 1), (date(9999, 12, 31), 2)])
    made.active["A2"].value = 9_999_999
    made.active["A2"].number_format = "yyyy-mm-dd"
    write(context, made)
    assert figures(context) == []
    assert told(context) == [
        "figures.xlsx: Sheet1!A2, column 'month': #VALUE! is an error; the row is left out",
        "figures.xlsx: Sheet1!A3, column 'month': '9999-12-31' is not a period; the row is left out",
    ]


def test_what_is_no_figure_is_unknown_and_told_with_its_cell(context):
    wrong = [
        True,
        date(2013, 4, 5),
        time(10, 30),
        timedelta(hours=30),
        "about 12",
        "#N/A",
        "#DIV/0!",
    ]
    write(context, book([HEAD, *(("Apr 2013", one) for one in wrong)], title="Figures of May"))
    assert figures(context) == [None] * len(wrong)
    place = "figures.xlsx: 'Figures of May'!B"
    assert told(context) == [
        f"{place}2, column 'n': 'TRUE' is not a number",
        f"{place}3, column 'n': '2013-04-05' is not a number",
        f"{place}4, column 'n': '10:30:00' is not a number",
        f"{place}5, column 'n': '1 day, 6:00:00' is not a number",
        f"{place}6, column 'n': 'about 12' is not a number",
        f"{place}7, column 'n': #N/A is an error",
        f"{place}8, column 'n': #DIV/0! is an error",
    ]


def test_dimensions_are_texts_whatever_they_are_in_the_file(context):
    values = ["web ", 85975, 0.5, True, date(2013, 4, 5), None, "#REF!", 3.0]
    rows = [("Apr 2013", index, value) for index, value in enumerate(values)]
    write(context, book([(*HEAD, "what"), *rows]))
    readings = collect(context, dimensions=["what"])
    texts = [reading.dimensions["what"] for reading in readings]
    assert texts == ["web", "85975", "0.5", "TRUE", "2013-04-05", "", "", "3"]
    assert told(context) == ["figures.xlsx: Sheet1!C8, column 'what': #REF! is an error"]


def test_rows_are_chosen_by_numbers_and_dates_as_by_texts(context):
    rows = [("Apr 2013", 1, 7, date(2013, 1, 1)), ("Apr 2013", 2, 8, date(2013, 1, 1))]
    write(context, book([(*HEAD, "check", "since"), *rows]))
    assert figures(context, where={"check": "8", "since": "2013-01-01"}) == [2]


def test_a_formula_gives_the_value_that_is_stored_with_it(context):
    cells = '<c r="A2" t="str"><f>B9</f><v>Apr 2013</v></c><c r="B2"><f>1+1</f><v>2</v></c>'
    write(context, with_cells(f'<row r="2">{cells}</row>'))
    assert figures(context) == [2]


def test_a_formula_without_a_stored_value_is_told_and_a_blank_result_is_blank(context):
    write(context, book([HEAD, ("Apr 2013", "=1+1")]))
    assert figures(context) == [None]
    (sentence,) = told(context)
    assert sentence == (
        "figures.xlsx: Sheet1!B2, column 'n': a formula has no stored value: let a spreadsheet "
        "program calculate and save the file"
    )
    blank = '<c r="B3" t="str"><f>""</f><v></v></c>'
    rows = f'<row r="3"><c r="A3" t="str"><v>Apr 2013</v></c>{blank}</row>'
    write(context, with_cells(rows))
    context.warn.told.clear()
    assert figures(context) == [None]
    assert told(context) == []


def test_texts_may_be_shared_and_of_many_runs_and_numbers_may_be_blank(context):
    cells = '<c r="A2" t="s"><v>1</v></c><c r="B2" s="0"/>'
    texts = "<si><t>n</t></si><si><r><t>Apr </t></r><r><rPr><b/></rPr><t>2013</t></r></si>"
    write(context, with_shared_texts(f'<row r="2">{cells}</row>', texts))
    assert figures(context) == [None]
    assert told(context) == []


def test_one_damaged_cell_costs_one_cell(context):
    cells = '<c r="A2" t="str"><v>Apr 2013</v></c><c r="B2" t="s"><v>999</v></c>'
    other = '<c r="A3" t="str"><v>May 2013</v></c><c r="B3"><v>5</v></c>'
    write(context, with_cells(f'<row r="2">{cells}</row><row r="3">{other}</row>'))
    assert figures(context) == [None, 5]
    assert told(context) == ["figures.xlsx: Sheet1!B2, column 'n': the cell is damaged"]


def test_cells_and_rows_without_an_address_stand_where_they_follow(context):
    rows = "<row><c t='str'><v>Apr 2013</v></c><c><v>5</v></c></row>"
    write(context, with_cells(rows))
    assert figures(context) == [5]


def test_a_line_end_that_excel_wrote_out_is_a_line_end(context):
    write(context, book([("month", "n_x000D_\nof all"), ("Apr 2013", 5)]))
    assert figures(context, measures={"n of all": "n"}) == [5]


def test_hidden_rows_and_columns_are_read(context):
    made = book()
    made.active.row_dimensions[2].hidden = True
    made.active.column_dimensions["B"].hidden = True
    write(context, made)
    assert figures(context) == [1, 2]


def test_blank_rows_and_columns_around_the_table_are_not_looked_at(context):
    rows = [(None, "month", "n", None), (), (None, "Apr 2013", 1, None, "a note"), (), (None, " ")]
    write(context, book([(), *rows]))
    assert figures(context) == [1]
    assert told(context) == []


def test_rows_keep_the_numbers_that_a_spreadsheet_shows(context):
    write(context, book([(), HEAD, (), ("some day", 1)]))
    assert figures(context) == []
    assert told(context) == [
        "figures.xlsx: Sheet1!A4, column 'month': 'some day' is not a period; the row is left out"
    ]


def test_a_cell_far_to_the_right_is_called_as_a_spreadsheet_calls_it(context):
    names = [f"x{index}" for index in range(702)]
    row = ["Apr 2013", *[None] * 701, "much"]
    write(context, book([["month", *names[:-1], "n"], row]))
    assert figures(context) == [None]
    assert told(context) == ["figures.xlsx: Sheet1!AAA2, column 'n': 'much' is not a number"]


# Sheets


@pytest.fixture
def three(context):
    made = book([HEAD, ("Apr 2013", 1)], title="First")
    for title, number in (("2", 2), ("Last", 3)):
        sheet = made.create_sheet(title)
        sheet.append(HEAD)
        sheet.append(("Apr 2013", number))
    made["First"].sheet_state = "hidden"
    made.active = 1
    write(context, made)
    return context


@pytest.mark.parametrize(
    ("sheet", "number"), [(None, 1), ("Last", 3), ("3", 3), ("2", 2), ("1", 1)]
)
def test_a_sheet_is_chosen_by_its_name_or_else_its_number(three, sheet, number):
    assert figures(three, sheet=sheet) == [number]


@pytest.mark.parametrize(
    ("sheet", "message"),
    [
        ("last", "there is no sheet 'last'; nearest: 'Last'"),
        ("4", "there is no sheet '4'; there are: 'First', '2', 'Last'"),
        ("0", "there is no sheet '0'; there are: 'First', '2', 'Last'"),
    ],
)
def test_a_sheet_that_is_not_there_is_refused_with_the_nearest(three, sheet, message):
    assert refusal(three, sheet=sheet) == message


def test_collectors_of_different_sheets_do_not_get_each_others_figures(three):
    assert [figures(three, sheet=sheet) for sheet in ("1", "2", "Last", "1")] == [
        [1],
        [2],
        [3],
        [1],
    ]


def test_a_column_that_is_not_in_the_sheet_is_told_with_the_sheet(three):
    assert refusal(three, measures=["m"]) == (
        "sheet 'First': there is no column 'm'; there are: 'month', 'n'"
    )


def test_a_chart_has_no_rows_and_is_not_the_first_sheet(context):
    made = book()
    chart = BarChart()
    chart.add_data(Reference(made.active, min_col=2, min_row=1, max_row=3))
    made.create_chartsheet("Chart", index=0).add_chart(chart)
    write(context, made)
    assert figures(context) == [1, 2]
    assert (
        refusal(context, sheet="Chart") == "sheet 'Chart': is a chart or a macro, and has no rows"
    )


def test_an_empty_sheet_is_refused(context):
    assert refusal(context, Workbook()) == "sheet 'Sheet': is empty"
    assert refusal(context, book([HEAD])) == "sheet 'Sheet1': has a header and no rows"
    notes = [HEAD, (None, None, "a note")]
    assert refusal(context, book(notes)) == "sheet 'Sheet1': has a header and no rows"


# Headers


def test_the_header_may_stand_under_a_title(context):
    write(context, book([("Figures of 2013",), (), *ROWS]))
    assert refusal(context) == (
        "sheet 'Sheet1': there is no column 'month'; there are: 'Figures of 2013'"
    )
    assert figures(context, header=3) == [1, 2]


def test_a_header_of_several_rows_is_joined(context):
    write(
        context, book([("Title",), (None, "n", "n"), ("month", "web", "post"), ("Apr 2013", 1, 2)])
    )
    (reading,) = collect(context, header=[2, 3], measures={"n web": "web", "n post": "post"})
    assert reading.measures == {"web": 1, "post": 2}


def test_the_text_of_merged_cells_holds_for_all_their_columns(context):
    made = book([("Title",), ("month", "Apr 2013", None, "May 2013"), (None, "web", "post", "web")])
    made.active.append(("all", 1, 2, 3))
    for merged in ("A1:XFD1", "A2:A3", "B2:C2"):
        made.active.merge_cells(merged)
    write(context, made)
    readings = collect(
        context,
        header=[2, 3],
        date=None,
        where={"month": "all"},
        columns="(?P<period>.+) (?P<measure>web|post)",
        measures=["web", "post"],
    )
    assert [dict(reading.measures) for reading in readings] == [
        {"web": 1, "post": 2},
        {"web": 3, "post": None},
    ]


def test_a_cell_that_is_merged_from_above_the_header_belongs_to_it(context):
    made = book([("month", "n"), (None, None), ("Apr 2013", 1)])
    made.active.merge_cells("A1:A2")
    made.active["B2"] = "n"
    write(context, made)
    assert figures(context, header=2) == [1]


def test_dates_in_a_header_are_periods(context):
    write(context, book([("what", date(2013, 4, 1), date(2013, 5, 1)), ("all", 1, 2)]))
    query = {"date": None, "columns": r"(?P<period>\d.+)", "measure": "n", "measures": ()}
    assert figures(context, **query) == [1, 2]


@pytest.mark.parametrize(("header", "row"), [(2, 2), ([1, 9], 9)])
def test_a_header_that_is_not_there_is_refused(context, header, row):
    write(context, book([HEAD, (), ("Apr 2013", 1)]))
    message = f"sheet 'Sheet1': row {row} is blank, or not there; set `header`"
    assert refusal(context, header=header) == message


# Files of another kind, or of another name


def test_the_content_tells_a_workbook_whatever_it_is_called(context):
    write(context, book(), "figures.csv")
    assert figures(context, file="figures.csv") == [1, 2]


def test_a_workbook_with_macros_is_read_without_them(context):
    ordinary, with_macros = (
        f"application/vnd.{kind}.main+xml"
        for kind in (
            "openxmlformats-officedocument.spreadsheetml.sheet",
            "ms-excel.sheet.macroEnabled",
        )
    )
    write(context, replaced(content_of(book()), "[Content_Types].xml", ordinary, with_macros))
    assert figures(context) == [1, 2]


def test_what_stands_around_the_rows_does_no_harm(context):
    write(
        context,
        replaced(content_of(book()), SHEET, "</worksheet>", "<junk><a/></junk></worksheet>"),
    )
    assert figures(context) == [1, 2]
