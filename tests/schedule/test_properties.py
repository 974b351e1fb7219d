"""What is due, over random coverage and clocks, against a model that looks at every period."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby, pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from collectors.clock import epoch, from_epoch
from collectors.periods import Period, Window, beginning, count, floor, periods_of, preceding
from collectors.schedule import (
    PRIORITY,
    Collected,
    Due,
    Kind,
    Terms,
    due,
    is_settled,
    unreachable,
    windows_between,
)

START = datetime(2018, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
LENGTH = {
    Period.HOUR: timedelta(hours=1),
    Period.DAY: DAY,
    Period.WEEK: 7 * DAY,
    Period.MONTH: 31 * DAY,
    Period.QUARTER: 92 * DAY,
    Period.YEAR: 366 * DAY,
}
ZONES = [
    "UTC",
    "Europe/London",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Havana",
]

Ledger = dict[Window, tuple[datetime, bool]]
"""The model of coverage: each period that was collected, when, and whether that settled it."""


@st.composite
def terms_of(draw: st.DrawFn) -> Terms:
    period = draw(st.sampled_from(list(LENGTH)))
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    length = LENGTH[period]
    since = draw(st.dates(date(2018, 1, 1), date(2018, 12, 31)))
    return Terms(
        period=period,
        zone=zone,
        since=since if draw(st.booleans()) else None,
        origin=floor(beginning(since, zone), period, zone),
        settle=draw(st.integers(0, 6)) * length / 2,
        max_span=draw(st.none() | st.integers(1, 5).map(lambda count: count * length)),
        revisit=draw(st.sampled_from([length, 2 * length, 4 * DAY])),
        limit=draw(st.none() | st.integers(1, 6)),
    )


def first_of(terms: Terms) -> datetime:
    assert terms.origin is not None
    return terms.origin


def coverage_of(ledger: Ledger) -> list[Collected]:
    """As the store keeps it: neighbours that are alike are one stretch; settled ones are alike."""
    known = [
        Collected(window, settled, START if settled else at)
        for window, (at, settled) in sorted(ledger.items())
    ]
    runs: list[Collected] = []
    for one in known:
        last = runs[-1] if runs else None
        if last and (last.settled, last.collected_at, last.window.end) == (
            one.settled,
            one.collected_at,
            one.window.start,
        ):
            window = Window(last.window.start, one.window.end)
            runs[-1] = Collected(window, one.settled, one.collected_at)
        else:
            runs.append(one)
    return runs


def cut(terms: Terms, found: Iterable[Due]) -> list[Window]:
    return [tile for one in found for tile in periods_of(one.window, terms.period, terms.zone)]


def collect(terms: Terms, ledger: Ledger, windows: Iterable[Due], now: datetime) -> None:
    for tile in cut(terms, windows):
        ledger[tile] = (now, is_settled(tile.end, terms.settle, now))


def ended(terms: Terms, now: datetime) -> list[Window]:
    first, horizon = first_of(terms), floor(now, terms.period, terms.zone)
    if first >= horizon:
        return []
    return list(periods_of(Window(first, horizon), terms.period, terms.zone))


def expected(terms: Terms, ledger: Ledger, now: datetime) -> dict[Window, Kind]:
    """The rule, said once more without any cleverness."""
    kinds = {}
    for tile in ended(terms, now):
        if tile not in ledger:
            is_last = tile.end == floor(now, terms.period, terms.zone)
            kinds[tile] = Kind.LIVE if is_last else Kind.CATCH_UP
            continue
        at, settled = ledger[tile]
        is_stale = at + terms.revisit * 11 / 12 <= now
        if not settled and (is_stale or is_settled(tile.end, terms.settle, now)):
            kinds[tile] = Kind.REVISIT
    return kinds


@st.composite
def histories(draw: st.DrawFn) -> tuple[Terms, Ledger, datetime]:
    """Terms, a ledger with holes as failures leave them, and a later time to plan at."""
    terms = draw(terms_of())
    length = LENGTH[terms.period]
    now = first_of(terms) + draw(st.integers(0, 4)) * length
    ledger: Ledger = {}
    for _ in range(draw(st.integers(0, 4))):
        now += draw(st.integers(0, 30)) * length / 10
        for tile in ended(terms, now)[-10:]:
            held = ledger.get(tile)
            if not (held and held[1]) and draw(st.booleans()):
                ledger[tile] = (now, is_settled(tile.end, terms.settle, now))
    return terms, ledger, now + draw(st.integers(0, 30)) * length / 10


@given(histories())
def test_what_is_due_is_what_the_rule_says_of_each_period(history):
    terms, ledger, now = history
    found = due(terms, coverage_of(ledger), now)
    kinds = {
        tile: one.kind for one in found for tile in periods_of(one.window, terms.period, terms.zone)
    }
    wanted = expected(terms, ledger, now)
    if terms.limit is None or len(found) < terms.limit:
        assert kinds == wanted
    else:
        assert kinds.items() <= wanted.items()
        assert len(found) == terms.limit


@given(histories())
def test_windows_are_whole_periods_that_ended_in_order_apart_and_within_the_span(history):
    terms, ledger, now = history
    found = due(terms, coverage_of(ledger), now)
    for one in found:
        assert one.window.end <= now
        tiles = cut(terms, [one])
        assert tiles[-1].end == one.window.end
        assert one.periods == len(tiles) == count(one.window, terms.period, terms.zone)
        assert (
            terms.max_span is None
            or len(tiles) == 1
            or (one.window.end - one.window.start <= terms.max_span)
        )
    in_time = sorted(one.window for one in found)
    assert all(left.end <= right.start for left, right in pairwise(in_time))
    assert found == sorted(found, key=lambda one: (PRIORITY[one.kind], one.window))
    for _, group in groupby(found, key=lambda one: one.kind):
        for left, right in pairwise(group):
            with_one_more = cut(terms, [right])[0].end - left.window.start
            assert left.window.end < right.window.start or (
                terms.max_span is not None and with_one_more > terms.max_span
            )


@given(histories())
def test_after_everything_is_collected_nothing_is_due_until_time_passes(history):
    terms, ledger, now = history
    while found := due(terms, coverage_of(ledger), now):
        collect(terms, ledger, found, now)
    assert set(ledger) >= set(ended(terms, now))
    assert due(terms, coverage_of(ledger), now) == []


@given(terms_of(), st.data())
def test_an_advancing_clock_settles_every_period_and_asks_no_oftener_than_it_must(terms, data):
    length, now, ledger = LENGTH[terms.period], first_of(terms), {}
    for _ in range(data.draw(st.integers(1, 12))):
        now += data.draw(st.integers(0, 25)) * length / 10
        found = due(terms, coverage_of(ledger), now)
        done = [one for one in found if data.draw(st.integers(0, 3))]
        for tile in cut(terms, found):
            at, settled = ledger.get(tile, (None, False))
            is_stale = at is None or now - at >= terms.revisit * 11 / 12
            assert not settled
            assert is_stale or is_settled(tile.end, terms.settle, now)
        collect(terms, ledger, done, now)
    last = ended(terms, now)
    now += terms.settle
    while found := due(terms, coverage_of(ledger), now):
        collect(terms, ledger, found, now)
    assert all(ledger[tile][1] for tile in last)


@given(histories(), st.integers(0, 40))
def test_what_is_due_what_is_lost_and_what_is_held_leave_no_silent_gap(history, back):
    terms, ledger, now = history
    earliest = now - back * LENGTH[terms.period] / 4
    terms = replace(terms, earliest=earliest, limit=None)
    coverage = coverage_of(ledger)
    asked = set(cut(terms, due(terms, coverage, now)))
    lost = {
        tile
        for window in unreachable(terms, coverage, now)
        for tile in periods_of(window, terms.period, terms.zone)
    }
    assert asked | lost | set(ledger) >= set(ended(terms, now))
    assert not lost & (asked | set(ledger))
    assert all(tile.start >= earliest for tile in asked)
    assert all(tile.start < earliest for tile in lost)


@given(
    terms_of(),
    st.lists(st.tuples(st.integers(0, 30), st.integers(1, 90), st.booleans()), max_size=6),
)
def test_coverage_that_does_not_meet_the_calendar_hides_no_period(terms, stretches):
    """As after a change of zone or period."""
    terms = replace(terms, limit=None)
    step = LENGTH[terms.period] / 7
    now = first_of(terms) + 60 * step
    reached, coverage = first_of(terms) - 20 * step, []
    for gap, length, is_final in stretches:
        start = reached + gap * step
        reached = start + length * step
        window = Window(from_epoch(epoch(start)), from_epoch(epoch(reached)))
        coverage.append(Collected(window, is_final, now - 9 * terms.revisit))
    asked = cut(terms, due(terms, coverage, now))
    assert len(asked) == len(set(asked))
    finals = [one.window for one in coverage if one.settled]
    for tile in ended(terms, now):
        seconds = tile.end - tile.start
        held = sum(
            (
                max(min(tile.end, one.end) - max(tile.start, one.start), timedelta(0))
                for one in finals
            ),
            timedelta(0),
        )
        assert (tile in asked) == (held < seconds)


@given(
    terms_of(),
    st.dates(date(2017, 6, 1), date(2019, 6, 1)),
    st.integers(0, 60),
    st.integers(0, 500),
)
def test_a_stretch_by_hand_gives_each_ended_period_that_it_touches_once(terms, start, days, past):
    end = start + days * DAY
    now = START + past * DAY
    found = windows_between(terms, start, end, now)
    assert all(left.window.end == right.window.start for left, right in pairwise(found))
    opens, closes = beginning(start, terms.zone), beginning(end + DAY, terms.zone)
    first = floor(opens, terms.period, terms.zone)
    bound = min(closes, floor(now, terms.period, terms.zone))
    if first >= bound:
        assert found == []
        return
    assert found[0].window.start == first
    last = found[-1].window.end
    assert preceding(last, terms.period, terms.zone) < closes
    assert last >= bound
    assert last <= now
