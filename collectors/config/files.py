"""The strict models of the files: which keys there are, and what they hold."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from collectors.config.digests import TokenDigest
from collectors.config.expectation import Expectation
from collectors.config.quantities import (
    Day,
    Duration,
    Percent,
    ResetTime,
    ScheduleText,
    SecretUrl,
    Size,
    TimeOfDay,
    Zone,
)
from collectors.periods import Period

NAME = "[a-z0-9-]+"
_DATA_SET = f"{NAME}/{NAME}"
_FILE = "[A-Za-z0-9_][A-Za-z0-9._-]*"
_ADDRESS = r"[^@\s<>,;\"]+@[A-Za-z0-9.-]+"
_TARGET = "[A-Za-z0-9][A-Za-z0-9._:-]*"
_STORED = "[a-z0-9][a-z0-9_]*"
_QUOTA = "[A-Za-z0-9._-]+(:[A-Za-z0-9._-]+)*"
_LETTERS = "use small letters, digits and hyphens"


def name_of(text: str) -> str:
    """Give a name back; raises ValueError where it is none, as data groups and types must be."""
    return _matching(text, NAME, f"a name: {_LETTERS}")


def _data_set(text: str) -> str:
    return _matching(text, _DATA_SET, f"<data-group>/<data-type>: {_LETTERS}")


def file_name(text: str) -> str:
    """Give the name of a file in credentials/ back; raises ValueError where it is none."""
    return _matching(text, _FILE, "the name of a file in credentials/")


def _address(text: str) -> str:
    return _matching(text, _ADDRESS, "an e-mail address")


def _target_name(text: str) -> str:
    return _matching(text, _TARGET, "a target's name: use letters and digits")


def _stored_name(text: str) -> str:
    return _matching(text, _STORED, "a data set's own name: use small letters, digits and _")


def _quota_name(text: str) -> str:
    return _matching(text, _QUOTA, "a quota's name: write it like google or pingdom:main")


def _matching(text: str, pattern: str, what: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise ValueError(f"{text!r} is not {what}")
    return text


def _spelt(pattern: str) -> Any:
    """Let editors know, by the JSON Schema, what the whole text must match."""
    return Field(json_schema_extra={"pattern": f"^{pattern}$"})


Address = Annotated[str, AfterValidator(_address), _spelt(_ADDRESS)]
Name = Annotated[str, AfterValidator(name_of), _spelt(NAME)]
DataSetName = Annotated[str, AfterValidator(_data_set), _spelt(_DATA_SET)]
FileName = Annotated[str, AfterValidator(file_name), _spelt(_FILE)]
QuotaName = Annotated[str, AfterValidator(_quota_name), _spelt(_QUOTA)]
StoredName = Annotated[str, AfterValidator(_stored_name), _spelt(_STORED)]
TargetName = Annotated[str, AfterValidator(_target_name), _spelt(_TARGET)]
Url = Annotated[str, Field(json_schema_extra={"format": "uri", "pattern": "^https?://[^@?]+$"})]
"""A write API's base URL; ``platforms`` checks all of it."""


class _Keys(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", arbitrary_types_allowed=True, use_attribute_docstrings=True
    )


class EmbeddedKeys(_Keys):
    """The embedded data-set store."""

    url: str = "sqlite:///var/data-sets.db"
    """The URL of its database."""
    administrator_token: TokenDigest | None = None
    """What may take a whole data set away over HTTP; without it nobody may."""


class DataSetKeys(_Keys):
    """One data set that is served over HTTP."""

    name: StoredName | None = None
    """The name of its own under which it is served too, as old clients ask for it."""
    token: TokenDigest | None = None
    """Who may write it: a token by reference, or sha256: and the digest of one."""
    tokens: list[TokenDigest] | None = None
    """The same, where there are several."""
    auto_ids: list[str] = []
    """The fields that the server makes `_id` of."""
    schema_: Any = Field(default=None, alias="schema")
    """A JSON Schema (Draft 4) of its records: a mapping, or a file in config/."""
    raw_queries_allowed: bool = True
    """Whether single records may be read, by anybody."""
    queryable: bool = True
    """Whether it may be read at all."""
    published: bool = True
    """Whether it counts as published; if not, answers carry a warning."""
    realtime: bool = False
    """Whether it holds figures of the moment, which caches keep for two minutes."""
    capped_size: Size | None = None
    """How much a realtime data set holds before the oldest records fall off: 4 MB."""
    max_age_expected: Duration | None = None
    """How long ago it may have been written last before it counts as out of date."""


