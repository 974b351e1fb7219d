"""What is expected of a collector's figures: ``expect: {rows: 1, fall: 60%, zero: no}``."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, field_serializer, model_validator

from collectors.config.quantities import Percent


class Expectation(BaseModel):
    """What is expected of a collector's figures, period by period.

    It blocks nothing: what is not so is a warning of the run, and an alert. ``fall`` is a share
    of 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    rows: Annotated[int, Field(ge=1)] | None = None
    """The least number of observations in a period."""
    fall: Percent | None = None
    """The most that a measure may fall from what is usual: `60%`."""
    zero: bool = True
    """`no`: a measure may not be zero where it usually never is."""
    measures: Annotated[tuple[str, ...], Field(min_length=1)] | None = None
    """The measures that `fall` and `zero` look at; every one, if not said."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.compares:
            return self
        if self.measures:
            raise ValueError("nothing is expected of these measures: add 'fall' or 'zero: no'")
        if self.rows is None:
            raise ValueError("nothing is expected: say 'rows: 1', 'fall: 60%' or 'zero: no'")
        return self

    @field_serializer("fall", when_used="unless-none")
    def _as_percent(self, fall: float) -> str:
        return f"{fall * 100:g}%"

    @property
    def compares(self) -> bool:
        """Whether a period is compared with earlier ones."""
        return self.fall is not None or not self.zero
