"""Whoever watches a simulated time, and knows the calendar by other means than the planner.

He is told what is asked and what arrives, and says at once what should not be: a period that is
asked for before it has ended, once it is settled, sooner than a revisit allows or more often than
failures explain; an older figure that arrives after a newer one. At the end he counts what lacks.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from enum import Enum, auto
from functools import lru_cache
from zoneinfo import ZoneInfo

from collectors.config.model import Collector
from collectors.intervals import Interval
from collectors.periods import Period
from tests.reliability.weather import ACCOUNTS, DAY, HOUR, MINUTE, Weather

SOONEST = 22 * HOUR
"""A provisional period is asked for once a day; daily ticks may be that near to one another."""
FIRST_RETRIES = 7
"""In the first hour of an outage waits double from a minute on."""
LATER_RETRIES = 45 * MINUTE
"""After that they are never shorter."""
_NUMBER = {Period.HOUR: HOUR, Period.INSTANT: 2 * HOUR}


class Why(Enum):
    """Why a collector was planned."""

    TICK = auto()
    LOOK = auto()
    START = auto()


@dataclass(frozen=True, slots=True)
class Ask:
    """A window that was asked for, at a moment in seconds since 1970."""

    collector: str
    window: Interval
    at: int
    why: Why


@dataclass(slots=True)
class _Period:
    """A period that is not settled, or not delivered. ``arrived`` is what the sink holds of it."""

    first: int
    successes: int = 0
    failures: int = 0
    looks_in_vain: int = 0
    succeeded: int | None = None
    settled: bool = False
    arrived: int | None = None


@dataclass(slots=True)
class _Docket:
    """What is known of one collector: periods that are closed, by number, and those that are not."""

    number: int
    period: Period
    zone: ZoneInfo
    settle: int
    first: int
    tick: int | None = None
    closed: bytearray = field(default_factory=bytearray)
    open: dict[int, _Period] = field(default_factory=dict)

    def numbers(self, window: Interval) -> range:
        """Give the numbers of the periods of a window, which must be whole."""
        numbers = range(
            number_of(self.period, self.zone, window[0]),
            number_of(self.period, self.zone, window[1]),
        )
        assert (self.starts(numbers.start), self.starts(numbers.stop)) == window
        return numbers

    def starts(self, number: int) -> int:
        """Give when a period starts."""
        return start_of(self.period, self.zone, number)

    def close(self, number: int) -> None:
        """Note that a period is settled and delivered."""
        del self.open[number]
        place = number - self.first
        if place >= len(self.closed):
            self.closed.extend(bytes(place + 1 - len(self.closed)))
        self.closed[place] = 1

    def is_closed(self, number: int) -> bool:
        """Tell whether a period was settled and delivered."""
        place = number - self.first
        return 0 <= place < len(self.closed) and self.closed[place] == 1


@dataclass
class Seen:
    """What was seen, in numbers."""

    settled: int = 0
    asks: int = 0
    failures: int = 0
    unheard: int = 0
    most: int = 0

    def __add__(self, other: "Seen") -> "Seen":
        return Seen(
            self.settled + other.settled,
            self.asks + other.asks,
            self.failures + other.failures,
            self.unheard + other.unheard,
            max(self.most, other.most),
        )

    def __str__(self) -> str:
        return (
            f"{self.settled:,} periods settled and delivered, {self.asks:,} windows asked for, "
            f"{self.failures:,} in vain; {self.unheard:,} ticks unheard; one period was asked for "
            f"{self.most} times at most"
        )


class Witness:
    """Watches the collectors from ``start`` on; AssertionError where something should not be."""

    def __init__(
        self, collectors: Mapping[str, Collector], weather: Weather, start: datetime
    ) -> None:
        self._weather = weather
        self._began = int(start.timestamp())
        self._dockets = {name: self._docket(one) for name, one in collectors.items()}
        self.seen = Seen()

    def ticked(self, names: Iterable[str], at: int, *, heard: bool) -> None:
        """Take note of a tick, the next of these: one a local day, one an hour."""
        for name in names:
            docket = self._dockets[name]
            number = number_of(docket.period, docket.zone, at)
            expected = number if docket.tick is None else docket.tick + 1
            assert number == expected, f"{name}: a tick at {at} was not its next one"
            docket.tick = number
            self.seen.unheard += not heard

    def asked(self, ask: Ask, *, went_well: bool) -> None:
        """Take note of a window that was asked for."""
        docket = self._dockets[ask.collector]
        self.seen.asks += 1
        if not went_well:
            self._check_failure(docket, ask)
        for number in docket.numbers(ask.window):
            assert not docket.is_closed(number), f"{ask}: {number} is settled and delivered"
            period = docket.open.setdefault(number, _Period(first=ask.at))
            self._check_ask(docket, period, number, ask)
            if went_well:
                self._note_success(docket, period, number, ask)
            else:
                period.failures += 1
                period.looks_in_vain += ask.why is Why.LOOK
            self._check_count(docket, period, ask)

    def arrived(self, name: str, number: int, began: int) -> None:
        """Take note of a figure that arrived, read by a run that ``began`` then."""
        docket = self._dockets[name]
        assert not docket.is_closed(number), f"{name}: {number} arrived once more"
        period = docket.open[number]
        assert period.arrived is None or period.arrived < began, f"{name}: {number} out of order"
        period.arrived = began
        self._close_if_over(docket, period, number)

    def number(self, name: str, start: int) -> int:
        """Give the number of the period of a collector that starts then."""
        docket = self._dockets[name]
        return number_of(docket.period, docket.zone, start)

    def conclude(self, until: datetime) -> None:
        """Demand that whatever ended by then is settled and delivered, and no more is under way."""
        end = int(until.timestamp())
        for name, docket in self._dockets.items():
            last = number_of(docket.period, docket.zone, end)
            lacking = [one for one in range(docket.first, last) if not docket.is_closed(one)]
            if docket.period is Period.INSTANT:
                lacking = [one for one in lacking if not self._is_excused(docket, one)]
            assert not lacking, f"{name}: {lacking}"
            left = {one: it for one, it in docket.open.items() if one < last}
            assert not left or docket.period is Period.INSTANT, f"{name}: {left}"

    def _docket(self, collector: Collector) -> _Docket:
        period, zone = collector.period, collector.zone
        first = number_of(period, zone, self._began) - (period is not Period.INSTANT)
        if collector.since is not None:
            first = collector.since.toordinal()
        return _Docket(
            number=collector.source.number,
            period=period,
            zone=zone,
            settle=int(collector.settle.total_seconds()),
            first=first,
        )

    def _check_failure(self, docket: _Docket, ask: Ask) -> None:
        self.seen.failures += 1
        weather = self._weather
        explained = weather.fails(docket.number, ask.at) or weather.dies(docket.number, ask.at)
        assert explained, f"{ask} failed, and nothing was down"

    def _check_ask(self, docket: _Docket, period: _Period, number: int, ask: Ask) -> None:
        ends = docket.starts(number + 1)
        assert period.succeeded != ask.at, f"{ask}: {number} was asked for twice at once"
        if docket.period is Period.INSTANT:
            assert docket.starts(number) <= ask.at < ends, f"{ask} was not then"
            return
        assert ask.at >= ends, f"{ask}: {number} has not ended"
        assert not period.settled, f"{ask}: {number} is settled"
        if period.succeeded is not None and ask.at < ends + docket.settle:
            assert ask.at >= period.succeeded + SOONEST, f"{ask}: {number} was just asked for"

    def _note_success(self, docket: _Docket, period: _Period, number: int, ask: Ask) -> None:
        period.successes += 1
        period.succeeded = ask.at
        is_instant = docket.period is Period.INSTANT
        period.settled = is_instant or ask.at >= docket.starts(number + 1) + docket.settle
        self._close_if_over(docket, period, number)

    def _check_count(self, docket: _Docket, period: _Period, ask: Ask) -> None:
        """Hold how often a period was asked for against what revisits and failures explain."""
        asks = period.successes + period.failures
        self.seen.most = max(self.seen.most, asks)
        assert period.successes <= 1 + -(-docket.settle // SOONEST), f"{ask}: {period}"
        if not period.looks_in_vain:
            return
        outages = self._weather.accounts[docket.number % ACCOUNTS].during(period.first, ask.at)
        allowed = sum(FIRST_RETRIES + (end - start) // LATER_RETRIES + 1 for start, end in outages)
        starts = len(self._weather.daemon.during(period.first, ask.at))
        glitches = 1 + (ask.at - period.first) // (2 * DAY)
        most = allowed + FIRST_RETRIES * starts + glitches
        assert period.looks_in_vain <= most, f"{ask}: {period}, {most} explained"

    def _close_if_over(self, docket: _Docket, period: _Period, number: int) -> None:
        if period.settled and period.arrived == period.succeeded:
            self.seen.settled += 1
            docket.close(number)

    def _is_excused(self, docket: _Docket, number: int) -> bool:
        """Tell whether an instant could not be seen: nobody was awake, or the source was down."""
        at = docket.starts(number)
        weather = self._weather
        return (
            weather.daemon.down_at(at)
            or weather.fails(docket.number, at)
            or weather.dies(docket.number, at)
        )


def number_of(period: Period, zone: ZoneInfo, at: int) -> int:
    """Give the number of the period that a moment lies in: of hours since 1970, or of days."""
    if period in _NUMBER:
        return at // _NUMBER[period]
    day = _day(zone, at)
    return day if period is Period.DAY else (day - 1) // 7


@lru_cache(maxsize=65536)
def _day(zone: ZoneInfo, at: int) -> int:
    return datetime.fromtimestamp(at, UTC).astimezone(zone).toordinal()


@lru_cache(maxsize=65536)
def _midnight(zone: ZoneInfo, day: int) -> int:
    return int(datetime.combine(date.fromordinal(day), time(), zone).timestamp())


def start_of(period: Period, zone: ZoneInfo, number: int) -> int:
    """Give when the period of that number starts."""
    if period in _NUMBER:
        return number * _NUMBER[period]
    return _midnight(zone, number if period is Period.DAY else number * 7 + 1)
