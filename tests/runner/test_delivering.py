"""What happens to an entry for each answer of a write API: the table of deliveries, row by row."""

import socket
from datetime import timedelta
from email.utils import format_datetime
from functools import partial

import pytest

from collectors.values import counted
from tests.places import HASTY, NOW, GoingClock, hourly, make_client
from tests.servers.http import Answer, html_answer, json_answer

LANE = "toll/hourly at platform"
SECOND = timedelta(seconds=1)


def many(number, bad=()):
    """So many channels; those of ``bad`` (by number) have a name that a rule refuses."""
    return tuple(f"{'bad' if one in bad else 'good'}-{one:02}" for one in range(number))


def refuse_bad(record):
    return "'bad' is not one of the channels" if record["channel"].startswith("bad") else None


def held(sink, name="toll/hourly"):
    return sorted(record["channel"] for record in sink.held[name].values())


def waiting(place):
    """What ``outbox list`` says of each lane: its observations and its state."""
    rows = place.run("outbox", "list", "--json").json
    return {f"{row['data_set']} at {row['target']}": row for row in rows}


def dead_letters(place):
    rows = place.run("dead-letters", "list", "--json").json
    letters = [place.run("dead-letters", "show", str(row["id"])).json for row in rows]
    return {letter["observation"]["channel"]: letter["reason"] for letter in letters}


def flowing(place, sink, feed):
    """Let a lane have been accepted before, so that what is refused later is not its setting."""
    feed.channels = ("first",)
    assert place.run("run", "--all").code == 0
    place.clock.advance(timedelta(hours=1))
    assert held(sink) == ["first"]


def test_what_is_accepted_leaves_the_outbox_and_counts_as_delivered(toll, sink):
    done = toll.run("run", "--all", "--json")

    assert (done.code, done.json["delivered"], done.json["waiting"]) == (0, 2, 0)
    assert held(sink) == ["paper", "web"]
    assert waiting(toll) == {}
    assert toll.rows("lane_coverage", "state") == [("delivered",)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (html_answer(), "answered text/html; charset=utf-8, not JSON"),
        (Answer(200), "answered no content type, not JSON"),
        (json_answer({"status": "error"}), "answered 200 without 'status: ok'"),
        (json_answer(["ok"]), "answered 200 without 'status: ok'"),
        (Answer(204), "answered no content type, not JSON"),
    ],
    ids=["a page of HTML", "nothing", "an error", "a list", "no content"],
)
def test_a_success_that_is_no_receipt_parks_the_lane_and_keeps_all(toll, sink, answer, said):
    sink.faults["toll/hourly"] = [answer]

    done = toll.run("run", "--all")

    assert done.code == 1
    assert f"{LANE}: not delivered: {sink.url}/data/toll/hourly {said}" in done.err
    assert waiting(toll)[LANE]["observations"] == 2
    assert waiting(toll)[LANE]["state"].startswith("parked since")


def test_a_parked_lane_is_probed_once_at_every_start_and_flows_again(toll, sink):
    sink.faults["toll/hourly"] = [html_answer(), html_answer()]
    toll.service("toll", hourly(toll.servers[0], "hourly", "since: 2026-11-20", "batch: 2"))
    toll.run("run", "--all")
    tried = len(sink.requests)

    assert toll.run("outbox", "flush").code == 1
    assert len(sink.requests) == tried + 1
    assert toll.run("outbox", "flush").code == 0
    assert len(sink.held["toll/hourly"]) == 24


def test_of_a_refused_batch_the_bad_ones_become_dead_letters_and_the_good_ones_are_posted(
    toll, feed, sink
):
    flowing(toll, sink, feed)
    feed.channels = many(40, bad=(3, 17, 18, 39))
    sink.rules["toll/hourly"] = refuse_bad

    done = toll.run("run", "--all", "--json")

    assert done.code == 1
    assert (done.json["delivered"], done.json["refused"], done.json["waiting"]) == (36, 4, 0)
    assert held(sink) == ["first", *sorted(one for one in feed.channels if "good" in one)]
    reason = "'bad' is not one of the channels"
    assert dead_letters(toll) == dict.fromkeys(["bad-03", "bad-17", "bad-18", "bad-39"], reason)


