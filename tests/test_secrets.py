"""Secrets stay secret: planted in every place that holds one, and looked for in every output."""

import base64
import json
import logging
from itertools import cycle
from urllib.parse import quote

import pytest

from collectors.testing import spellings
from tests.feeds import DAY, HOUR
from tests.places import hourly
from tests.servers.http import Answer, html_answer, json_answer
from tests.servers.write_api import failed

SOURCE_TOKEN = "planted/source+token=="
SINK_TOKEN = "planted sink".replace(" ", "/") + "+token&=1"
WRONG_TOKEN = "planted-wrong/token+9="
PASSWORD = "planted:p@ss/word%1"
IN_ENVIRONMENT = "planted-environment/value+"
PLANTED = (SOURCE_TOKEN, SINK_TOKEN, WRONG_TOKEN, PASSWORD, IN_ENVIRONMENT)


def found(content):
    """Give the planted secrets that some bytes hold, in whatever spelling."""
    return [
        (secret, spelt)
        for secret in PLANTED
        for spelt in spellings(secret)
        if spelt.encode() in content
    ]


@pytest.fixture
def vault(place, feed, sink, monkeypatch, caplog):
    """A place where every kind of secret is planted, and both far sides echo what they are sent."""
    monkeypatch.setenv("SOURCE_TOKEN", IN_ENVIRONMENT)
    caplog.set_level(logging.DEBUG)
    sink.tokens["toll/hourly"] = SINK_TOKEN
    place.platform(f"target: [embedded, {{url: '{sink.url}/data', name: platform}}]")
    place.tokens(toll__hourly=f"'{SINK_TOKEN}'", toll__daily=f"'{WRONG_TOKEN}'")
    place.secret("secret-feed.yaml", f"token: '{SOURCE_TOKEN}'\n")
    place.secret("other.yaml", "token: ${SOURCE_TOKEN}\n")
    secret = hourly(feed).replace("source: feed", "source: secret-feed")
    other = hourly(feed, "daily", "credentials: other").replace(
        "source: feed", "source: secret-feed"
    )
    place.service("toll", f"{secret}\n{other}")
    return place


COMMANDS = (
    ["validate"],
    ["validate", "--json"],
    ["list", "--json"],
    ["show", "toll/hourly"],
    ["show", "toll/daily", "--json"],
    ["run", "--all", "--dry-run"],
    ["run", "--all", "--dry-run", "--json"],
    ["run", "--all"],
    ["run", "--all", "--json"],
    ["run", "--all", "--start", "2026-11-19", "--end", "2026-11-19"],
    ["status"],
    ["status", "--json"],
    ["status", "--gaps", "--json"],
    ["outbox", "list"],
    ["outbox", "list", "--json"],
    ["outbox", "retry"],
    ["outbox", "flush", "--json"],
    ["dead-letters", "list", "--json"],
    ["dead-letters", "show", "1"],
    ["read", "toll/hourly", "--json"],
    ["read", "toll/hourly", "--target", "platform"],
)


LOGGING = (["-vv"], ["--log-format", "json", "-vv"], [])


def everything(place):
    """Run every command, in turn in every way of logging; give all that was told."""
    told = []
    for command, options in zip(COMMANDS, cycle(LOGGING), strict=False):
        place.clock.advance(HOUR)
        done = place.run(*options, *command)
        told += [done.out, done.err]
    return "\n".join(told)


def kept(place):
    """Give all that is on the disk of what the program has written, logs ahead included."""
    return {path: path.read_bytes() for path in (place.directory / "var").iterdir()}


def look(place, caplog, told):
    assert found(told.encode()) == []
    assert found(caplog.text.encode()) == []
    for path, content in kept(place).items():
        assert found(content) == [], path


def echo(status):
    """An answer that says back what it was sent, header and all."""

    def answer(request):
        sent = request.headers.get("authorization", "")
        token = sent.removeprefix("Bearer ")
        coded = [base64.b64encode(f"{'x' * n}{token}:".encode()).decode() for n in range(3)]
        spelt = " ".join([sent, quote(token, safe=""), json.dumps(token), *coded])
        headers = {
            "X-Echo": quote(sent),
            "WWW-Authenticate": sent,
            "Location": f"/?t={quote(token)}",
        }
        body = json.dumps({"message": spelt, "error": spelt, "messages": [spelt]}).encode()
        return Answer(status, body, headers)

    return answer


def test_the_search_finds_what_is_planted():
    for secret in PLANTED:
        assert found(f"--{secret}--".encode())
        assert found(base64.b64encode(f"Bearer {secret} and more".encode()))
        assert found(quote(secret, safe="").encode())


def test_nothing_is_told_or_kept_where_all_goes_well(vault, sink, caplog):
    vault.tokens(toll__hourly=f"'{SINK_TOKEN}'", toll__daily="token-of-daily")

    told = everything(vault)

    assert len(sink.held["toll/hourly"]) > 0
    assert len(sink.held["toll/daily"]) > 0
    look(vault, caplog, told)


