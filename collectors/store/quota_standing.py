"""How each key stands, for people, metrics and estimates."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.engine import Connection

from collectors.api import Limits
from collectors.store import quota_slots, quotas
from collectors.store.quota_rules import SPANS, Told, Use, until

_SECONDS = {**SPANS, "day": 86400}
"""How long a budget of that name lasts; nobody knows how long others do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One thing that is counted of a key: a ``minute``, ``hour`` or ``day``, or a bucket.

    A bucket is what replies tell of, under the provider's name for it; ``limit`` is then the most
    that was left since it was full. ``reserved`` is how much of ``limit`` is for live work only;
    ``resets_at``, in seconds since 1970, is when more may be asked, None where nothing was yet.
    """

    name: str
    limit: int
    used: int
    left: int
    reserved: int
    resets_at: int | None
    reported: bool

    @property
    def left_for_others(self) -> int:
        """What is left of it for work that is not live."""
        return max(0, self.left - self.reserved)

    def spread(self, requests: int) -> int:
        """Give over how many seconds it spreads so many requests of such work, at least."""
        beyond = max(0, requests - self.left_for_others)
        turns = math.ceil(beyond / max(1, self.limit - self.reserved))
        return turns * _SECONDS.get(self.name, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaStanding:
    """One key: its limits, how many of its requests are under way, and what is left of it."""

    key: str
    limits: Limits
    under_way: int
    budgets: tuple[Budget, ...]

    def spread(self, requests: int) -> int:
        """Give over how many seconds it spreads so many requests that are not live, at least."""
        return max((one.spread(requests) for one in self.budgets), default=0)


def standing(connection: Connection, known: Mapping[str, Limits], now: int) -> list[QuotaStanding]:
    """Give how each key stands that was ever asked, or is ``known`` to have limits, by name."""
    limits = {**quotas.limits_of(connection), **known}
    under_way = quota_slots.counts(connection, now)
    used = quotas.used(connection)
    told = quotas.told(connection)
    return [
        QuotaStanding(
            key=key,
            limits=limits.get(key, Limits()),
            under_way=under_way.get(key, 0),
            budgets=tuple(
                _budgets(limits.get(key, Limits()), used.get(key, {}), told.get(key, ()), now)
            ),
        )
        for key in sorted({*limits, *told})
    ]


def _budgets(
    limits: Limits, used: Mapping[str, Sequence[Use]], told: Sequence[Told], now: int
) -> Iterator[Budget]:
    for span, limit in limits.windows.items():
        uses = [one for one in used.get(span, ()) if one.until > now]
        count = sum(one.live + one.other for one in uses)
        ends = [until(span, limits, now)] if span == "day" else [one.until for one in uses]
        yield Budget(
            name=span,
            limit=limit,
            used=count,
            left=max(0, limit - count),
            reserved=limits.reserved(limit),
            resets_at=min(ends, default=None),
            reported=False,
        )
    for one in told:
        if one.resets_at > now:
            yield Budget(
                name=one.bucket,
                limit=one.most,
                used=one.most - one.remaining,
                left=one.remaining,
                reserved=limits.reserved(one.most),
                resets_at=one.resets_at,
                reported=True,
            )
