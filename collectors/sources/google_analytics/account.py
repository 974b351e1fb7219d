"""Asking one property: its quota, its errors, its names, its pages."""

import json
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from zoneinfo import ZoneInfo

from collectors.api import (
    Asked,
    CollectorError,
    Context,
    Limits,
    Quota,
    QuotaSpent,
    Refused,
    Unavailable,
    Unexpected,
    Window,
)
from collectors.api.google import GoogleCredential, open_google
from collectors.sources.google_analytics.calendar import next_midnight, same_days
from collectors.sources.google_analytics.quality import sentences

if TYPE_CHECKING:
    from collectors.api.google import Google, Problem

SCOPE = "https://www.googleapis.com/auth/analytics.readonly"
BATCH = 5
"""Reports that one request may ask for."""
FRESH = timedelta(hours=1)
KEY_EVENT = "keyEvents:"

_HOUR = timedelta(hours=1)
_SHORT, _LONG = 30.0, timedelta(minutes=30)
_PROJECT = "tokensPerProjectPerHour"
_DAY = "tokensPerDay"
_COUNTED = (
    _DAY,
    "tokensPerHour",
    _PROJECT,
    "serverErrorsPerProjectPerHour",
    "potentiallyThresholdedRequestsPerHour",
)
_SPENT = {
    "server errors": "serverErrorsPerProjectPerHour",
    "thresholded": "potentiallyThresholdedRequestsPerHour",
    "project": _PROJECT,
}


@dataclass(frozen=True)
class Property:
    """One property, for one run. Its methods raise Unavailable, Refused, QuotaSpent, Unexpected."""

    kind: ClassVar[str] = ""
    """What its quota keys end with: each kind of report has a quota of its own."""

    context: Context
    number: str

    @property
    def resource(self) -> str:
        """Its name in the API."""
        return f"properties/{self.number}"

    @cached_property
    def google(self) -> "Google":
        """The API, as it is asked for this property."""
        return open_google(
            self.context,
            "analyticsdata",
            "v1beta",
            scopes=[SCOPE],
            explain=self._explained,
            hold=self._held,
        )

    def report(self, body: Mapping[str, Any], window: Window) -> Any:
        """Give the reply to one report."""
        properties = self.google.service.properties()
        request = properties.runReport(property=self.resource, body=body)
        [found] = self._execute(request, window)
        return found

    def reports(self, bodies: Sequence[Mapping[str, Any]], window: Window) -> Sequence[Any]:
        """Give the replies to up to ``BATCH`` reports, asked for at once."""
        properties = self.google.service.properties()
        request = properties.batchRunReports(
            property=self.resource, body={"requests": list(bodies)}
        )
        return self._execute(request, window, lambda reply: _reports(reply, len(bodies)))

    def names(self) -> "Names":
        """Give the names that this property knows now."""
        properties = self.google.service.properties()
        request = properties.getMetadata(name=f"{self.resource}/metadata")
        return _read_names(self.google.execute(request))

    def key_events(self) -> frozenset[str]:
        """Give the events that are marked as key events, as of within the hour."""
        key = ("google analytics key events", self.context.credential)
        kept: KeyEvents = self.context.shared.get(key, KeyEvents)
        return kept.of(self)

    def misfits(self, body: Mapping[str, Any]) -> list[str]:
        """Give the names of those fields of a report that do not go together with the others."""
        asked = {key: body[key] for key in ("dimensions", "metrics") if body.get(key)}
        filters = {key: body[key] for key in ("dimensionFilter", "metricFilter") if key in body}
        wanted = {**asked, **filters, "compatibilityFilter": "INCOMPATIBLE"}
        properties = self.google.service.properties()
        reply = self.google.execute(
            properties.checkCompatibility(property=self.resource, body=wanted)
        )
        names = {one["name"] for fields in asked.values() for one in fields}
        found = [
            one.get(f"{kind}Metadata", {}).get("apiName", "")
            for kind in ("dimension", "metric")
            for one in reply.get(f"{kind}Compatibilities", ())
            if one.get("compatibility") == "INCOMPATIBLE"
        ]
        return [name for name in found if name in names]

    def _execute(
        self,
        request: Any,
        window: Window,
        read: Callable[[Any], Sequence[Any]] = lambda reply: [reply],
    ) -> Sequence[Any]:
        """Give the reports in the reply, once what they say of the quota is noted."""
        found: list[Any] = []

        def note(reply: Any, asked: Asked) -> None:
            found.extend(read(reply))
            for one in found:
                self._note(one, window, asked)

        self.google.execute(request, note)
        return found

    def _note(self, reply: Any, window: Window, asked: Asked) -> None:
        """Take from a reply what concerns more than its figures."""
        try:
            metadata = reply.get("metadata") or {}
            self._check_zone(metadata.get("timeZone"), window)
            for sentence in sentences(metadata):
                self.context.warn(f"Google Analytics, property {self.number}: {sentence}")
            for name, left in (reply.get("propertyQuota") or {}).items():
                if name in _COUNTED:
                    self._report(asked, name, int(left.get("remaining", 0)), self._resets_at(name))
        except (AttributeError, TypeError, ValueError) as exc:
            message = "Google Analytics' report is not as documented"
            raise Unexpected(message, json.dumps(reply)) from exc

    def _check_zone(self, key: str | None, window: Window) -> None:
        """Refuse a property whose days are not those of the collector."""
        if key is None:
            return
        try:
            zone = ZoneInfo(key)
        except (KeyError, ValueError, OSError) as exc:
            raise Unexpected(
                f"the property {self.number} counts in an unknown zone: {key}"
            ) from exc
        if not same_days(window, zone, self.context.zone):
            raise Refused(
                f"the property {self.number} counts its days in {key}, and this collector in "
                f"{self.context.zone.key}: set `zone: {key}`, or change the property's zone"
            )

    def _report(self, to: Asked | Quota, name: str, remaining: int, resets_at: datetime) -> None:
        _, of_property, of_both = _names_of(self.google.project, self.number, self.kind)
        key = of_both if "Project" in name else of_property
        to.report(key, remaining, resets_at, name, each=0)  # what a report costs, replies tell

    def _resets_at(self, name: str) -> datetime:
        now = self.context.clock.now()
        if name == _DAY:
            return next_midnight(now, self.context.zone)
        return now.replace(minute=0, second=0, microsecond=0) + _HOUR

    def _held(self) -> AbstractContextManager[Asked]:
        project, credential = self.google.project, self.context.credential
        keys = quota_keys(project, credential, self.number, self.kind)
        return self.context.quota.request(keys)

    def _explained(self, problem: "Problem") -> CollectorError | None:
        if problem.code == 429:
            return self._exhausted(problem)
        if problem.code == 403 and not problem.reason and problem.status:
            return Refused(
                f"{problem}: {self.google.account} may not read the property {self.number}, or "
                "there is none of that number: add that account as a Viewer in Admin > Property "
                "access management, or correct `property`"
            )
        if problem.code == 400 and KEY_EVENT in problem.said:
            return Refused(
                f"{problem}: mark the event as a key event, in Admin > Events, or say "
                "`count: events`"
            )
        return None

    def _exhausted(self, problem: "Problem") -> CollectorError:
        said = problem.said.lower()
        if "per day" in said:
            resets_at = self._resets_at(_DAY)
            self._report(self.context.quota, _DAY, 0, resets_at)
            return QuotaSpent(f"{problem}: the property's tokens of today are used up", resets_at)
        if "concurrent" in said:
            return Unavailable(str(problem), _SHORT, problem.code)
        name = next((name for sign, name in _SPENT.items() if sign in said), "tokensPerHour")
        resets_at = self.context.clock.now() + _LONG
        self._report(self.context.quota, name, 0, resets_at)
        return QuotaSpent(f"{problem}: what the property has in an hour is used up", resets_at)


