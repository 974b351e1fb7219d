"""775 collectors that fall due in the same second: ten workers do them all, one after the other."""

import pytest

from collectors.store import State, TickOutcome
from tests.reliability.many import MANY, FarServer, dropped, let_live, place_of


@pytest.fixture
def server():
    with FarServer(latency=0.02) as server:
        yield server


def test_what_falls_due_in_one_second_is_all_collected_and_every_tick_says_whether_it_was_late(
    tmp_path, server
):
    states, ticks = let_live(place_of(tmp_path, server), jump=True)
    assert states == [State.DONE] * MANY
    assert sorted(one.path for one in server.requests) == sorted(f"/c{one}" for one in range(MANY))
    assert len({tick.collector for tick in ticks}) == len(ticks) == MANY
    assert {tick.outcome for tick in ticks} == {TickOutcome.RAN, TickOutcome.LATE}
    late = [tick.reason for tick in ticks if tick.outcome == TickOutcome.LATE]
    assert all("s after the tick" in reason for reason in late)
    assert all(f"run {tick.run_id}: done" in tick.reason for tick in ticks)


def test_the_same_jobs_with_the_defaults_of_apscheduler_are_dropped(server):
    assert 0 < dropped(server) < MANY
