"""Numbers as people write them in cells: ``6,400,000``, ``£1.23``, ``12%``, ``(5)``."""

import re
from decimal import Decimal

from collectors.api import Number

UNKNOWN = frozenset(
    {"", "-", "\u2013", "\u2014", "..", "\u2026", "n/a", "na", "[not provided]", "not provided"}
)
"""Cells (in lower case) that say: nobody knows. ``0`` says something else."""

_NUMBER = re.compile(
    r"(?P<sign>[-+]?)(?:[£$€] ?)?(?P<minus>-?)"
    r"(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,3}(?: [0-9]{3})+|[0-9]*)"
    r"(?P<fraction>\.[0-9]+)?(?P<power>e[-+]?[0-9]{1,2})?"
    r" ?(?P<percent>%?)"
)
LARGEST = 10**18
"""Beyond this a figure is a mistake."""


def read_number(text: str, unknown: frozenset[str] = UNKNOWN) -> Number | None:
    """Read one cell: an int where it is written as one, else a float; None where it is unknown.

    ``unknown`` holds, in lower case, the texts that mean so. Per cents are divided by hundred.
    Raises ValueError where the cell is anything else, or beyond 10**18.
    """
    if text.isascii() and text.isdigit() and len(text) < 18:
        return int(text)
    cell = " ".join(text.split()).lower().replace("\u2212", "-")
    if cell in unknown:
        return None
    bracketed = cell.startswith("(") and cell.endswith(")")
    match = _NUMBER.fullmatch(cell[1:-1].strip() if bracketed else cell)
    if match is None or not (match["whole"] or match["fraction"]):
        raise ValueError("is not a number")
    if bool(match["sign"]) + bool(match["minus"]) + bracketed > 1:
        raise ValueError("is not a number: it has more than one sign")
    value = _value(match)
    return -value if bracketed or "-" in (match["sign"], match["minus"]) else value


def _value(match: re.Match[str]) -> Number:
    digits = match["whole"].replace(",", "").replace(" ", "")
    exact = Decimal((digits or "0") + (match["fraction"] or "") + (match["power"] or ""))
    if exact > LARGEST:
        raise ValueError("is too large a number")
    if match["percent"]:
        return float(exact / 100)
    if match["fraction"] or match["power"]:
        return float(exact)
    return int(exact)
