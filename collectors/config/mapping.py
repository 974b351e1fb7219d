"""The keys ``map``, ``add``, ``steps`` and ``id``: how readings become observations, as data.

::

    map: {pagePath: page, keyword_0: campaign}
    add: {channel: digital, weight: {number: 3}}
    steps:
      - convert: {field: avg_time, to: integer, factor: 0.001}
      - rate: {field: digital_takeup, of: digital, over: total}
      - drop: [keyword]
    id: {scheme: safe, constants: {channel: digital}}

Nothing here is ever evaluated as code. Fields are called by the names that they have when their
turn comes: ``add`` is first, then ``map``, then the steps in the order written.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from collectors.config.steps import NewField, OldField, Spec, Step
from collectors.values import Scalar


class TypedValue(Spec):
    """A value of ``add`` that is no text: ``{number: 3}`` or ``{boolean: true}``."""

    number: int | float | None = None
    """A number."""
    boolean: bool | None = None
    """A truth."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.number is None) == (self.boolean is None):
            raise ValueError("say either number or boolean")
        return self


_TYPED = TypeAdapter(TypedValue)


def _added(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    typed = _TYPED.validate_python(value)
    return typed.boolean if typed.number is None else typed.number


Added = Annotated[
    Scalar,
    BeforeValidator(_added),
    WithJsonSchema({"anyOf": [{"type": "string"}, TypedValue.model_json_schema()]}),
]
"""A value to add: text as it is written, or a ``TypedValue`` for a number or a truth value."""


def _format(text: str) -> str:
    if "%" not in text:
        raise ValueError(f"{text!r} is not a format of a time, such as %Y-%m-%d")
    return text


TimeFormat = Annotated[str, AfterValidator(_format)]
COMPACT = "%Y%m%d%H%M%S"
"""How the old collectors spelt the start of a period in most of their ids."""


class IdentitySpec(Spec):
    """How ``_id`` is made: ``id: safe``, with constants that tell two collectors apart perhaps.

    ``id: legacy`` joins the texts of some ``fields``, as the collectors before this one did, so
    that their data sets go on without doubles. A field is called by the name that it is sent
    with, or else by the name of a dimension at the source. Without ``fields`` they are
    ``dataType``, ``_timestamp``, ``timeSpan`` (what there is of them) and the only dimension.
    """

    scheme: Literal["safe", "legacy"] = "safe"
    """How the `_id` is made."""
    constants: dict[str, str] = Field({})
    """More that the `_id` is made of, to tell two collectors of one data set apart."""
    fields: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """`legacy`: what the `_id` is made of, in this order."""
    optional: frozenset[str] = frozenset()
    """`legacy`: those of `fields` that may be missing, and count as empty."""
    separator: str = "_"
    """`legacy`: what stands between the fields."""
    timestamps: dict[str, TimeFormat] = Field({"_timestamp": COMPACT})
    """`legacy`: the fields that hold a time, and how it is spelt in the `_id`."""
    blank: str = " "
    """`legacy`: what stands for a blank."""
    encoding: Literal["base64", "bare-base64", "plain"] = "base64"
    """`legacy`: `base64` also sends the text itself, as `humanId`."""

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: Any) -> Any:
        return {"scheme": value} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _of_one_scheme(self) -> Self:
        of_safe = {"scheme", "constants"}
        foreign = self.model_fields_set & of_safe - {"scheme"}
        if self.scheme == "safe":
            foreign = self.model_fields_set - of_safe
        if foreign:
            raise ValueError(f"the scheme {self.scheme} has no {', '.join(sorted(foreign))}")
        if stray := sorted(self.optional - set(self.fields or ())):
            raise ValueError(f"{', '.join(stray)}: optional, but not among the fields")
        return self


class MappingSpec(Spec):
    """How readings become observations: constants, new names, steps, identity.

    ``map`` gives a field (key) another name (value); a key ``name_0`` takes part 0 of the
    colon-separated text in ``name``, unless there is a field of that very name.
    """

    map: dict[OldField, NewField] = Field({})
    """Other names for fields: `{pagePath: page}`; `name_0` is part 0 of what `name` holds."""
    add: dict[NewField, Added] = Field({})
    """Fields with a fixed value: `channel: digital`, `weight: {number: 3}`."""
    steps: tuple[Step, ...] = ()
    """What is made of the fields, in the order written."""
    id: IdentitySpec = IdentitySpec()
    """What an observation's `_id` is made of."""

    @property
    def constants(self) -> Mapping[str, Scalar]:
        """The parts of the identity that are the same in every observation."""
        if self.id.scheme == "safe":
            return self.id.constants
        named = {self.map.get(name, name): value for name, value in self.add.items()}
        fields = self.id.fields or ("dataType", "timeSpan")
        return {name: named[name] for name in fields if name in named}
