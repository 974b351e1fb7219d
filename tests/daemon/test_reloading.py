"""A configuration read again: what is broken stays as it last was good, and nothing else moves."""

import pytest

from collectors.cli.assembling import remade
from collectors.config import load
from collectors.config.model import Configuration
from collectors.daemon.reloading import changes, merged
from tests.daemon.living import opened
from tests.places import Place, hourly


@pytest.fixture
def two(place: Place, feed) -> Place:
    """A place with two services, of which one comes from a profile."""
    place.service("toll", hourly(feed))
    (place.config / "profiles").mkdir()
    profile(place, "hourly")
    (place.config / "services" / "bridge.yaml").write_text(
        f"service: bridge\nprofile: crossing\nwith: {{url: '{feed.url}'}}\n"
    )
    return place


def profile(place: Place, schedule: str) -> None:
    (place.config / "profiles" / "crossing.yaml").write_text(
        "parameters: {url: required}\n"
        "collectors:\n"
        f"  cars: {{source: feed, schedule: {schedule}, query: {{url: $(url)}}}}\n"
    )


def read(place: Place) -> Configuration:
    return load(place.config, place.credentials, sources=place.sources, environment={})


def test_a_good_change_takes_the_place_of_what_was(two, feed):
    old = read(two)
    two.service("toll", hourly(feed, "hourly", "since: 2026-11-01"))
    found = changes(old.collectors, merged(old, read(two)).collectors)
    assert (found.added, found.changed, found.removed) == (set(), {"toll/hourly"}, set())


def test_a_line_more_above_a_collector_is_no_change_of_it(two, feed):
    old = read(two)
    two.service("toll", "\n# a remark\n" + hourly(feed))
    assert not changes(old.collectors, merged(old, read(two)).collectors)


def test_a_broken_service_goes_on_as_it_was_and_is_told(two, feed):
    old = read(two)
    two.service("toll", hourly(feed, "other", "shedule: daily"))
    new = merged(old, read(two))
    assert not changes(old.collectors, new.collectors)
    assert len(new.mistakes) == 1


def test_what_goes_on_as_it_was_is_named_as_left_out_by_the_files(two, feed):
    old = read(two)
    (two.config / "services" / "toll.yaml").write_text("service: toll\ncollectors: [\n")
    assert read(two).left_out == {"toll/*"}
    now = merged(old, read(two))
    assert now.left_out == {name for name in old.collectors if name.startswith("toll/")}
    assert now.left_out < now.collectors.keys()


def test_a_service_that_was_broken_from_the_start_runs_as_far_as_it_is_good(two, feed):
    two.service("toll", hourly(feed) + "\n" + hourly(feed, "other", "shedule: daily"))
    old = read(two)
    new = merged(old, read(two))
    assert "toll/hourly" in new.collectors
    assert "toll/other" not in new.collectors


def test_a_broken_profile_leaves_its_services_as_they_were(two):
    old = read(two)
    (two.config / "profiles" / "crossing.yaml").write_text("collectors: [")
    assert not changes(old.collectors, merged(old, read(two)).collectors)


def test_a_broken_profile_does_not_keep_a_service_whose_file_is_gone(two):
    old = read(two)
    (two.config / "profiles" / "crossing.yaml").write_text("collectors: [")
    (two.config / "services" / "bridge.yaml").unlink()
    assert changes(old.collectors, merged(old, read(two)).collectors).removed == {"bridge/cars"}


def test_a_broken_platform_leaves_everything_as_it_was(two, feed):
    old = read(two)
    two.platform("timezone: Nowhere/Land")
    two.service("toll", hourly(feed, "another"))
    new = merged(old, read(two))
    assert new.platform == old.platform
    assert not changes(old.collectors, new.collectors)
    assert new.mistakes


def test_what_may_be_asked_of_a_provider_changes_without_a_restart(two):
    with opened(two) as parts:
        two.platform("quotas: {feed: {per_day: 7}}")
        assert remade(read(two), parts).quotas["feed"].per_day == 7


def test_a_change_of_a_profile_changes_what_comes_from_it_and_nothing_else(two):
    old = read(two)
    profile(two, "daily")
    found = changes(old.collectors, merged(old, read(two)).collectors)
    assert (found.added, found.changed, found.removed) == (set(), {"bridge/cars"}, set())


def test_a_mended_file_counts_again(two, feed):
    old = read(two)
    two.service("toll", "hourly: [")
    broken = merged(old, read(two))
    two.service("toll", hourly(feed, "mended"))
    found = changes(broken.collectors, merged(broken, read(two)).collectors)
    assert (found.added, found.removed) == ({"toll/mended"}, {"toll/hourly"})
