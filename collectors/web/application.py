"""The application: routes, what every answer has, and what is said when something fails."""

from collections.abc import Callable

import structlog
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter

from collectors.clock import Clock
from collectors.config.files import NAME
from collectors.config.model import Configuration
from collectors.datasets import DataSets
from collectors.datasets.catalogue import Catalogue
from collectors.errors import StoreError
from collectors.http_messages import printable
from collectors.values import DataSet, Secret
from collectors.web.answers import failed
from collectors.web.attempts import Attempts
from collectors.web.bodies import LIMIT
from collectors.web.doorkeeper import Doorkeeper
from collectors.web.openapi import openapi
from collectors.web.parts import Parts, put
from collectors.web.read import read
from collectors.web.requests import logged
from collectors.web.status import status
from collectors.web.write import write

RETRY_AFTER = 10
"""Seconds after which to ask again when the database failed."""
READING = ("GET", "HEAD", "OPTIONS")
"""Pages of any other site may use these. Writing needs a token, which no page should have."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": ", ".join(READING),
    "Access-Control-Allow-Headers": "cache-control, govuk-request-id, request-id",
    "Access-Control-Max-Age": "86400",
}
log = structlog.get_logger()


class _Name(BaseConverter):
    """A data group or a data type."""

    regex = NAME


class _Stored(BaseConverter):
    """A data set's stored name."""

    regex = "[a-z0-9_]+"


class _Identity(BaseConverter):
    """An ``_id``: anything, slashes too."""

    regex = ".+?"
    part_isolating = False


def application(
    data_sets: DataSets,
    configuration: Configuration,
    *,
    clock: Clock,
    token_of: Callable[[DataSet], Secret | None],
) -> Flask:
    """Give the WSGI application that serves what ``configuration`` says from ``data_sets``.

    ``token_of`` gives the token of a data set that is not declared, or None.
    """
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = LIMIT
    app.url_map.merge_slashes = False
    app.url_map.converters |= {"name": _Name, "stored": _Stored, "identity": _Identity}
    doorkeeper = Doorkeeper(Attempts(clock), token_of, configuration.platform.administrator)
    catalogue = Catalogue.of(configuration, data_sets)
    put(app, Parts(data_sets=data_sets, catalogue=catalogue, doorkeeper=doorkeeper, clock=clock))
    for blueprint in (write, read, status, openapi):
        app.register_blueprint(blueprint)
    logged(app)
    app.after_request(_finish)
    app.register_error_handler(HTTPException, _declined)
    app.register_error_handler(StoreError, _unavailable)
    app.register_error_handler(Exception, _broken)
    return app


def _finish(response: Response) -> Response:
    response.headers.setdefault("Cache-Control", "no-cache")
    if request.method in READING:
        response.headers["Access-Control-Allow-Origin"] = "*"
    if request.method == "OPTIONS":
        response.headers.update(PREFLIGHT)
    return response


def _declined(exc: HTTPException) -> Response:
    response = failed(exc.code or 500, f"{exc.code} {exc.name}: {exc.description}")
    for name, value in exc.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _unavailable(exc: StoreError) -> Response:
    log.error("the data sets failed", error=str(exc))
    response = failed(503, "The data sets cannot be reached now: try again later")
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _broken(exc: Exception) -> Response:
    log.error("a request failed", path=printable(request.path), exc_info=exc)
    return failed(500, "Internal Server Error")
