"""The mapping of a collector in translation: what it says, and which fields its records have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from collectors.config.mapping import MappingSpec
from collectors.errors import ConfigError

MADE_IDS = frozenset({"_id", "humanId"})
"""The fields of an old record that held its id and the text of it."""


@dataclass(kw_only=True)
class Draft:
    """``fields`` are those that records have at this point, in order, by their new names.

    ``own`` are those of the collector's own making; ``optional`` those that a record may lack.
    """

    fields: dict[str, None]
    own: tuple[str, ...] = ()
    optional: frozenset[str] = frozenset()
    map: dict[str, str] = field(default_factory=dict)
    add: dict[str, Any] = field(default_factory=dict)
    steps: list[dict[str, Any]] = field(default_factory=list)
    id: str | dict[str, Any] = "legacy"

    def need(self, names: Iterable[str], who: str) -> None:
        """Raise ConfigError where a record has none of these fields."""
        unknown = [name for name in names if name not in self.fields]
        if unknown:
            known = ", ".join(name for name in self.fields if name not in MADE_IDS)
            raise ConfigError(
                f"{who} names {', '.join(map(repr, unknown))}, which records have not;"
                f" they have {known}"
            )

    def identify(self, fields: Iterable[str], **how: Any) -> None:
        """Make the id of these fields; those that a record lacks, or may lack, count as empty."""
        names = list(fields)
        certain = self.fields.keys() - self.optional
        missing = [name for name in names if name not in certain]
        self.id = {"scheme": "legacy", "fields": names, **how}
        if missing:
            self.id["optional"] = missing

    def keys(self) -> Mapping[str, Any]:
        """Give the keys of the mapping; raises ConfigError where they would not do."""
        said = {"map": self.map, "add": self.add, "steps": self.steps, "id": self.id}
        try:
            MappingSpec.model_validate(said)
        except ValidationError as exc:
            first = exc.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            message = first["msg"].removeprefix("Value error, ")
            raise ConfigError(
                f"it cannot be translated, for {place} would be wrong: {message}"
            ) from exc
        return {key: value for key, value in said.items() if value}
