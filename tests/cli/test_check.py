"""``check``: looking at sources, tokens, targets and the clock before anything is collected."""

import re
from datetime import timedelta

import pytest

from tests.places import hourly
from tests.servers.http import Answer, html_answer
from tests.servers.pingdom import TOKEN, Account, PingdomServer

DAILY = "daily: {source: spreadsheet, schedule: daily, query: {file: t.csv, date: day, measures: [total]}}"
IF_IT_STAYS = "; nothing is lost meanwhile; if it stays so, mend the address or the file"
UPTIME = "uptime: {source: pingdom, schedule: hourly, query: {check: '85975'}}"


def checked(place, *arguments):
    """Give the exit code and, by name and what was checked, what is right and what is wrong."""
    done = place.run("check", *arguments, "--json")
    assert "Traceback" not in done.err
    return done.code, {
        (one["name"], one["checked"]): (one["found"], one["wrong"]) for one in done.json
    }


@pytest.fixture
def pingdom(toll):
    with PingdomServer(Account(now=toll.clock.now())) as server:
        toll.servers.append(server)
        toll.secret("pingdom.yaml", f"token: {TOKEN}\nbase_url: {server.url}\n")
        toll.service("ferry", UPTIME)
        toll.tokens(toll__hourly="token-of-hourly", ferry__uptime="token-of-ferry")
        yield server


def test_all_is_well(toll, sink, feed):
    code, found = checked(toll)

    assert code == 0
    assert found == {
        ("toll/hourly", "source feed"): ([], None),
        ("toll/hourly", "target platform"): (["it is there and takes the token"], None),
        ("this machine", "clock"): (["it agrees with the servers'"], None),
    }
    assert [one.method for one in sink.requests] == ["POST"]
    assert sink.held["toll/hourly"] == {}
    assert feed.requests == []
    assert not toll.state.exists()


def test_a_table_for_people(toll):
    done = toll.run("check")

    assert done.code == 0
    assert [re.split("  +", line.strip()) for line in done.out.splitlines()][:3] == [
        ["name", "checked", "result"],
        ["toll/hourly", "source feed", "ok", "it has nothing to ask"],
        ["toll/hourly", "target platform", "ok", "it is there and takes the token"],
    ]
    assert done.err == "3 checks, 0 failed\n"


def test_a_source_tells_what_it_found(pingdom, sink, toll):
    sink.tokens["ferry/uptime"] = "token-of-ferry"
    sink.held["ferry/uptime"] = {}

    code, found = checked(toll, "ferry")

    assert code == 0
    assert found["ferry/uptime", "source pingdom"] == (
        [
            "the token of the credential pingdom is good",
            "Pingdom has the check 'Carers' (id 85975, www.gov.uk)",
        ],
        None,
    )
    assert ("toll/hourly", "source feed") not in found


def test_everything_that_is_wrong_is_told_at_once_with_what_to_do(pingdom, toll):
    toll.secret("pingdom.yaml", f"token: planted-wrong\nbase_url: {pingdom.url}\n")
    toll.service("sheets", DAILY)
    toll.tokens(toll__hourly="planted-wrong", ferry__uptime="token-of-nothing")

    code, found = checked(toll)
    wrong = {key: said for key, (_, said) in found.items() if said}

    assert code == 1
    assert "planted" not in str(found)
    assert set(wrong) == {
        ("ferry/uptime", "source pingdom"),
        ("sheets/daily", "source spreadsheet"),
        ("toll/hourly", "target platform"),
        ("ferry/uptime", "target platform"),
        ("sheets/daily", "target platform"),
    }
    assert "put it there" in wrong["sheets/daily", "source spreadsheet"]
    assert "mend it in credentials/" in wrong["toll/hourly", "target platform"]
    assert "have it made" in wrong["ferry/uptime", "target platform"]
    assert "add 'sheets/daily: <token>'" in wrong["sheets/daily", "target platform"]


def test_a_missing_credential(pingdom, toll):
    (toll.credentials / "pingdom.yaml").unlink()

    _, found = checked(toll, "ferry")

    assert found["ferry/uptime", "source pingdom"] == (
        [],
        f"{toll.credentials}/pingdom.yaml is missing: write it",
    )


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Answer(503), f"answered 503{IF_IT_STAYS}"),
        (html_answer(), "not JSON"),
        (Answer(400, b'{"status": "error", "messages": ["no"]}'), "but no empty list: no"),
    ],
)
def test_a_target_that_does_not_answer_as_it_should(toll, sink, fault, said):
    sink.faults["toll/hourly"] = [fault]

    code, found = checked(toll)

    assert code == 1
    assert found["toll/hourly", "target platform"][1].endswith(said)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("file: 'none-*.csv'", "no file has a name like this; put one there"),
        ("file: 'http://127.0.0.1:1/x.csv'", "refused"),
    ],
)
def test_what_may_pass_by_itself_and_may_not_says_what_to_mend_if_it_stays(toll, query, said):
    toll.service("sheets", DAILY.replace("file: t.csv", query))

    _, found = checked(toll, "sheets")

    wrong = found["sheets/daily", "source spreadsheet"][1]
    assert said in wrong
    assert wrong.endswith(IF_IT_STAYS)


def test_a_clock_that_is_wrong_is_told(toll, sink):
    ahead = toll.http

    def late(clock):
        client = ahead(clock)
        client.clock = type(clock)(clock.now() - timedelta(hours=2))
        return client

    toll.http = late

    code, found = checked(toll)

    assert code == 1
    assert found["this machine", "clock"][1].endswith(
        "from the servers': set it right, or nothing is settled"
    )


def test_a_source_that_breaks_is_told(toll, feed):
    class Breaking(toll.sources["feed"]):
        def examine(self, context):
            yield "so far so good"
            raise ZeroDivisionError("division by zero")

    toll.sources = {**toll.sources, "feed": Breaking}

    _, found = checked(toll)

    assert found["toll/hourly", "source feed"] == (
        ["so far so good"],
        "the source feed broke: ZeroDivisionError: division by zero",
    )


def test_only_what_is_named_is_checked_and_a_wrong_name_is_usage(toll):
    assert toll.run("check", "nothing/here").code == 2
    toll.service("other", hourly(toll.servers[0], "more", "labels: [chosen]"))
    _, found = checked(toll, "--label", "chosen")
    assert {name for name, _ in found} == {"other/more", "this machine"}


def test_a_broken_file_is_told_and_the_rest_is_checked(toll):
    toll.service("broken", "x: {source: feed}")

    done = toll.run("check", "--json")

    assert done.code == 1
    assert "broken.yaml" in done.err
    assert "toll/hourly" in {one["name"] for one in done.json}


def test_a_secret_that_others_may_read_is_a_warning(toll):
    (toll.credentials / "tokens.yaml").chmod(0o644)

    done = toll.run("check")

    assert done.code == 0
    assert "warning: others may read this file" in done.err