@dataclass(frozen=True, slots=True)
class Names:
    """What can be asked of a property."""

    dimensions: frozenset[str]
    metrics: frozenset[str]

    @property
    def key_events(self) -> frozenset[str]:
        """The events that are marked as key events."""
        marked = (name for name in self.metrics if name.startswith(KEY_EVENT))
        return frozenset(name.removeprefix(KEY_EVENT) for name in marked)


class KeyEvents:
    """The key events of every property of a credential, kept for an hour for its collectors."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._asking: dict[str, threading.Lock] = {}
        self._guard = threading.Lock()

    def of(self, asked: Property) -> frozenset[str]:
        """Give those of one property, asking where they are not known or no longer fresh."""
        with self._guard:
            asking = self._asking.setdefault(asked.number, threading.Lock())
        with asking:
            now = asked.context.clock.now()
            read_at, events = self._known.get(asked.number, (None, frozenset()))
            if read_at is None or now - read_at >= FRESH:
                events = asked.names().key_events
                self._known[asked.number] = (now, events)
            return events


def quota_keys(
    project: str, credential: GoogleCredential, number: str, kind: str
) -> dict[str, Limits]:
    """Give the keys of a report: of the project, of the property, and of both together.

    Google counts the requests of a property that are under way at once, whoever asks (10; 50 with
    Analytics 360), and tells with each report what is left of its tokens.
    """
    of_project, of_property, of_both = _names_of(project, number, kind)
    return {
        of_project: Limits(),
        of_property: Limits(concurrent=credential.concurrent, reported=True),
        of_both: Limits(reported=True),
    }


def _names_of(project: str, number: str, kind: str) -> tuple[str, str, str]:
    of_property = f"property:{number}{kind}"
    return f"google:{project}", f"google:{of_property}", f"google:{project}:{of_property}"


def _reports(reply: Any, count: int) -> list[Any]:
    found = reply.get("reports") if isinstance(reply, dict) else None
    if not isinstance(found, list) or len(found) != count:
        raise Unexpected(f"Google Analytics did not answer {count} reports", json.dumps(reply))
    return found


def _read_names(reply: Any) -> Names:
    try:
        found = [
            frozenset(one["apiName"] for one in reply[kind]) for kind in ("dimensions", "metrics")
        ]
    except (KeyError, TypeError) as exc:
        raise Unexpected("Google Analytics' list of names is not as documented") from exc
    return Names(*found)
