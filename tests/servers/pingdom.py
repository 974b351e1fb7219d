"""A local Pingdom: API 3.1 as its description has it, and what its description leaves out.

Hourly summaries only. The figures of an hour follow from the check and the hour alone, see
``figures``; ``holes`` are hours that are left out, ``unmonitored`` those without a measurement.
What is in ``faults`` is answered first, in turn, after the limits have been counted.
"""

import base64
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.servers.http import Answer, HttpServer, Request, json_answer

TOKEN = "pingdom/token+of-the-tests=="
HOUR = 3600
DESCRIBED = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    429: "Too Many Requests",
    500: "Internal Server Error",
}


@dataclass(frozen=True)
class Check:
    """One check of the account."""

    id: int
    name: str
    hostname: str = "www.gov.uk"
    status: str = "up"

    def listed(self) -> dict[str, Any]:
        """Give the check as ``GET /checks`` does."""
        return {
            "id": self.id,
            "name": self.name,
            "type": "http",
            "hostname": self.hostname,
            "status": self.status,
            "resolution": 1,
            "created": 1297446423,
            "ipv6": False,
        }

    def detailed(self) -> dict[str, Any]:
        """Give the check as ``GET /checks/{id}`` does, where ``type`` is an object."""
        kind = {"http": {"url": "/", "encryption": True, "port": 443}}
        return self.listed() | {"type": kind}


@dataclass
class Budget:
    """What is left of one limit, and in how many seconds it is full again."""

    remaining: int
    resets_in: int

    def header(self) -> str:
        """Spell it as the reply header does."""
        return f"Remaining: {self.remaining} Time until reset: {self.resets_in}"


def figures(check_id: int, start: int) -> dict[str, int]:
    """Give the row of one hour: some hours are slow, one in seven has a minute of downtime."""
    hour = start // HOUR
    downtime = 60 if (hour + check_id) % 7 == 0 else 0
    return {
        "starttime": start,
        "avgresponse": 200 + (hour * 31 + check_id) % 300,
        "uptime": HOUR - downtime,
        "downtime": downtime,
        "unmonitored": 0,
    }


def failed(status: int, message: str, headers: Mapping[str, str] | None = None) -> Answer:
    """Give an error in Pingdom's own form."""
    error = {"statuscode": status, "statusdesc": DESCRIBED[status], "errormessage": message}
    return json_answer({"error": error}, status, headers)


class Problem(Exception):
    """A request that Pingdom refuses."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.answer = failed(status, message)


@dataclass
class Account:
    """What the server knows; a test may change all of it while it serves."""

    now: datetime
    checks: list[Check] = field(default_factory=lambda: [Check(85975, "Carers")])
    token: str = TOKEN
    retention: timedelta = timedelta(days=365)
    holes: set[int] = field(default_factory=set)
    unmonitored: set[int] = field(default_factory=set)
    forbidden: set[int] = field(default_factory=set)
    page: int = 25_000
    short: Budget = field(default_factory=lambda: Budget(10_000, 3589))
    long: Budget = field(default_factory=lambda: Budget(100_000, 2591989))
    faults: list[Answer | Callable[[Request], Answer]] = field(default_factory=list)
    """Answers, or functions that make one of the request."""


class PingdomServer(HttpServer):
    """Serves one ``account``; its base URL is ``url``."""

    def __init__(self, account: Account) -> None:
        super().__init__()
        self.account = account
        self._counting = threading.Lock()

    def answer(self, request: Request) -> Answer:
        """Log in, count, fail if told to, and answer: in this order."""
        with self._counting:
            plain = self._counted(request)
        limits = {
            "Req-Limit-Short": self.account.short.header(),
            "Req-Limit-Long": self.account.long.header(),
        }
        return Answer(**{**vars(plain), "headers": limits | dict(plain.headers)})

    def _counted(self, request: Request) -> Answer:
        if not self._may_enter(request.headers.get("authorization", "")):
            return failed(401, "User credentials missing or invalid")
        budgets = (self.account.short, self.account.long)
        if any(budget.remaining <= 0 for budget in budgets):
            return failed(429, "Request limit exceeded, try again later")
        for budget in budgets:
            budget.remaining -= 1
        if self.account.faults:
            fault = self.account.faults.pop(0)
            return fault if isinstance(fault, Answer) else fault(request)
        try:
            return json_answer(self._value(request))
        except Problem as problem:
            return problem.answer

    def _may_enter(self, authorization: str) -> bool:
        basic = base64.b64encode(f"{self.account.token}:".encode()).decode()
        return authorization in {f"Bearer {self.account.token}", f"Basic {basic}"}

    def _value(self, request: Request) -> Any:
        match request.path.strip("/").split("/"):
            case ["checks"]:
                return self._listing(request.query)
            case ["checks", check_id]:
                return {"check": self._check(check_id).detailed()}
            case ["summary.performance", check_id]:
                return self._summary(self._check(check_id), request.query)
        raise Problem(404, "Not found")

    def _listing(self, query: Mapping[str, str]) -> Any:
        limit = min(_number(query, "limit", 25_000), self.account.page)
        offset = _number(query, "offset", 0)
        shown = self.account.checks[offset : offset + limit]
        total = len(self.account.checks)
        return {
            "checks": [check.listed() for check in shown],
            "counts": {"total": total, "limited": len(shown), "filtered": total},
        }

    def _check(self, text: str) -> Check:
        found = [check for check in self.account.checks if str(check.id) == text]
        if not found:
            raise Problem(404, "Invalid check identifier")
        if found[0].id in self.account.forbidden:
            raise Problem(403, "You do not have permission to read this check")
        return found[0]

    def _summary(self, check: Check, query: Mapping[str, str]) -> Any:
        if query.get("resolution", "hour") != "hour":
            raise Problem(400, "Invalid parameter value: resolution")
        with_uptime = query.get("includeuptime", "false") == "true"
        if with_uptime and "probes" in query:
            raise Problem(400, "Parameters probes and includeuptime can not be combined")
        until = _number(query, "to", int(self.account.now.timestamp()))
        since = _number(query, "from", until - 10 * HOUR)
        if since >= until:
            raise Problem(400, "Invalid parameter value: from is not before to")
        rows = list(self._rows(check, since, until))
        if not with_uptime:
            rows = [{key: row[key] for key in ("starttime", "avgresponse")} for row in rows]
        return {"summary": {"hours": rows[::-1] if query.get("order") == "desc" else rows}}

    def _rows(self, check: Check, since: int, until: int) -> Iterator[dict[str, int]]:
        now = int(self.account.now.timestamp())
        kept = now - int(self.account.retention.total_seconds())
        first = -(-max(since, kept) // HOUR) * HOUR
        for start in range(first, min(until, now), HOUR):
            if start in self.account.unmonitored:
                nothing = {"avgresponse": 0, "uptime": 0, "downtime": 0, "unmonitored": HOUR}
                yield {"starttime": start} | nothing
            elif start not in self.account.holes:
                yield figures(check.id, start)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    try:
        return int(query.get(name, default))
    except ValueError:
        raise Problem(400, f"Invalid parameter value: {name}") from None
