"""Figures made of another data set's: rates, ratios, scores, and sums over longer periods.

A completion rate, of a data set that counts ``start`` and ``done`` under ``stage``::

    source: data-set
    schedule: weekly
    query:
      data_set: pension-credit/journey
      rates:
        completion_rate: {field: stage, numerator: done, denominator: start, count: count}

Digital take-up, with the transactions of every channel beside it::

    source: data-set
    schedule: monthly
    query:
      data_set: pension-credit/transactions-by-channel
      sums: [count]
      rates:
        digital_takeup: {field: channel, numerator: [digital, assisted-*], count: count}

The satisfaction of a month, from the ratings of its days::

    source: data-set
    schedule: monthly
    query:
      data_set: pension-credit/customer-satisfaction
      satisfaction: yes

The availability of a day, from its hours::

    source: data-set
    schedule: daily
    query:
      data_set: pension-credit/monitoring
      hourly: yes
      ratios:
        availability: {of: uptime, over: [uptime, downtime]}

================  ================================================================================
``data_set``      what is read: ``<data-group>/<data-type>``
``target``        where: a target's name; or the base URL of another platform's read API, such as
                  ``https://figures.example/data``. Else the embedded data sets, or the first target
``hourly``        its records are of hours: days and longer are made of them in the collector's zone
``where``         only records that have these texts: field to text
``dimensions``    fields by whose texts the figures are told apart
``sums``          fields that are summed; each sum is called as its field
``ratios``        name to ``of`` and ``over``, each a field or a list of fields that are added up
``rates``         name to ``field``, ``numerator``, ``denominator`` and ``count``: the records whose
                  ``field`` is like one of the patterns of the numerator, by those of the
                  denominator (else every record that has the field). ``count`` is the field that is
                  summed; without it, records are counted
``satisfaction``  ``yes``: sums of ``rating_1`` … ``rating_5``, their ``total``, ``weighted_score``
                  ((mean - 1) / 4) and ``share_satisfied`` ((rating_4 + rating_5) / total)
================  ================================================================================

Counts are summed over the period first, by the data set itself; everything else is made of the
sums. What is divided by nothing, or made of a figure that a record leaves unknown, is unknown. A
period without records has no figures. Patterns that no record of a window is like are a warning.

It is collected after the collectors that write what it reads, in the same run, once that has been
delivered. Until all of a period is there, it is not yet; when some of it is collected again, it is
made again. Of a data set that no collector here writes, nobody knows that: a window of which it
holds nothing is not yet, until it holds something later; and changes are found as long as a period
is not settled, so say how long with ``settle``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from collectors.api import (
    Context,
    DataSet,
    Input,
    NotYet,
    Number,
    Reading,
    Refused,
    Source,
    Window,
)
from collectors.sources.data_set.asking import Counts, Question, Texts
from collectors.sources.data_set.figures import (
    RATINGS,
    Count,
    added,
    divided,
    is_like,
    rate,
    satisfaction,
)

__all__ = ["DataSetSource", "Rate", "Ratio"]

FieldName = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_]+$")]
Pattern = Annotated[str, Field(min_length=1)]
SPAN = timedelta(days=366)
HOURLY_SPAN = timedelta(days=31)
"""So much is asked for at once: a read API's answer has at most 250,000 rows."""
RECENT = 100
"""Periods that ``check`` looks at."""
SHOWN = 5
"""Texts of a field that a warning shows."""


def _is_data_set(text: str) -> str:
    DataSet.parse(text)
    return text


class Ratio(BaseModel):
    """The sum of some fields by the sum of others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    of: FieldName | tuple[FieldName, ...]
    over: FieldName | tuple[FieldName, ...]

    @property
    def sides(self) -> tuple[Texts, Texts]:
        """The fields above and below the line."""
        return _listed(self.of), _listed(self.over)


class Rate(BaseModel):
    """What some records count by what others count, told apart by the texts of a field."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: FieldName
    numerator: Pattern | tuple[Pattern, ...]
    denominator: Pattern | tuple[Pattern, ...] = "*"
    count: FieldName | None = None

    @property
    def sides(self) -> tuple[Texts, Texts]:
        """The patterns above and below the line."""
        return _listed(self.numerator), _listed(self.denominator)

    def unlike(self, texts: Sequence[str]) -> Iterator[str]:
        """Say which side is like none of the texts that its field has, if it has any."""
        for side in self.sides:
            if texts and not any(is_like(text, side) for text in texts):
                more = ", …" if len(texts) > SHOWN else ""
                yield (
                    f"no {self.field} is like {' or '.join(map(repr, side))}; there are "
                    f"{', '.join(map(repr, texts[:SHOWN]))}{more}"
                )


