"""Asking Matomo: where its token goes, and what its errors mean."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from pydantic import StringConstraints

from collectors.api import (
    CollectorError,
    Context,
    Credential,
    Limits,
    Refused,
    Reply,
    Secret,
    Unavailable,
    Unexpected,
)

AT_ONCE = 8
"""Requests under way at once: as many queries of raw data as Matomo Cloud takes."""

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_SHOWN = 200
_LONGEST_ERROR = 100_000
_PASSING = re.compile("SQLSTATE|database|maintenance|try again", re.IGNORECASE)
_LOGIN = re.compile("token|authenticat|logged in|access", re.IGNORECASE)


class MatomoCredential(Credential):
    """``credentials/matomo.yaml``: where Matomo is, and the token of a user who may view."""

    base_url: Annotated[str, StringConstraints(pattern=r"^https?://")]
    token: Secret


def quota_keys(credential: MatomoCredential) -> dict[str, Limits]:
    """Give the key of an installation."""
    return {f"matomo:{urlsplit(credential.base_url).netloc}": Limits(concurrent=AT_ONCE)}


@dataclass(frozen=True)
class Account:
    """One Matomo, for one run. Its methods raise Unavailable, Refused or Unexpected."""

    context: Context

    def ask(self, method: str, parameters: Mapping[str, str]) -> Any:
        """Give the answer of a method of the Reporting API."""
        context = self.context
        said = {"module": "API", "format": "json", "method": method, **parameters}

        def once() -> Reply:
            with context.quota.request(quota_keys(context.credential)):
                return self._post(said)

        return context.http.try_again(once, self._judge).json()

    def site(self, site: str) -> str:
        """Give the name of a site that the token may see; Refused where its days differ."""
        answer = self.ask("SitesManager.getSiteFromId", {"idSite": site})
        found = answer[0] if isinstance(answer, list) and answer else answer
        if not isinstance(found, dict) or "name" not in found:
            raise Unexpected(f"Matomo described the site {site} in an unknown way", repr(answer))
        days, ours = found.get("timezone", ""), self.context.zone.key
        if "/" in days and days != ours:
            raise Refused(
                f"the site {site} counts its days in {days}, and the collector in {ours}: "
                f"set `zone: {days}`"
            )
        return f"the site {site} ({found['name']!r})"

    @property
    def _url(self) -> str:
        return f"{self.context.credential.base_url.rstrip('/')}/index.php"

    def _post(self, said: Mapping[str, str]) -> Reply:
        """Send a request once; the token is in its body only, and not in the reply."""
        token = self.context.credential.token.reveal()
        body = urlencode({**said, "token_auth": token}).encode()
        reply = self.context.http.send("POST", self._url, body=body, headers=_FORM)
        return replace(reply, body=reply.body.replace(token.encode(), b"****"))

    def _judge(self, reply: Reply) -> CollectorError | None:
        """Judge by what is said rather than by the status: many errors come with 200."""
        error = self.context.http.default_judge(reply)
        message = _error_of(reply)
        if message is None:
            return error
        told = f"Matomo answered {reply.status} ({message[:_SHOWN]!r})"
        if isinstance(error, Unavailable):
            return Unavailable(told, error.retry_after, reply.status)
        if _PASSING.search(message):
            return Unavailable(told)
        if _LOGIN.search(message) or reply.status in {401, 403}:
            name = self.context.credential_name
            return Refused(f"{told}: see the token in the credential {name}, and what it may view")
        return Refused(f"{told}: correct the query")


def _error_of(reply: Reply) -> str | None:
    try:
        answer = reply.json() if len(reply.body) < _LONGEST_ERROR else None
    except Unexpected:
        return None
    if not isinstance(answer, dict) or answer.get("result") != "error":
        return None
    return " ".join(str(answer.get("message", "without a message")).split())
