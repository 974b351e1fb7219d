"""What stands in a cell: text, or what a workbook knows it to be: a number, a date, a fault."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from collectors.api import Number
from collectors.sources.spreadsheet.numbers import LARGEST, UNKNOWN, read_number


@dataclass(frozen=True, slots=True)
class Fault:
    """A cell whose value nobody can tell: how it is ``shown``, and what is wrong with it."""

    shown: str
    problem: str


Cell = str | bool | int | float | date | Fault
"""A datetime is a date, and stands for its day; a cell without anything is the empty text."""


def text_of(cell: Cell) -> str:
    """Give a cell as text: as it is written, or as a CSV file would have it; a fault has none."""
    match cell:
        case str():
            return cell.strip()
        case bool():
            return str(cell).upper()
        case int() | float():
            return str(int(cell)) if cell == cell // 1 else format(Decimal(repr(cell)), "f")
        case date():
            return cell.isoformat().removesuffix("T00:00:00")
        case Fault():
            return ""


def number_of(cell: Cell, unknown: frozenset[str] = UNKNOWN) -> Number | None:
    """Give a cell as a number, None where nobody knows; ``unknown`` holds texts that say so.

    Raises ValueError, in words that follow the cell, where it is anything else.
    """
    match cell:
        case str():
            return read_number(cell, unknown)
        case Fault():
            raise ValueError(cell.problem)
        case bool() | date():
            raise ValueError("is not a number")
    if not abs(cell) <= LARGEST:
        raise ValueError("is too large a number")
    return None if text_of(cell) in unknown else cell


def label_of(cell: Cell) -> str | date:
    """Give a cell as the label of a period; ValueError where it is a fault."""
    match cell:
        case Fault():
            raise ValueError(cell.problem)
        case str() | date():
            return cell
        case _:
            return text_of(cell)


def shown(cell: Cell) -> str:
    """Give a cell as a message shows it."""
    if isinstance(cell, Fault):
        return cell.shown
    return repr(cell if isinstance(cell, str) else text_of(cell))
