"""Many collectors of one account, sixty-four at a time in each of two processes: never too much."""

import subprocess
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from tests.servers.google import GoogleAccount, GoogleServer
from tests.servers.http import LONGEST
from tests.servers.pingdom import TOKEN, Account, Budget, Check, PingdomServer, failed

PROGRAM = Path(__file__).parent.parent.parent / "run_collector.py"
COLLECTORS = 150
ALLOWED = 100
ROOM = 5
SECONDS_A_REPLY = 0.02


class Crowded:
    """Mixed into a server: refuses who comes while ``ROOM`` others are there; counts them."""

    def __init__(self, account):
        super().__init__(account)
        self.door, self.inside, self.most, self.asked, self.refused = threading.Lock(), 0, 0, 0, 0

    @contextmanager
    def entered(self):
        with self.door:
            self.asked += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
            crowded = self.inside > ROOM
        yield crowded
        with self.door:
            self.inside -= 1

    def answer(self, request):
        if request.path == "/token":
            return super().answer(request)
        with self.entered() as crowded:
            self.stopping.wait(SECONDS_A_REPLY)
            busy = failed(429, "Request limit exceeded, try again later")
            answer = busy if crowded else super().answer(request)
        self.refused += answer.status == 429
        return answer


class CrowdedPingdom(Crowded, PingdomServer):
    pass


class CrowdedGoogle(Crowded, GoogleServer):
    pass


def run_twice(place):
    """Collect all that is due in two processes at once."""
    command = [sys.executable, str(PROGRAM), "run", "--all"]
    started = [
        subprocess.Popen(
            command, cwd=place.directory, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(2)
    ]
    for one in started:
        one.wait(LONGEST)


def states(place):
    found = [state for (state,) in place.rows("runs", "state")]
    return {state: found.count(state) for state in set(found)}


def test_one_pingdom_account_of_which_replies_tell_what_is_left(place):
    account = Account(datetime.now(UTC), checks=[Check(n + 1, "One") for n in range(COLLECTORS)])
    account.short = Budget(ALLOWED, 3000)
    place.platform(f"workers: 64\nquotas: {{pingdom: {{concurrent: {ROOM}}}}}\n")
    lines = (
        f"check-{one.id}: {{source: pingdom, schedule: hourly, query: {{check: {one.id}}}}}"
        for one in account.checks
    )
    place.service("toll", "\n".join(lines))
    with CrowdedPingdom(account) as server:
        place.secret("pingdom.yaml", f"token: {TOKEN}\nbase_url: {server.url}\n")
        run_twice(place)
    assert 1 < server.most <= ROOM
    assert (server.refused, server.asked) == (0, ALLOWED)
    assert states(place) == {"done": ALLOWED, "parked": COLLECTORS - ALLOWED}


def test_one_google_project_by_what_the_platform_says(place):
    limits = f"{{concurrent: {ROOM}, per_day: {ALLOWED}, resets: 00:00 America/Los_Angeles}}"
    place.platform(f"workers: 64\nquotas:\n  google:project-x: {limits}\n")
    report = "schedule: daily, query: {property: 94954354, metrics: [sessions]}"
    lines = (f"report-{n}: {{source: google-analytics, {report}}}" for n in range(COLLECTORS))
    place.service("toll", "\n".join(lines))
    with CrowdedGoogle(GoogleAccount()) as server:
        key = server.service_account(place.credentials)
        key.chmod(0o600)
        place.secret(
            "google-analytics.yaml",
            f"kind: service_account\nkey_file: {key.name}\nbase_url: {server.url}\n",
        )
        run_twice(place)
    assert 1 < server.most <= ROOM
    assert (server.refused, server.asked) == (0, ALLOWED)
    assert states(place)["parked"] == COLLECTORS - ALLOWED
