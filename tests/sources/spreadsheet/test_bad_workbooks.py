"""Workbooks that are broken, of another kind, or meant to do harm."""

import resource
import zipfile

import pytest

from collectors.api import Refused, Unavailable
from collectors.sources.spreadsheet import archive as limits
from tests.sources.spreadsheet.workbooks import (
    HEAD,
    ROWS,
    SHEET,
    TEXTS,
    archive,
    book,
    collect,
    content_of,
    context_of,
    figures,
    replaced,
    tampered,
    told,
    with_cells,
    with_shared_texts,
)

GOOD = content_of(book())
MEGABYTE = 1024 * 1024
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1000)


@pytest.fixture
def context(tmp_path):
    return context_of(tmp_path)


@pytest.fixture
def within_memory():
    """Fails where a test took 200 MB more than the process ever had."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200 * 1024


def said(error, context, content, **query):
    """Give what is said of a file, without its directory and name."""
    (context.directory / "figures.xlsx").write_bytes(content)
    with pytest.raises(error) as caught:
        collect(context, **query)
    return str(caught.value).removeprefix(f"{context.directory}/figures.xlsx: ")


# Broken


@pytest.mark.parametrize("kept", [4, 100, len(GOOD) // 2, len(GOOD) - 1])
def test_a_workbook_that_is_cut_off_is_asked_for_again(context, kept):
    assert said(Unavailable, context, GOOD[:kept]) == (
        "begins as an XLSX workbook and does not end as one; it looks half-written: write it whole"
    )


def test_a_workbook_with_a_damaged_part_is_asked_for_again(context):
    with zipfile.ZipFile(context.directory / "x", "w") as new:
        new.writestr("[Content_Types].xml", "<Types/>")
    content = (context.directory / "x").read_bytes().replace(b"<Types/>", b"<Typos/>")
    assert said(Unavailable, context, content) == "is damaged or half-written: write it whole"


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/styles.xml", "xl/_rels/workbook.xml.rels", SHEET]
)
@pytest.mark.parametrize("content", [None, b"", b"<a", b"<a/>", b"\xff\xfe\x00"])
def test_a_workbook_whose_parts_are_nonsense_is_refused_in_plain_words(context, part, content):
    broken = tampered(GOOD, lambda name, held: content if name == part else held)
    try:
        message = said(Refused, context, broken)
    except pytest.fail.Exception:
        # openpyxl makes do without styles
        assert part == "xl/styles.xml"
    else:
        assert message.startswith(
            ("is no XLSX workbook that can be read (", "sheet 'Sheet1': is", "there is no sheet 1")
        )


@pytest.mark.parametrize("place", ["ZZZZ1", "\u00c41", "A", "1"])
def test_a_cell_that_cannot_be_anywhere_is_refused(context, place):
    cells = f'<c r="A2"><v>1</v></c><c r="{place}"><v>1</v></c>'
    message = said(Refused, context, with_cells(f'<row r="2">{cells}</row>'))
    assert message.startswith("is no XLSX workbook that can be read (")


# Of another kind


def test_what_is_no_xlsx_is_refused_by_its_name(context):
    save = "save it as XLSX or CSV"
    ods = archive(
        {"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": b""}
    )
    assert said(Refused, context, ods) == f"is an OpenDocument file (.ods); {save}"
    binary = archive({"[Content_Types].xml": b"<a/>", "xl/workbook.bin": b""})
    assert said(Refused, context, binary) == f"is a binary workbook (.xlsb); {save}"
    assert said(Refused, context, archive({"a.csv": b"a,b"})) == (
        f"is a ZIP archive and no workbook; {save}"
    )
    assert said(Refused, context, archive({})) == f"is a ZIP archive and no workbook; {save}"
    document = archive({"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<a/>"})
    assert said(Refused, context, document).startswith("is no XLSX workbook that can be read")


def test_an_old_workbook_and_a_protected_one_are_told_apart(context):
    save = "save it as XLSX without a password, or as CSV"
    assert said(Refused, context, OLE) == f"is an old workbook (.xls); {save}"
    protected = OLE + "EncryptedPackage".encode("utf-16-le")
    assert said(Refused, context, protected) == f"is protected by a password; {save}"


def test_an_archive_with_a_password_is_refused(context):
    locked = bytearray(GOOD)
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (start := locked.find(mark, start)) >= 0:
            locked[start + at] |= 1
            start += 4
    assert said(Refused, context, bytes(locked)) == (
        "is protected by a password; save it without one"
    )


def test_a_page_that_calls_itself_a_workbook_is_refused(context):
    page = b"<html><table><tr><td>month</td></tr></table></html>"
    assert said(Refused, context, page) == "is a web page and not a sheet; save the sheet itself"


def test_a_workbook_of_the_strict_kind_is_refused(context):
    strict = replaced(
        GOOD,
        SHEET,
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "http://purl.oclc.org/ooxml/spreadsheetml/main",
    )
    assert said(Refused, context, strict) == (
        "sheet 'Sheet1': is XLSX of the strict kind; save it as ordinary XLSX"
    )


# Meant to do harm


@pytest.mark.usefixtures("within_memory")
def test_a_workbook_that_would_be_too_large_unpacked_is_refused(context):
    bomb = archive({"[Content_Types].xml": b"<a/>", "xl/media/a": bytes(201 * MEGABYTE)})
    assert said(Refused, context, bomb) == (
        f"would be {201 * MEGABYTE + 4} bytes unpacked, of {len(bomb)}; the limits are "
        f"{200 * MEGABYTE} bytes and 200 times its size: {limits.SMALLER}"
    )


def test_a_workbook_that_is_packed_too_well_is_refused(context):
    bomb = archive({"[Content_Types].xml": b"<a/>", SHEET: b" " * 20 * MEGABYTE})
    assert "200 times its size" in said(Refused, context, bomb)


def test_a_workbook_that_lies_about_its_size_is_refused(context):
    bomb = bytearray(archive({"[Content_Types].xml": b"<a/>" + b" " * 60_000}))
    size = (60_004).to_bytes(4, "little")
    assert bomb.count(size) == 2
    lying = bytes(bomb).replace(size, (4).to_bytes(4, "little"))
    assert said(Unavailable, context, lying) == "is damaged or half-written: write it whole"


def test_a_workbook_of_too_many_parts_is_refused(context):
    bomb = archive({f"{number}": b"" for number in range(2_001)})
    assert said(Refused, context, bomb) == "has 2001 parts; 2000 are the limit"


LAUGHS = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize("kind", [LAUGHS, OUTSIDE])
@pytest.mark.parametrize("part", [SHEET, TEXTS, "xl/workbook.xml", "xl/styles.xml"])
def test_entities_are_refused(context, part, kind):
    def add(name, held):
        return kind.encode() + held if name == part else held

    message = said(Refused, context, tampered(with_shared_texts("", ""), add))
    assert message.startswith("is no XLSX workbook that can be read (")


@pytest.mark.usefixtures("within_memory")
def test_rows_and_columns_that_a_sheet_only_claims_to_have_cost_nothing(context):
    claiming = replaced(GOOD, SHEET, '<dimension ref="A1:B3"', '<dimension ref="A1:XFD1048576"')
    (context.directory / "figures.xlsx").write_bytes(claiming)
    assert figures(context) == [1, 2]
    far = '<row r="3"><c r="A3" t="str"><v>Apr 2013</v></c><c r="B3"><v>5</v></c></row>'
    corner = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    (context.directory / "figures.xlsx").write_bytes(with_cells(far + corner))
    assert figures(context) == [5]


@pytest.mark.usefixtures("within_memory")
def test_a_stray_cell_far_to_the_right_costs_nothing_in_the_other_rows(context):
    rows = [HEAD, *([("Apr 2013", 1)] * 2_000)]
    made = book(rows)
    made.active["XFD2"] = "a note"
    (context.directory / "figures.xlsx").write_bytes(content_of(made))
    assert len(figures(context)) == 2_000
    assert told(context) == []


@pytest.mark.usefixtures("within_memory")
def test_more_cells_than_a_sheet_may_have_are_refused(context):
    corner = "".join(f'<row r="{row}"><c r="XFD{row}"><v>1</v></c></row>' for row in range(2, 900))
    assert said(Refused, context, with_cells(corner)) == (
        f"sheet 'Sheet1': has more than 10000000 cells; {limits.SMALLER}"
    )
    wide = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(2, 900))
    names = [*map(str, range(16_383)), "n"]
    assert "has more than 10000000 cells" in said(Refused, context, with_cells(wide, names))


@pytest.mark.usefixtures("within_memory")
def test_more_tags_than_may_be_held_at_once_are_refused(context):
    noise = "".join(f"<a{number % 7919}/>" for number in range(200_001))
    content = replaced(GOOD, SHEET, "<sheetData>", f"<x>{noise}</x><sheetData>")
    assert "has too many tags" in said(Refused, context, content)
    content = replaced(GOOD, "xl/styles.xml", "</styleSheet>", f"{noise}{noise}</styleSheet>")
    assert said(Refused, context, content) == f"xl/styles.xml has too many tags; {limits.SMALLER}"


def test_a_link_to_another_file_is_not_followed(context):
    rels = "xl/_rels/workbook.xml.rels"
    link = (
        '<Relationship Id="rId99" TargetMode="External" Target="http://127.0.0.1:9/other.xlsx" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/externalLink"/>'
    )
    linked = replaced(GOOD, rels, "</Relationships>", f"{link}</Relationships>")
    references = '<externalReferences><externalReference r:id="rId99" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"/></externalReferences>'
    linked = replaced(linked, "xl/workbook.xml", "</sheets>", f"</sheets>{references}")
    (context.directory / "figures.xlsx").write_bytes(linked)
    assert figures(context) == [row[1] for row in ROWS[1:]]
