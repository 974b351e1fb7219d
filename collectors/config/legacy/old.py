"""An old configuration, as its JSON file says it, and what comes of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from collectors.errors import ConfigError
from collectors.values import DataSet

Model = TypeVar("Model", bound=BaseModel)


class Strict(BaseModel):
    """A part of an old configuration: frozen, and without keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OldDataSet(Strict):
    """``data-set``."""

    group: str = Field(alias="data-group")
    type: str = Field(alias="data-type")

    @property
    def name(self) -> DataSet:
        """What the data set is called here, where names have small letters, digits and hyphens."""
        group, kind = (re.sub("[^a-z0-9-]", "-", text.lower()) for text in (self.group, self.type))
        return DataSet(group, kind)

    def remarks(self) -> list[str]:
        """Say so where it is not called what it was."""
        then = f"{self.group}/{self.type}"
        return [] if then == str(self.name) else [f"the data set {then} is called {self.name} here"]


class OldConfiguration(Strict):
    """One file of the old ``queries/``; ``token`` named a file of tokens."""

    entrypoint: str
    data_set: OldDataSet = Field(alias="data-set")
    query: dict[str, Any] = Field({})
    options: dict[str, Any] = Field({})
    token: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Translation:
    """A collector of ours: its keys and values as they are written in YAML.

    ``remarks`` are sentences about what somebody has to see to.
    """

    collector: Mapping[str, Any]
    remarks: tuple[str, ...] = ()


def written(value: Any) -> Any:
    """Give ``value`` as it is written in YAML, where a dollar begins a reference."""
    match value:
        case str():
            return value.replace("$", "$$")
        case dict():
            return {key: written(inner) for key, inner in value.items()}
        case list() | tuple():
            return [written(inner) for inner in value]
    return value


def read(model: type[Model], said: Mapping[str, Any], where: str = "") -> Model:
    """Give ``said`` as the model; raises ConfigError with all that is wrong, by its place."""
    try:
        return model.model_validate(said)
    except ValidationError as exc:
        errors = exc.errors(include_url=False, include_input=False)
    problems = []
    for error in errors:
        place = ".".join(map(str, ((where,) if where else ()) + error["loc"]))
        unknown = error["type"] == "extra_forbidden"
        problems.append(f"{place}: {'this key is not known' if unknown else error['msg']}")
    raise ConfigError("; ".join(problems))
