"""What is logged: every line about work says whose, is said once, and tells no secret."""

import io
import json
import logging
import threading
import warnings
from collections import Counter
from contextlib import redirect_stderr
from typing import ClassVar

import pytest
import structlog

from collectors.cli import logs
from tests.feeds import HOUR, SecretFeed
from tests.places import hourly
from tests.servers.http import Answer

SECRET = "planted/log+secret=="


class Chatty(SecretFeed):
    """A feed that tells what it does, from threads of its own too, and a library that echoes."""

    name: ClassVar[str] = "chatty"

    def collect(self, window, context):
        context.log.info("reading")
        list(context.ahead(lambda page: context.log.debug("page", page=page), range(3)))
        token = context.credential.token.reveal()
        logging.getLogger("library").warning("sent %s", token)
        yield from super().collect(window, context)


@pytest.fixture
def chatty(toll, feed):
    """A collector of the chatty source, and one that is always refused by its source."""
    toll.sources = {**toll.sources, "chatty": Chatty}
    toll.secret("chatty.yaml", f"token: '{SECRET}'\n")
    daily = hourly(feed, "daily").replace("source: feed", "source: chatty")
    toll.service("toll", f"{hourly(feed)}\n{daily}")
    return toll


def lines(text):
    """Every line of a log, read; what is no JSON is a fault."""
    return [json.loads(line) for line in text.splitlines()]


def logged(place, *arguments):
    done = place.run("--log-format", "json", *arguments)
    return [json.loads(line) for line in done.err.splitlines() if line.startswith("{")], done


def test_every_line_about_work_says_whose_it_is_and_is_there_once(chatty, caplog):
    caplog.set_level(logging.DEBUG)
    found, done = logged(chatty, "-vv", "run", "--all")

    events = Counter(line["event"] for line in found)
    assert (events["run ended"], events["reading"], events["page"]) == (2, 1, 3)
    assert events["delivered"] >= 2
    for line in (one for one in found if "logger" not in one):
        assert {"collector", "data_set", "run", "level", "timestamp"} <= line.keys(), line
    assert {one["data_set"] for one in found if one["event"] == "page"} == {"toll/daily"}
    assert len({json.dumps(line, sort_keys=True) for line in found}) == len(found)
    assert SECRET not in done.err


def test_what_a_library_logs_is_one_line_like_any_other_without_secrets(chatty):
    found, done = logged(chatty, "-v", "run", "--all")

    (line,) = [one for one in found if one.get("logger") == "library"]
    assert (line["event"], line["level"]) == ("sent ****", "warning")
    assert (line["collector"], line["data_set"]) == ("toll/daily", "toll/daily")
    assert SECRET not in done.err


def test_a_command_that_answers_does_not_log_its_answer_too(chatty, feed, sink):
    feed.error = "refused"
    quiet, done = logged(chatty, "run", "--all")
    assert [one["event"] for one in quiet] == ["sent ****"]
    assert "toll/hourly: failed: it says no" in done.err

    feed.error, sink.answer = None, lambda _request: Answer(503)
    chatty.clock.advance(HOUR)
    loud, _ = logged(chatty, "-v", "run", "--all")
    waits = [one["data_set"] for one in loud if one["event"] == "lane waits"]
    assert sorted(waits) == ["toll/daily", "toll/hourly"]


def test_a_run_that_fails_is_a_warning_without_a_traceback(toll, feed):
    feed.error = "refused"
    ((line,), done) = logged(toll, "-v", "run", "--all")

    assert (line["event"], line["level"], line["state"]) == ("run ended", "warning", "failed")
    assert (line["reason"], line["collector"]) == ("it says no", "toll/hourly")
    assert "Traceback" not in done.err


@pytest.fixture
def log():
    """Logging as JSON, and a function that gives what was logged."""
    said = io.StringIO()
    with redirect_stderr(said):
        for _ in range(3):
            logs.configure(as_json=True, verbose=1, scrub=lambda text: text.replace(SECRET, "****"))
    return lambda: lines(said.getvalue())


def test_libraries_are_heard_once_however_often_it_is_configured(log):
    logging.getLogger("apscheduler.scheduler").error("no %s", "luck")
    logging.getLogger("apscheduler.scheduler").info("added a job")
    logging.getLogger("odd").log(35, "between two levels")

    assert [(one["event"], one["level"]) for one in log()] == [
        ("no luck", "error"),
        ("between two levels", "warning"),
    ]


def test_an_error_that_a_library_logs_keeps_its_traceback_without_secrets(log):
    try:
        raise ValueError(SECRET)
    except ValueError:
        logging.getLogger("waitress").exception("while serving")

    (line,) = log()
    assert line["exception"].endswith("ValueError: ****")


def test_lines_of_many_threads_are_whole(log):
    def tell(number):
        for turn in range(50):
            structlog.get_logger().info("ours", number=number, turn=turn)
            logging.getLogger("library").warning("theirs")

    threads = [threading.Thread(target=tell, args=(number,)) for number in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert Counter(one["event"] for one in log()) == {"ours": 200, "theirs": 200}


def test_what_ends_a_thread_and_what_python_warns_of_are_lines_too(log):
    def broken():
        raise ZeroDivisionError(SECRET)

    before = threading.excepthook
    with logs.whole_process(), warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        thread = threading.Thread(target=broken, name="lonely")
        thread.start()
        thread.join()

    warned, broke = log()
    assert (warned["logger"], "DeprecationWarning: old" in warned["event"]) == ("py.warnings", True)
    assert (broke["event"], broke["thread"]) == ("a thread broke", "lonely")
    assert broke["exception"].endswith("ZeroDivisionError: ****")
    assert threading.excepthook is before
