"""The stage that sees to it that no id stands twice in a period."""

from typing import Any

from collectors.errors import Unexpected
from collectors.observations.rows import Row, Tally
from collectors.values import Observation


def distinct(rows: list[Row], tally: Tally) -> list[Observation]:
    """Give the rows' records; of two that are the same, one.

    Raises Unexpected where two that differ have one id.
    """
    held: dict[Any, Observation] = {}
    for dimensions, _, record in rows:
        key = record["_id"]
        other = held.setdefault(key, record)
        if other is record:
            continue
        if other != record:
            raise Unexpected(
                f"two different observations of the period {tally.start} have one id, {key},"
                f" because their dimensions are the same: {dict(dimensions)};"
                " collect the dimension that tells them apart, or aggregate them",
                sample=f"{other}\n{record}",
            )
        tally.add("the source gave the same observation twice; one is kept", str(dict(dimensions)))
    return list(held.values())
