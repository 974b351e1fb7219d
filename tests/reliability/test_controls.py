"""The trials can fail: what loses or doubles something is seen."""

import pytest
import sqlalchemy as sa

from collectors.store import tables
from tests.reliability.figures import FIRST, SECOND, SPANS, expected
from tests.reliability.trial import Trial, misses


def _held() -> dict[str, list[dict[str, object]]]:
    return {
        series: [
            {"_id": str(number), **one}
            for number, one in enumerate(expected(SECOND, series, schema=True))
        ]
        for series in SPANS
    }


def test_a_data_set_that_is_right_is_seen_as_right():
    assert misses("platform", SECOND, _held(), schema=True) == []


def test_one_observation_too_few_is_seen():
    held = _held()
    del held["daily"][3]
    (said,) = misses("platform", SECOND, held, schema=True)
    assert said.startswith("daily at platform: missing")


def test_one_observation_too_many_is_seen():
    held = _held()
    held["hourly"].append({**held["hourly"][0], "_id": "another"})
    (said,) = misses("platform", SECOND, held, schema=True)
    assert said.startswith("hourly at platform: too much")


def test_one_other_figure_is_seen():
    held = _held()
    held["refused"][5]["count"] = -1
    missing, too_much = misses("platform", SECOND, held, schema=True)
    assert "missing" in missing
    assert "too much" in too_much


def test_the_figures_of_the_first_day_are_seen_on_the_second(trial: Trial):
    trial.run_to_the_end()
    trial.day = SECOND
    wrong = trial.wrong
    for series in SPANS:
        assert any(said.startswith(f"{series} at platform: missing") for said in wrong)
        assert any(said.startswith(f"{series} at embedded: missing") for said in wrong)
        assert any("is not collected from" in said and series in said for said in wrong)


def test_a_platform_that_loses_what_it_has_acknowledged_is_seen(trial: Trial):
    trial.platform.loses = 1
    trial.run_to_the_end()
    assert any("at platform: missing" in said for said in trial.wrong)
    assert not any("at embedded: missing" in said for said in trial.wrong)


def test_a_platform_that_leaves_what_it_should_remove_is_seen(trial: Trial):
    trial.run_to_the_end()
    trial.turn_to(SECOND)
    trial.platform.leaves = 1
    trial.run_to_the_end()
    assert any("at platform: too much" in said for said in trial.wrong)


def test_a_store_that_loses_what_was_to_be_sent_is_seen(trial: Trial):
    with trial.without_tokens():
        trial.run_to_the_end()
        _forget(trial, tables.outbox)
    trial.run_to_the_end()
    assert any("at platform: missing" in said for said in trial.wrong)


def test_a_store_that_forgets_the_ids_of_what_was_sent_is_seen(trial: Trial):
    trial.run_to_the_end()
    _forget(trial, tables.period_ids)
    trial.turn_to(SECOND)
    trial.run_to_the_end()
    assert any("at platform: too much" in said for said in trial.wrong)
    assert any("at embedded: too much" in said for said in trial.wrong)


def test_a_run_that_is_left_open_is_seen(trial: Trial):
    trial.run_and_die("claim.written", 1)
    trial.day = FIRST
    assert any(said.startswith("open run") for said in trial.wrong)


@pytest.mark.parametrize("table", [tables.coverage, tables.lane_coverage, tables.dead_letters])
def test_a_ledger_that_loses_a_part_is_seen(trial: Trial, table: sa.Table):
    trial.run_to_the_end()
    _forget(trial, table)
    assert trial.wrong


def _forget(trial: Trial, table: sa.Table) -> None:
    with trial.store() as store:
        store.view.database.write(lambda connection: connection.execute(table.delete()))
