"""The last stage: what the write API would refuse is refused here, with the reason.

Nearly every record is plainly welcome, and so are all of its period. That is seen column by
column, which costs a tenth of asking the rules about every record; they are asked about each
record of a period in which one of the columns is not plain.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

from collectors.record_rules import (
    LARGEST_INTEGER,
    SCHEMAS,
    is_text,
    key_problem,
    problems,
    schema_problems,
)
from collectors.values import Observation, Rejected

_NUMBERS = frozenset({int, float, bool})

Judge = Callable[[list[Observation]], tuple[list[Observation], list[Rejected]]]
"""Parts the observations of a period into those that are welcome and those that are not."""


def judge_for(data_type: str) -> Judge:
    """Give the judge of what a data set of ``data_type`` would refuse."""

    def reason(observation: Observation) -> str | None:
        found = [*schema_problems(data_type, observation), *problems(observation)]
        return "; ".join(found) or None

    def judge(observations: list[Observation]) -> tuple[list[Observation], list[Rejected]]:
        if data_type not in SCHEMAS and _all_plain(observations):
            return observations, []
        reasons = [reason(observation) for observation in observations]
        pairs = list(zip(observations, reasons, strict=True))
        accepted = [observation for observation, said in pairs if said is None]
        return accepted, [Rejected(observation, said) for observation, said in pairs if said]

    return judge


def _all_plain(observations: Sequence[Observation]) -> bool:
    """Tell whether no rule can mind any of the observations."""
    shapes = set(map(tuple, observations))
    if len(shapes) == 1:
        return _are_plain(shapes.pop(), observations)
    alike: dict[tuple[str, ...], list[Observation]] = {shape: [] for shape in shapes}
    for observation in observations:
        alike[tuple(observation)].append(observation)
    return all(_are_plain(names, group) for names, group in alike.items())


def _are_plain(names: tuple[str, ...], alike: Sequence[Observation]) -> bool:
    """Tell so of observations that all have the fields ``names``, in that order."""
    values = zip(*map(dict.values, alike), strict=True)
    columns = dict(zip(names, values, strict=True))
    return (
        "_timestamp" in columns
        and columns.keys().isdisjoint(("_start_at", "_end_at"))
        and not any(map(key_problem, names))
        and all(map(_is_plain, columns.values()))
        and all(map(str.isalnum, columns["_id"]))
    )


def _is_plain(column: tuple[Any, ...]) -> bool:
    kinds = set(map(type, column))
    if type(None) in kinds:
        kinds.remove(type(None))
        column = tuple(value for value in column if value is not None)
    if kinds == {str}:
        return is_text("".join(column))
    if not _NUMBERS.issuperset(kinds):
        return False
    if kinds and not -LARGEST_INTEGER <= min(column) <= max(column) <= LARGEST_INTEGER:
        return False
    return float not in kinds or math.isfinite(sum(column))
