"""Delivery while collecting goes on: lanes apart from each other, several posts at a time."""

import os
import threading

import pytest

from collectors.engine.sender import Sender
from collectors.errors import StoreError
from collectors.runner import Parts, Patience
from collectors.store import Owner, Store
from tests.places import HASTY, NOW, GoingClock, hourly, make_client
from tests.servers.http import LONGEST, Answer, HttpServer, json_answer
from tests.servers.write_api import WriteApiServer
from tests.store.worlds import dead, living

OK = json_answer({"status": "ok"})


def lanes(place):
    rows = place.run("outbox", "list", "--json").json
    return {f"{row['data_set']} at {row['target']}": row["observations"] for row in rows}


def test_several_posts_are_under_way_at_once_but_never_two_about_one_period(toll, feed, sink):
    """A day of hours, each in three pieces: the platform answers only when four are there."""
    feed.channels = tuple(f"channel-{number:02}" for number in range(25))
    toll.service("toll", hourly(feed))
    toll.run("run", "--all")
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-19", "batch: 10"))
    sink.most, sink.wait_for = 0, 4

    assert toll.run("run", "--all").code == 0

    assert sink.overlaps == []
    assert len(sink.held["toll/hourly"]) == 36 * 25


def test_a_new_lane_is_tried_with_one_post_before_it_gets_more(toll, feed, sink):
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-19", "batch: 2"))
    toll.tokens(toll__hourly="wrong")

    toll.run("run", "--all")

    assert len(sink.requests) == 1


class Stuck(HttpServer):
    """Answers nobody until it is told that the others are done."""

    def __init__(self):
        super().__init__()
        self.others_are_done = threading.Event()

    def answer(self, request):
        self.others_are_done.wait(LONGEST)
        return OK


class Watched(WriteApiServer):
    """Says when it holds so many records in all."""

    def __init__(self, names, number, done):
        super().__init__(dict.fromkeys(names, "token"))
        self._number = number
        self._done = done

    def answer(self, request):
        answer = super().answer(request)
        if sum(map(len, self.held.values())) >= self._number:
            self._done.set()
        return answer


def test_a_target_that_does_not_answer_never_stops_another(place, feed):
    """Forty lanes of each: more than there are threads for one target."""
    keys = [f"series-{number}" for number in range(40)]
    with (
        Stuck() as stuck,
        Watched([f"toll/{key}" for key in keys], 80, stuck.others_are_done) as well,
    ):
        place.servers += [stuck, well]
        place.platform(
            f"target: [{{url: '{stuck.url}/data', name: a-stuck}}, {{url: '{well.url}/data', name: well}}]"
        )
        place.secret("tokens.yaml", "'toll/*': token\n")
        place.service("toll", "\n".join(hourly(feed, key) for key in keys))

        assert place.run("run", "--all").code == 0

        assert stuck.others_are_done.is_set()
        assert sum(map(len, well.held.values())) == 80
        assert len(stuck.requests) == 40


def test_a_lane_that_is_refused_stops_no_other_lane_of_its_target(toll, feed, sink):
    toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
    sink.faults["toll/hourly"] = [Answer(403)]

    assert toll.run("run", "--all").code == 1

    assert lanes(toll) == {"toll/hourly at platform": 2}
    assert len(sink.held["toll/daily"]) == 2


def test_what_fails_for_a_moment_is_tried_again_by_the_same_process(toll, sink):
    toll.clock, toll.patience = GoingClock(NOW), HASTY
    sink.faults["toll/hourly"] = [Answer(503), Answer(429), Answer(502), Answer(500)]

    assert toll.run("run", "--all").code == 0

    assert len(sink.requests) == 5
    assert len(sink.held["toll/hourly"]) == 2


def test_after_five_failures_in_a_row_a_lane_is_left_to_the_next_run(toll, sink):
    toll.clock, toll.patience = GoingClock(NOW), HASTY
    sink.faults["toll/hourly"] = [Answer(503)] * 6

    done = toll.run("run", "--all")

    assert (done.code, len(sink.requests)) == (1, 5)
    assert "toll/hourly at platform: not delivered:" in done.err
    assert "nothing is lost" in done.err


