"""Figures in what others keep: numbers as JSON and databases give them, also as text."""

import math
import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from collectors.values import Number

__all__ = ["number_of", "text_of"]

_WHOLE = re.compile(r"[-+]?[0-9]{1,100}")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?")
_NOT_FINITE = frozenset({"nan", "inf", "+inf", "-inf", "infinity", "+infinity", "-infinity"})


def number_of(value: Any, unknown: Collection[str] = ()) -> Number | None:
    """Give a figure as a number: true is 1; None where it is unknown, or no finite number.

    ``unknown`` holds texts that mean so. Raises ValueError, in words that follow the value, where
    it is something else.
    """
    match value:
        case None:
            return None
        case bool():
            return int(value)
        case int():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Decimal():
            return _exact(value)
        case str():
            return _written(value.strip(), unknown)
    raise ValueError("is no number")


def text_of(value: Any) -> str:
    """Give what tells figures apart as text; ValueError, in words that follow the value, else."""
    match value:
        case str():
            return value
        case bool():
            return str(value).lower()
        case int() | float() | Decimal():
            return str(value)
        case None:
            raise ValueError("is missing")
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    raise ValueError("is no text")


def _exact(value: Decimal) -> Number | None:
    if not value.is_finite():
        return None
    exponent = value.as_tuple().exponent
    return int(value) if isinstance(exponent, int) and exponent >= 0 else float(value)


def _written(text: str, unknown: Collection[str]) -> Number | None:
    if text in unknown or text.lower() in _NOT_FINITE:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    if not _NUMBER.fullmatch(text):
        raise ValueError("is no number")
    return number_of(float(text))
