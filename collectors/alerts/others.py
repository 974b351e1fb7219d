"""Problems that no collector's standing shows: broken files, a wrong clock."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta

from collectors.errors import Mistake
from collectors.http_client import HttpClient
from collectors.runner.collection import CLOCK_IS_WRONG
from collectors.store.incidents import Problem
from collectors.values import counted


def broken_files(mistakes: Iterable[Mistake]) -> list[Problem]:
    """Give one problem a file that is broken."""
    files = defaultdict[str, list[Mistake]](list)
    for one in mistakes:
        files[one.file].append(one)
    return [
        Problem(kind="configuration", subject=file, reason=_told(found))
        for file, found in files.items()
    ]


def wrong_clock(http: HttpClient) -> list[Problem]:
    """Give the problem of a clock that differs from the servers' by too much, if it does."""
    skew = timedelta(seconds=round(http.skew))
    if abs(skew) <= CLOCK_IS_WRONG:
        return []
    reason = f"it differs by {abs(skew)} from the servers': nothing is settled until it is right"
    return [Problem(kind="clock", subject="this machine's clock", reason=reason)]


def _told(mistakes: list[Mistake]) -> str:
    first = f"line {mistakes[0].line}: {mistakes[0].message}"
    more = len(mistakes) - 1
    return f"{first}; and {counted(more, 'more mistake')}" if more else first
