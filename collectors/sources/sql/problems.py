"""What a database says against a query, in our words."""

import re
from typing import Any

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from collectors.api import CollectorError, Refused, Unavailable

_LINE = re.compile(r"\nLINE (\d+): (.*)\n( *)\^", re.DOTALL)
_NAMED = re.compile(r'(?:near "|no such \w+: )([^"\n]+)')
_WORD = re.compile(r"\w+|\S")
_LOGIN = re.compile(
    r"authentication failed|no password supplied|role .* does not exist|Access denied"
)
_READS_ONLY = re.compile(r"read-?only|data-modifying", re.IGNORECASE)
_TOO_SLOW = frozenset({"interrupted", "57014"})
_PASSING = ("08", "40", "53", "57P", "58")
"""Classes of SQLSTATE that pass: connection, rollback, resources, shutdown, the system."""
_OUT_OF_REACH = (
    *("connection failed", "failed to resolve", "connection timeout", "timeout expired"),
    *("unable to open", "database is locked", "Can't connect", "server closed the connection"),
)


def explained(exc: SQLAlchemyError, what: str, query: str, timeout: float) -> CollectorError:
    """Give our error for one of SQLAlchemy's; ``what`` names the database."""
    cause = exc.orig if isinstance(exc, DBAPIError) and exc.orig is not None else exc
    state = str(getattr(cause, "sqlstate", None) or "")
    said = _first_line(cause)
    if said in _TOO_SLOW or state in _TOO_SLOW:
        return Unavailable(
            f"{what}: the query took longer than {timeout:g} s; make it quicker (an index on its "
            "time?), ask for less, or raise `timeout`",
            timed_out=True,
        )
    if _LOGIN.search(said) or state.startswith("28"):
        return Refused(f"{what} does not let us in: {said}; correct the `url` of the credential")
    if state.startswith(_PASSING) or any(sign in said for sign in _OUT_OF_REACH):
        return _unreachable(what, said)
    if _READS_ONLY.search(said):
        return Refused(f"{what}: {said}; a query may only read")
    return Refused(f"{what}: {_placed(cause, said, query)}")


def _unreachable(what: str, said: str) -> CollectorError:
    if "does not exist" in said:
        return Refused(f"{what}: {said}; correct the `url` of the credential")
    return Unavailable(f"{what} cannot be reached: {said}")


def _first_line(cause: BaseException) -> str:
    diag: Any = getattr(cause, "diag", None)
    text = getattr(diag, "message_primary", None) or str(cause)
    lines = str(text).strip().splitlines()
    return lines[0] if lines else type(cause).__name__


def _placed(cause: BaseException, said: str, query: str) -> str:
    lines = query.splitlines()
    if match := _LINE.search(str(cause)):
        number = int(match[1])
        token = _WORD.match(match[2], len(match[3]) - len(f"LINE {match[1]}: "))
        if not 1 <= number <= len(lines):
            return said
        column = _column(lines[number - 1], token[0]) if token else None
        where = f", column {column}" if column else ""
        return f"{said} (line {number}{where} of the query)"
    if match := _NAMED.search(said):
        for number, line in enumerate(lines, start=1):
            if column := _column(line, match[1]):
                return f"{said} (line {number}, column {column} of the query)"
    return said


def _column(line: str, token: str) -> int | None:
    match = re.search(rf"(?<!\w){re.escape(token)}(?!\w)", line)
    return match.start() + 1 if match else None
