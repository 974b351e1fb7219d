"""What a model's errors are called in messages to people."""

from pydantic_core import ErrorDetails, ValidationError

_TEXT, _LIST, _TABLE = "a text", "a list", "a mapping (key: value)"
_NUMBER, _TRUTH = "a number", "true or false"
_DAY, _MOMENT = "a day like 2014-04-01", "a time like 2014-04-01T16:30:00"

_EXPECTED = {
    "int": "a whole number",
    "float": _NUMBER,
    "decimal": _NUMBER,
    "finite": _NUMBER,
    "bool": _TRUTH,
    "string_type": _TEXT,
    "schedule_type": "a text like 'daily at 06:30'",
    "string_sub": _TEXT,
    "string_unicode": "a text without broken characters",
    "list": _LIST,
    "tuple": _LIST,
    "set": _LIST,
    "frozen_set": _LIST,
    "dict": _TABLE,
    "mapping": _TABLE,
    "model": _TABLE,
    "dataclass": _TABLE,
    "date_": _DAY,
    "datetime": _MOMENT,
    "time_delta": "a duration",
    "time_": "a time of day like 16:30",
    "zoneinfo": "a time zone like Europe/London",
}
_BY_CONTEXT = {
    "enum": "{expected}",
    "literal_error": "{expected}",
    "either": "{wanted}",
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "union_tag_invalid": "one of {expected_tags} in {discriminator}",
}


def expected(error: ErrorDetails) -> str | None:
    """Name what a model wanted: ``a whole number``; None where the error says it all by itself."""
    kind = error["type"]
    if kind in _BY_CONTEXT:
        return _BY_CONTEXT[kind].format(**error.get("ctx", {}))
    if kind.endswith(("too_short", "too_long")):
        return None
    return next((phrase for start, phrase in _EXPECTED.items() if kind.startswith(start)), None)


def sentence(error: ErrorDetails) -> str:
    """Give what an error says by itself, as it follows the name of the value."""
    context = error.get("ctx", {})
    if error["type"] == "string_pattern_mismatch":
        return f" must match {context['pattern']}"
    if error["type"] in ("value_error", "assertion_error"):
        return f": {_said(context['error'])}"
    message = error["msg"].replace("should", "must").removeprefix("Input ")
    return f" {message[:1].lower()}{message[1:]}"


def _said(error: Exception) -> str:
    if isinstance(error, ValidationError):
        inner = error.errors(include_url=False, include_input=False)
        return "; ".join(one["msg"].removeprefix("Value error, ") for one in inner)
    return str(error)
