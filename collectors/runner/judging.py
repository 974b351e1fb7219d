"""Whether a period came to what is expected of it, beside what is usual. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import inf
from statistics import median
from zoneinfo import ZoneInfo

from collectors.clock import epoch
from collectors.config.expectation import Expectation
from collectors.periods import Period, floor, shift
from collectors.store import Figure
from collectors.values import counted

COMPARED = 4
"""How many earlier periods one is compared with."""
ENOUGH = 3
"""So many of them must be known; with fewer, nothing is usual yet."""
_WEEK = timedelta(weeks=1)
_MOMENT = "%Y-%m-%d %H:%M"
_NAMES: Mapping[Period, str] = {
    Period.INSTANT: _MOMENT,
    Period.HOUR: _MOMENT,
    Period.DAY: "%Y-%m-%d",
    Period.WEEK: "the week from %Y-%m-%d",
    Period.MONTH: "%Y-%m",
    Period.QUARTER: "the quarter from %Y-%m",
    Period.YEAR: "%Y",
}
_LIKES: Mapping[Period, str] = {
    Period.HOUR: "on %As at %H:%M",
    Period.DAY: "on %As",
    Period.WEEK: "in the weeks before",
    Period.MONTH: "in the months before",
    Period.QUARTER: "in the quarters before",
    Period.YEAR: "in the years before",
}


def likes(start: datetime, period: Period, zone: ZoneInfo) -> list[datetime]:
    """Give the starts of the earlier periods that one is compared with, the latest first.

    Days and hours are compared with the same weekday (and hour, in the zone) of the weeks before,
    longer periods with those before them.
    """
    back = range(1, COMPARED + 1)
    if period is Period.DAY:
        return [shift(start, period, -7 * number, zone) for number in back]
    if period is Period.HOUR:
        local = start.astimezone(zone)
        return [floor((local - number * _WEEK).astimezone(UTC), period) for number in back]
    return [shift(start, period, -number, zone) for number in back]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """Holds the periods of a collector against what is expected, and against ``known`` ones."""

    expect: Expectation
    period: Period
    zone: ZoneInfo
    known: Mapping[int, Figure]

    def sentence(self, start: datetime, figure: Figure) -> str:
        """Say how a period differs from what is expected; empty if it does not."""
        name, least = self._local(start, _NAMES), self.expect.rows
        if least is not None and figure.rows < least:
            return f"{name}: {counted(figure.rows, 'observation')}, at least {least} expected"
        if not self.expect.compares:
            return ""
        told = "; ".join(self._differences(start, figure))
        return told and f"{name}: {told}"

    def _differences(self, start: datetime, figure: Figure) -> Iterator[str]:
        starts = map(epoch, likes(start, self.period, self.zone))
        before = [self.known[one] for one in starts if one in self.known]
        known = sorted({measure for one in (figure, *before) for measure in one.totals})
        wanted = known if self.expect.measures is None else self.expect.measures
        fallen = [(one, self._fall(start, one, figure, before)) for one in wanted if one in known]
        yield from (told for one, told in fallen if told and _total(figure, one))
        if gone := [told for one, told in fallen if told and not _total(figure, one)]:
            yield f"{'; '.join(gone)}: was something renamed at the source?"
        for one in set(wanted) - set(known) if figure.rows else ():
            there = ", ".join(known) or "none"
            yield f"no observation has the measure {one!r}; there are: {there}"

    def _fall(
        self, start: datetime, measure: str, figure: Figure, before: Sequence[Figure]
    ) -> str | None:
        now = _total(figure, measure)
        values = [one for one in (_total(old, measure) for old in before) if one is not None]
        if now is None or len(values) < ENOUGH:
            return None
        usual, most = median(values), inf if self.expect.fall is None else self.expect.fall
        too_far = usual > 0 and now < usual * (1 - most)
        usually = self._local(start, _LIKES)
        fell = f"{measure} fell to {_shown(now)} from a median of {_shown(usual)} {usually}"
        if now == 0 and (too_far or not (self.expect.zero or 0 in values)):
            return fell
        if too_far:
            return f"{fell}, by {1 - now / usual:.1%}, at most {most * 100:g}% expected"
        return None

    def _local(self, start: datetime, spelt: Mapping[Period, str]) -> str:
        return start.astimezone(self.zone).strftime(spelt[self.period])


def _total(figure: Figure, measure: str) -> float | None:
    """Give the total of a measure; what no observation speaks of came to nothing."""
    return figure.totals.get(measure, 0.0)


def _shown(value: float) -> str:
    whole = value.is_integer() or abs(value) >= 100
    return f"{value:,.0f}" if whole else f"{value:.3g}"
