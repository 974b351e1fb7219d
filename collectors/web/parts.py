"""What the views are built on, found again through the application that runs."""

from dataclasses import dataclass

from flask import Flask, abort, current_app

from collectors.clock import Clock
from collectors.datasets import DataSets
from collectors.datasets.catalogue import Catalogue, Served
from collectors.web.answers import failed
from collectors.web.doorkeeper import Doorkeeper

_NAME = "collectors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The data sets, which of them are served, who may write them, and the time of day."""

    data_sets: DataSets
    catalogue: Catalogue
    doorkeeper: Doorkeeper
    clock: Clock


def put(app: Flask, parts: Parts) -> None:
    """Let the views of ``app`` find ``parts``."""
    app.extensions[_NAME] = parts


def parts() -> Parts:
    """Give the parts of the application that runs."""
    found: Parts = current_app.extensions[_NAME]
    return found


def found(served: Served | None, message: str) -> Served:
    """Give ``served``, or answer 404 with ``message`` where there is none."""
    if served is None:
        abort(failed(404, message))
    return served