def test_failures_that_come_together_are_one_failure(toll, feed, sink):
    toll.clock, toll.patience = GoingClock(NOW), HASTY
    toll.run("run", "--all")
    toll.service("toll", hourly(feed, "hourly", "since: 2026-11-20", "batch: 2"))
    together = threading.Barrier(8)

    def fail():
        together.wait(LONGEST)
        return Answer(503)

    sink.faults["toll/hourly"] = [fail] * 8

    assert toll.run("run", "--all").code == 0

    assert len(sink.held["toll/hourly"]) == 24


def test_a_target_that_fails_many_lanes_is_not_asked_for_all_the_others(place, feed):
    """Of 400 lanes only some are tried; what waits is safe, and the next run tries again."""
    with WriteApiServer({"none/here": "token"}) as down:
        down.answer = lambda _request: Answer(503)
        place.servers.append(down)
        place.clock, place.patience = GoingClock(NOW), Patience(first=0.02, tries=3)
        place.platform(f"target: {{url: '{down.url}/data', name: down}}\nworkers: 4\n")
        place.secret("tokens.yaml", "'toll/*': token\n")
        place.service("toll", "\n".join(hourly(feed, f"series-{n}") for n in range(120)))

        assert place.run("run", "--all").code == 1

        assert len(lanes(place)) == 120
        assert len(down.requests) < 360


def test_a_lane_with_another_living_process_is_left_to_it(toll, sink):
    toll.clock, toll.patience = GoingClock(NOW), Patience(owner_wait=0.001, owner_tries=3)
    sink.faults["toll/hourly"] = [Answer(403)]
    toll.run("run", "--all")
    beside = Store(f"sqlite:///{toll.state}", clock=toll.clock, owner=living(os.getppid()))
    beside.open()
    beside.delivery.acquire([1])
    beside.close()

    done = toll.run("outbox", "flush")

    assert done.code == 1
    assert "toll/hourly at platform: another process sends there" in done.err
    assert len(sink.requests) == 1


def test_a_lane_of_a_process_that_died_is_taken_over(toll, sink):
    sink.faults["toll/hourly"] = [Answer(403)]
    toll.run("run", "--all")
    beside = Store(f"sqlite:///{toll.state}", clock=toll.clock, owner=dead())
    beside.open()
    beside.delivery.acquire([1])
    beside.close()

    assert toll.run("outbox", "flush").code == 0

    assert len(sink.held["toll/hourly"]) == 2


class Broken:
    """A sink with a bug."""

    def send(self, batch):
        raise ZeroDivisionError("a bug")

    retract = send


@pytest.fixture
def parts(toll, sink):
    """The parts of a process whose sink has a bug, and an outbox with something for it."""
    sink.faults["toll/hourly"] = [Answer(403)]
    toll.run("run", "--all")
    store = Store(f"sqlite:///{toll.state}", clock=toll.clock, owner=Owner.this_process())
    store.open()
    yield Parts(
        store=store,
        sinks={"platform": Broken()},
        vault=None,
        http=make_client(toll.clock),
        clock=toll.clock,
        directory=toll.config,
        outbox_limit=10**9,
    )
    store.close()


def test_a_bug_in_a_sink_is_raised_and_hangs_nothing(parts):
    sender = Sender(lambda: parts, 2)
    sender.notice([1])
    with pytest.raises(ZeroDivisionError, match="a bug"):
        sender.close()


def test_a_store_that_fails_meanwhile_is_raised_where_the_sender_is_closed(parts):
    parts.store.close()
    parts.store.view.database.engine.dispose()
    os.rename(parts.directory.parent / "var", parts.directory.parent / "gone")  # noqa: PTH104
    sender = Sender(lambda: parts, 2)
    sender.notice([1])
    with pytest.raises(StoreError, match="unable to open database file"):
        sender.close()


def test_stopping_leaves_what_waits(toll, parts):
    sender = Sender(lambda: parts, 2)
    sender.stop()
    sender.notice([1])
    assert sender.close().observations == 0
