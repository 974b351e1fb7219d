"""``kill -9`` of the daemon, again and again, in a mixed hour: nothing lost, nothing doubled.

Live collecting, a backfill and edited files go on at once, at real servers and in a real store. Each
daemon is killed at a random moment or at a step; the clock goes on while none runs. COLLECTOR_TEST_KILLS
says how many are killed, COLLECTOR_TEST_SEED gives the same edits and steps again.
"""

import os
import random
import signal
from datetime import timedelta

from collectors.store import STEPS
from tests.reliability.hour import Hour
from tests.reliability.hour_checks import is_done, wrong

KILLS = int(os.environ.get("COLLECTOR_TEST_KILLS") or 6)
SEED = int(os.environ.get("COLLECTOR_TEST_SEED") or 2026)
LONGEST_LIFE = 2.5


def test_a_mixed_hour_of_killed_daemons_ends_with_everything_right(hour: Hour):
    chance = random.Random(SEED)
    hour.configure()
    hour.backfill()
    steps = [None, *STEPS] * KILLS
    chance.shuffle(steps)
    for step in steps[:KILLS]:
        hour.clock.advance(timedelta(minutes=20))
        _live_and_die(hour, chance, step)
    last = hour.daemon()
    hour.begun()
    hour.settle_files()
    last.kill(signal.SIGHUP)
    hour.until(lambda: is_done(hour))
    last.kill(signal.SIGTERM)
    assert last.wait() == 0, hour.output
    assert "\n".join(wrong(hour)) == ""


def _live_and_die(hour: Hour, chance: random.Random, step: str | None) -> None:
    daemon = hour.daemon(step, chance.randint(1, 3))
    left = chance.uniform(0.2, LONGEST_LIFE) if step is None else LONGEST_LIFE
    while left > 0 and not daemon.ends_within(pause := chance.uniform(0.05, 0.6)):
        left -= pause
        hour.edit(chance)
        if chance.random() < 0.3 and hour.has_begun:
            hour.clock.advance(timedelta(minutes=chance.randint(1, 9)))
    hour.killed(daemon)
