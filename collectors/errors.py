"""Every error of ours, named by what the caller does next.

::

    CollectorError
    ├── ConfigError      fix it: a file is wrong (exit 2); carries every mistake found
    ├── NotYet           ask again later: the source has not published this period
    ├── Unavailable      try again: timeout, connection, 429, 5xx; carries ``retry_after``
    ├── Refused          stop and tell: the far side says no, and will say no again
    ├── QuotaSpent       park until ``resets_at``
    ├── Unexpected       stop and tell: the reply is not what we know; keeps a scrubbed ``sample``
    └── StoreError       nothing was recorded: the disk or the database failed
        └── LeaseLost    drop the work: another process has taken it over

A single bad observation is not an exception: it is an entry in ``Receipt.rejected``.
Foreign exceptions are translated once, at the border, always with ``raise … from``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

SAMPLE_LENGTH = 500


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """One thing that is wrong in one file; ``str()`` gives ``file:line:column: message``."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


class CollectorError(Exception):
    """The root of the tree: an error with a sentence that an operator can act on."""


class ConfigError(CollectorError):
    """The configuration is wrong; ``mistakes`` lists all of it, in file order."""

    def __init__(self, message: str, mistakes: Sequence[Mistake] = ()) -> None:
        super().__init__(message)
        self.mistakes = tuple(mistakes)


class NotYet(CollectorError):
    """The source has published nothing for this window so far; it stays due with this reason."""


class Unavailable(CollectorError):
    """A passing failure.

    ``retry_after`` is in seconds where the far side named a time; ``status`` is the HTTP status
    where there was an answer at all; ``timed_out`` tells that none came in time.
    """

    def __init__(
        self,
        message: str,
        retry_after: float | None = None,
        status: int | None = None,
        *,
        timed_out: bool = False,
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status
        self.timed_out = timed_out


class Refused(CollectorError):
    """A lasting failure: credentials, permission, an unknown check or file.

    ``status`` is the HTTP status where that is what says so.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class QuotaSpent(CollectorError):
    """The budget is used up; ``resets_at`` (aware UTC) is when asking makes sense again."""

    def __init__(self, message: str, resets_at: datetime) -> None:
        super().__init__(message)
        self.resets_at = resets_at


class Unexpected(CollectorError):
    """A reply that no rule knows. ``sample`` is its scrubbed beginning, for whoever looks."""

    def __init__(self, message: str, sample: str = "") -> None:
        super().__init__(message)
        self.sample = sample[:SAMPLE_LENGTH]


class StoreError(CollectorError):
    """The store could not read or write; what it was asked to do has not happened."""


class LeaseLost(StoreError):
    """The lease on a run or lane has passed to another process; leave the work to it."""
