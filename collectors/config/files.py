"""The strict models of the files: which keys there are, and what they hold."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from collectors.config.quantities import Day, Duration, ScheduleText, Size, Zone
from collectors.periods import Period

NAME = "[a-z0-9-]+"
_LETTERS = "use small letters, digits and hyphens"


def name_of(text: str) -> str:
    """Give a name back; raises ValueError where it is none, as data groups and types must be."""
    return _matching(text, NAME, f"a name: {_LETTERS}")


def _data_set(text: str) -> str:
    return _matching(text, f"{NAME}/{NAME}", f"<data-group>/<data-type>: {_LETTERS}")


def _file_name(text: str) -> str:
    return _matching(text, "[A-Za-z0-9_][A-Za-z0-9._-]*", "the name of a file in credentials/")


def _target_name(text: str) -> str:
    return _matching(text, "[A-Za-z0-9][A-Za-z0-9._:-]*", "a target's name: use letters and digits")


def _matching(text: str, pattern: str, what: str) -> str:
    if re.fullmatch(pattern, text) is None:
        raise ValueError(f"{text!r} is not {what}")
    return text


Name = Annotated[str, AfterValidator(name_of)]
DataSetName = Annotated[str, AfterValidator(_data_set)]
FileName = Annotated[str, AfterValidator(_file_name)]
TargetName = Annotated[str, AfterValidator(_target_name)]


class _Keys(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)


class EmbeddedKeys(_Keys):
    """The embedded data-set store: ``url`` is its database."""

    url: str = "sqlite:///var/data-sets.db"


class OutboxKeys(_Keys):
    """The outbox: ``limit`` is how much a lane may hold."""

    limit: Size = 1_000_000_000


class PlatformKeys(_Keys):
    """``platform.yaml``; its ``target`` has several shapes and is read by ``platforms``."""

    target: Any = None
    state: str = "sqlite:///var/state.db"
    embedded: EmbeddedKeys = EmbeddedKeys()
    timezone: Zone | None = None
    workers: int = Field(default=16, ge=1, le=1000)
    outbox: OutboxKeys = OutboxKeys()
    durability: Literal["full", "normal"] = "full"


class TargetKeys(_Keys):
    """One target that needs more than its URL."""

    url: str
    name: TargetName | None = None
    tokens: FileName = "tokens"


class ParameterKeys(_Keys):
    """A parameter that a service may leave out."""

    default: Any = None


class ProfileKeys(_Keys):
    """A file in ``profiles/``."""

    parameters: dict[str, Any] = {}
    collectors: dict[str, Any]


class ServiceKeys(_Keys):
    """A file in ``services/``."""

    service: Name
    title: str | None = None
    description: str | None = None
    labels: frozenset[str] = frozenset()
    profile: str | None = None
    profiles: list[str] | None = None
    with_: dict[str, Any] = Field(default={}, alias="with")
    collectors: dict[str, Any] = {}


class CollectorKeys(_Keys):
    """A collector, once its profiles and its service are laid on each other."""

    title: str | None = None
    description: str | None = None
    units: dict[str, str] = {}
    source: str
    query: dict[str, Any] = {}
    schedule: ScheduleText
    period: Period | None = None
    zone: Zone | None = None
    data_set: DataSetName | None = None
    credentials: FileName | None = None
    map: Any = None
    add: Any = None
    steps: Any = None
    id: Any = None
    since: Day | None = None
    settle: Duration | None = None
    deadline: Duration | None = None
    enabled: bool = True
    labels: frozenset[str] = frozenset()
    batch: int = Field(default=1000, ge=1, le=100_000)


MAPPING_KEYS = ("map", "add", "steps", "id")