def test_a_wrong_token_that_the_platform_echoes_is_nowhere(vault, sink, caplog):
    told = everything(vault)

    assert "its token was not accepted" in told
    assert any(WRONG_TOKEN in request.headers["authorization"] for request in sink.requests)
    look(vault, caplog, told)


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 413, 429, 500])
def test_whatever_the_platform_says_back_is_nowhere(vault, sink, caplog, status):
    sink.answer = echo(status)

    told = []
    for command in (["run", "--all"], ["outbox", "retry"], ["outbox", "list", "--json"]):
        vault.clock.advance(HOUR)
        done = vault.run("-vv", *command)
        told += [done.out, done.err]
    letters = vault.run("dead-letters", "list", "--json")

    look(vault, caplog, "\n".join([*told, letters.out]))


@pytest.mark.parametrize("status", [200, 302, 400, 401, 403, 404, 429, 500])
def test_whatever_a_source_says_back_is_nowhere(vault, feed, caplog, status):
    feed.answer = echo(status)

    told = []
    for command in (["run", "--all"], ["run", "--all", "--dry-run"], ["status", "--json"]):
        done = vault.run("-vv", *command)
        told += [done.out, done.err]

    look(vault, caplog, "\n".join(told))


@pytest.mark.parametrize("error", ["unexpected", "bug", f"no {SOURCE_TOKEN}"])
def test_a_plugin_that_tells_its_own_secret_is_not_repeated(vault, feed, caplog, error):
    secret = hourly(feed).replace("source: feed", "source: secret-feed")
    vault.service("toll", secret)
    feed.error, feed.warnings = error, (f"logged in with {SOURCE_TOKEN}",)

    look(vault, caplog, everything(vault))


@pytest.mark.parametrize("fault", [html_answer(), json_answer({}), failed(401, "no")])
def test_a_page_in_between_changes_nothing(vault, sink, caplog, fault):
    sink.faults["toll/hourly"] = [fault] * 4
    sink.faults["toll/daily"] = [fault] * 4

    look(vault, caplog, everything(vault))


def test_the_password_of_a_database_is_nowhere(vault, caplog, monkeypatch):
    """There is no server behind the URL; what is said of that must not say the URL."""
    monkeypatch.setenv("STATE_PASSWORD", quote(PASSWORD, safe=""))
    url = "postgresql://collector:${STATE_PASSWORD}@127.0.0.1:1/state"
    (vault.config / "platform.yaml").write_text(f"state: {url}\nembedded: {{url: '{url}'}}\n")
    resolved = f"postgresql://collector:{quote(PASSWORD, safe='')}@127.0.0.1:1/state"

    told = []
    for command in (["run", "--all"], ["status"], ["outbox", "list"], ["read", "toll/hourly"]):
        for options in (["-vv"], ["-vv", "--state", resolved]):
            done = vault.run(*options, *command)
            assert done.code == 1
            told += [done.out, done.err]

    assert "Connection refused" in "\n".join(told)
    assert found("\n".join(told).encode()) == []
    assert found(caplog.text.encode()) == []


@pytest.mark.postgresql
def test_a_wrong_password_of_a_server_is_nowhere(vault, postgres_url, caplog):
    url = postgres_url.replace("postgres@", f"nobody:{quote(PASSWORD, safe='')}@")

    done = vault.run("-vv", "--state", url, "run", "--all")

    assert done.code == 1
    assert "Traceback" not in done.err
    assert found((done.out + done.err + caplog.text).encode()) == []


def test_a_mistake_in_a_credential_or_token_file_does_not_show_it(vault, caplog):
    vault.secret("secret-feed.yaml", f"tokken: '{SOURCE_TOKEN}'\n")
    vault.secret("tokens.yaml", f"toll/hourly: ['{SINK_TOKEN}']\nnonsense: '{WRONG_TOKEN}'\n")

    told = everything(vault)

    assert "secret-feed.yaml:1:1: unknown key 'tokken'" in told
    assert "tokens.yaml:1:1: the token of 'toll/hourly' must be a text" in told
    look(vault, caplog, told)


def test_a_secret_written_where_it_does_not_belong_is_not_shown(vault, caplog):
    (vault.config / "platform.yaml").write_text(
        f"state: postgresql://collector:{quote(PASSWORD, safe='')}@127.0.0.1/state\n"
    )

    done = vault.run("validate")

    assert done.code == 2
    assert "'state' in the platform holds a plain secret" in done.out
    assert found((done.out + done.err).encode()) == []


def test_days_later_it_is_still_so(vault, sink, caplog):
    everything(vault)
    vault.clock.advance(3 * DAY)
    sink.tokens["toll/daily"] = WRONG_TOKEN

    look(vault, caplog, everything(vault))
