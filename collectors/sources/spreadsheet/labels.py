"""The ways in which people write a period, such as ``Jul - Sep 2012``, and what each one says.

Reading a label is pure: it knows neither the collector's zone nor its query. Years lie between
1800 and 2199; everything else that looks like a number is not a period.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from collectors.api import Period

_NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTHS = {
    **{name: number for number, name in enumerate(_NAMES, 1)},
    **{name[:3]: number for number, name in enumerate(_NAMES, 1)},
    "sept": 9,
}
"""The month (1 to 12) that a lower-case English name or its short form stands for."""

APRIL = 4
FIRST_YEAR, LAST_YEAR = 1800, 2199
"""What is in no such year is no period but another number."""
_LENGTHS = {1: Period.MONTH, 3: Period.QUARTER, 12: Period.YEAR}
_YEAR = r"((?:1[89]|2[01])[0-9]{2})"
_YEARS = _YEAR + r" ?[/-] ?([0-9]{4}|[0-9]{2})"
_MONTH = rf"({'|'.join(sorted(MONTHS, key=len, reverse=True))})\.?"
_MIDNIGHT = r"(?:[t ]00:00(?::00(?:\.0+)?)?(?:z|[+-]00:?00)?)?"
_HYPHENS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212", "-"))


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a label says: the first day of its period, and how long the period is."""

    start: date
    length: Period


def plain(text: str) -> str:
    """Give ``text`` with line breaks and runs of spaces (also unbreakable ones) as one space."""
    return " ".join(text.split())


def read_label(text: str, financial_year: int | None, period: Period) -> Meaning:
    """Read one label; ValueError, in words that follow the label, where it is no period.

    ``financial_year`` is the month (1 to 12) in which financial years begin, None where nobody
    said so: then it is April, and ``2011-12`` is a financial year only where ``period``, the
    collector's, is so long that it cannot be December 2011.
    """
    label = plain(text).translate(_HYPHENS).lower()
    begins = financial_year or APRIL
    if match := _YEAR_OR_MONTH.fullmatch(label):
        certain = financial_year is not None or period in (Period.QUARTER, Period.YEAR)
        return _year_or_month(match, begins, certain=certain)
    for pattern, read in _SPELLINGS:
        if match := pattern.fullmatch(label):
            return read(match, begins)
    raise ValueError("is not a period")


def read_date(day: date) -> Meaning:
    """Give what a date that needs no reading says; ValueError where it is in no such year."""
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise ValueError("is not a period")
    return Meaning(date(day.year, day.month, day.day), Period.DAY)


def _year_or_month(match: re.Match[str], begins: int, *, certain: bool) -> Meaning:
    year, second = int(match[1]), int(match[2])
    follows = second == (year + 1) % 100
    if follows and certain:
        return Meaning(date(year, begins, 1), Period.YEAR)
    if 1 <= second <= 12:
        return Meaning(date(year, second, 1), Period.MONTH)
    if follows:
        raise ValueError("may be a financial year: say so with `financial_year: april`")
    raise ValueError("is not a period")


def _day(match: re.Match[str], _begins: int) -> Meaning:
    try:
        return Meaning(date(int(match[1]), int(match[2]), int(match[3])), Period.DAY)
    except ValueError as exc:
        raise ValueError("is not a day of the calendar") from exc


def _week(match: re.Match[str], _begins: int) -> Meaning:
    try:
        return Meaning(date.fromisocalendar(int(match[1]), int(match[2]), 1), Period.WEEK)
    except ValueError as exc:
        raise ValueError("is not a week of the calendar") from exc


def _year_quarter(match: re.Match[str], _begins: int) -> Meaning:
    return _quarter(int(match[1]), int(match[2]))


def _quarter_year(match: re.Match[str], _begins: int) -> Meaning:
    return _quarter(int(match[2]), int(match[1]))


def _quarter_of_financial_year(match: re.Match[str], begins: int) -> Meaning:
    return _quarter(_first_of_two(match[2], match[3]), int(match[1]), begins)


def _quarter(year: int, number: int, begins: int = 1) -> Meaning:
    months = begins - 1 + (number - 1) * 3
    return Meaning(date(year + months // 12, months % 12 + 1, 1), Period.QUARTER)


def _financial_year(match: re.Match[str], begins: int) -> Meaning:
    return Meaning(date(_first_of_two(match[1], match[2]), begins, 1), Period.YEAR)


def _first_of_two(first: str, second: str) -> int:
    if int(second) != (int(first) + 1) % 10 ** len(second):
        raise ValueError("is not a financial year: its second year does not follow the first")
    return int(first)


def _month(match: re.Match[str], _begins: int) -> Meaning:
    return Meaning(date(int(match[2]), MONTHS[match[1]], 1), Period.MONTH)


def _months(match: re.Match[str], _begins: int) -> Meaning:
    first, last, end = MONTHS[match[1]], MONTHS[match[3]], int(match[4])
    start = int(match[2]) if match[2] else end - (first > last)
    count = (end - start) * 12 + last - first + 1
    if count not in _LENGTHS:
        raise ValueError(f"speaks of {count} months, which is no month, quarter or year")
    return Meaning(date(start, first, 1), _LENGTHS[count])


def _calendar_year(match: re.Match[str], _begins: int) -> Meaning:
    return Meaning(date(int(match[1]), 1, 1), Period.YEAR)


_YEAR_OR_MONTH = re.compile(_YEAR + "-([0-9]{2})")
_SPELLINGS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str], int], Meaning]], ...] = tuple(
    (re.compile(pattern), read)
    for pattern, read in (
        (_YEAR + r"-([0-9]{2})-([0-9]{2})" + _MIDNIGHT, _day),
        (_YEAR + r"[- ]?w([0-9]{1,2})", _week),
        (_YEAR + r"[- ]?q([1-4])", _year_quarter),
        (r"q([1-4])[- ]?" + _YEAR, _quarter_year),
        (r"q([1-4])[- ]?" + _YEARS, _quarter_of_financial_year),
        (r"(?:fy ?)?" + _YEARS, _financial_year),
        (_MONTH + r"[- ]?" + _YEAR, _month),
        (_MONTH + rf"(?: ?{_YEAR})? ?(?:-|to) ?" + _MONTH + " ?" + _YEAR, _months),
        (_YEAR, _calendar_year),
    )
)
