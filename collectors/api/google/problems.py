"""What Google says when it says no, in words that tell what to do."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from google.auth.exceptions import GoogleAuthError

from collectors.api import (
    CollectorError,
    HttpClient,
    Refused,
    Reply,
    Unavailable,
    Unexpected,
)
from collectors.api.google.credential import SERVICE_ACCOUNT, GoogleCredential
from collectors.http_messages import printable

SHOWN = 300
_PASSING = frozenset({"server_error", "temporarily_unavailable", "internal_failure"})
_FOOTNOTE = re.compile(r" (?:To learn more|For a list of) ")
_LIBRARY = "https://console.cloud.google.com/apis/library"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """An error as Google's APIs tell it.

    ``status`` is a word such as ``RESOURCE_EXHAUSTED``; ``reason`` and ``facts`` are those of its
    ErrorInfo. All are empty where somebody else has answered.
    """

    code: int
    place: str
    said: str
    status: str = ""
    reason: str = ""
    facts: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if not self.status:
            return f"{self.place} answered {self.code}, and not as Google does: {self.said}"
        return f"Google answered {self.code} ({self.said}) to {self.place}"


def problem_of(reply: Reply) -> Problem:
    """Read a reply that is no success."""
    error = _object(_object(_json(reply.body)).get("error"))
    if not error:
        said = reply.text()[:SHOWN] or "with no explanation"
        return Problem(code=reply.status, place=reply.url, said=said)
    details = error.get("details")
    info = next((one for one in map(_object, _listed(details)) if "reason" in one), {})
    return Problem(
        code=reply.status,
        place=reply.url,
        said=_FOOTNOTE.split(printable(str(error.get("message", ""))))[0][:SHOWN],
        status=str(error.get("status", "")) or "UNKNOWN",
        reason=str(info.get("reason", "")),
        facts={key: str(value) for key, value in _object(info.get("metadata")).items()},
    )


def explained(problem: Problem, name: str, retry_after: float | None) -> CollectorError:
    """Give the error for what every API of Google's may answer; ``name`` is the credential's."""
    if problem.code in {408, 429} or problem.code >= 500:
        return Unavailable(str(problem), retry_after, problem.code)
    if problem.code == 401:
        return Refused(f"{problem}: not even a new token of the credential {name} is taken")
    if problem.reason == "SERVICE_DISABLED":
        service, project = (problem.facts.get(key, "") for key in ("service", "consumer"))
        project = project.removeprefix("projects/")
        return Refused(
            f"{problem}: the API {service} is not enabled in the project {project}; enable it at "
            f"{_LIBRARY}/{service}?project={project} and wait some minutes"
        )
    if problem.reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
        return Refused(
            f"{problem}: the consent behind the credential {name} does not cover this (missing "
            "scope); give consent again, with the scope that this source needs"
        )
    if problem.code == 404:
        return Refused(f"{problem}: see base_url in the credential {name}")
    return Refused(str(problem))


def no_token(reply: Reply, http: HttpClient) -> CollectorError | None:
    """Judge the reply of a token endpoint: None where google-auth can read it."""
    answer = _object(_json(reply.body))
    error = str(answer.get("error"))
    if error in _PASSING:
        return Unavailable(f"{reply.url} answered {reply.status} ({error})")
    if reply.status < 300:
        return None if answer else Unexpected(f"{reply.url} gave no token", reply.text())
    if 400 <= reply.status < 500 and isinstance(answer.get("error"), str):
        return None
    return http.default_judge(reply)


def refused_token(exc: GoogleAuthError, credential: GoogleCredential, name: str) -> CollectorError:
    """Give the error for a key that the token endpoint does not take."""
    answer = _object(exc.args[1]) if len(exc.args) > 1 else {}
    code = str(answer.get("error", ""))
    said = printable(f"{code}: {answer.get('error_description', '')}")[:SHOWN].rstrip(": ")
    what = f"Google gives no token for the credential {name} ({credential.file.name})"
    if not code:
        return Refused(f"{what}: its answer has no access token; see the scopes of the key")
    return Refused(f"{what}: {said}; {_advice(code, said, credential)}")


def _advice(code: str, said: str, credential: GoogleCredential) -> str:
    if code == "invalid_scope":
        return "the key may not have the scope that is asked for: give consent again, with it"
    if code in {"invalid_client", "unauthorized_client", "deleted_client"}:
        return "its client is unknown or deleted: see the client in the Google Cloud console"
    if credential.kind != SERVICE_ACCOUNT:
        return "the consent was withdrawn or has run out: give consent again (credentials google)"
    if "short-lived" in said or "iat" in said:
        return "this machine's clock is wrong: set it right"
    return "the key or its account was deleted: make a new key and put it in the place of this one"


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
