"""Wrong tokens: counted by client and data set, and never in anybody else's way."""

import logging
from datetime import timedelta

import pytest
import structlog

from collectors.cli.logs import configure
from collectors.clock import FixedClock
from collectors.web.attempts import MOST, TRIES, WHILE, Attempts
from tests.web.sites import JSON, NOW, TOKEN, WRITING, declared, record

PATH = "/data/fishing/catches"
WRONG = {**JSON, "Authorization": "Bearer planted-wrong-token"}


@pytest.fixture
def attempts():
    return Attempts(FixedClock(NOW))


def fail(attempts, key=("client", "set"), times=TRIES):
    for _ in range(times):
        attempts.wrong(key)


def test_after_so_many_wrong_tokens_one_has_to_wait(small):
    site = small(declared(), declared("fishing/other"))
    for _ in range(TRIES):
        assert site.post([], headers=WRONG).status == 401
    late = site.post([], headers=WRONG)
    assert (late.status, late.headers["Retry-After"]) == (429, "60")
    assert site.post([], headers=WRITING).status == 429
    assert site.post([], "fishing/other", WRITING).status == 200
    site.clock.advance(WHILE)
    assert site.post([], headers=WRITING).status == 200


def test_whoever_has_shown_the_right_token_is_never_locked_out(small):
    site = small(declared())
    assert site.post([]).status == 200
    for _ in range(3 * TRIES):
        site.post([], headers=WRONG)
    assert site.post([]).status == 200


def test_the_wait_grows_shorter(attempts):
    fail(attempts)
    attempts._clock.advance(timedelta(seconds=20.5))
    assert attempts.wait(("client", "set")) == 40
    assert attempts.wait(("other", "set")) == attempts.wait(("client", "other")) == 0


def test_old_failures_are_forgotten(attempts):
    fail(attempts, times=TRIES - 1)
    attempts._clock.advance(WHILE)
    fail(attempts, times=TRIES - 1)
    assert attempts.wait(("client", "set")) == 0


def test_many_clients_do_not_fill_the_memory(attempts):
    fail(attempts)
    for number in range(MOST):
        attempts.wrong((str(number), "set"))
    assert len(attempts) == MOST
    assert attempts.wait(("client", "set")) == 0


def test_a_clock_that_goes_back_locks_nobody_out_for_long(attempts):
    fail(attempts)
    attempts._clock.advance(-timedelta(days=1))
    attempts.wrong(("client", "set"))
    assert attempts.wait(("client", "set")) == 0


def test_tokens_are_in_no_log_no_answer_and_no_database(small, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    configure(as_json=True, verbose=2, scrub=str)
    with structlog.testing.capture_logs() as lines:
        site = small(declared())
        replies = [
            site.post(record(_id="one")),
            site.post(record(_id="one"), headers=WRONG),
            site.ask("POST", PATH, b"{borked", WRITING),
            site.ask("POST", "/data/no/thing", b"[]", WRITING),
            site.ask("PATCH", PATH, b"[]", WRITING),
            *(site.post([], headers=WRONG) for _ in range(TRIES + 1)),
            site.ask("GET", "/openapi.json"),
        ]
    logged = [one for one in lines if one["event"] == "request"]
    told = repr(lines) + caplog.text + repr(replies)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert len(logged) == len(replies)
    assert {one["status"] for one in logged} == {200, 400, 401, 404, 405}
    for secret in (TOKEN, "planted-wrong-token"):
        assert secret not in told
        assert secret.encode() not in kept


def test_the_declaration_does_not_show_its_tokens():
    shown = repr(declared())
    assert "token" not in shown.replace("tokens", "")
    assert TOKEN not in shown
