"""What the old collector sent, this one sends: the same records with the same ids."""

from datetime import UTC, datetime, timedelta

import pytest

from collectors.api import Unexpected, Window
from collectors.clock import FixedClock
from collectors.config.legacy import service_file, translate
from collectors.config.legacy.old import Translation
from collectors.datasets import DataSets
from collectors.sources.pingdom.summary import Hour, parse
from tests.observations.old_collector import (
    cases,
    exactly,
    judged,
    made,
    read,
    readings,
    translated,
)

NUMBERED_THROUGH = {"config-tax-vat-content-referrers-rate"}
"""A run of two weeks, whose ranks went on counting in the second."""
DOUBLED = {
    "config-vehicle-management-trade-body-disposal-journey-by-page-start": 2,
    "config-govuk-most-viewed-news": 4,
}
"""Eight records each, with so many different ids."""
REFUSED = {
    "ga-id-from-list": ["a is not a valid key; b is not a valid key"],
    "ga-multi-value-mapping-short-values": ['_id "" is not a valid id'],
}
OFF_THE_HOUR = "pingdom-not-on-the-hour"
"""A reply made up for the old tests; Pingdom's hours begin on the hour."""
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def google(shared):
    found = {case.name: case for case in cases(shared, "ga")}
    assert len(found) == 66
    return found


@pytest.fixture(scope="module")
def pingdom(shared):
    found = {case.name: case for case in cases(shared, "pingdom")}
    assert len(found) == 8
    return found


def test_every_run_of_google_analytics_gives_exactly_its_records(google, tmp_path):
    for name in sorted(google.keys() - NUMBERED_THROUGH):
        case = google[name]
        collector = translated(case, tmp_path / name)
        assert exactly(made(collector, readings(case, collector))) == exactly(case.records), name


def test_a_run_that_numbered_several_weeks_through_is_had_with_over_run(google, tmp_path):
    for name in NUMBERED_THROUGH:
        case = google[name]
        said = translate(case.old).collector
        steps = [{"rank": {**step["rank"], "over": "run"}} for step in said["steps"]]
        service = service_file("old", {"x": Translation(collector={**said, "steps": steps})})
        through = read(service, tmp_path / "through")
        weekly = translated(case, tmp_path / "weekly")

        assert exactly(made(through, readings(case, through))) == exactly(case.records)
        ranks = [one["rank"] for one in made(weekly, readings(case, weekly))]
        assert ranks == [1, 2, 3, 1, 2, 3]


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_the_write_api_refused_is_refused_here(google, tmp_path, name):
    case = google[name]
    collector = translated(case, tmp_path / "config")
    accepted, rejected = judged(collector, readings(case, collector))

    assert [one.reason for one in rejected] == REFUSED[name]
    assert exactly([*accepted, *(dict(one.observation) for one in rejected)]) == exactly(
        case.records
    )


def test_two_different_records_of_a_week_with_one_id_stop_the_run(google, tmp_path):
    case = google["config-vehicle-management-trade-body-disposal-journey-by-page-start"]
    collector = translated(case, tmp_path / "config")

    assert len({one["_id"] for one in case.records}) == DOUBLED[case.name]
    with pytest.raises(Unexpected, match="two different observations of the period 2014-10-13"):
        judged(collector, readings(case, collector))


def test_an_id_without_its_week_is_written_over_by_the_next(google, tmp_path):
    case = google["config-govuk-most-viewed-news"]
    collector = translated(case, tmp_path / "config")
    accepted, rejected = judged(collector, readings(case, collector))

    assert exactly(accepted) == exactly(case.records)
    assert rejected == []
    assert len({one["_id"] for one in accepted}) == DOUBLED[case.name]
    assert collector.replace


def test_whatever_else_was_sent_passes_the_later_stages_as_it_is(google, tmp_path):
    for name in sorted(google.keys() - NUMBERED_THROUGH - DOUBLED.keys() - REFUSED.keys()):
        case = google[name]
        collector = translated(case, tmp_path / name)
        assert exactly(judged(collector, readings(case, collector))[0]) == exactly(case.records)


def test_every_run_of_pingdom_gives_exactly_its_records(pingdom, tmp_path):
    for name in sorted(pingdom.keys() - {OFF_THE_HOUR}):
        case = pingdom[name]
        collector = translated(case, tmp_path / name)
        hours = parse(case.reply, whole(case))
        given = (hour.reading(collector.source.check) for hour in hours)
        assert exactly(judged(collector, given)[0]) == exactly(case.records), name


def test_an_hour_off_the_hour_is_refused_and_row_by_row_gives_its_record(pingdom, tmp_path):
    case = pingdom[OFF_THE_HOUR]
    collector = translated(case, tmp_path / "config")
    given = (Hour.model_validate(hour).reading(collector.source.check) for hour in case.hours)

    with pytest.raises(Unexpected, match="does not begin on the hour"):
        parse(case.reply, whole(case))
    assert exactly(made(collector, given)) == exactly(case.records)


def whole(case):
    """The window of a reply's hours."""
    starts = [datetime.fromtimestamp(hour["starttime"], UTC) for hour in case.hours]
    return Window(min(starts), max(starts) + HOUR)


def test_the_ids_keep_the_name_of_a_check_that_is_asked_for_by_its_number(pingdom, tmp_path):
    case = pingdom["pingdom-last-24-hours"]
    said = translate(case.old).collector
    service = service_file(
        "old", {"x": Translation(collector={**said, "query": {"check": "12345"}})}
    )
    collector = read(service, tmp_path / "config")
    given = (hour.reading("12345") for hour in parse(case.reply, whole(case)))

    assert collector.source.check == "12345"
    assert exactly(judged(collector, given)[0]) == exactly(case.records)


def test_a_data_set_that_moved_shows_no_doubles(google, tmp_path, database_url):
    case = google["config-driving-test-practical-public-journey-help"]
    collector = translated(case, tmp_path / "config")
    data_sets = DataSets(database_url, clock=FixedClock(datetime(2026, 11, 20, tzinfo=UTC)))
    data_sets.open()
    try:
        assert data_sets.upsert(collector.data_set, case.records) == []
        before = stored(data_sets, collector)
        later = [
            one._replace(measures=dict.fromkeys(one.measures, 7))
            for one in readings(case, collector)
        ]
        observations, _ = judged(collector, iter(later))
        data_sets.upsert(collector.data_set, observations)
        after = stored(data_sets, collector)
    finally:
        data_sets.close()

    assert len(case.records) == len(before) == len(after)
    assert after.keys() == before.keys() == {one["_id"] for one in case.records}
    assert {one["uniqueEvents"] for one in after.values()} == {7}


def stored(data_sets, collector):
    return {one["_id"]: one for one in data_sets.read(collector.data_set)}