class OutboxKeys(_Keys):
    """The outbox: what is collected and not delivered yet."""

    limit: Size = Field(default=1_000_000_000, json_schema_extra={"default": "1 GB"})
    """How much may wait in one lane, before compression: 500 MB, 2 GB."""


class QuotaKeys(_Keys):
    """What may be asked of a provider."""

    concurrent: int | None = Field(default=None, ge=1)
    """How many requests may be under way at once."""
    per_minute: int | None = Field(default=None, ge=1)
    """How many may be made in any minute."""
    per_hour: int | None = Field(default=None, ge=1)
    """How many may be made in any hour."""
    per_day: int | None = Field(default=None, ge=1)
    """How many may be made in a day of the provider's."""
    resets: ResetTime | None = None
    """When a day of the provider's begins, and where: `00:00 America/Los_Angeles`."""
    reserve_for_live: Percent | None = None
    """The share that only live work may use, and what is asked for by hand: `50%`."""


class MailKeys(_Keys):
    """Alerts by e-mail."""

    to: list[Address] = Field(min_length=1)
    """Who is told."""
    from_: Address = Field(alias="from")
    """Whom the mails come from."""
    host: str
    """The mail server; empty: no mails are sent."""
    port: int | None = Field(default=None, ge=1, le=65535)
    """Its port; 587 with `starttls`, 465 with `tls`, 25 with `none`, if not said."""
    tls: Literal["starttls", "tls", "none"] = "starttls"
    """How the connection is kept private."""
    credentials: FileName | None = None
    """The file in credentials/ that holds `user` and `password`; nobody logs in, if not said."""

    @model_validator(mode="after")
    def _password_is_private(self) -> Self:
        if self.credentials and self.tls == "none":
            raise ValueError("would send the password for all to read: set 'tls', or log nobody in")
        return self


class QuietKeys(_Keys):
    """The hours in which nothing is told."""

    from_: TimeOfDay = Field(alias="from")
    """When they begin: `22:00`."""
    until: TimeOfDay
    """When they end, on the next day where that is earlier than they begin."""
    zone: Zone | None = None
    """Whose time that is; the platform's `timezone`, if not said."""

    @model_validator(mode="after")
    def _has_an_end(self) -> Self:
        if self.from_ == self.until:
            raise ValueError("would never end: let 'from' and 'until' differ")
        return self


class AlertKeys(_Keys):
    """Who is told when data is late, and how."""

    webhook: SecretUrl = None
    """Where alerts are posted as JSON that Slack understands; empty: nowhere."""
    email: MailKeys | None = None
    """Whom alerts are mailed to."""
    command: list[str] = []
    """A program and its arguments that is run with the alert as JSON on its stdin."""
    quiet_hours: QuietKeys | None = None
    """The hours in which nothing is told."""
    repeat: Duration | None = None
    """How often what goes on is told again; never, if not said."""
    heartbeat: SecretUrl = None
    """What is asked for once a minute while the daemon truly works; empty: nothing."""
    deadline: Duration | None = None
    """The deadline of every collector that says none itself."""


