"""The steps of a mapping, each compiled into a function from a period's rows to its rows."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from math import prod
from typing import Any

from collectors.clock import iso
from collectors.config.mapping import MappingSpec
from collectors.config.steps import (
    AggregateSpec,
    ConvertSpec,
    DepartmentSpec,
    ProductSpec,
    RankSpec,
    RateSpec,
    Step,
    TimestampSpec,
)
from collectors.observations.conversions import CONVERSIONS
from collectors.observations.departments import department_of
from collectors.observations.rows import OWN, Row, Tally
from collectors.record_rules import LARGEST_INTEGER
from collectors.values import Number, Observation, Scalar

Change = Callable[[list[Row], Tally], list[Row]]
"""One step at work: takes the rows of a whole period and gives them changed."""
Edit = Callable[[Observation, Tally], None]
"""A change to one record that needs no other."""


def compile_step(step: Step, mapping: MappingSpec) -> Change:
    """Make one step of ``mapping`` into its function."""
    return _COMPILERS[step.name](step.spec, mapping)


def _each(edit: Edit) -> Change:
    def change(rows: list[Row], tally: Tally) -> list[Row]:
        for _, _, record in rows:
            edit(record, tally)
        return rows

    return change


def _drop(names: tuple[str, ...], _: MappingSpec) -> Change:
    def edit(record: Observation, _: Tally) -> None:
        for name in names:
            record.pop(name, None)

    return _each(edit)


def _department(spec: DepartmentSpec, _: MappingSpec) -> Change:
    def edit(record: Observation, tally: Tally) -> None:
        codes = record.get(spec.field)
        slug, known = department_of(codes) if isinstance(codes, str) else (None, False)
        record[spec.to] = slug
        if not known:
            tally.add(f"{spec.field} holds a department that is not in the table", repr(codes))

    return _each(edit)


def _rate(spec: RateSpec, _: MappingSpec) -> Change:
    def edit(record: Observation, tally: Tally) -> None:
        of, over = _number(record, spec.of, tally), _number(record, spec.over, tally)
        rate = None if of is None or not over else of / over
        record[spec.field] = rate
        if rate is not None and rate > 1:
            tally.add(f"{spec.field} is over 1", f"{spec.of} {of}, {spec.over} {over}")

    return _each(edit)


def _product(spec: ProductSpec, _: MappingSpec) -> Change:
    def edit(record: Observation, tally: Tally) -> None:
        factors = [_number(record, name, tally) for name in spec.of]
        known = [factor for factor in factors if factor is not None]
        record[spec.field] = prod(known) if len(known) == len(factors) else None

    return _each(edit)


def _convert(spec: ConvertSpec, _: MappingSpec) -> Change:
    conversion, factor = CONVERSIONS[spec.to], spec.factor
    if factor is not None and factor.is_integer():
        factor = int(factor)  # a whole number times a whole number stays one

    def edit(record: Observation, tally: Tally) -> None:
        value = record.get(spec.field)
        if value is None:
            return
        try:
            record[spec.field] = conversion(value, factor)
        except (ValueError, OverflowError):
            record[spec.field] = None
            tally.add(f"{spec.field} cannot be read as {spec.to}, so it is unknown", repr(value))

    return _each(edit)


def _timestamp(spec: TimestampSpec, _: MappingSpec) -> Change:
    def edit(record: Observation, tally: Tally) -> None:
        hour = "00" if spec.hour is None else record.get(spec.hour)
        try:
            moment = datetime.strptime(f"{record.get(spec.date)}{hour}+0000", "%Y%m%d%H%z")
        except ValueError:
            record[spec.field] = None
            what = f"{spec.date} cannot be read as a day, so {spec.field} is unknown"
            tally.add(what, repr(record.get(spec.date)))
        else:
            record[spec.field] = iso(moment)

    return _each(edit)


def _rank(spec: RankSpec, _: MappingSpec) -> Change:
    def change(rows: list[Row], tally: Tally) -> list[Row]:
        places = Counter() if spec.over == "period" else tally.places
        for group in _grouped(rows, spec.group):
            which = (spec.field, *(group[0][2].get(name) for name in spec.group))
            ordered = group if spec.by is None else _ordered(group, spec.by, tally)
            for _, _, record in ordered:
                places[which] += 1
                record[spec.field] = places[which]
        return rows

    def _ordered(group: list[Row], by: str, tally: Tally) -> list[Row]:
        values = {id(row): _number(row[2], by, tally) for row in group}
        known = sorted((row for row in group if values[id(row)] is not None), key=_spelt)
        known.sort(key=lambda row: values[id(row)] or 0, reverse=spec.descending)
        return known + sorted((row for row in group if values[id(row)] is None), key=_spelt)

    return change


def _aggregate(spec: AggregateSpec, mapping: MappingSpec) -> Change:
    sources = {target: source for source, target in mapping.map.items()}
    own = [mapping.map.get(name, name) for name in OWN]

    def merged(group: list[Row], tally: Tally) -> Row:
        _, span, first = group[0]
        records = [record for _, _, record in group]
        values = {name: first.get(name) for name in spec.by}
        return (
            {sources.get(name, name): value for name, value in values.items()},
            span,
            {
                **{name: first[name] for name in own if name in first},
                **values,
                **{name: _total(_numbers(records, name, tally)) for name in spec.sum},
                **_weighted_rates(records, spec.rate, tally),
            },
        )

    def change(rows: list[Row], tally: Tally) -> list[Row]:
        return [merged(group, tally) for group in _grouped(rows, spec.by)]

    return change


_COMPILERS: Mapping[str, Callable[[Any, MappingSpec], Change]] = {
    "drop": _drop,
    "rank": _rank,
    "aggregate": _aggregate,
    "department": _department,
    "rate": _rate,
    "product": _product,
    "convert": _convert,
    "timestamp": _timestamp,
}


def _grouped(rows: Iterable[Row], by: tuple[str, ...]) -> list[list[Row]]:
    """Put rows of the same span and the same values in ``by`` together, in order of appearance."""
    groups: dict[tuple[Scalar, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault((row[1], *(row[2].get(name) for name in by)), []).append(row)
    return list(groups.values())


def _spelt(row: Row) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, str(value)) for name, value in row[0].items()))


def _number(record: Observation, name: str, tally: Tally) -> Number | None:
    value = record.get(name)
    if isinstance(value, float) or value is None:
        return value
    if type(value) is int and abs(value) <= LARGEST_INTEGER:
        return value
    tally.add(f"{name} is not a number to reckon with, so it is unknown", repr(value))
    return None


def _numbers(records: list[Observation], name: str, tally: Tally) -> list[Number | None]:
    return [_number(record, name, tally) for record in records]


def _total(values: list[Number | None]) -> Number | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _weighted_rates(
    records: list[Observation], rates: Mapping[str, str], tally: Tally
) -> dict[str, float | None]:
    return {
        rate: _weighted(_numbers(records, rate, tally), _numbers(records, count, tally))
        for rate, count in rates.items()
    }


def _weighted(rates: list[Number | None], weights: list[Number | None]) -> float | None:
    """Give the mean of ``rates``; what has weight 0 counts for nothing, be it known or not."""
    counted = [pair for pair in zip(rates, weights, strict=True) if pair[1] != 0]
    products = [
        rate * weight for rate, weight in counted if rate is not None and weight is not None
    ]
    if not counted or len(products) < len(counted):
        return None
    total = _total(weights)
    return sum(products) / total if total else None
