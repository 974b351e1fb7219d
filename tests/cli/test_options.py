"""The global options, the environment, the logs, the texts of help."""

import json

import pytest

from tests.feeds import HOUR
from tests.places import hourly
from tests.servers.http import Answer

COMMANDS = [
    [],
    ["run"],
    ["validate"],
    ["list"],
    ["show"],
    ["sample"],
    ["status"],
    ["read"],
    ["send"],
    ["empty"],
    ["outbox"],
    ["outbox", "list"],
    ["outbox", "retry"],
    ["outbox", "flush"],
    ["dead-letters"],
    ["dead-letters", "list"],
    ["dead-letters", "show"],
    ["dead-letters", "replay"],
    ["dead-letters", "discard"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_has_help_that_does_nothing(place, command, option):
    done = place.run(*command, option)

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("Usage: ")
    assert not place.state.exists()


def test_all_commands_are_in_the_help(place):
    text = place.run("--help").out
    named = {line.split()[0] for line in text.split("Commands:")[1].strip().splitlines()}
    assert {command[0] for command in COMMANDS if command} <= named


def test_the_version_is_told(place):
    assert place.run("--version").out.startswith("performance collector, version ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "No such command 'rnu'"),
        (["--nonsense", "list"], "No such option"),
        (["--log-format", "xml", "list"], "'xml' is not one of 'text', 'json'"),
    ],
)
def test_what_is_unknown_is_a_mistake_of_usage(place, arguments, said):
    done = place.run(*arguments)

    assert (done.code, done.out) == (2, "")
    assert said in done.err


def test_without_a_command_there_is_nothing_to_do(place):
    done = place.run()
    assert done.code == 2
    assert "Missing command." in done.err


def test_the_environment_names_what_no_option_does(place, feed, monkeypatch):
    place.service("toll", hourly(feed))
    other = place.directory / "other.db"
    monkeypatch.setenv("COLLECTOR_STATE", f"sqlite:///{other}")
    monkeypatch.setenv("COLLECTOR_LOG_FORMAT", "json")
    monkeypatch.setenv("COLLECTOR_VERBOSE", "1")

    assert place.run("run", "--all").code == 0

    assert other.exists()
    assert not place.state.exists()


def test_the_environment_names_the_directories(place, feed, monkeypatch, capsys):
    from collectors.cli import main  # noqa: PLC0415 - called without the place's own options

    place.service("toll", hourly(feed))
    monkeypatch.setenv("COLLECTOR_CONFIG", str(place.config))
    monkeypatch.setenv("COLLECTOR_CREDENTIALS", str(place.credentials))

    assert main(["validate"]) == 2
    assert "unknown source 'feed'" in capsys.readouterr().out


def test_an_option_counts_before_the_environment(place, feed, monkeypatch):
    place.service("toll", hourly(feed))
    monkeypatch.setenv("COLLECTOR_STATE", f"sqlite:///{place.directory}/environment.db")

    assert place.run("--state", f"sqlite:///{place.directory}/option.db", "status").code == 0

    assert (place.directory / "option.db").exists()
    assert not (place.directory / "environment.db").exists()


def test_logs_are_lines_of_json_where_that_is_asked_for(toll, sink):
    sink.faults["toll/hourly"] = [Answer(403)]

    done = toll.run("--log-format", "json", "run", "--all", "--json")

    (line,) = [json.loads(line) for line in done.err.splitlines() if line.startswith("{")]
    assert (line["event"], line["level"], line["data_set"]) == (
        "lane parked",
        "error",
        "toll/hourly",
    )
    assert done.json["left"]


def test_more_is_logged_the_more_it_is_asked_for(place, feed):
    place.service("toll", hourly(feed))
    feed.error = "bug"

    quiet = place.run("run", "--all").err
    place.clock.advance(HOUR)
    loud = place.run("-v", "run", "--all").err

    assert "Traceback" not in quiet
    assert "Traceback" in loud
    assert "source broke" in loud


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "mysql://u:sesame@h/d",
            "'mysql' is not a database we know; use sqlite:///var/state.db or",
        ),
        ("nonsense", "this is not a database URL; one looks like sqlite:///var/state.db or"),
        ("sqlite://", "name a file, with no options, such as sqlite:///var/state.db"),
        ("sqlite:///", "name a file, with no options, such as sqlite:///var/state.db"),
    ],
)
def test_a_url_that_names_no_database_is_told(place, url, said):
    done = place.run("--state", url, "status")

    assert (done.code, done.out) == (2, "")
    assert f"Invalid value for '--state' (env var: 'COLLECTOR_STATE'): {said}" in done.err
    assert "sesame" not in done.err


@pytest.mark.parametrize(
    "command",
    [
        ["run", "--all"],
        ["run", "--all", "--dry-run"],
        ["validate"],
        ["list"],
        ["status"],
        ["status", "--gaps"],
        ["status", "--late"],
        ["outbox", "list"],
        ["outbox", "retry"],
        ["outbox", "flush"],
        ["dead-letters", "list"],
    ],
    ids=" ".join,
)
def test_in_an_empty_place_every_table_is_json_too(place, command):
    done = place.run(*command, "--json")

    assert done.code == 0
    assert isinstance(done.json, list | dict)
