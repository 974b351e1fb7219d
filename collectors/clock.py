"""The time of day, as a part that is passed in; the only caller of ``datetime.now``."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What tells the time. Every time in the program is aware UTC."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Give the present instant, aware, in UTC."""
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock that stands still until it is moved; for tests and simulations."""

    at: datetime

    def now(self) -> datetime:
        """Give the instant at which this clock stands."""
        return self.at

    def advance(self, by: timedelta) -> None:
        """Move the clock forward."""
        self.at += by


def epoch(moment: datetime) -> int:
    """Give an aware moment as whole seconds since 1970-01-01T00:00:00Z, as the store keeps it."""
    return int(moment.timestamp())


def from_epoch(seconds: float) -> datetime:
    """Give the aware UTC instant of ``seconds`` since 1970."""
    return EPOCH + timedelta(seconds=seconds)


def iso(moment: datetime) -> str:
    """Spell an aware instant the one way that observations use: ``2026-11-20T00:00:00+00:00``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


def spelt(moment: datetime) -> str:
    """Spell an instant (aware UTC) in a sentence: to the minute, where it is a whole one."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC".replace(":00 UTC", " UTC")


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
