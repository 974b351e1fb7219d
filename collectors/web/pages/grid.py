"""The cells of a calendar in rows and columns: months of days, years of weeks, months, quarters."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import dropwhile

from collectors.periods import Period
from collectors.standing.calendar import Calendar, Cell

_DAYS = tuple(str(day) for day in range(1, 32))
_WEEKS = tuple(str(week) for week in range(1, 54))
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_QUARTERS = ("Q1", "Q2", "Q3", "Q4")
_YEARS = tuple("0123456789")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of cells under its name; None where the calendar has none, such as 30 February."""

    name: str
    cells: Sequence[Cell | None]


@dataclass(frozen=True, slots=True)
class Grid:
    """Rows of as many cells as there are ``heads``; ``corner`` says what the heads are."""

    corner: str
    heads: Sequence[str]
    rows: Sequence[Row]


def grid(calendar: Calendar) -> Grid:
    """Lay out a calendar."""
    corner, heads = _heads(calendar.grain)
    rows: dict[str, list[Cell | None]] = {}
    for cell in calendar.cells:
        name, column = _position(cell.day, calendar.grain)
        rows.setdefault(name, [None] * len(heads))[column] = cell
    shown = dropwhile(_is_empty, (Row(name, cells) for name, cells in rows.items()))
    return Grid(corner, heads, list(shown))


def _is_empty(row: Row) -> bool:
    return all(cell is None or not cell.wanted for cell in row.cells)


def _heads(grain: Period) -> tuple[str, Sequence[str]]:
    match grain:
        case Period.WEEK:
            return "Week", _WEEKS
        case Period.MONTH:
            return "Month", _MONTHS
        case Period.QUARTER:
            return "Quarter", _QUARTERS
        case Period.YEAR:
            return "Year", _YEARS
    return "Day", _DAYS


def _position(day: date, grain: Period) -> tuple[str, int]:
    """Give the row of a cell, and its column in it."""
    match grain:
        case Period.WEEK:
            year, week, _ = day.isocalendar()
            return str(year), week - 1
        case Period.MONTH:
            return str(day.year), day.month - 1
        case Period.QUARTER:
            return str(day.year), (day.month - 1) // 3
        case Period.YEAR:
            return f"{day.year // 10}0s", day.year % 10
    return f"{_MONTHS[day.month - 1]} {day.year}", day.day - 1
