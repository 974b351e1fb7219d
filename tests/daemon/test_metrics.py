"""Metrics: what is told is counted, what the store holds is shown, and all has its text."""

import re
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from collectors.daemon.lookout import FRESH, Lookout
from collectors.runner import Delivered, Fate, Outcome
from collectors.store import State
from tests.conftest import CHECKOUT
from tests.daemon.watching import watched
from tests.feeds import DAY, HOUR
from tests.places import hourly
from tests.servers.http import Answer

PLATFORM = "platform"


@pytest.fixture
def toll(toll, feed):
    toll.service("toll", hourly(feed, "hourly", "deadline: 3 hours"))
    return toll


def documented():
    """The metrics of docs/metrics.md: name to type and labels."""
    text = (CHECKOUT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\|", text, re.MULTILINE)
    found = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    of_process = set(re.findall(r"`(process_\w+)`", text))
    return found, of_process


def outcome(**fields):
    return Outcome(collector="toll/hourly", window=None, **fields)


def test_every_metric_has_its_text_and_no_other_has(toll, feed, sink):
    feed.quota_key = "feed:one"
    sink.answer = lambda _request: Answer(503)
    toll.run("run", "--all")
    toll.clock.advance(HOUR)
    feed.error = "quota"
    toll.run("run", "--all")
    with watched(toll) as seen:
        metrics = seen.metrics
        metrics.run_ended(outcome(state=State.DONE), "live", 1.0)
        page, _ = metrics.page()
        shown = {}
        for family in text_string_to_metric_families(page.decode()):
            counter = family.type == "counter"
            name = f"{family.name}_total" if counter else family.name
            labels = {key for one in family.samples for key in one.labels} - {"le"}
            if not name.endswith("_created"):
                assert family.documentation, name
                shown[name] = (family.type, labels)

    told, of_process = documented()
    assert {name for name in shown if name.startswith("process_")} == of_process
    ours = {name: one for name, one in shown.items() if name.startswith("collector_")}
    assert ours | {"collector_dead_letters": ("gauge", {"collector"})} == told


def test_what_happens_is_counted(toll):
    with watched(toll) as seen:
        done = outcome(state=State.DONE, readings=7, observations=5, rejected=2)
        seen.metrics.run_ended(done, "live", 2.0)
        seen.metrics.run_ended(outcome(state=None), "live", 2.0)
        seen.metrics.delivered(Delivered(Fate.DONE, 4, 1), 0.2)
        seen.metrics.delivered(Delivered(Fate.WAITS), 0.3)
        seen.metrics.tick(0.01)
        seen.metrics.tick(-1.0)

        assert seen.value("collector_runs_total", kind="live", state="done") == 1
        assert seen.value("collector_run_seconds_sum", kind="live") == 2.0
        assert seen.value("collector_readings_total") == 7
        assert seen.value("collector_observations_total") == 5
        assert seen.value("collector_observations_refused_total", by="check") == 2
        assert seen.value("collector_observations_refused_total", by="target") == 1
        assert seen.value("collector_observations_delivered_total") == 4
        assert seen.value("collector_batches_total", fate="waits") == 1
        assert seen.value("collector_batch_seconds_count") == 2
        assert seen.value("collector_tick_delay_seconds_count") == 2
        assert seen.value("collector_tick_delay_seconds_sum") == 0.01


def test_a_configuration_with_mistakes_does_not_count_as_read(toll):
    with watched(toll) as seen:
        read = "collector_configuration_loaded_timestamp_seconds"
        seen.metrics.configured(2)
        assert (seen.value("collector_configuration_mistakes"), seen.value(read)) == (2, 0)
        seen.metrics.configured(0)
        assert seen.value("collector_configuration_mistakes") == 0
        assert seen.value(read) == toll.clock.now().timestamp()


def test_what_waits_is_shown_by_target_and_by_lane_until_it_is_delivered(toll, sink):
    sink.answer = lambda _request: Answer(403)
    toll.run("run", "--all")
    toll.clock.advance(timedelta(minutes=10))
    with watched(toll) as seen:
        waiting = seen.value("collector_outbox_observations", target=PLATFORM)
        assert waiting > 0
        assert seen.value("collector_outbox_entries", target=PLATFORM) > 0
        assert seen.value("collector_outbox_bytes", target=PLATFORM) > 0
        assert seen.value("collector_outbox_oldest_seconds", target=PLATFORM) == 600
        assert seen.value("collector_lanes_parked", target=PLATFORM) == 1
        lane = {"target": PLATFORM, "data_set": "toll/hourly"}
        assert seen.value("collector_lane_observations", **lane) == waiting
        assert seen.value("collector_lane_oldest_seconds", **lane) == 600

        del sink.answer
        toll.run("outbox", "retry")
        assert seen.value("collector_lanes_parked", target=PLATFORM) == 1
        seen.ticking.at += FRESH
        assert seen.value("collector_lanes_parked", target=PLATFORM) == 0
        assert seen.value("collector_outbox_observations", target=PLATFORM) == 0
        assert seen.value("collector_outbox_oldest_seconds", target=PLATFORM) == 0
        assert seen.value("collector_lane_observations", **lane) is None


def test_lateness_is_of_each_collector_and_needs_no_run(toll):
    toll.run("run", "--all")
    with watched(toll) as seen:
        assert seen.value("collector_late_seconds", collector="toll/hourly") == 0
        assert seen.value("collector_collectors", state="collected") == 1
        toll.clock.advance(timedelta(hours=9))
        seen.ticking.at += FRESH
        # The hour from 12:00 was over at 13:00, and is late since 16:00; it is 21:30.
        assert seen.value("collector_late_seconds", collector="toll/hourly") == 5.5 * 3600
        assert seen.value("collector_collectors", state="late") == 1
        assert seen.value("collector_due_periods") == 9


def test_a_quota_is_shown_until_it_resets(toll, feed):
    feed.quota_key = "feed:one"
    toll.run("run", "--all")
    with watched(toll) as seen:
        resets = (toll.clock.now() + DAY).timestamp()
        assert seen.value("collector_quota_remaining", key="feed:one", budget="") == 7
        assert (
            seen.value("collector_quota_resets_timestamp_seconds", key="feed:one", budget="")
            == resets
        )
        toll.clock.advance(DAY)
        seen.ticking.at += FRESH
        assert seen.value("collector_quota_remaining", key="feed:one", budget="") is None


def test_the_post_of_the_daemon_and_what_is_due_are_shown(toll, feed):
    feed.error = "quota"
    toll.run("run", "--all")
    with watched(toll) as seen:
        assert seen.value("collector_is_daemon") == 0
        assert seen.value("collector_open_runs", kind="live", state="parked") == 1
        seen.parts.store.post.take()
        seen.ticking.at += FRESH
        assert seen.value("collector_is_daemon") == 1


def test_without_the_store_the_other_metrics_are_still_shown(toll):
    toll.run("run", "--all")
    with watched(toll) as seen:
        seen.metrics.tick(1.0)
        seen.parts.store.close()
        toll.state.unlink()
        toll.state.mkdir()

        assert seen.value("collector_store_up") == 0
        assert seen.value("collector_outbox_entries", target=PLATFORM) is None
        assert seen.value("collector_tick_delay_seconds_count") == 1


def test_what_takes_long_to_look_at_is_looked_at_less_often(toll):
    with watched(toll) as seen:
        moments = iter([0.0, 1.0, 50.9, 51.0, 61.0, 361.0])
        lookout = Lookout(lambda: seen.parts, ticking=lambda: next(moments))
        first, shown_again, second = lookout.look(), lookout.look(), lookout.look()
        assert first is shown_again is not second
        with pytest.raises(StopIteration):
            lookout.look()  # after 300 seconds it looks again, however long looking takes


def test_the_page_is_in_the_format_that_is_asked_for(toll):
    with watched(toll) as seen:
        assert seen.metrics.page()[1].startswith("text/plain")
        page, kind = seen.metrics.page("application/openmetrics-text;version=1.0.0")
        assert kind.startswith("application/openmetrics-text; version=1.0.0")
        assert page.endswith(b"# EOF\n")
