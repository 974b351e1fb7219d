"""Chunks: a stretch of whole periods, cut along the calendar of its zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.periods import Period, Window, covering, floor
from collectors.schedule import chunks

LONDON = ZoneInfo("Europe/London")
ZONES = st.sampled_from([LONDON, ZoneInfo("UTC"), ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Gaza")])
SIZES = st.sampled_from([Period.DAY, Period.WEEK, Period.MONTH, Period.QUARTER, Period.YEAR])
PERIODS = st.sampled_from([one for one in Period if one is not Period.INSTANT])
MOMENTS = st.datetimes(
    datetime(2009, 1, 1),  # noqa: DTZ001 - the zone is given beside it
    datetime(2030, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)


def days(*cut: Window) -> list[tuple[str, str]]:
    return [
        tuple(f"{end.astimezone(LONDON):%m-%d %H}" for end in (one.start, one.end)) for one in cut
    ]


def stretch(start: str, end: str, period: Period = Period.DAY) -> Window:
    first, last = (datetime.fromisoformat(text).replace(tzinfo=LONDON) for text in (start, end))
    return covering(first.astimezone(UTC), last.astimezone(UTC), period, LONDON)


@given(MOMENTS, st.timedeltas(timedelta(hours=1), timedelta(days=800)), SIZES, PERIODS, ZONES)
def test_chunks_tile_the_stretch_in_order_and_no_period_is_torn(start, length, size, period, zone):
    whole = covering(start, start + length, period, zone)
    cut = list(chunks(whole, size, period, zone))
    assert (cut[0].start, cut[-1].end) == (whole.start, whole.end)
    assert all(one.end == other.start for one, other in pairwise(cut))
    assert all(floor(one.start, period, zone) == one.start for one in cut)
    # Each begins in another piece of the calendar than the one before it.
    begun = [floor(one.start, size, zone) for one in cut]
    assert begun == sorted(set(begun))


@pytest.mark.parametrize(
    ("size", "period", "expected"),
    [
        (Period.MONTH, Period.DAY, [("03-20 00", "04-01 00"), ("04-01 00", "04-12 00")]),
        (Period.QUARTER, Period.DAY, [("03-20 00", "04-01 00"), ("04-01 00", "04-12 00")]),
        (Period.YEAR, Period.DAY, [("03-20 00", "04-12 00")]),
        (Period.MONTH, Period.WEEK, [("03-16 00", "04-06 00"), ("04-06 00", "04-13 00")]),
        (Period.WEEK, Period.MONTH, [("03-01 00", "04-01 00"), ("04-01 00", "05-01 00")]),
    ],
)
def test_a_period_belongs_to_the_chunk_that_it_begins_in(size, period, expected):
    whole = stretch("2026-03-20", "2026-04-12", period)
    assert days(*chunks(whole, size, period, LONDON)) == expected
