"""Whether the server is up, and whether the data sets are up to date."""

from datetime import datetime
from typing import Any

from flask import Blueprint, Response

from collectors.clock import iso
from collectors.datasets.catalogue import Served
from collectors.web.answers import answer, ok
from collectors.web.description import Operation, described
from collectors.web.parts import parts

status = Blueprint("status", __name__)


@status.get("/_status")
@described(Operation(summary="Whether the server is up", answers={200: "Ok"}))
def up() -> Response:
    """Say that the server is up."""
    return ok("app is up")


@status.get("/_status/data-sets")
@described(
    Operation(
        summary="Which data sets were not written for longer than is expected of them",
        answers={200: "Freshness", 503: "Failure"},
    )
)
def data_sets() -> Response:
    """Name the data sets that are out of date, of those of which it is known when they are."""
    updated = parts().data_sets.updated()
    now = parts().clock.now()
    late = [found for one in parts().catalogue if (found := _late(one, updated, now))]
    return answer(
        {
            "status": "not okay" if late else "ok",
            "message": f"{len(late)} data-sets are out of date",
            "data_sets": late or None,
        }
    )


def _late(
    served: Served, updated: dict[Any, datetime], now: datetime
) -> dict[str, str | int | None] | None:
    expected = served.declared.max_age_expected
    if expected is None:
        return None
    last = updated.get(served.data_set)
    late = None if last is None else now - last - expected
    if late is not None and late.total_seconds() <= 0:
        return None
    return {
        "name": served.name,
        "seconds-out-of-date": None if late is None else int(late.total_seconds()),
        "last-updated": None if last is None else iso(last),
        "max-age-expected": int(expected.total_seconds()),
    }