class DataSetSource(Source):
    """Figures made of another data set's; the module is its manual page."""

    name: ClassVar[str] = "data-set"

    data_set: Annotated[str, AfterValidator(_is_data_set)]
    target: Annotated[str, Field(min_length=1)] | None = None
    hourly: bool = False
    where: Mapping[FieldName, str] = Field(default_factory=dict)
    dimensions: tuple[FieldName, ...] = ()
    sums: tuple[FieldName, ...] = ()
    ratios: Mapping[FieldName, Ratio] = Field(default_factory=dict)
    rates: Mapping[FieldName, Rate] = Field(default_factory=dict)
    satisfaction: bool = False

    @model_validator(mode="after")
    def _makes_something(self) -> "DataSetSource":
        if not (self.sums or self.ratios or self.rates or self.satisfaction):
            raise ValueError("say what to make: `sums`, `ratios`, `rates` or `satisfaction`")
        for name, one in self.rates.items():
            if one.field in self.dimensions:
                raise ValueError(f"the rate {name!r} is by {one.field!r}, so that is no dimension")
        return self

    @property
    def max_span(self) -> timedelta:
        """The longest window whose hours, or days, are asked for at once."""
        return HOURLY_SPAN if self.hourly else SPAN

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The data set that it reads."""
        return (self._input,)

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the figures of each period that has records, and of each of its dimensions.

        Raises NotYet where another platform holds neither anything of the window nor later.
        """
        answers = {one.apart: one.counts(window, context) for one in self._questions()}
        found = sorted({key for counts in answers.values() for key in counts})
        if not found:
            self._check_there(window, context)
        self._warn_of_patterns(answers, window, context)
        for start, texts in found:
            dimensions = dict(zip(self.dimensions, texts, strict=True))
            yield Reading(start, self._figures(answers, (start, texts)), dimensions)

    def examine(self, context: Context) -> Iterator[str]:
        """Read the last period that the data set holds anything of."""
        starts: set[datetime] = set()
        fields: dict[str, None] = {}
        for question in self._questions():
            counts = question.recent(context, RECENT)
            if not counts:
                said = f"of the last {RECENT} periods ({context.period})"
                raise NotYet(f"{self.data_set} holds nothing of what the query asks for {said}")
            starts.update(start for start, _ in counts)
            fields.update(dict.fromkeys(question.fields))
            for name in question.fields:
                if not _tells(counts, name):
                    raise Refused(f"none of its last records has a figure in {name!r}")
        told = f"; its records have {', '.join(fields)}" if fields else ""
        yield f"{self.data_set} can be read; the last it holds is of {max(starts):%Y-%m-%d}{told}"

    @property
    def _input(self) -> Input:
        return Input(data_set=DataSet.parse(self.data_set), target=self.target, hourly=self.hourly)

    def _questions(self) -> list[Question]:
        """Give as few questions as tell everything: one, and one a field that tells rows apart."""
        sides = [name for one in self.ratios.values() for side in one.sides for name in side]
        plain = [*self.sums, *sides, *(RATINGS if self.satisfaction else ())]
        by_field: dict[str, list[str]] = {}
        for one in self.rates.values():
            by_field.setdefault(one.field, []).extend([one.count] if one.count else [])
        apart = [self._question(fields, name) for name, fields in by_field.items()]
        return [self._question(plain, None), *apart] if plain else apart

    def _question(self, fields: list[str], apart: str | None) -> Question:
        return Question(
            asked=self._input,
            where=self.where,
            dimensions=self.dimensions,
            fields=tuple(dict.fromkeys(fields)),
            apart=apart,
        )

    def _figures(
        self, answers: Mapping[str | None, Counts], key: tuple[datetime, Texts]
    ) -> dict[str, Number | None]:
        count = answers.get(None, {}).get(key, {}).get("", Count())
        figures = {name: count.amount(name) for name in self.sums}
        for name, ratio in self.ratios.items():
            figures[name] = divided(*(added(map(count.amount, side)) for side in ratio.sides))
        for name, one in self.rates.items():
            counts = answers[one.field].get(key, {})
            figures[name] = rate(counts, *one.sides, one.count)
        return figures | (satisfaction(count) if self.satisfaction else {})

    def _warn_of_patterns(
        self, answers: Mapping[str | None, Counts], window: Window, context: Context
    ) -> None:
        for name, one in self.rates.items():
            texts = sorted({text for rows in answers[one.field].values() for text in rows})
            for sentence in one.unlike(texts):
                context.warn(f"the rate {name!r} of {self.data_set}, {window}: {sentence}")

    def _check_there(self, window: Window, context: Context) -> None:
        """Raise NotYet where more may come: of what is not ours, and holds nothing later."""
        if context.data_sets.is_ours(self._input):
            return
        if not self._questions()[0].goes_on_after(window, context):
            raise NotYet(f"{self.data_set} holds nothing of {window} yet, and nothing after it")


def _tells(counts: Counts, name: str) -> bool:
    return any(one.fields[name][0] for rows in counts.values() for one in rows.values())


def _listed(texts: str | Texts) -> Texts:
    return (texts,) if isinstance(texts, str) else texts
