"""What a configuration is once it has been read: frozen values, checked when they were made."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from collectors.api import Limits, Source
from collectors.config.alerts import Alerts
from collectors.config.expectation import Expectation
from collectors.config.mapping import MappingSpec
from collectors.config.schedules import Schedule
from collectors.errors import Mistake
from collectors.periods import UTC_ZONE, Period
from collectors.values import DataSet, Secret

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: a file, and the line and column (from 1) in it."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where data sets live: a write API's base URL, or (``url`` None) the embedded store.

    ``tokens`` names the file in ``credentials/`` that holds the tokens of its data sets.
    """

    name: str
    url: str | None = None
    tokens: str = "tokens"


@dataclass(frozen=True, kw_only=True)
class DeclaredDataSet:
    """How one embedded data set answers over HTTP; the defaults are those of an undeclared one.

    ``called`` is a name of its own; ``tokens`` are the digests of those that may write it;
    ``auto_ids`` are the fields that the server makes ``_id`` of; ``schema`` is a JSON Schema
    (Draft 4) that holds beside that of its data type; ``capped_size`` is bytes, after which the
    oldest records of a realtime set fall off.
    """

    data_set: DataSet
    called: str | None = None
    tokens: tuple[bytes, ...] = field(default=(), repr=False)
    auto_ids: tuple[str, ...] = ()
    schema: Mapping[str, Any] | None = None
    raw_queries_allowed: bool = True
    queryable: bool = True
    published: bool = True
    realtime: bool = False
    capped_size: int | None = None
    max_age_expected: timedelta | None = None

    @property
    def name(self) -> str:
        """The name under which it is served too; ``<group>_<type>``, underscored, unless said."""
        made = f"{self.data_set.group}_{self.data_set.type}".replace("-", "_")
        return self.called or made


@dataclass(frozen=True, kw_only=True)
class Platform:
    """What holds for all collectors: ``config/platform.yaml``, or the defaults.

    ``state`` and ``embedded`` are database URLs, secret because they may hold a password;
    ``source_path`` is a folder of sources, relative to the configuration directory;
    ``outbox_limit`` is bytes a lane; ``synchronous`` is SQLite's ``FULL`` or ``NORMAL``; ``quotas``
    is what may be asked of providers, by quota key or the beginning of one;
    ``administrator`` is the digest of the token that may take data sets away over HTTP.
    """

    targets: tuple[Target, ...] = (Target(name=EMBEDDED),)
    state: Secret = Secret("sqlite:///var/state.db")  # noqa: RUF009 - frozen itself
    embedded: Secret = Secret("sqlite:///var/data-sets.db")  # noqa: RUF009 - frozen itself
    timezone: ZoneInfo = ZoneInfo("Europe/London")  # noqa: RUF009 - frozen itself
    source_path: str | None = None
    workers: int = 16
    outbox_limit: int = 1_000_000_000
    synchronous: str = "FULL"
    alerts: Alerts = Alerts()  # noqa: RUF009 - frozen itself
    quotas: Mapping[str, Limits] = field(default_factory=dict)
    data_sets: tuple[DeclaredDataSet, ...] = ()
    administrator: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Collector:
    """One configured job: a source, a query, a schedule, a data set.

    ``settle`` is how long after its end a period may still change; ``since`` is the first local
    day to collect; ``splay`` is over how long those of its schedule are spread; ``tick_zone`` is
    where its schedule's days begin; with ``replace`` what one run finds takes the place of all that
    the data set holds; ``batch`` is how many observations go into one request; ``fingerprint``
    changes when source, query, mapping or identity change.
    """

    name: str
    service: str
    key: str
    source: Source
    schedule: Schedule
    period: Period
    zone: ZoneInfo
    data_set: DataSet
    mapping: MappingSpec
    settle: timedelta
    fingerprint: str
    place: Place
    credentials: str | None = None
    title: str | None = None
    description: str | None = None
    units: Mapping[str, str] = field(default_factory=dict)
    since: date | None = None
    deadline: timedelta | None = None
    expect: Expectation | None = None
    splay: timedelta = timedelta(0)
    tick_zone: ZoneInfo = UTC_ZONE
    enabled: bool = True
    labels: frozenset[str] = frozenset()
    replace: bool = False
    batch: int = 1000


@dataclass(frozen=True, kw_only=True)
class Service:
    """What one service file says of the service itself; ``labels`` are those of its collectors."""

    name: str
    place: Place
    title: str | None = None
    description: str | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Configuration:
    """All files together. ``mistakes`` lists what is wrong; what has none is in ``collectors``.

    ``warnings`` are things that work and should be looked at. ``directory`` is the configuration
    directory, where relative file names of queries begin. ``sources`` are all that there are, those
    of the platform's ``source_path`` too. ``left_out`` names the collectors that mistakes leave
    out, and as ``<service>/*`` those of files that cannot be read so far.
    """

    directory: Path
    credentials: Path
    platform: Platform
    collectors: Mapping[str, Collector]
    services: Mapping[str, Service] = field(default_factory=dict)
    sources: Mapping[str, type[Source]] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    warnings: tuple[Mistake, ...] = ()
    left_out: frozenset[str] = frozenset()
