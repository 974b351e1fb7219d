"""The ticker under the real APScheduler."""

import logging
from datetime import timedelta
from itertools import pairwise
from queue import Queue
from zoneinfo import ZoneInfo

from structlog.testing import capture_logs

from collectors.clock import SystemClock
from collectors.config.schedules import parse_schedule
from collectors.schedule import Timing
from collectors.schedule.ticker import Ticker

SECOND = timedelta(seconds=1)
EVERY_SECOND = Timing(parse_schedule("every second"), ZoneInfo("UTC"))
NEVER_SOON = Timing(parse_schedule("yearly"), ZoneInfo("UTC"))


def test_it_ticks_through_a_reload_and_stops():
    ticks, clock = Queue(), SystemClock()
    ticker = Ticker(clock, ticks.put)
    ticker.start()
    try:
        ticker.replace({"a/one": EVERY_SECOND})
        times = [*ticks.get(timeout=30).at]
        ticker.replace({"a/one": EVERY_SECOND, "a/two": EVERY_SECOND, "a/three": NEVER_SOON})
        last = ticks.get(timeout=30)
        times += last.at
        assert last.collectors == ("a/one", "a/two")
        assert all(later - earlier == SECOND for earlier, later in pairwise(times))
        assert times[-1] <= clock.now() < ticker.next_tick("a/two") + 30 * SECOND
        assert ticker.next_tick("a/four") is None
    finally:
        ticker.stop()


def test_what_could_not_be_taken_is_logged_and_does_not_hold_up_the_others():
    taken = Queue()

    def take(tick):
        if tick.collectors == ("a/bad",):
            raise OSError("the disk is full")
        taken.put(tick)

    bad = Timing(parse_schedule("every second"), ZoneInfo("Europe/London"))
    ticker = Ticker(SystemClock(), take)
    ticker.replace({"a/bad": bad, "a/good": EVERY_SECOND})
    with capture_logs() as logged:
        ticker.start()
        try:
            assert taken.get(timeout=30).collectors == ("a/good",)
        finally:
            ticker.stop()
    assert [(one["event"], one["collectors"]) for one in logged] == [
        ("a tick was not taken", ("a/bad",))
    ]


def test_the_scheduler_s_own_lines_are_not_logged(caplog):
    ticker = Ticker(SystemClock(), lambda tick: None)
    with caplog.at_level(logging.DEBUG):
        ticker.start()
        ticker.stop()
        ticker.stop()
    assert [record for record in caplog.records if record.name.startswith("apscheduler")] == []
