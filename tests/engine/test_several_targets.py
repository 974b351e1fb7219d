"""Several targets: each lane on its own, so what one of them does is not felt by another."""

import threading

import pytest

from collectors.runner import Patience
from tests.places import NOW, GoingClock, hourly
from tests.servers.http import LONGEST, Answer
from tests.servers.write_api import WriteApiServer

LANES = 40
"""More than there are threads that send to a target, or requests that may be under way to it."""

NAMES = [f"toll/part-{number:02}" for number in range(LANES)]
TOKENS = dict.fromkeys(NAMES, "token")


class Good(WriteApiServer):
    """A platform that says when it has all that there is."""

    def __init__(self) -> None:
        super().__init__(TOKENS)
        self.complete = threading.Event()

    def answer(self, request):
        answered = super().answer(request)
        if all(self.held.values()):
            self.complete.set()
        return answered


@pytest.fixture
def good():
    with Good() as server:
        yield server


@pytest.fixture
def bad():
    with WriteApiServer(TOKENS) as server:
        yield server


@pytest.fixture
def both(place, feed, good, bad):
    """The platform of the day, which is in trouble, before one's own copy, which is not."""
    place.servers += [good, bad]
    place.clock = GoingClock(NOW)
    place.patience = Patience(first=0.01, shortest=0.01, tries=2)
    targets = [
        f"{{url: '{one.url}/data', name: {name}}}" for one, name in ((bad, "day"), (good, "own"))
    ]
    place.platform(f"target: [{', '.join(targets)}]\nworkers: 4\n")
    place.secret("tokens.yaml", "toll/*: token\n")
    place.service("toll", "\n".join(hourly(feed, name.partition("/")[2]) for name in NAMES))
    return place


def waiting(place):
    rows = place.run("outbox", "list", "--json").json
    return {target: sum(one["target"] == target for one in rows) for target in ("day", "own")}


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500),
        Answer(503, headers={"Retry-After": "3600"}),
        Answer(401, b'{"status": "error"}'),
        Answer(200, b"<html>", {"Content-Type": "text/html"}),
    ],
    ids=["500", "503", "401", "a page"],
)
def test_a_target_that_takes_nothing_keeps_nothing_from_the_other(both, good, bad, answer):
    """It says no only once the other one has everything: whoever waits for it, waits in vain."""

    def say_no(_request):
        assert good.complete.wait(LONGEST)
        return answer

    bad.answer = say_no

    done = both.run("run", "--all", "--json")

    assert done.code == 1
    assert all(len(held) == 2 for held in good.held.values())
    assert waiting(both) == {"day": LANES, "own": 0}
    assert {one["lane"].split()[-1] for one in done.json["left"]} == {"day"}


def test_what_one_target_missed_it_gets_when_it_is_back(both, good, bad):
    working = bad.answer
    bad.answer = lambda _request: Answer(503)
    assert both.run("run", "--all").code == 1

    bad.answer = working
    assert both.run("outbox", "retry").code == 0

    assert bad.held == good.held
    assert waiting(both) == {"day": 0, "own": 0}


def test_a_bad_record_of_one_target_is_a_dead_letter_of_that_one(both, good, bad):
    """A target that refuses by its own schema says nothing of the others."""
    for name in NAMES:
        bad.rules[name] = lambda one: "no web here" if one["channel"] == "web" else None

    both.run("run", "--all")

    assert all(len(held) == 2 for held in good.held.values())
    letters = both.run("dead-letters", "list", "--json").json
    assert {one["refused_by"] for one in letters} <= {"day"}
