"""Exports of Feedback Explorer: what counts, what counts once, and what is told of bad ones."""

import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.api import CollectorError, Refused, Unavailable
from collectors.sources.satisfaction.exports import Exports
from tests.sources.satisfaction.exports import (
    COMMENT,
    HEADER,
    WORDS,
    aggregated,
    export,
    other,
    rated,
    single,
)

DAY = date(2026, 11, 18)


def services(*texts):
    """Give every service of some files; nothing that stays of them has a word of a comment."""
    exports = Exports()
    for number, text in enumerate(texts, 1):
        content = text if isinstance(text, bytes) else text.encode()
        exports.read(
            f"{number}.csv", io.TextIOWrapper(io.BytesIO(content), "utf-8-sig", newline="")
        )
    assert not any(word in repr(exports) for word in WORDS)
    return exports.services()


def counts(*texts, slug="vote", day=DAY):
    found = services(*texts)[slug]
    assert found.broken == {}
    return found.days[day].ratings, found.days[day].comments


def error_of(text):
    """Give the error that reading ends in; it has no word of a comment."""
    with pytest.raises(CollectorError) as caught:
        services(export(single("2026-11-18 09:00:00", 5, COMMENT)), text)
    told = f"{caught.value} {vars(caught.value)} {caught.value.__cause__}"
    assert not any(word in told for word in WORDS)
    return caught.value


# Counting once


def test_a_rating_with_a_comment_is_in_the_count_of_its_day_already():
    text = export(*rated(DAY, 2, 1, 0, 10, 37), single("2026-11-18 09:12:44", 5, COMMENT))
    assert counts(text) == ((2, 1, 0, 10, 37), 1)


def test_comments_are_the_single_rows_that_have_one():
    rows = [single(f"2026-11-18 09:12:4{n}", 5, text) for n, text in enumerate(("a", "", " \n"))]
    assert counts(export(*rated(DAY, 0, 0, 0, 0, 3), *rows)) == ((0, 0, 0, 0, 3), 1)


def test_a_day_that_is_not_aggregated_yet_has_its_single_ratings_and_is_told():
    service = services(
        export(
            *rated(DAY, 0, 0, 0, 0, 3),
            single("2026-11-19 09:12:44", 1, COMMENT),
            single("2026-11-19 09:12:45", 4),
        )
    )["vote"]
    assert service.days[date(2026, 11, 19)].ratings == (1, 0, 0, 1, 0)
    assert service.days[date(2026, 11, 19)].comments == 1
    assert service.told == (
        "2026-11-19 is not aggregated yet: single ratings are counted, which may be too few",
    )


def test_a_day_without_counts_before_one_that_has_them_is_broken():
    service = services(
        export(single("2026-11-17 09:12:44", 1, COMMENT), *rated(DAY, 0, 0, 0, 0, 3))
    )["vote"]
    assert service.days.keys() == {DAY}
    assert service.broken == {
        date(2026, 11, 17): "2026-11-17 has no aggregated counts, though 2026-11-18 has: export "
        "that day again"
    }


def test_without_any_counts_all_single_ratings_count_and_it_is_told():
    rows = [single(f"2026-11-{day} 09:12:44", 3) for day in (18, 17)]
    (told,) = services(export(*rows))["vote"].told
    assert told.startswith("2 days, 2026-11-17 to 2026-11-18, are not aggregated yet")


def test_rows_that_several_files_have_count_once():
    first = export(single("2026-11-18 09:12:44", 5), single("2026-11-18 10:00:00", 4, COMMENT))
    later = export(single("2026-11-18 10:00:00", 4, COMMENT), single("2026-11-18 11:00:00", 1))
    assert counts(first, later, first) == ((1, 0, 0, 1, 1), 1)


def test_equal_rows_of_one_file_are_two_people_also_where_another_file_has_them():
    twice = [single("2026-11-18 09:12:44", 5)] * 2
    assert counts(export(*twice), export(*twice), export(twice[0])) == ((0, 0, 0, 0, 2), 0)


def test_a_page_that_changed_hands_makes_no_other_row():
    row = single("2026-11-18 09:12:44", 5)
    moved = single("2026-11-18 09:12:44", 5, organisation="DVSA")
    assert counts(export(row), export(moved)) == ((0, 0, 0, 0, 1), 0)


def test_a_single_row_of_an_early_file_is_in_the_counts_of_a_later_one():
    early = export(single("2026-11-18 09:12:44", 5), single("2026-11-18 09:12:50", 4, COMMENT))
    later = export(
        single("2026-11-18 09:12:50", 4, COMMENT),
        single("2026-11-18 21:00:00", 1, COMMENT),
        *rated(DAY, 1, 0, 0, 1, 1),
    )
    assert counts(early, later) == counts(later, early) == ((1, 0, 0, 1, 1), 2)


@given(st.permutations([*rated(DAY, 2, 1, 0, 10, 37), single("2026-11-18 09:12:44", 5, COMMENT)]))
def test_the_order_of_rows_does_not_matter(rows):
    assert counts(export(*rows)) == ((2, 1, 0, 10, 37), 1)


@given(st.data())
def test_however_rows_are_spread_over_overlapping_files_each_counts_once(data):
    rows = [single(f"2026-11-18 09:12:{n:02}", n % 5 + 1, "x" * (n % 2)) for n in range(12)]
    files = data.draw(st.lists(st.sets(st.sampled_from(range(12))), max_size=4))
    texts = [export(*(rows[n] for n in chosen)) for chosen in files]
    assert counts(*texts, export(*rows)) == counts(export(*rows))


