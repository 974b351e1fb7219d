"""Asking Pingdom: its limits, its errors, and which checks an account has."""

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from typing import Any
from urllib.parse import urlencode

from pydantic import BaseModel

from collectors.api import (
    CollectorError,
    Context,
    Credential,
    Limits,
    QuotaSpent,
    Refused,
    Reply,
    Secret,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.sources.pingdom.summary import read

PAGE = 25_000
SHOWN = 10
FRESH = timedelta(hours=1)
"""How long a list of checks is good for looking up a name that is in it."""
FRESH_ENOUGH = timedelta(minutes=1)
"""How long it is good for saying that a name is not in it."""

_LIMITS = {"short": "Req-Limit-Short", "long": "Req-Limit-Long"}
_LIMIT = re.compile(r"Remaining: (\d{1,9}) Time until reset: (\d{1,9})")
_ADVICE = {
    400: "it does not take what was asked; see that 'check' is right",
    401: "it does not know the token; make a new one and put it in the credential {credential}",
    402: "the plan of the account does not include this; its owner has to change the plan",
    403: "the token of the credential {credential} may not read this; allow it to, in Pingdom",
    404: "it has no such check; correct 'check', or base_url in the credential {credential}",
}


class PingdomCredential(Credential):
    """``credentials/pingdom.yaml``: a token that may read, and where the API is."""

    token: Secret
    base_url: str = "https://api.pingdom.com/api/3.1"


class Check(BaseModel):
    """A check as it is listed."""

    id: int
    name: str
    hostname: str = "no host"

    def __str__(self) -> str:
        return f"{self.name!r} (id {self.id}, {self.hostname})"


class _Detail(BaseModel):
    check: Check


class _Counts(BaseModel):
    total: int = 0


class _Page(BaseModel):
    checks: list[Check]
    counts: _Counts = _Counts()


def quota_keys(credential_name: str) -> dict[str, Limits]:
    """Give the key of an account; how much it may ask depends on its plan, and replies tell."""
    return {f"pingdom:{credential_name}": Limits(reported=True)}


@dataclass(frozen=True)
class Account:
    """One account, for one run. Its methods raise Unavailable, Refused, QuotaSpent, Unexpected."""

    context: Context

    @property
    def key(self) -> tuple[str, str, str]:
        """Under which its checks are shared by the collectors of a process."""
        return "pingdom checks", self.context.credential.base_url, self.context.credential_name

    def summary(self, check_id: str, window: Window) -> Any:
        """Give the reply of ``summary.performance`` for the hours of ``window``."""
        params: dict[str, str | int] = {
            "from": int(window.start.timestamp()),
            "to": int(window.end.timestamp()),
            "resolution": "hour",
            "includeuptime": "true",
            "order": "asc",
        }
        return self._ask(f"summary.performance/{check_id}", params)

    def check(self, check_id: str) -> Check:
        """Give one check by its id."""
        return read(_Detail, self._ask(f"checks/{check_id}", {})).check

    def checks(self) -> dict[int, Check]:
        """Give every check of the account by its id, page by page."""
        found: dict[int, Check] = {}
        while True:
            page = read(_Page, self._ask("checks", {"limit": PAGE, "offset": len(found)}))
            before = len(found)
            found |= {check.id: check for check in page.checks}
            if len(found) == before or (
                len(found) >= page.counts.total and len(page.checks) < PAGE
            ):
                return found

    def _ask(self, path: str, params: dict[str, str | int]) -> Any:
        credential: PingdomCredential = self.context.credential
        url = f"{credential.base_url.rstrip('/')}/{path}?{urlencode(params)}"
        context, keys = self.context, quota_keys(self.context.credential_name)
        (key,) = keys

        def once() -> Reply:
            with context.quota.request(keys) as asked:
                reply = context.http.send("GET", url, bearer=credential.token)
                for bucket, remaining, resets_at in self._limits(reply):
                    asked.report(key, remaining, resets_at, bucket)
            return reply

        return context.http.try_again(once, self._judge).json()

    def _judge(self, reply: Reply) -> CollectorError | None:
        spent = [resets_at for _, remaining, resets_at in self._limits(reply) if remaining == 0]
        if reply.status < 400:
            return self.context.http.default_judge(reply)
        message = f"Pingdom answered {reply.status} ({_said(reply)}) to {reply.url}"
        if reply.status == 429:
            return self._throttled(message, reply, spent)
        if reply.status in _ADVICE:
            advice = _ADVICE[reply.status].format(credential=self.context.credential_name)
            return Refused(f"{message}: {advice}")
        if reply.status >= 500:
            return Unavailable(message, reply.retry_after(self.context.clock.now()))
        return Refused(message)

    def _throttled(self, message: str, reply: Reply, spent: list[datetime]) -> CollectorError:
        now = self.context.clock.now()
        if not spent:
            return Unavailable(message, reply.retry_after(now))
        wait = (max(spent) - now).total_seconds()
        if wait > self.context.http.patience:
            return QuotaSpent(f"{message}: the limit is used up", max(spent))
        return Unavailable(message, wait)

    def _limits(self, reply: Reply) -> Iterator[tuple[str, int, datetime]]:
        for limit, header in _LIMITS.items():
            if match := _LIMIT.search(reply.headers.get(header, "")):
                resets_at = self.context.clock.now() + timedelta(seconds=int(match[2]))
                yield limit, int(match[1]), resets_at


class Checks:
    """The checks of an account, kept for every collector that names one of them."""

    def __init__(self) -> None:
        self._known: dict[int, Check] = {}
        self._read_at: datetime | None = None
        self._guard = threading.Lock()

    def called(self, name: str, account: Account) -> Check:
        """Give the one check of that name; Refused where there are more, or none."""
        with self._guard:
            if not self._is_good_for(name, account.context.clock.now()):
                self._known = account.checks()
                self._read_at = account.context.clock.now()
            found = self._named(name)
            checks = list(self._known.values())
        if len(found) != 1:
            raise Refused(_choice(name, found, checks))
        return found[0]

    def _is_good_for(self, name: str, now: datetime) -> bool:
        if self._read_at is None:
            return False
        return now - self._read_at < (FRESH if len(self._named(name)) == 1 else FRESH_ENOUGH)

    def _named(self, name: str) -> list[Check]:
        return [check for check in self._known.values() if check.name == name]


def _choice(name: str, found: list[Check], checks: list[Check]) -> str:
    if found:
        listed = _listed(found)
        return f"Pingdom has {len(found)} checks called {name!r}: {listed}; set 'check' to an id"

    def nearness(check: Check) -> float:
        return SequenceMatcher(None, name.lower(), check.name.lower()).ratio()

    listed = _listed(sorted(checks, key=nearness, reverse=True)) or "none at all"
    return f"Pingdom has no check called {name!r}; there are: {listed}; set 'check' to an id"


def _listed(checks: list[Check]) -> str:
    more = f" and {len(checks) - SHOWN} more" if len(checks) > SHOWN else ""
    return ", ".join(map(str, checks[:SHOWN])) + more


def _said(reply: Reply) -> str:
    try:
        return repr(str(reply.json()["error"]["errormessage"])[:200])
    except (Unexpected, LookupError, TypeError):
        return "without an error of Pingdom's own; something in between may have answered"