def test_what_was_refused_counts_as_delivered(toll, feed, sink):
    flowing(toll, sink, feed)
    feed.channels = ("bad",)
    sink.rules["toll/hourly"] = refuse_bad
    toll.run("run", "--all")

    assert waiting(toll) == {}
    assert list(dead_letters(toll)) == ["bad"]
    assert toll.run("run", "--all", "--json").json["runs"] == []


@pytest.mark.parametrize("number", [1, 2, 12])
def test_where_most_of_the_first_is_refused_it_is_the_setting_so_the_lane_is_parked(
    toll, feed, sink, number
):
    feed.channels = many(number)
    sink.rules["toll/hourly"] = lambda _record: "'slug' is a required property"

    done = toll.run("run", "--all")

    tried = min(number, 10)
    of = counted(tried, "observation was", "observations were")
    assert f"{tried} of the first {of} refused: 'slug' is a" in done.err
    assert waiting(toll)[LANE]["observations"] == number
    assert dead_letters(toll) == {}

    sink.rules.clear()
    assert toll.run("outbox", "retry").code == 0
    assert held(sink) == list(feed.channels)


def test_a_batch_that_is_too_large_is_halved_until_it_fits(toll, feed, sink):
    feed.channels = many(10)
    sink.limit = 3

    assert toll.run("run", "--all").code == 0

    assert held(sink) == list(feed.channels)
    assert [len(one) for one in sink.posts("toll/hourly")] == [10, 5, 5, 2, 3, 2, 3]


def test_one_observation_that_is_too_large_is_a_dead_letter(toll, feed, sink):
    flowing(toll, sink, feed)
    sink.limit = 0

    assert toll.run("run", "--all").code == 1

    assert dead_letters(toll) == {"first": "too large for the data set"}


def test_where_even_the_first_observation_is_too_large_the_lane_is_parked(toll, feed, sink):
    sink.limit = 0

    assert "even one observation is too large" in toll.run("run", "--all").err

    assert waiting(toll)[LANE]["observations"] == 2
    assert dead_letters(toll) == {}


@pytest.mark.parametrize(
    ("said", "wait"),
    [("0", 1), ("1", 1), ("120", 120), ("3600", 3600), ("3601", 3600), ("999999999", 3600)],
)
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_obeyed_between_a_second_and_an_hour(toll, sink, status, said, wait):
    sink.faults["toll/hourly"] = [Answer(status, headers={"Retry-After": said})]

    toll.run("run", "--all")

    until = NOW + timedelta(seconds=wait)
    assert waiting(toll)[LANE]["state"] == f"waits until {until:%Y-%m-%dT%H:%M:%SZ}"


def test_retry_after_may_be_a_date(toll, sink):
    date = format_datetime(NOW + 90 * SECOND, usegmt=True)
    sink.faults["toll/hourly"] = [Answer(503, headers={"Retry-After": date})]

    toll.run("run", "--all")

    assert waiting(toll)[LANE]["state"] == "waits until 2026-11-20T12:31:30Z"


def test_a_later_process_obeys_it_too(toll, sink):
    sink.faults["toll/hourly"] = [Answer(429, headers={"Retry-After": "120"})]
    toll.run("run", "--all")
    asked = len(sink.requests)

    toll.clock.advance(119 * SECOND)
    refused = toll.run("outbox", "flush")
    assert (refused.code, len(sink.requests)) == (1, asked)
    assert f"{LANE}: {sink.url}/data/toll/hourly answered 429; not tried before 2026" in refused.err

    toll.clock.advance(31 * SECOND)
    assert toll.run("outbox", "flush").code == 0
    assert held(sink) == ["paper", "web"]