def test_services_are_told_apart_by_slug_and_the_end_of_the_path():
    text = export(
        single("2026-11-18 09:12:44", 5, slug="tax"),
        aggregated(DAY, 1, 3, "/done/vote"),
        aggregated(DAY, 2, 4, "/done/vote-abroad"),
    )
    assert counts(text) == ((3, 0, 0, 0, 0), 0)
    assert counts(text, slug="vote-abroad") == ((0, 4, 0, 0, 0), 0)
    assert services(text).keys() == {"vote", "vote-abroad", "tax"}


def test_rows_of_other_kinds_columns_in_another_order_and_a_mark_before_them_do_not_matter():
    row = dict(zip(HEADER, single("2026-11-18 09:12:44", 5, COMMENT), strict=True))
    header = sorted(HEADER)
    text = export(
        [row[name] for name in header],
        [dict(zip(HEADER, other(kind="long-form-contact"), strict=True))[name] for name in header],
        header=header,
    )
    assert counts("\ufeff" + text) == ((0, 0, 0, 0, 1), 1)


# Bad files


@pytest.mark.parametrize("rating", ["6", "0", "", "five", "5.0", "٣"])
def test_a_rating_that_is_none_breaks_its_day_and_service_only(rating):
    text = export(
        *rated(DAY, 1, 0, 0, 0, 0),
        single("2026-11-18 09:12:44", rating, COMMENT),
        single("2026-11-18 09:12:44", 5, slug="tax"),
        *rated(date(2026, 11, 19), 2),
    )
    service = services(text)["vote"]
    assert service.broken == {DAY: "1.csv: row 3: the rating is none of 1 to 5"}
    assert service.days.keys() == {date(2026, 11, 19)}
    assert services(text)["tax"].broken == {}


@pytest.mark.parametrize(
    "text", ["37", "Rating of 4: 37", "Rating of 5: -1", "Rating of 5: many", COMMENT]
)
def test_a_count_that_is_none_breaks_its_day(text):
    row = aggregated(DAY, 5, 37)
    row[2] = text
    assert services(export(row))["vote"].broken == {
        DAY: "1.csv: row 2: the feedback is not like 'Rating of 5: 37'"
    }


def test_two_counts_of_the_same_break_their_day_and_the_same_twice_does_not():
    row = aggregated(DAY, 5, 37)
    assert counts(export(row, row), export(row)) == ((0, 0, 0, 0, 37), 0)
    assert services(export(row), export(aggregated(DAY, 5, 38)))["vote"].broken == {
        DAY: "2.csv: row 2: an earlier row has another count of rating 5"
    }


def test_a_changed_header_names_the_columns_that_are_missed():
    header = ["rating" if name == "service satisfaction rating" else name for name in HEADER]
    error = error_of(export(single("2026-11-18 09:12:44", 5, COMMENT), header=header))
    assert isinstance(error, Refused)
    assert str(error) == (
        "2.csv: has no column 'service satisfaction rating', or more than one; it is no export of "
        "Feedback Explorer, or that has changed"
    )


def test_a_file_without_a_header_does_not_show_its_first_row():
    text = export(single("2026-11-18 09:12:44", 5, COMMENT)).partition("\n")[2]
    assert isinstance(error_of(text), Refused)


def test_a_half_written_file_is_read_again_later():
    text = export(single("2026-11-18 09:12:44", 5), single("2026-11-18 09:12:45", 5, COMMENT))
    inside = text[: text.index("Analytical")]
    assert str(error_of(inside)) == ("2.csv: ends inside the quotes of row 3; write it whole")
    cut = text[: text.index(",https", text.index("Analytical"))]
    assert isinstance(error_of(cut), Unavailable)
    assert str(error_of(cut)) == "2.csv: ends in the middle of row 3; write it whole"
    assert str(error_of("")) == "2.csv: is empty; write it whole"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (export(single("2026-11-18 9am", 5, COMMENT)), "2.csv: row 2: the creation date is not"),
        (export([*single("2026-11-18 09:12:44", 5, COMMENT), ""]), "2.csv: row 2 has 13 cells"),
        (export(single("2026-11-18 09:12:44", 5, COMMENT)[:-1]), "2.csv: row 2 has 11 cells of"),
        (export() + 'a,"Ada Example"b\n', "2.csv: row 2 is not CSV: "),
        (export() + "a," + "Ada Example" * 20_000 + "\n", "2.csv: row 2 is not CSV: field larger"),
        (b"PK\x03\x04" + bytes(range(256)), "2.csv: is not UTF-8 after row 0"),
        (export().encode() + "Analytical Row \xe9".encode("latin-1"), "2.csv: is not UTF-8"),
        ("<!DOCTYPE html><p>Ada Example</p>\n", "2.csv: has no column 'creation date'"),
    ],
)
def test_what_is_no_export_is_refused_by_file_and_row(text, message):
    error = error_of(text)
    assert isinstance(error, Refused)
    assert str(error).startswith(message)


WHOLE = export(single("2026-11-18 09:12:44", 5, COMMENT), single("2026-11-18 09:12:45", 5, COMMENT))


@given(
    st.text()
    | st.lists(st.text()).map(export)
    | st.sampled_from(range(len(WHOLE))).map(lambda end: WHOLE[:end])
)
def test_whatever_is_in_a_file_is_read_or_told_without_a_word_of_a_comment(text):
    try:
        services(export(), text)
        told = ""
    except (Refused, Unavailable) as exc:
        told = str(exc)
    assert not any(word in told for word in WORDS)
