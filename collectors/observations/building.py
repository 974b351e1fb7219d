"""The first stages: a reading becomes a record, gets its constants and its fields' new names."""

from collections.abc import Callable, Mapping, Sequence

from collectors.config.mapping import MappingSpec
from collectors.errors import Unexpected
from collectors.observations.rows import OWN, Row
from collectors.values import Observation, Reading, Scalar

Build = Callable[[Reading], Row | None]
"""Makes a reading into a row, or gives None for one that knows nothing."""
_Part = tuple[str, str, int, str]
"""A key like ``name_0``, its field, the place of the part in the field's text, the new name."""
Rename = Callable[[Observation], Observation]
"""Gives the record that has its new names; the old one is used up."""


def compile_map(renames: Mapping[str, str]) -> Rename | None:
    """Make the ``map`` of a collector into a function; None where it renames nothing.

    All fields are renamed at once, so two may swap their names. Raises Unexpected where two fields
    of a record get the same name.
    """
    if not renames:
        return None
    parts = _parts(renames)
    if parts or not renames.keys().isdisjoint(renames.values()):
        return _at_once(renames, parts)
    return _one_by_one(renames)


def _one_by_one(renames: Mapping[str, str]) -> Rename:
    """Rename in place: quick, and right where no new name is also an old one."""
    pairs = tuple(renames.items())

    def rename(record: Observation) -> Observation:
        for name, target in pairs:
            if name in record:
                if target in record:
                    _refuse_twice((target, target))
                record[target] = record.pop(name)
        return record

    return rename


def _at_once(renames: Mapping[str, str], parts: Sequence[_Part]) -> Rename:
    def rename(record: Observation) -> Observation:
        fields = [(renames.get(name, name), value) for name, value in record.items()]
        fields += [
            (target, text.split(":")[place])
            for key, name, place, target in parts
            if key not in record
            and isinstance(text := record.get(name), str)
            and text.count(":") >= place
        ]
        renamed = dict(fields)
        if len(renamed) != len(fields):
            _refuse_twice(tuple(name for name, _ in fields))
        return renamed

    return rename


def _parts(renames: Mapping[str, str]) -> list[_Part]:
    split = [(key, *key.rpartition("_"), target) for key, target in renames.items()]
    return [
        (key, name, int(place), target)
        for key, name, _, place, target in split
        if name and place.isdecimal()
    ]


def build_period(
    mapping: MappingSpec, rename: Rename | None, *, start: str, data_type: str, span: str
) -> Build:
    """Give the function that makes the readings of the period ``start`` into rows.

    ``start`` is spelt as ``_timestamp``. The function gives None for a reading that knows nothing,
    and raises Unexpected where two fields of a reading have one name.
    """
    added = mapping.add
    own = _own(start, data_type, span)

    def build(reading: Reading) -> Row | None:
        dimensions, measures = reading.dimensions, reading.measures
        values = measures.values()
        if (None in values and all(value is None for value in values)) or not measures:
            return None
        spoken, base = span, own
        if reading.span is not None:
            spoken = reading.span.value
            base = _own(start, data_type, spoken)
        record: Observation = {**base, **dimensions, **measures}
        if len(record) != len(base) + len(dimensions) + len(measures):
            _refuse_twice((*OWN, *dimensions, *measures))
        if added:
            record.update(added)
        return dimensions, spoken, record if rename is None else rename(record)

    return build


def _own(start: str, data_type: str, span: str) -> dict[str, Scalar]:
    own: dict[str, Scalar] = {"_timestamp": start}
    if span:
        own["timeSpan"] = span
    own["dataType"] = data_type
    return own


def _refuse_twice(names: tuple[str, ...]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise Unexpected(
            f"two fields of a record are called {', '.join(map(repr, twice))};"
            " give one of them another name in the query, in 'map' or in 'add'"
        )