def test_outbox_retry_does_not_wait_for_it(toll, sink):
    sink.faults["toll/hourly"] = [Answer(429, headers={"Retry-After": "3600"})]
    toll.run("run", "--all")

    assert toll.run("outbox", "retry").code == 0

    assert held(sink) == ["paper", "web"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(429),
        Answer(500),
        Answer(502, b"<h1>Bad Gateway</h1>"),
        Answer(503),
        Answer(504),
        Answer(200, b'{"status": "ok"}', cut=5),
        Answer(stall=True),
        Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
    ids=["429", "500", "502", "503", "504", "cut off", "stalled", "not HTTP"],
)
def test_what_may_pass_keeps_the_entry_and_lets_the_lane_wait(toll, sink, answer):
    toll.http = partial(make_client, read=0.2)
    sink.faults["toll/hourly"] = [answer]

    done = toll.run("run", "--all")

    assert done.code == 1
    assert waiting(toll)[LANE]["observations"] == 2
    assert waiting(toll)[LANE]["state"].startswith("waits until 2026-11-20T12:3")
    toll.clock.advance(2 * SECOND)
    assert toll.run("outbox", "flush").code == 0
    assert held(sink) == ["paper", "web"]


def test_a_target_that_is_down_keeps_what_is_collected_and_says_so(toll, sink):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        toll.platform(f"target: http://127.0.0.1:{free.getsockname()[1]}/data")
        done = toll.run("run", "--all")

    assert done.code == 1
    assert "no connection: connection refused" in done.err
    assert [row["observations"] for row in waiting(toll).values()] == [2]


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        (401, "its token was not accepted; mend it in credentials/, then run 'outbox retry'"),
        (403, "its token may not write there; mend it in credentials/, then run 'outbox retry'"),
        (404, "there is no such data set; have it made, or mend data_set or target"),
        (301, "which is not an answer of a write API"),
        (418, "which is not an answer of a write API"),
        (400, "which is not an answer of a write API"),
    ],
)
def test_any_other_answer_parks_the_lane_until_somebody_acts(toll, sink, status, advice):
    sink.faults["toll/hourly"] = [Answer(status, b'{"status": "error", "message": "no"}')]

    done = toll.run("run", "--all")

    assert done.code == 1
    assert f"answered {status} for toll/hourly: {advice}" in done.err
    assert waiting(toll)[LANE]["state"] == "parked since 2026-11-20T12:30:00Z"


def test_why_a_lane_is_parked_is_logged_once(toll, sink):
    sink.faults["toll/hourly"] = [Answer(403)] * 3

    said = [toll.run("--log-format", "json", "run", "--all").err for _ in range(3)]

    assert ["lane parked" in one for one in said] == [True, False, False]


def test_a_token_that_is_mended_is_used_at_once_by_outbox_retry(toll, sink):
    toll.tokens(toll__hourly="wrong")
    assert toll.run("run", "--all").code == 1
    toll.tokens(toll__hourly="token-of-hourly")

    done = toll.run("outbox", "retry", "toll/hourly", "--json")

    assert (done.code, done.json) == (0, {"delivered": 2, "refused": 0, "left": {}})
    assert "1 lane may try again" in done.err
    assert held(sink) == ["paper", "web"]


def test_a_data_set_without_a_token_parks_its_lane_and_no_other(toll, feed, sink):
    toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
    toll.secret("tokens.yaml", "toll/daily: token-of-daily\n")

    done = toll.run("run", "--all")

    assert f"{toll.credentials}/tokens.yaml: no token for the data set toll/hourly: add" in done.err
    assert (held(sink), held(sink, "toll/daily")) == ([], ["paper", "web"])


