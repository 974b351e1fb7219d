"""What one probe saw, as it is kept until the hour is over."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


class Down(Exception):
    """The target is not as it should be, and why."""


class Unseen(Exception):
    """This machine could not, or may not, look at the target, and why."""


class Seen(BaseModel):
    """What one probe saw; ``up`` is None where it could not look, and ``reason`` says why not up.

    ``connect`` and ``total`` are milliseconds; ``expires`` is when the TLS certificate does, in
    seconds since 1970; ``each`` is what was seen over which version of IP, where both were asked.
    """

    model_config = ConfigDict(frozen=True)

    up: bool | None
    reason: str = ""
    status: int | None = None
    connect: int | None = None
    total: int | None = None
    expires: int | None = None
    each: Mapping[str, "Seen"] = {}

    def kept(self) -> dict[str, Any]:
        """Give it as JSON takes it, without what is not known."""
        return self.model_dump(exclude_defaults=True)

    def told(self) -> str:
        """Say it in a sentence."""
        if self.each:
            return "; ".join(f"over IPv{family} {one.told()}" for family, one in self.each.items())
        known = {
            "answered {}": self.status if self.up else None,
            "connected in {} ms": self.connect,
            "done in {} ms": self.total,
            "certificate until {}": self.expires and f"{_moment(self.expires):%Y-%m-%d}",
        }
        said = [text.format(value) for text, value in known.items() if value is not None]
        state = {True: "up", False: "down", None: "not seen"}[self.up]
        return ", ".join([f"{state}: {self.reason}" if self.reason else state, *said])


def together(each: Mapping[str, Seen]) -> Seen:
    """Give what was seen over several versions of IP as one: up only where each is, and as slow."""
    seen = list(each.values())
    worst = min(seen, key=lambda one: (False, None, True).index(one.up))
    reasons = [f"over IPv{family} {one.reason}" for family, one in each.items() if one.reason]
    return Seen(
        up=worst.up,
        reason="; ".join(reasons),
        status=worst.status,
        connect=_slowest(one.connect for one in seen),
        total=_slowest(one.total for one in seen),
        expires=min((one.expires for one in seen if one.expires is not None), default=None),
        each=each,
    )


def _slowest(times: Iterable[int | None]) -> int | None:
    return max((time for time in times if time is not None), default=None)


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
