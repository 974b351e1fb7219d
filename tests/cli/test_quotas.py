"""``quotas``: limits, what was asked, what is left, and what waits for more."""

from datetime import timedelta

import pytest

from tests.places import NOW
from tests.servers.pingdom import TOKEN, Account, Budget, Check, PingdomServer
from tests.test_docs import COMMANDS, keys_in, named

CHECKS = range(1, 6)


@pytest.fixture
def account():
    return Account(NOW, checks=[Check(number, "One") for number in CHECKS])


@pytest.fixture
def server(place, account):
    with PingdomServer(account) as running:
        place.servers.append(running)
        yield running


@pytest.fixture
def toll(place, server):
    limits = "{concurrent: 4, per_day: 100, reserve_for_live: 50%}"
    place.platform(f"workers: 1\nquotas: {{pingdom: {limits}}}")
    place.secret("pingdom.yaml", f"token: {TOKEN}\nbase_url: {server.url}\n")
    lines = (f"c{n}: {{source: pingdom, schedule: hourly, query: {{check: {n}}}}}" for n in CHECKS)
    place.service("toll", "\n".join(lines))
    return place


def test_what_was_never_asked_is_listed_by_what_may_be_asked(toll):
    lines = [line.split("  ") for line in toll.run("quotas").out.splitlines()]
    rows = [[cell.strip() for cell in line if cell.strip()] for line in lines]
    assert rows == [
        ["key", "counted", "limit", "used", "left", "reserved", "resets at", "parked", "until"],
        ["pingdom:pingdom", "under way", "4", "0", "4", "2", "-", "0", "-"],
        ["pingdom:pingdom", "a day", "100", "0", "100", "50", "2026-11-21T00:00:00Z", "0", "-"],
    ]


def test_what_is_left_and_what_is_parked_until_when(toll, account):
    account.short = Budget(3, 1800)
    assert toll.run("run", "--all").code == 1
    done = toll.run("quotas", "--json")
    [one] = done.json
    until = f"{NOW + timedelta(seconds=1800):%Y-%m-%dT%H:%M:%SZ}"
    assert one["limits"] == {
        "concurrent": 4,
        "per_day": 100,
        "reserve_for_live": 0.5,
        "reported": True,
    }
    left = {budget["name"]: (budget["used"], budget["left"]) for budget in one["budgets"]}
    assert left == {"day": (3, 97), "long": (2, 99_997), "short": (2, 0)}
    assert [parked["until"] for parked in one["parked"]] == [until, until]
    assert "replies say that 0 are left of short" in one["parked"][0]["reason"]
    assert keys_in(done.json) <= named(COMMANDS["`quotas`"])

    toll.clock.advance(timedelta(seconds=1800))
    account.short = Budget(100, 3600)
    assert toll.run("run", "--all").code == 0
    assert toll.run("quotas", "--json").json[0]["parked"] == []


def test_what_was_missed_leaves_the_rest_to_what_is_new(toll, server):
    toll.platform("workers: 1\nquotas: {pingdom: {per_day: 4, reserve_for_live: 50%}}")
    query = "source: pingdom, schedule: hourly, query: {check: 1}"
    toll.service("toll", f"past: {{{query}, since: 2026-06-01}}\nnew: {{{query}}}")
    assert toll.run("run", "toll/past").code == 1
    kinds = [kind for kind, state in toll.rows("runs", "kind", "state") if state == "done"]
    assert sorted(kinds) == ["catch-up", "catch-up", "live"]
    [one] = toll.run("quotas", "--json").json
    assert one["parked"][0]["reason"].endswith("; the rest is reserved for live work")
    assert toll.run("run", "toll/new").code == 0


def test_a_credential_that_is_not_there_is_told_once(toll):
    (toll.credentials / "pingdom.yaml").unlink()
    done = toll.run("quotas")
    assert (done.code, done.out) == (0, "")
    assert done.err.count("its quota is not known") == 1
    assert "no collector has a quota" in done.err


def test_a_backfill_is_not_said_to_be_quicker_than_its_quotas_allow(toll):
    toll.platform("quotas: {pingdom: {per_minute: 2}}")
    between = ["--start", "2026-01-01", "--end", "2026-06-30"]

    made = toll.run("backfill", "*/*", *between, "--dry-run", "--json").json

    [quota] = made["quotas"]
    assert quota["requests"] > 4
    assert made["seconds"] >= 60 * (quota["requests"] - 2) / 2
