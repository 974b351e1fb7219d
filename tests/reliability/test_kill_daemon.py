"""``kill -9`` of the daemon, again and again, in a mixed hour: nothing lost, nothing doubled.

Live collecting, a backfill and edited files go on at once, at real servers and in a real store. Each
daemon is killed at a random moment or at a step; the clock goes on while none runs. Secrets are
planted, and looked for in all that can be seen. COLLECTOR_TEST_KILLS says how many daemons are
killed (half as many on PostgreSQL), COLLECTOR_TEST_SEED gives the same edits and steps again.
"""

import os
import random
import signal
from datetime import timedelta

import sqlalchemy as sa

from collectors.store import STEPS, State, tables
from tests.reliability.hour import Hour
from tests.reliability.hour_checks import has_failed_chunks, is_done, rows, wrong
from tests.reliability.hour_secrets import leaks

KILLS = int(os.environ.get("COLLECTOR_TEST_KILLS") or 6)
SEED = int(os.environ.get("COLLECTOR_TEST_SEED") or 2026)
LONGEST_LIFE = 2.5


def test_a_mixed_hour_of_killed_daemons_ends_with_everything_right(hour: Hour):
    chance = random.Random(SEED)
    hour.configure()
    hour.backfill()
    kills = KILLS if hour.database_url.startswith("sqlite") else KILLS // 2
    steps = [None, *STEPS] * kills
    chance.shuffle(steps)
    for step in steps[:kills]:
        hour.clock.advance(timedelta(minutes=20))
        _live_and_die(hour, chance, step)
    last = hour.daemon()
    pages = hour.begun()
    _see_refusals(hour)
    assert leaks(hour, pages) == []
    hour.rotate("toll/every")
    hour.rekey()
    hour.settle_files()
    last.kill(signal.SIGHUP)
    hour.until(lambda: is_done(hour) or (has_failed_chunks(hour) and hour.retry_backfill()))
    assert leaks(hour, pages) == []
    hour.stop()
    hour.flush()
    assert "\n".join(wrong(hour)) == ""


def _live_and_die(hour: Hour, chance: random.Random, step: str | None) -> None:
    daemon = hour.daemon(step, chance.randint(1, 3))
    left = chance.uniform(0.2, LONGEST_LIFE) if step is None else LONGEST_LIFE
    while left > 0 and not daemon.ends_within(pause := chance.uniform(0.05, 0.6)):
        left -= pause
        hour.edit(chance)
        if chance.random() < 0.3 and hour.has_begun:
            hour.clock.advance(timedelta(minutes=chance.randint(1, 9)))
    hour.kill()


def _see_refusals(hour: Hour) -> None:
    """Wait until a target and a source have refused a secret, and quoted it."""
    hour.lock_out()
    hour.turn_to(minute=35)
    store = hour.store()
    hour.until(lambda: any(lane.parked_at for lane in store.view.lanes()))
    hour.until(lambda: any(_failed(one) for one in rows(store, tables.runs)))
    store.close()


def _failed(run: sa.RowMapping) -> bool:
    return run["collector"] == "toll/past" and run["state"] == State.FAILED
