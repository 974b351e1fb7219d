"""A context for the tests of sources: real parts, and small honest ones that keep what they get."""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.api import Asked, Clock, Context, HttpClient, Limits, Period, QuotaSpent, Secret
from collectors.clock import FixedClock
from collectors.periods import UTC_ZONE

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@dataclass
class RecordingQuota:
    """Keeps what was reported; says that a budget is spent while ``remaining`` is 0."""

    clock: Clock
    left: dict[tuple[str, str], tuple[int, datetime]] = field(default_factory=dict)
    asked: list[dict[str, Limits]] = field(default_factory=list)

    @contextmanager
    def request(self, keys: str | Mapping[str, Limits], cost: int = 1) -> Iterator[Asked]:
        """Keep what was asked; raise QuotaSpent while nothing is left of one of ``keys``."""
        self.asked.append({keys: Limits()} if isinstance(keys, str) else dict(keys))
        for (key, bucket), (remaining, resets_at) in self.left.items():
            if key in self.asked[-1] and remaining <= 0 and resets_at > self.clock.now():
                raise QuotaSpent(f"{key} {bucket} is used up".replace("  ", " "), resets_at)
        yield self

    def report(
        self, key: str, remaining: int, resets_at: datetime, bucket: str = "", each: int = 1
    ) -> None:
        """Keep what is left of a bucket of ``key``."""
        self.left[key, bucket] = (remaining, resets_at)


class SimpleShared:
    """Builds once and remembers; a failed build is tried again by the next who asks."""

    def __init__(self) -> None:
        self.held: dict[Hashable, Any] = {}

    def get(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Give what ``key`` holds, building it once."""
        if key not in self.held:
            self.held[key] = build()
        return self.held[key]


class RecordingLog:
    """Keeps every event with its fields, as ``(level, event, fields)``."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, dict[str, Any]]] = []

    def debug(self, event: str, **fields: Any) -> None:
        """Keep an event."""
        self.events.append(("debug", event, fields))

    def info(self, event: str, **fields: Any) -> None:
        """Keep an event."""
        self.events.append(("info", event, fields))

    def warning(self, event: str, **fields: Any) -> None:
        """Keep an event."""
        self.events.append(("warning", event, fields))


@dataclass
class RecordingSleep:
    """Does not wait; keeps the seconds that it was asked to."""

    seconds: list[float] = field(default_factory=list)

    def __call__(self, seconds: float) -> None:
        """Keep ``seconds``."""
        self.seconds.append(seconds)


@dataclass(frozen=True, kw_only=True)
class Warnings:
    """What a run told, sentence by sentence."""

    told: list[str] = field(default_factory=list)

    def __call__(self, sentence: str) -> None:
        """Keep ``sentence``."""
        self.told.append(sentence)


@dataclass(frozen=True, kw_only=True)
class HiddenSecrets:
    """The secrets that a source came by."""

    texts: set[str] = field(default_factory=set)

    def __call__(self, secret: Secret) -> None:
        """Keep ``secret``."""
        self.texts.add(secret.reveal())


def make_context(**overrides: Any) -> Context:
    """Give a context whose every part can be replaced by name.

    What the source told is in ``context.warn.told``, what it hid in ``context.hide.texts``, what it
    logged in ``context.log.events``, what the HTTP client would have slept in
    ``context.http.sleep.seconds``.
    """
    clock = overrides.get("clock", FixedClock(NOW))
    parts: dict[str, Any] = {
        "http": HttpClient(clock, sleep=RecordingSleep(), read=5.0, proxies={}),
        "clock": clock,
        "quota": RecordingQuota(clock),
        "shared": SimpleShared(),
        "directory": Path(),
        "period": Period.HOUR,
        "zone": UTC_ZONE,
        "credential": None,
        "credential_name": "test",
        "state": {},
        "warn": Warnings(),
        "hide": HiddenSecrets(),
        "log": RecordingLog(),
    }
    return Context(**(parts | overrides))