class PlatformKeys(_Keys):
    """``platform.yaml``; its ``target`` has several shapes and is read by ``platforms``."""

    target: Any = None
    """Where the data sets live: `embedded`, a write API's base URL, or a list of them."""
    state: str = "sqlite:///var/state.db"
    """The URL of the database that keeps coverage, runs and the outbox."""
    embedded: EmbeddedKeys = EmbeddedKeys()
    """The data sets that this program keeps itself."""
    data_sets: dict[DataSetName, DataSetKeys] = {}
    """How data sets are served over HTTP."""
    timezone: Zone | None = None
    """Where days and longer periods begin, unless a collector or its source says otherwise."""
    source_path: str | None = Field(default=None, min_length=1)
    """A folder of one's own sources, *.py files, relative to config/."""
    workers: int = Field(default=16, ge=1, le=1000)
    """How many windows are collected at a time."""
    outbox: OutboxKeys = OutboxKeys()
    """What is collected and not delivered yet."""
    quotas: dict[QuotaName, QuotaKeys] = {}
    """What may be asked of providers, by quota key or the beginning of one."""
    alerts: AlertKeys = AlertKeys()
    """Deadlines, and who is told when they pass."""
    durability: Literal["full", "normal"] = "full"
    """SQLite only: `normal` is faster, and a power cut may cost the last commits."""


class TargetKeys(_Keys):
    """One target that needs more than its URL."""

    url: Url
    """The base URL of a write API, `https://…/data`, without a user or a query."""
    name: TargetName | None = None
    """What lanes and messages call it; the host unless it is said."""
    tokens: FileName = "tokens"
    """The file in credentials/ that holds the tokens of its data sets."""


class ParameterKeys(_Keys):
    """A parameter that a service may leave out."""

    default: Any = None
    """What it is where the service does not give it; null takes out the key that holds it."""


class ProfileKeys(_Keys):
    """A file in ``profiles/``."""

    parameters: dict[str, Any] = {}
    """What a service has to give (`required`), or may (`{default: …}`)."""
    collectors: dict[str, Any]
    """The collectors by name; `$(name)` stands for a parameter in them."""


class ServiceKeys(_Keys):
    """A file in ``services/``."""

    service: Name
    """The service, and the data group of its data sets."""
    title: str | None = None
    """What people call it."""
    description: str | None = None
    """What it is, for people."""
    labels: frozenset[str] = frozenset()
    """What all its collectors can be chosen by: `run --label`."""
    profile: str | None = None
    """The profile that its collectors come from."""
    profiles: list[str] | None = None
    """Several profiles, laid on each other in this order."""
    with_: dict[str, Any] = Field(default={}, alias="with")
    """The values of the profiles' parameters."""
    collectors: dict[str, Any] = {}
    """The collectors by name, laid over those of the profiles; null removes one."""


class CollectorKeys(_Keys):
    """A collector, once its profiles and its service are laid on each other."""

    title: str | None = None
    """What people call it."""
    description: str | None = None
    """What it is, for people."""
    units: dict[str, str] = {}
    """The unit of a measure, for people: `{total_cost: GBP}`."""
    source: str
    """Where the figures come from."""
    query: dict[str, Any] = {}
    """What to ask the source; its keys are the source's own."""
    schedule: ScheduleText
    """How often it is looked at; gives the period too, unless `period` does."""
    period: Period | None = None
    """What one figure speaks of, if not what the schedule says."""
    zone: Zone | None = None
    """Where its days and longer periods begin; the source's or the platform's, if not said."""
    data_set: DataSetName | None = None
    """Where the observations go; `<service>/<key>` if not said."""
    credentials: FileName | None = None
    """The file in credentials/ to log in with; the source's name if not said."""
    map: Any = None
    add: Any = None
    steps: Any = None
    id: Any = None
    since: Day | None = None
    """The first local day to collect."""
    settle: Duration | None = None
    """How long after its end a period may still change; the source knows, if not said."""
    deadline: Duration | None = None
    """How long after its end a period may be missing before the collector is late."""
    expect: Expectation | None = None
    """What is expected of its figures; what is not so is a warning and an alert."""
    splay: Duration | None = None
    """Over how long collectors of its schedule are spread; the schedule knows, if not said."""
    enabled: bool = True
    """`no`: it is listed and checked, and never run."""
    labels: frozenset[str] = frozenset()
    """What it can be chosen by, besides the labels of its service."""
    replace: bool = False
    """Whether each collection takes the place of all that the data set holds."""
    batch: int = Field(default=1000, ge=1, le=100_000)
    """How many observations go into one request."""


MAPPING_KEYS = ("map", "add", "steps", "id")
