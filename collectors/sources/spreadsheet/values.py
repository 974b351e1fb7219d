"""The values of a query that only mean something if they are of a certain form."""

import re

from collectors.sources.spreadsheet.comma_separated import AUTO, DELIMITERS
from collectors.sources.spreadsheet.web import is_url

Texts = str | tuple[str, ...]
"""One text, or a list of them."""


def listed(texts: Texts | None) -> tuple[str, ...]:
    """Give one text, or none, as a list too."""
    if texts is None:
        return ()
    return (texts,) if isinstance(texts, str) else tuple(texts)


def is_file(name: str) -> str:
    """Give the name of a file, a pattern or a URL; ValueError where nobody could read it."""
    scheme, colon, rest = name.partition("://")
    if colon and not is_url(name):
        raise ValueError(f"write a file's name, or a URL with http:// or https://, not {scheme}://")
    if colon and "@" in re.split("[/?#]", rest)[0]:
        raise ValueError("a URL holds no user or password: give them as `credentials`")
    return name


def is_encoding(name: str) -> str:
    """Give the name of an encoding, or auto; ValueError where there is none of that name."""
    try:
        if name != AUTO:
            " ".encode(name)
    except LookupError as exc:
        raise ValueError(f"{name!r} is not an encoding: write auto, utf-8 or cp1252") from exc
    return name


def is_delimiter(text: str) -> str:
    """Give the character of a delimiter that may be named, or auto; ValueError for any other."""
    delimiter = DELIMITERS.get(text, text)
    if text != AUTO and (len(delimiter) != 1 or delimiter in '"\r\n'):
        names = ", ".join(DELIMITERS)
        raise ValueError(f"{text!r} is not a delimiter: write auto, {names}, or one character")
    return delimiter


def are_patterns(patterns: Texts | None) -> Texts | None:
    """Give patterns for the names of columns; ValueError where one cannot say the period."""
    for pattern in listed(patterns):
        try:
            groups = re.compile(pattern).groupindex.keys()
        except re.error as exc:
            raise ValueError(f"{pattern!r} is not a pattern: {exc}") from exc
        if "period" not in groups or groups - {"period", "measure"}:
            raise ValueError(f"{pattern!r} must have a group (?P<period>…), perhaps (?P<measure>…)")
    return patterns
