"""What a provider lets us ask: limits, by the keys that sources name, and how they are kept.

A key names what the provider counts, from the general to the special: ``pingdom:<credential>``,
``google:<project>``, ``google:property:<number>``. A request may count against several.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

__all__ = ["Asked", "Limits", "Quota", "Resets", "is_named", "laid_over"]

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Resets:
    """When a provider's day begins: ``00:00 America/Los_Angeles``."""

    at: time = time(0)
    zone: ZoneInfo = ZoneInfo("UTC")  # noqa: RUF009 - it has no state

    @classmethod
    def parse(cls, text: str) -> "Resets":
        """Read ``00:00 America/Los_Angeles``; raises ValueError or KeyError."""
        at, zone = text.split(maxsplit=1)
        return cls(datetime.strptime(at, "%H:%M").time(), ZoneInfo(zone))  # noqa: DTZ007 - a time of day

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.zone.key}"

    def after(self, now: datetime) -> datetime:
        """Give when the day that ``now`` is in ends, in UTC."""
        day = now.astimezone(self.zone).date()
        end = datetime.combine(day, self.at, self.zone)
        if end <= now:
            end = datetime.combine(day + _DAY, self.at, self.zone)
        return end.astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What may be asked of one key; None is not limited, or not said.

    ``concurrent`` requests are under way at once. ``reserve_for_live`` is the share of everything
    that only live work and what somebody asks for by hand may use. ``reported`` tells that replies
    say what is left of it.
    """

    concurrent: int | None = None
    per_minute: int | None = None
    per_hour: int | None = None
    per_day: int | None = None
    resets: Resets | None = None
    reserve_for_live: float | None = None
    reported: bool | None = None

    @property
    def counted(self) -> bool:
        """Whether there is anything to keep count of."""
        return bool(self.reported or self.concurrent or self.windows)

    @property
    def windows(self) -> Mapping[str, int]:
        """What may be asked in a ``minute``, an ``hour`` and a ``day``, where that is limited."""
        found = {"minute": self.per_minute, "hour": self.per_hour, "day": self.per_day}
        return {span: limit for span, limit in found.items() if limit is not None}

    def reserved(self, whole: int) -> int:
        """Give how much of ``whole`` is for live work only."""
        return int(whole * (self.reserve_for_live or 0))

    def said(self) -> dict[str, Any]:
        """Give what is said, by name, as JSON takes it."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        found = {name: value for name, value in values.items() if value is not None}
        return found | ({"resets": str(self.resets)} if self.resets else {})

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> "Limits":
        """Give the limits of what ``said()`` gave."""
        resets = said.get("resets")
        return cls(**{**said, "resets": Resets.parse(resets) if resets else None})


def is_named(name: str, key: str) -> bool:
    """Tell whether ``name`` is ``key``, or its beginning: whole words between colons."""
    return key == name or key.startswith(f"{name}:")


def laid_over(key: str, brought: Limits, named: Mapping[str, Limits]) -> Limits:
    """Give the limits of ``key``: those its source has brought, under what is said by name.

    What a longer name says is laid over what a shorter one does.
    """
    for name in sorted((one for one in named if is_named(one, key)), key=len):
        over = named[name]
        values = {field.name: getattr(over, field.name) for field in fields(over)}
        said = {field: value for field, value in values.items() if value is not None}
        brought = replace(brought, **said)
    return brought


class Asked(Protocol):
    """One request that is under way."""

    def report(
        self, key: str, remaining: int, resets_at: datetime, bucket: str = "", each: int = 1
    ) -> None:
        """Keep what its reply says; see ``Quota.report``. It is written when the request ends."""
        ...


class Quota(Protocol):
    """What may be asked of providers, shared by every collector on this store."""

    def request(
        self, keys: str | Mapping[str, Limits], cost: int = 1
    ) -> AbstractContextManager[Asked]:
        """Count one request against ``keys``, and hold it as under way while the body runs.

        ``keys`` maps each to the limits that the source knows of; what the configuration says of
        them is laid over that. Waits where that helps soon. Raises QuotaSpent where it does not,
        Refused where ``cost`` is more than may ever be asked.
        """
        ...

    def report(
        self, key: str, remaining: int, resets_at: datetime, bucket: str = "", each: int = 1
    ) -> None:
        """Remember what a reply said is left of ``key`` until ``resets_at`` (aware UTC).

        ``bucket`` names what is counted where the provider counts several things; ``each`` is what
        one request takes of it, 0 where only replies can tell.
        """
        ...
