"""Splay: where each collector of a schedule is put."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from collectors.schedule.splay import STEP, offset_of

HOUR = timedelta(hours=1)


@given(st.text(), st.integers(0, 200_000).map(lambda seconds: timedelta(seconds=seconds)))
def test_an_offset_is_whole_steps_within_the_splay(name, splay):
    offset = offset_of(name, splay)
    assert timedelta(0) <= offset <= max(splay - STEP, timedelta(0))
    assert offset % STEP == timedelta(0)


def test_an_offset_is_of_the_name_alone_in_every_process():
    assert offset_of("carers-allowance/journey", 2 * HOUR) == timedelta(seconds=6070)
    assert offset_of("carers-allowance/journey", timedelta(seconds=9)) == timedelta(0)


def test_collectors_are_spread_evenly_over_few_moments():
    offsets = [offset_of(f"service-{number}/visits", 2 * HOUR) for number in range(20_000)]
    counts = [sum(offset // (HOUR / 4) == part for offset in offsets) for part in range(8)]
    assert len(set(offsets)) == 720
    assert max(counts) < 1.1 * min(counts)
