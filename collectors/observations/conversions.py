"""What the step ``convert`` makes of a value; each raises ValueError for what it cannot read."""

import re
from collections.abc import Callable, Mapping

from collectors.values import Number, Scalar

_INTEGER = re.compile(r"\s*[+-]?\d+\s*", re.ASCII)
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}

Conversion = Callable[[Scalar, Number | None], Scalar]
"""Takes a known value and a factor, and gives the value in another type."""


def _to_number(value: Scalar, factor: Number | None) -> Number:
    number = _number(value)
    return number if factor is None else number * factor


def _to_integer(value: Scalar, factor: Number | None) -> int:
    return round(_to_number(value, factor))


def _to_text(value: Scalar, _: Number | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _to_boolean(value: Scalar, _: Number | None) -> bool:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    try:
        return _TRUTH[str(value).strip().lower()]
    except KeyError as exc:
        raise ValueError(f"{value!r} is neither true nor false") from exc


def _number(value: Scalar) -> Number:
    if isinstance(value, int | float):
        return int(value) if isinstance(value, bool) else value
    text = str(value)
    return int(text) if _INTEGER.fullmatch(text) else float(text)


CONVERSIONS: Mapping[str, Conversion] = {
    "number": _to_number,
    "integer": _to_integer,
    "text": _to_text,
    "boolean": _to_boolean,
}
