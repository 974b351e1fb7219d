"""Google as far as figures go: tokens, and the Analytics Data API v1beta over a log of events.

It checks in Google's order and answers errors with Google's bodies: 404 pages of HTML, 401 and 403
with their ErrorInfo, unknown keys, names, limits, dates, quotas. ``account`` is what it knows; a
test may change all of it while it serves. Answers in ``account.faults`` are given first, in turn,
to whoever asks the API, once the token is found good; None lets one request pass.
"""

import base64
import hashlib
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.servers.http import Answer, HttpServer, Request, json_answer

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
SCHEMA = "https://developers.google.com/analytics/devguides/reporting/data/v1/api-schema"
CLIENT = {
    "client_id": "1234-x.apps.googleusercontent.com",
    "client_secret": "planted-client-secret",
}
REFRESH_TOKEN = "1//planted-refresh-token"
EMAIL = "collector@project-x.iam.gserviceaccount.com"
_KEYS = {
    "dateRanges", "dimensions", "metrics", "dimensionFilter", "metricFilter", "orderBys", "offset",
    "limit", "metricAggregations", "keepEmptyRows", "returnPropertyQuota", "property",
}  # fmt: skip
_LABELS = {
    "date": "%Y%m%d",
    "dateHour": "%Y%m%d%H",
    "isoYearIsoWeek": "%G%V",
    "yearMonth": "%Y%m",
    "year": "%Y",
    "hour": "%H",
}
_DIMENSIONS = {*_LABELS, "eventName", "deviceCategory", "pagePath", "hostName", "landingPage"}
_REALTIME_DIMENSIONS = {"unifiedScreenName", "eventName", "deviceCategory", "minutesAgo"}
_REALTIME_METRICS = {
    "activeUsers": "TYPE_INTEGER",
    "eventCount": "TYPE_INTEGER",
    "keyEvents": "TYPE_INTEGER",
    "screenPageViews": "TYPE_INTEGER",
}
_REALTIME_KEYS = {
    "dimensions", "metrics", "dimensionFilter", "metricFilter", "limit", "metricAggregations",
    "orderBys", "minuteRanges", "returnPropertyQuota",
}  # fmt: skip
_METRICS = {
    "eventCount": "TYPE_INTEGER",
    "sessions": "TYPE_INTEGER",
    "totalUsers": "TYPE_INTEGER",
    "screenPageViews": "TYPE_INTEGER",
    "keyEvents": "TYPE_FLOAT",
    "bounceRate": "TYPE_FLOAT",
}


@dataclass(frozen=True)
class Event:
    """One thing that somebody did."""

    at: datetime
    name: str = "page_view"
    user: str = "u"
    session: str = "s"
    texts: Mapping[str, str] = field(default_factory=dict)


def new_key() -> rsa.RSAPrivateKey:
    """Make a service account's key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


KEY = new_key()


@dataclass
class Bucket:
    """One bucket of the quota: what is left of it."""

    remaining: int


def full_quota() -> dict[str, Bucket]:
    """Give the quota of one kind of reports, untouched."""
    return {
        "tokensPerDay": Bucket(200_000),
        "tokensPerHour": Bucket(40_000),
        "tokensPerProjectPerHour": Bucket(14_000),
        "concurrentRequests": Bucket(10),
        "serverErrorsPerProjectPerHour": Bucket(10),
        "potentiallyThresholdedRequestsPerHour": Bucket(120),
    }


@dataclass
class GoogleAccount:
    """What the server knows."""

    property: str = "94954354"
    zone: str = "Europe/London"
    events: list[Event] = field(default_factory=list)
    key_events: set[str] = field(default_factory=set)
    custom: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=lambda: {EMAIL, REFRESH_TOKEN})
    scope: str = SCOPE
    enabled: bool = True
    revoked: bool = False
    lifetime: int = 3600
    tokens: dict[str, str] = field(default_factory=dict)
    token_faults: list[Answer] = field(default_factory=list)
    faults: list[Answer | Callable[[Request], Answer] | None] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)
    incompatible: set[frozenset[str]] = field(default_factory=set)
    quota: dict[str, Bucket] = field(default_factory=full_quota)
    realtime_quota: dict[str, Bucket] = field(default_factory=full_quota)
    now: datetime = datetime(2026, 11, 20, 12, tzinfo=UTC)
    """When it is, in realtime."""
    page: int = 250_000
    """Rows that it gives at most, whatever is asked for."""

    code: str = "4/planted-code"
    """What a consent is exchanged by."""
    denied: bool = False
    """Whether whoever is asked for consent says no."""
    consents: list[dict[str, str]] = field(default_factory=list)
    """What was asked for, of each consent."""

    def forget_tokens(self) -> None:
        """Let every token that was given out be a bad one."""
        self.tokens.clear()


class Problem(Exception):
    """A request that Google refuses."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body)
        self.answer = answer


