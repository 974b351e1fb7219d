"""The proof of the mixed hour can fail: what is lost, doubled, left or told wrongly is seen.

One daemon works in a store that writes coverage of one collector without its chunks; then a copy of
what it has left is spoilt in one way after the other.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.reliability.conftest import mixed_hour
from tests.reliability.hour import MOMENTS, Hour
from tests.reliability.hour_checks import is_done, wrong, wrong_figures
from tests.reliability.hour_secrets import leaks
from tests.reliability.processes import Template

ROBBED = "moving-3/cars"
LOSE = f"""
CREATE TRIGGER lose BEFORE INSERT ON outbox WHEN NEW.collector = '{ROBBED}'
BEGIN SELECT RAISE(IGNORE); END
"""
COLUMNS = (
    'collector, kind, priority, start, "end", state, reason, attempts, planned_at, readings, '
    "observations, rejected, warnings"
)
SPOILT = {
    "DELETE FROM coverage WHERE collector = 'toll/every'": "toll/every is collected in []",
    "UPDATE coverage SET settled = 0": "toll/past is not settled",
    "UPDATE coverage SET settled = 1": "toll/latest is settled too early",
    "DELETE FROM lane_coverage": "toll/every at platform has []",
    "INSERT INTO leases VALUES ('daemon', 'here/1/1', 1, 1)": "left in leases",
    "INSERT INTO quota_slots VALUES ('a', 'guarded', 1, 'here/1/1', 1)": "left in quota_slots",
    "UPDATE lanes SET parked_at = 1": "not free",
    f"INSERT INTO runs ({COLUMNS}, began_at, ended_at) SELECT {COLUMNS}, began_at - 5, ended_at + 5"
    " FROM runs WHERE id = 1": "two runs of a window at a time",
    "UPDATE runs SET state = 'running', ended_at = NULL WHERE id = 1": "open run",
    "UPDATE backfills SET state = 'running'": "a backfill is not done",
    "UPDATE backfill_parts SET reached = start WHERE id = 1": "a chunk is not done",
    "DELETE FROM ticks WHERE id IN (SELECT id FROM ticks WHERE collector = 'toll/every' LIMIT 1"
    " OFFSET 1)": "ticks told twice or not at all",
    "UPDATE ticks SET count = 2 WHERE collector = 'toll/every'": "ticks told twice or not at all",
    "UPDATE ticks SET run_id = run_id + 1 WHERE run_id IS NOT NULL": "a tick of",
    "UPDATE ticks SET reason = '' WHERE outcome = 'skipped'": "without a run or a reason",
    f"UPDATE runs SET state = 'failed' WHERE collector = '{MOMENTS}'": "moments at platform: too much",
}


@pytest.fixture(scope="module")
def over(
    tmp_path_factory: pytest.TempPathFactory, templates: tuple[Template, Template]
) -> Iterator[Hour]:
    """An hour that is over, in a store that has lost the chunks of one collector."""
    directory = tmp_path_factory.mktemp("over")
    with mixed_hour(directory, f"sqlite:///{directory}/state.db", templates) as hour:
        hour.configure()
        hour.backfill()
        _execute(hour, LOSE)
        hour.daemon()
        hour.until(lambda: is_done(hour))
        hour.stop()
        hour.flush()
        yield hour


@pytest.fixture
def copy(over: Hour, tmp_path: Path) -> Hour:
    """The same hour with a store of its own."""
    shutil.copytree(over.directory, tmp_path / "copy")
    url = f"sqlite:///{tmp_path}/copy/state.db"
    return replace(over, directory=tmp_path / "copy", database_url=url)


def test_coverage_without_its_chunks_is_seen_and_nothing_else_is_wrong(over: Hour):
    assert leaks(over, None) == []
    said = wrong(over)
    assert any(one.startswith(f"{ROBBED} at platform: missing") for one in said)
    assert any(one.startswith(f"{ROBBED} at embedded: missing") for one in said)
    assert [one for one in said if ROBBED not in one] == []


@pytest.mark.parametrize(("statement", "seen"), SPOILT.items())
def test_what_is_spoilt_in_the_store_is_seen(copy: Hour, statement: str, seen: str):
    _execute(copy, statement)
    assert any(seen in one for one in wrong(copy)), wrong(copy)


@pytest.mark.parametrize(
    ("spoil", "seen"),
    [
        (lambda held: held.pop(), "missing"),
        (lambda held: held.append(held[0]), "too much"),
        (lambda held: held.append({**held.pop(), "count": -1}), "too much"),
    ],
)
@pytest.mark.parametrize("series", ["toll/every", "toll/latest", MOMENTS])
def test_what_is_spoilt_in_a_data_set_is_seen(
    over: Hour, series: str, spoil: Callable[[list[object]], object], seen: str
):
    held = {name: list(found.values()) for name, found in over.platform.held.items()}
    spoil(held[series])
    store = over.store()
    said = [one for one in wrong_figures("platform", over, store, held) if ROBBED not in one]
    store.close()
    assert any(seen in one for one in said), said


def test_a_secret_in_the_log_or_in_the_store_is_seen(copy: Hour):
    token = copy.tokens[MOMENTS]
    _execute(copy, f"UPDATE lanes SET reason = 'Invalid bearer token {token}' WHERE id = 1")
    with (copy.directory / "output.txt").open("a") as output:
        output.write(f"GET {copy.hook_url}/planted-path-of-the-webhook")
    said = leaks(copy, None)
    assert any(one.startswith(f"{token} is in state.db") for one in said)
    assert "planted-path-of-the-webhook is in the log" in said


def _execute(hour: Hour, statement: str) -> None:
    engine = sa.create_engine(hour.database_url)
    with engine.begin() as connection:
        connection.execute(sa.text(statement))
    engine.dispose()
