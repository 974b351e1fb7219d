"""When a request may be made: limits, what is counted, and the time give yes or "not before".

Pure. A minute and an hour slide: each request counts for the whole span and a little longer, so
that the provider, whichever way it counts, never sees more than is allowed. A day ends when the
provider's does.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from collectors.api import Limits
from collectors.api.quotas import Resets
from collectors.clock import epoch, from_epoch, spelt
from collectors.values import counted

SPANS = {"minute": 60, "hour": 3600}
SLICES = 12
"""Into how many pieces a minute and an hour are counted."""
NEAR = 60
"""Seconds: what a provider gives back within them is waited for, and two ends that are no further
apart are the same one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Requests that count against a span until ``until``; ``live`` or ``other`` work made them."""

    until: int
    live: int
    other: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is left of a bucket by what replies said; ``most`` is the most since it was full."""

    key: str
    bucket: str
    remaining: int
    most: int
    each: int
    resets_at: int
    reported_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is counted of one key: requests under way, uses by span, and what was told."""

    live: int = 0
    other: int = 0
    uses: Mapping[str, Sequence[Use]] = field(default_factory=dict)
    told: Sequence[Told] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request may not be made now.

    ``until`` is when asking makes sense again, None where that is when another request ends;
    ``soon`` tells that it is worth waiting; ``never`` that it will always be too much.
    """

    key: str
    what: str
    until: int | None = None
    reserved: bool = False
    soon: bool = False
    never: bool = False

    def __str__(self) -> str:
        rest = "; the rest is reserved for live work" if self.reserved else ""
        if self.until is None:
            return f"the quota {self.key} is in use: {self.what}{rest}"
        when = spelt(from_epoch(self.until))
        return f"the quota {self.key} is spent until {when}: {self.what}{rest}"


def too_many(key: str, at_most: int, *, reserved: bool = False) -> Refusal:
    """Give the refusal where as many requests are under way as may be."""
    what = f"{counted(at_most, 'request')} may be under way at once"
    return Refusal(key=key, what=what, reserved=reserved, soon=True)


def refusal(
    key: str, limits: Limits, known: Known, *, live: bool, cost: int, now: int
) -> Refusal | None:
    """Give why a request may not be made now, for the longest; None where it may."""
    found = list(_refusals(key, limits, known, live=live, cost=cost, now=now))
    return max(found, key=lambda one: (one.never, not one.soon, one.until or 0), default=None)


def until(span: str, limits: Limits, now: int) -> int:
    """Give until when a request that is made now counts against ``span``."""
    if span == "day":
        return epoch((limits.resets or Resets()).after(from_epoch(now)))
    piece = SPANS[span] // SLICES
    return now - now % piece + SPANS[span] + 2 * piece


def corrected(before: Told | None, said: Told, unseen: int) -> Told:
    """Give what is left by a reply that did not know of ``unseen`` requests, or of some of them.

    What we have counted stands where the reply does not speak against it.
    """
    least = said.remaining - said.each * unseen
    if before is None or not _is_same(before, said):
        return replace(said, remaining=max(0, least))
    left = min(max(before.remaining, least), said.remaining)
    return replace(said, remaining=max(0, left), most=max(before.most, said.most))


def _is_same(before: Told, said: Told) -> bool:
    return before.resets_at > said.reported_at and said.resets_at <= before.resets_at + NEAR


def _refusals(
    key: str, limits: Limits, known: Known, *, live: bool, cost: int, now: int
) -> Iterator[Refusal]:
    if limits.concurrent is not None:
        room = _room(limits, limits.concurrent, known.live, known.other, live=live)
        if room < 1:
            reserved = known.live + known.other < limits.concurrent
            yield too_many(key, limits.concurrent, reserved=reserved)
    for span, limit in limits.windows.items():
        uses = [one for one in known.uses.get(span, ()) if one.until > now]
        if found := _spent(key, limits, span, limit, uses, live=live, cost=cost):
            yield found
    for one in known.told:
        if one.resets_at > now and (found := _used_up(limits, one, live=live, cost=cost, now=now)):
            yield found


def _room(limits: Limits, limit: int, by_live: int, by_others: int, *, live: bool) -> int:
    free = limit - by_live - by_others
    return free if live else min(free, limit - limits.reserved(limit) - by_others)


def _spent(
    key: str, limits: Limits, span: str, limit: int, uses: Sequence[Use], *, live: bool, cost: int
) -> Refusal | None:
    """Give when enough of what was asked in a span does not count any more."""
    by_live, by_others = sum(one.live for one in uses), sum(one.other for one in uses)
    if _room(limits, limit, by_live, by_others, live=live) >= cost:
        return None
    what = f"{counted(limit, 'request')} a {span} may be made"
    if _room(limits, limit, 0, 0, live=live) < cost:
        return Refusal(key=key, what=what, never=True)
    reserved = limit - by_live - by_others >= cost
    ends = 0
    for one in sorted(uses, key=lambda one: one.until):
        by_live, by_others, ends = by_live - one.live, by_others - one.other, one.until
        if _room(limits, limit, by_live, by_others, live=live) >= cost:
            break
    return Refusal(key=key, what=what, until=ends, reserved=reserved, soon=span == "minute")


def _used_up(limits: Limits, told: Told, *, live: bool, cost: int, now: int) -> Refusal | None:
    wanted = max(1, told.each * cost)
    left = told.remaining if live else told.remaining - limits.reserved(told.most)
    if left >= wanted:
        return None
    return Refusal(
        key=told.key,
        what=f"replies say that {told.remaining} are left{_of(told)}",
        until=told.resets_at,
        reserved=told.remaining >= wanted,
        soon=told.resets_at - now <= NEAR,
    )


def _of(told: Told) -> str:
    return f" of {told.bucket}" if told.bucket else ""