def failed(
    code: int,
    message: str,
    status: str,
    *,
    details: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Give an error in Google's own form."""
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    if details:
        error["details"] = list(details)
    return json_answer({"error": error}, code, headers)


def reason(name: str, **facts: str) -> dict[str, Any]:
    """Give the detail that tells a reason."""
    kind = "type.googleapis.com/google.rpc.ErrorInfo"
    return {"@type": kind, "reason": name, "domain": "googleapis.com", "metadata": facts}


def bad(message: str) -> Problem:
    """Give the refusal of an argument."""
    return Problem(failed(400, message, "INVALID_ARGUMENT"))


def exhausted(message: str) -> Answer:
    """Give what comes when a bucket is empty; there is no Retry-After."""
    return failed(429, message, "RESOURCE_EXHAUSTED")


class GoogleServer(HttpServer):
    """Serves one ``account`` at ``url``; tokens are given at ``token_uri`` for what is ``wanted``."""

    wanted = SCOPE

    def __init__(self, account: GoogleAccount) -> None:
        super().__init__()
        self.account = account
        self.under_way = 0
        self.most = 0
        self._counting = threading.Lock()

    @property
    def token_uri(self) -> str:
        """Where tokens are given."""
        return f"{self.url}/token"

    def bodies(self, method: str = "runReport") -> list[Any]:
        """Give what each request of that method asked for."""
        found = [one for one in self.requests if one.path.endswith(f":{method}")]
        return [json.loads(one.body) for one in found]

    def service_account(self, directory: Path, **changes: Any) -> Path:
        """Write a key of a service account."""
        pem = KEY.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()
        key = {
            "type": "service_account",
            "project_id": "project-x",
            "private_key_id": "k",
            "private_key": pem,
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": self.token_uri,
        }
        return _written(directory / "key.json", key | changes)

    def authorized_user(self, directory: Path, **changes: Any) -> Path:
        """Write a person's consent as google-auth keeps it."""
        key = {"type": "authorized_user", **CLIENT, "refresh_token": REFRESH_TOKEN}
        return _written(directory / "user.json", key | {"token_uri": self.token_uri} | changes)

    def client_secrets(self, directory: Path, **changes: Any) -> Path:
        """Write the secrets of a desktop application, as they are downloaded."""
        secrets = {**CLIENT, "auth_uri": f"{self.url}/auth", "token_uri": self.token_uri}
        return _written(directory / "client_secrets.json", {"installed": secrets | changes})

    def stored(self, directory: Path, **changes: Any) -> tuple[Path, Path]:
        """Write a person's consent as oauth2client kept it: the client's secrets, the storage."""
        secrets = {"installed": {**CLIENT, "token_uri": self.token_uri}}
        storage = {
            "access_token": "ya29.old",
            **CLIENT,
            "refresh_token": REFRESH_TOKEN,
            "token_expiry": "2014-06-01T12:00:00Z",
            "token_uri": self.token_uri,
            "user_agent": None,
            "revoke_uri": f"{self.url}/revoke",
            "id_token": None,
            "id_token_jwt": None,
            "token_response": {"access_token": "ya29.old", "expires_in": 3600},
            "scopes": [SCOPE],
            "token_info_uri": f"{self.url}/tokeninfo",
            "invalid": False,
            "_class": "OAuth2Credentials",
            "_module": "oauth2client.client",
        }
        return (
            _written(directory / "client_secrets.json", secrets),
            _written(directory / "storage.json", storage | changes),
        )

    def answer(self, request: Request) -> Answer:
        """Answer as Google does."""
        with self._counting:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            if request.path == "/token":
                return self._token(request)
            if request.path == "/auth":
                return self._consent(dict(request.query))
            return self._api(request)
        except Problem as problem:
            return problem.answer
        finally:
            with self._counting:
                self.under_way -= 1

    # Tokens

    def _token(self, request: Request) -> Answer:
        if self.account.token_faults:
            return self.account.token_faults.pop(0)
        form = dict(parse_qsl(request.body.decode()))
        if form.get("grant_type") == "refresh_token":
            return self._refreshed(form)
        if form.get("grant_type") == "authorization_code":
            return self._exchanged(form | _basic(request))
        return self._signed(form.get("assertion", ""))

    def _consent(self, asked: dict[str, str]) -> Answer:
        """Send a browser back to where it came from, with a code or a no."""
        back = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT["client_id"] or not back.startswith("http://localhost"):
            return Answer(400, b"Error 400: redirect_uri_mismatch", {"Content-Type": "text/html"})
        self.account.consents.append(asked)
        said = {"error": "access_denied"} if self.account.denied else {"code": self.account.code}
        query = urlencode(said | {"state": asked["state"], "scope": asked["scope"]})
        return Answer(302, b"", {"Location": f"{back}?{query}"})

    def _exchanged(self, form: Mapping[str, str]) -> Answer:
        if {key: form.get(key) for key in CLIENT} != CLIENT:
            return _no_token("invalid_client", f"Unauthorized: {form.get('client_secret')}", 401)
        asked = self.account.consents[-1]
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if form.get("code") != self.account.code or proof != asked.get("code_challenge"):
            return _no_token("invalid_grant", "Malformed auth code.")
        if form.get("redirect_uri") != asked["redirect_uri"]:
            return _no_token("redirect_uri_mismatch", "Bad Request")
        token = json.loads(self._issued(REFRESH_TOKEN).body)
        lasting = asked.get("access_type") == "offline" and asked.get("prompt") == "consent"
        refresh = {"refresh_token": REFRESH_TOKEN} if lasting else {}
        return json_answer({"scope": asked["scope"]} | token | refresh)

    def _refreshed(self, form: Mapping[str, str]) -> Answer:
        if {key: form.get(key) for key in CLIENT} != CLIENT:
            return _no_token("invalid_client", "The OAuth client was not found.", 401)
        if self.account.revoked or form.get("refresh_token") != REFRESH_TOKEN:
            return _no_token("invalid_grant", "Token has been expired or revoked.")
        return self._issued(REFRESH_TOKEN)

    def _signed(self, assertion: str) -> Answer:
        head, claims, signature = (_unpadded(part) for part in assertion.split("."))
        signed = ".".join(assertion.split(".")[:2]).encode()
        assert json.loads(head)["alg"] == "RS256"
        try:
            KEY.public_key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return _no_token("invalid_grant", "Invalid JWT Signature.")
        said = json.loads(claims)
        if self.account.revoked or said["iss"] != EMAIL:
            return _no_token("invalid_grant", "Invalid grant: account not found")
        if said["scope"] != self.wanted:
            return _no_token("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return self._issued(EMAIL)

    def _issued(self, who: str) -> Answer:
        with self._counting:
            token = f"ya29.planted-{id(self)}-{len(self.requests)}"
            self.account.tokens[token] = who
        said = {"access_token": token, "expires_in": self.account.lifetime, "token_type": "Bearer"}
        return json_answer(said | {"scope": self.account.scope})

    # The API

    def _api(self, request: Request) -> Answer:
        resource, _, method = request.path.removeprefix("/v1beta/").partition(":")
        answers: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("POST", "runReport"): self._run_report,
            ("POST", "batchRunReports"): self._batch,
            ("POST", "runRealtimeReport"): self._run_realtime,
            ("POST", "checkCompatibility"): self._compatibility,
        }
        is_metadata = request.method == "GET" and resource.endswith("/metadata") and not method
        found = (
            (lambda _: self._metadata()) if is_metadata else answers.get((request.method, method))
        )
        if found is None or not request.path.startswith("/v1beta/properties/"):
            return Answer(404, b"<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>",
                          {"Content-Type": "text/html; charset=UTF-8"})  # fmt: skip
        who = self._logged_in(request)
        if self.account.faults:
            fault = self.account.faults.pop(0)
            if fault is not None:
                return fault if isinstance(fault, Answer) else fault(request)
        try:
            body = json.loads(request.body) if request.body else {}
        except ValueError as exc:
            raise bad("Invalid JSON payload received.") from exc
        self._may_read(who, resource.split("/")[1])
        return json_answer(found(body))

    def _logged_in(self, request: Request) -> str:
        said = request.headers.get("authorization", "")
        if not said:
            details = [reason("CREDENTIALS_MISSING")]
            raise Problem(failed(401, "Request is missing required authentication credential.",
                                 "UNAUTHENTICATED", details=details))  # fmt: skip
        who = self.account.tokens.get(said.removeprefix("Bearer "))
        if who is None:
            told = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
            raise Problem(failed(401, "Request had invalid authentication credentials. Expected "
                                 "OAuth 2 access token, login cookie or other valid authentication "
                                 "credential.", "UNAUTHENTICATED",
                                 headers={"WWW-Authenticate": told}))  # fmt: skip
        if not self.account.enabled:
            facts = {"service": "analyticsdata.googleapis.com", "consumer": "projects/1234"}
            raise Problem(failed(403, "Google Analytics Data API has not been used in project 1234 "
                                 "before or it is disabled.", "PERMISSION_DENIED",
                                 details=[reason("SERVICE_DISABLED", **facts)]))  # fmt: skip
        if SCOPE not in self.account.scope.split():
            raise Problem(failed(403, "Request had insufficient authentication scopes.",
                                 "PERMISSION_DENIED",
                                 details=[reason("ACCESS_TOKEN_SCOPE_INSUFFICIENT")]))  # fmt: skip
        return who

    def _may_read(self, who: str, number: str) -> None:
        if number != self.account.property or who not in self.account.readers:
            message = (
                "User does not have sufficient permissions for this property. To learn more about "
                "Property ID, see https://developers.google.com/analytics/devguides/reporting/"
                "data/v1/property-id."
            )
            raise Problem(failed(403, message, "PERMISSION_DENIED"))

    def _batch(self, body: Mapping[str, Any]) -> Any:
        asked = body.get("requests", [])
        if len(asked) > 5:
            raise bad("Requests are limited to 5 requests.")
        reports = [self._run_report(one) for one in asked]
        return {"reports": reports, "kind": "analyticsData#batchRunReports"}

    def _run_report(self, body: Mapping[str, Any]) -> Any:
        self._check(body)
        self._charge(self.account.quota)
        metadata = {"currencyCode": "GBP", "timeZone": self.account.zone} | self.account.metadata
        reply = {"metadata": metadata, "kind": "analyticsData#runReport"}
        return reply | self._report(body, self._of_days(body), self.account.quota)

    def _run_realtime(self, body: Mapping[str, Any]) -> Any:
        self._check_keys(body, _REALTIME_KEYS)
        names = [one["name"] for one in body.get("dimensions", ())]
        metrics = [one["name"] for one in body.get("metrics", ())]
        self._check_names(names, metrics, _REALTIME_DIMENSIONS, _REALTIME_METRICS)
        for one in body.get("minuteRanges", ()):
            if one.get("startMinutesAgo", 29) > 29:
                raise bad("The minute range must be within the last 30 minutes.")
        self._charge(self.account.realtime_quota)
        reply = {"kind": "analyticsData#runRealtimeReport"}
        return reply | self._report(body, self._of_minutes(body), self.account.realtime_quota)

    def _report(
        self, body: Mapping[str, Any], events: Sequence[Event], quota: Mapping[str, Bucket]
    ) -> dict[str, Any]:
        names = [one["name"] for one in body.get("dimensions", ())]
        metrics = [one["name"] for one in body.get("metrics", ())]
        rows = self._sorted(self._grouped(events, body, names, metrics), body, names, metrics)
        offset, limit = int(body.get("offset", 0)), int(body.get("limit", 10_000))
        shown = rows[offset : offset + min(limit, self.account.page)]
        kinds = _REALTIME_METRICS | self._metrics()
        reply: dict[str, Any] = {
            "dimensionHeaders": [{"name": name} for name in names],
            "metricHeaders": [{"name": name, "type": kinds[name]} for name in metrics],
        }
        if rows:
            reply |= {"rowCount": len(rows), "rows": [_shown(*row) for row in shown]}
        if body.get("returnPropertyQuota"):
            reply["propertyQuota"] = {
                name: {"consumed": 1, "remaining": bucket.remaining}
                for name, bucket in quota.items()
            }
        return {key: value for key, value in reply.items() if value != []}

    def _check(self, body: Mapping[str, Any]) -> None:
        self._check_keys(body, _KEYS)
        names = [one["name"] for one in body.get("dimensions", ())]
        metrics = [one["name"] for one in body.get("metrics", ())]
        self._check_names(names, metrics, _DIMENSIONS | self.account.custom, self._metrics())
        if int(body.get("limit", 1)) < 1:
            raise bad("limit must be positive.")
        ranges = body.get("dateRanges", [])
        if not ranges:
            raise bad("A dateRange is required.")
        if len(ranges) > 4:
            raise bad("Requests are limited to 4 dateRanges.")
        for one in ranges:
            if date.fromisoformat(one["startDate"]) > date.fromisoformat(one["endDate"]):
                raise bad("startDate must be before endDate.")
        if len(metrics) > 10 or len(names) > 9:
            raise bad("Requests are limited to 9 dimensions within a nested request.")
        if not names and not metrics:
            raise bad("Requests require dimensions and/or metrics.")
        for order in body.get("orderBys", ()):
            by = order.get("metric", {}).get("metricName") or order["dimension"]["dimensionName"]
            if by not in {*names, *metrics}:
                raise bad(f"Field {by} is not in the report and cannot be ordered by.")
        for pair in self.account.incompatible:
            if pair <= {*names, *metrics}:
                raise bad(f"Please remove {min(pair)} to make the request compatible.")

    def _check_keys(self, body: Mapping[str, Any], known: Iterable[str]) -> None:
        for key in body:
            if key not in known:
                message = f'Invalid JSON payload received. Unknown name "{key}": Cannot find field.'
                raise bad(message)

    def _check_names(
        self,
        names: Iterable[str],
        metrics: Iterable[str],
        known_names: Iterable[str],
        known_metrics: Iterable[str],
    ) -> None:
        for kind, asked, known in (
            ("dimension", names, known_names),
            ("metric", metrics, known_metrics),
        ):
            for name in asked:
                if name not in known:
                    raise bad(
                        f"Field {name} is not a valid {kind}. For a list of valid dimensions and "
                        f"metrics, see {SCHEMA}"
                    )

    def _charge(self, quota: Mapping[str, Bucket]) -> None:
        said = {
            "tokensPerDay": "Exhausted property tokens per day. These quota tokens will return in "
            "under a day.",
            "tokensPerHour": "Exhausted property tokens per hour. These quota tokens will return "
            "in under an hour.",
            "tokensPerProjectPerHour": "Exhausted property tokens for a project per hour. These "
            "quota tokens will return in under an hour.",
            "serverErrorsPerProjectPerHour": "Exhausted server errors quota.",
            "potentiallyThresholdedRequestsPerHour": "Exhausted potentially thresholded requests "
            "quota.",
        }
        with self._counting:
            for name, message in said.items():
                if quota[name].remaining <= 0:
                    raise Problem(exhausted(message))
            for name in said:
                if name.startswith("tokens"):
                    quota[name].remaining -= 1

    def _metrics(self) -> dict[str, str]:
        marked = {f"keyEvents:{name}": "TYPE_FLOAT" for name in self.account.key_events}
        return _METRICS | marked

    def _metadata(self) -> Any:
        dimensions = [{"apiName": name} for name in sorted(_DIMENSIONS | self.account.custom)]
        metrics = [{"apiName": name, "type": kind} for name, kind in self._metrics().items()]
        name = f"properties/{self.account.property}/metadata"
        return {"name": name, "dimensions": dimensions, "metrics": metrics}

    def _compatibility(self, body: Mapping[str, Any]) -> Any:
        names = [one["name"] for one in body.get("dimensions", ())]
        metrics = [one["name"] for one in body.get("metrics", ())]
        self._check_names(names, metrics, _DIMENSIONS | self.account.custom, self._metrics())
        wrong = set().union(*(p for p in self.account.incompatible if p <= {*names, *metrics}))
        return {
            f"{kind}Compatibilities": [
                {f"{kind}Metadata": {"apiName": name}, "compatibility": "INCOMPATIBLE"}
                for name in asked
                if name in wrong
            ]
            for kind, asked in (("dimension", names), ("metric", metrics))
        }

    # Figures

    def _of_days(self, body: Mapping[str, Any]) -> list[Event]:
        days = [
            (date.fromisoformat(one["startDate"]), date.fromisoformat(one["endDate"]))
            for one in body["dateRanges"]
        ]
        zone = ZoneInfo(self.account.zone)
        return [
            event
            for event in self.account.events
            if any(first <= event.at.astimezone(zone).date() <= last for first, last in days)
        ]

    def _of_minutes(self, body: Mapping[str, Any]) -> list[Event]:
        (asked,) = body["minuteRanges"]
        now, minute = self.account.now, timedelta(minutes=1)
        first = now - (asked["startMinutesAgo"] + 1) * minute
        last = now - asked["endMinutesAgo"] * minute
        return [event for event in self.account.events if first < event.at <= last]

    def _grouped(
        self,
        events: Sequence[Event],
        body: Mapping[str, Any],
        names: Sequence[str],
        metrics: Sequence[str],
    ) -> dict[tuple[str, ...], list[float]]:
        kept = body.get("dimensionFilter")
        groups: dict[tuple[str, ...], list[Event]] = defaultdict(list)
        for event in events:
            if kept is None or _keeps(kept, lambda name, e=event: self._text(e, name)):
                groups[tuple(self._text(event, name) for name in names)].append(event)
        rows = {
            key: [self._count(name, events) for name in metrics] for key, events in groups.items()
        }
        rows = {
            key: values
            for key, values in rows.items()
            if any(values) or not metrics or body.get("keepEmptyRows")
        }
        kept = body.get("metricFilter")
        if kept is None:
            return rows
        return {
            key: values
            for key, values in rows.items()
            if _keeps(kept, lambda name, v=values: v[metrics.index(name)])
        }

    def _text(self, event: Event, name: str) -> str:
        if name == "eventName":
            return event.name
        if name in _LABELS:
            return event.at.astimezone(ZoneInfo(self.account.zone)).strftime(_LABELS[name])
        return event.texts.get(name, "(not set)")

    def _count(self, metric: str, events: Sequence[Event]) -> float:
        if metric.startswith("keyEvents"):
            wanted = self.account.key_events
            wanted = {metric.partition(":")[2]} if ":" in metric else wanted
            return sum(event.name in wanted for event in events)
        match metric:
            case "sessions":
                return len({event.session for event in events})
            case "totalUsers" | "activeUsers":
                return len({event.user for event in events})
            case "screenPageViews":
                return sum(event.name == "page_view" for event in events)
            case "bounceRate":
                return 0.25
        return len(events)

    def _sorted(
        self,
        groups: Mapping[tuple[str, ...], list[float]],
        body: Mapping[str, Any],
        names: Sequence[str],
        metrics: Sequence[str],
    ) -> list[tuple[tuple[str, ...], list[float]]]:
        rows = list(groups.items())
        for order in reversed(body.get("orderBys", ())):
            if "metric" in order:
                place = metrics.index(order["metric"]["metricName"])
                rows.sort(key=lambda row, at=place: row[1][at], reverse=order.get("desc", False))
            else:
                place = names.index(order["dimension"]["dimensionName"])
                rows.sort(key=lambda row, at=place: row[0][at], reverse=order.get("desc", False))
        return rows


def _keeps(kept: Mapping[str, Any], value: Callable[[str], Any]) -> bool:
    match kept:
        case {"andGroup": {"expressions": members}}:
            return all(_keeps(one, value) for one in members)
        case {"orGroup": {"expressions": members}}:
            return any(_keeps(one, value) for one in members)
        case {"notExpression": inner}:
            return not _keeps(inner, value)
        case {"filter": {"fieldName": name, "stringFilter": {"matchType": how, "value": wanted}}}:
            text, wanted = value(name).lower(), wanted.lower()
            return {
                "EXACT": text == wanted,
                "BEGINS_WITH": text.startswith(wanted),
                "ENDS_WITH": text.endswith(wanted),
                "CONTAINS": wanted in text,
            }[how]
        case {"filter": {"fieldName": name, "inListFilter": {"values": wanted}}}:
            return value(name) in wanted
        case {"filter": {"fieldName": name, "numericFilter": {"operation": how, "value": number}}}:
            wanted = float(number.get("int64Value", number.get("doubleValue", 0)))
            return {
                "EQUAL": value(name) == wanted,
                "GREATER_THAN": value(name) > wanted,
                "LESS_THAN": value(name) < wanted,
            }[how]
    raise bad("Invalid filter.")


def _shown(texts: Sequence[str], numbers: Sequence[float]) -> dict[str, Any]:
    row = {
        "dimensionValues": [{"value": text} for text in texts],
        "metricValues": [{"value": f"{number:g}" if number % 1 else str(int(number))}
                         for number in numbers],
    }  # fmt: skip
    return {key: values for key, values in row.items() if values}


def _basic(request: Request) -> dict[str, str]:
    """Give the client as the header tells it, where it does."""
    kind, _, said = request.headers.get("authorization", "").partition(" ")
    name, _, secret = base64.b64decode(said).decode().partition(":")
    return {"client_id": name, "client_secret": secret} if kind == "Basic" else {}


def _no_token(error: str, description: str, code: int = 400) -> Answer:
    return json_answer({"error": error, "error_description": description}, code)


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _written(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    return path