def test_the_token_is_looked_up_anew_on_each_try(toll, sink):
    toll.clock, toll.patience = GoingClock(NOW), HASTY

    def changed():
        sink.tokens["toll/hourly"] = "a-new-one"
        toll.tokens(toll__hourly="a-new-one")
        return Answer(503)

    sink.faults["toll/hourly"] = [changed]

    assert toll.run("run", "--all").code == 0
    sent = [one.headers["authorization"] for one in sink.requests]
    assert sent == ["Bearer token-of-hourly", "Bearer a-new-one"]
    assert held(sink) == ["paper", "web"]


def test_an_entry_on_which_the_platform_breaks_is_halved_until_the_bad_one_is_alone(
    toll, feed, sink
):
    """Others flow all the while: ``toll/daily`` has something new at every run.

    It goes one by one, so that all but the last are known here to be accepted once it is there.
    """
    toll.clock, toll.patience = GoingClock(NOW), HASTY
    toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily", "batch: 1"))
    flowing(toll, sink, feed)
    feed.channels = many(8, bad=(5,))
    daily = 1

    def breaks_on(record):
        if record["dataType"] == "hourly" and record["channel"] == "bad-05":
            sink.wait_until_held("toll/daily", daily)
            return True
        return False

    sink.breaks_on = breaks_on
    for _ in range(20):
        daily += len(feed.channels)
        assert toll.run("run", "--all").code == 1
        toll.clock.advance(timedelta(hours=1))
        if dead_letters(toll):
            break
        feed.channels = ("later", "latest")

    url = f"{sink.url}/data/toll/hourly"
    assert dead_letters(toll) == {"bad-05": f"{url} answered 500 to this observation alone"}
    good = [one for one in many(8, bad=(5,)) if one != "bad-05"]
    assert set(good) <= set(held(sink))
    toll.run("outbox", "retry")
    assert waiting(toll) == {}
    assert len(sink.held["toll/hourly"]) == len(sink.held["toll/daily"]) - 1


def test_nothing_is_given_up_while_the_whole_platform_is_broken(toll, feed, sink):
    toll.service("toll", hourly(feed) + "\n" + hourly(feed, "daily"))
    flowing(toll, sink, feed)
    sink.breaks_on = lambda _record: True

    for _ in range(8):
        assert toll.run("run", "--all").code == 1
        toll.clock.advance(timedelta(hours=2))

    assert dead_letters(toll) == {}
    sink.breaks_on = lambda _record: None
    toll.run("outbox", "retry")
    assert len(sink.held["toll/hourly"]) == len(sink.held["toll/daily"]) == 16


def test_what_is_gone_at_the_source_is_taken_back(toll, feed, sink):
    toll.service("toll", hourly(feed, "hourly", "settle: 2 days"))
    toll.run("run", "--all")
    feed.channels = ("paper",)

    assert toll.run("run", "--all", "--start", "2026-11-20", "--end", "2026-11-20").code == 0

    assert {one["channel"] for one in sink.held["toll/hourly"].values()} == {"paper"}
    assert [one.method for one in sink.requests].count("DELETE") == 1


def test_what_the_platform_does_not_hold_counts_as_taken_back(toll, feed, sink):
    toll.service("toll", hourly(feed, "hourly", "settle: 2 days"))
    toll.run("run", "--all")
    sink.held["toll/hourly"].clear()
    feed.channels = ()

    assert toll.run("run", "--all", "--start", "2026-11-20", "--end", "2026-11-20").code == 0

    assert waiting(toll) == {}


def test_a_platform_that_takes_nothing_back_is_told_of_and_keeps_no_lane_waiting(toll, feed, sink):
    toll.service("toll", hourly(feed, "hourly", "settle: 2 days"))
    toll.run("run", "--all")
    sink.deletes = False
    feed.channels = ("paper",)

    done = toll.run("run", "--all", "--start", "2026-11-20", "--end", "2026-11-20")

    assert done.code == 0
    assert "cannot retract" in done.err
    assert waiting(toll) == {}
