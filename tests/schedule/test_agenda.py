"""Who ticks, and when: groups, what was slept through, and what changes while it goes on."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from collectors.config.schedules import parse_schedule
from collectors.schedule import Timing, firings, ticks_between
from collectors.schedule.agenda import AT_ONCE, Agenda

START = datetime(2026, 10, 24, 12, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
TEXTS = ["hourly", "daily", "daily at 01:30", "*/15 * * * *", "every 7 minutes", "30 6 * * 1-5"]


def timing(text, offset=timedelta(0)):
    return Timing(parse_schedule(text), ZoneInfo("Europe/London"), offset)


def taken(agenda, now):
    return list(iter(lambda: agenda.take(now), None))


def told(ticks):
    return [(name, at) for tick in ticks for name in tick.collectors for at in tick.at]


def agenda_of(**texts):
    agenda = Agenda()
    agenda.replace({name: timing(text) for name, text in texts.items()}, START)
    return agenda


names = st.dictionaries(
    st.text("abcdef", min_size=1, max_size=3),
    st.builds(
        timing, st.sampled_from(TEXTS), st.integers(0, 30).map(lambda steps: steps * 10 * SECOND)
    ),
    max_size=12,
)


@given(names)
def test_a_simulation_tells_each_tick_of_each_collector_once_and_in_order(collectors):
    end = START + 2 * DAY
    ticks = list(firings(collectors, START, end))
    assert [tick.at[0] for tick in ticks] == sorted(tick.at[0] for tick in ticks)
    assert all(len(tick.at) == 1 for tick in ticks)
    assert sorted(told(ticks)) == sorted(
        (name, at) for name, one in collectors.items() for at in ticks_between(one, START, end)
    )


@given(names, names, st.lists(st.integers(1, 100_000), max_size=8), st.integers(0, 8))
def test_whose_timing_stays_misses_no_tick_whatever_else_is_replaced(before, after, naps, turn):
    agenda, now, ticks = Agenda(), START, []
    agenda.replace(before, now)
    for number, seconds in enumerate(naps):
        now += seconds * SECOND
        if number == turn:
            agenda.replace(after, now)
        ticks += taken(agenda, now)
    stays = before.items() & after.items() if turn < len(naps) else before.items()
    found = told(ticks)
    for name, one in stays:
        expected = list(ticks_between(one, START + SECOND, now + SECOND))
        assert [at for who, at in found if who == name] == expected


def test_collectors_of_one_timing_tick_together():
    tick, other = taken(agenda_of(a="hourly", b="hourly", c="every hour"), START + HOUR)
    assert (tick.collectors, tick.at) == (("a", "b"), (START + HOUR,))
    assert (other.collectors, other.at) == (("c",), (START + HOUR,))


def test_what_was_slept_through_is_told_whole_and_a_bounded_part_at_a_time():
    agenda = agenda_of(a="every second", b="daily")
    ticks = taken(agenda, START + HOUR)
    assert [len(tick.at) for tick in ticks] == [AT_ONCE, AT_ONCE, AT_ONCE, 600]
    assert [at for tick in ticks for at in tick.at] == [
        START + seconds * SECOND for seconds in range(1, 3601)
    ]
    assert agenda.next_look() == START + HOUR + SECOND


def test_a_tick_that_is_put_back_is_told_again_with_what_came_since():
    agenda = agenda_of(a="every 7 minutes")
    (tick,) = taken(agenda, START + 10 * 60 * SECOND)
    again = START + 20 * 60 * SECOND
    agenda.put_back(tick, again)
    assert taken(agenda, again - SECOND) == []
    (later,) = taken(agenda, again)
    assert later.at == tuple(ticks_between(tick.timing, START + SECOND, again))
    assert later.at[: len(tick.at)] == tick.at
    assert taken(agenda, again) == []


def test_a_tick_is_not_put_back_where_its_collectors_have_gone():
    agenda = agenda_of(a="hourly")
    (tick,) = taken(agenda, START + HOUR)
    agenda.replace({}, START + HOUR)
    agenda.put_back(tick, START + HOUR)
    assert taken(agenda, START + DAY) == []


def test_the_next_tick_of_a_collector_is_known():
    agenda = agenda_of(a="hourly")
    assert agenda.next_tick("a") == START + HOUR
    assert agenda.next_tick("b") is None
    assert Agenda().next_look() is None
