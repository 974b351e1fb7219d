"""The steps of a mapping, each as data; ``observations.steps`` makes them into functions."""

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from collectors.record_rules import key_problem

_MADE_HERE = frozenset({"_id", "_timestamp"})


def name_problem(name: str) -> str | None:
    """Tell why no field that is sent can be called ``name``; None where one can."""
    if name in _MADE_HERE:
        return f"{name} is made by the collector and cannot be set"
    return key_problem(name)


def _made(name: str) -> str:
    if problem := name_problem(name):
        raise ValueError(problem)
    return name


def _kept(name: str) -> str:
    if name in _MADE_HERE:
        raise ValueError(f"every observation needs its {name}")
    return name


NewField = Annotated[str, AfterValidator(_made)]
"""The name of a field that will be sent, so the write API's rules hold for it."""
OldField = Annotated[str, AfterValidator(_kept)]
"""The name of a field that goes away; any text, for sources call things as they like."""


class Spec(BaseModel):
    """What all models of a mapping have in common."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class RankSpec(Spec):
    """``rank``: number the records of a period, or of a whole run, from 1.

    With ``by``, the largest comes first (the smallest, if ``descending`` is false), the unknown
    last, and equals in the order of their dimensions; without, they stay in the order in which the
    source gave them. With ``group``, every set of its values is numbered on its own.
    """

    field: NewField = "rank"
    """Where the number goes."""
    by: str | None = None
    """The largest of this field comes first; without it the source's order stays."""
    descending: bool = True
    """`no`: the smallest first."""
    group: tuple[str, ...] = ()
    """Every set of the values of these is numbered on its own."""
    over: Literal["period", "run"] = "period"
    """`run`: go on counting from period to period, so that it depends on what else is collected."""


class AggregateSpec(Spec):
    """``aggregate``: merge the records of a period that are the same in the fields ``by``.

    ``sum`` names the counts to add up; ``rate`` maps a rate to the count it is weighted by. What
    is in none of the three is dropped, but for ``dataType`` and ``timeSpan``. The merged record's
    identity is made of the fields ``by``, under the names that the source gave them.
    """

    by: tuple[str, ...]
    """The fields that stay apart."""
    sum: tuple[str, ...] = ()
    """Counts that are added up."""
    rate: dict[str, str] = {}
    """Rates, each with the count that it is weighted by."""

    @model_validator(mode="after")
    def _apart(self) -> Self:
        named = [*self.by, *self.sum, *self.rate]
        twice = sorted({name for name in named if named.count(name) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)}: a field is grouped by, summed or a rate, once")
        return self


class DepartmentSpec(Spec):
    """``department``: look up the first code in ``field`` (``<D10><D9>``), give its slug.

    A code that is not in the table stays as it is, and is warned about.
    """

    field: str
    """Where the codes are."""
    to: NewField = "department"
    """Where the department's slug goes."""


class RateSpec(Spec):
    """``rate``: ``of`` / ``over``, unrounded; unknown where either is, or ``over`` is 0."""

    field: NewField
    """Gets `of` / `over`."""
    of: str
    """The field above the line."""
    over: str
    """The field below it."""


class ProductSpec(Spec):
    """``product``: the fields ``of`` multiplied; unknown where one of them is."""

    field: NewField
    """Gets the fields `of`, multiplied."""
    of: tuple[str, ...] = Field(min_length=1)
    """The fields to multiply."""


class ConvertSpec(Spec):
    """``convert``: give ``field`` another type, after multiplying it by ``factor``.

    ``integer`` rounds to the nearest, halves to the even. What cannot be converted becomes unknown,
    and is warned about.
    """

    field: str
    """The field to convert."""
    to: Literal["number", "integer", "text", "boolean"] = "number"
    """`integer` rounds to the nearest, halves to the even."""
    factor: float | None = Field(default=None, allow_inf_nan=False)
    """What to multiply by first."""

    @model_validator(mode="after")
    def _numeric(self) -> Self:
        if self.factor is not None and self.to not in ("number", "integer"):
            raise ValueError(f"a factor makes a number or an integer, not {self.to}")
        return self


class TimestampSpec(Spec):
    """``timestamp``: spell the day in ``date`` (``20130402``), and perhaps ``hour``, as a time."""

    field: NewField = "datetime"
    """Gets `2013-04-02T00:00:00+00:00`."""
    date: str = "date"
    """The field that holds the day."""
    hour: str | None = None
    """The field that holds the hour."""


class Step(Spec):
    """One step: a mapping of one key, its name, to what it is to do."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    drop: Annotated[tuple[OldField, ...], Field(min_length=1)] | None = None
    """Leave these fields out."""
    rank: RankSpec | None = None
    """Number the observations of a period from 1."""
    aggregate: AggregateSpec | None = None
    """Merge the observations of a period that are the same in some fields."""
    department: DepartmentSpec | None = None
    """Look up the department's code in a field."""
    rate: RateSpec | None = None
    """One field over another."""
    product: ProductSpec | None = None
    """Fields multiplied."""
    convert: ConvertSpec | None = None
    """Another type, or another unit."""
    timestamp: TimestampSpec | None = None
    """A day, spelt as a time."""

    @model_validator(mode="after")
    def _single(self) -> Self:
        if len(self.model_fields_set) != 1 or self.spec is None:
            raise ValueError(f"a step has one key: {', '.join(type(self).model_fields)}")
        return self

    @property
    def name(self) -> str:
        """The step's key."""
        return next(iter(self.model_fields_set))

    @property
    def spec(self) -> Any:
        """What the step's key holds."""
        return getattr(self, self.name)
