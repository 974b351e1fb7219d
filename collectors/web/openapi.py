"""The OpenAPI description, made of the routes and of what their views say of themselves."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from flask import Blueprint, Flask, Response, current_app
from werkzeug.routing import Rule

from collectors import __version__
from collectors.web.answers import JSON, answer
from collectors.web.description import Operation, described, operation_of
from collectors.web.parameters import PARAMETERS
from collectors.web.schemas import SCHEMAS

CSV = "text/csv"
_ARGUMENT = re.compile(r"<(?:(?P<converter>\w+):)?(?P<name>\w+)>")

openapi = Blueprint("openapi", __name__)


@openapi.get("/openapi.json")
@described(Operation(summary="This description", answers={200: "Any"}))
def show() -> Response:
    """Give the description of everything that is served."""
    return answer(description(current_app))


def description(app: Flask) -> dict[str, Any]:
    """Give the OpenAPI 3.1 description of what ``app`` serves."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Data sets",
            "version": __version__,
            "description": "The write API and the read API of the Performance Platform.",
        },
        "paths": _paths(app),
        "components": {
            "schemas": SCHEMAS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _paths(app: Flask) -> dict[str, Any]:
    paths: dict[str, Any] = {}
    for rule in app.url_map.iter_rules():
        operation = operation_of(app.view_functions[rule.endpoint])
        if operation is None:
            continue
        path = paths.setdefault(_ARGUMENT.sub(r"{\g<name>}", rule.rule), {})
        path["parameters"] = list(_path_parameters(app, rule))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            name = rule.endpoint.replace(".", "_")
            path[method.lower()] = {"operationId": name, **_operation(operation)}
    return paths


def _path_parameters(app: Flask, rule: Rule) -> Iterator[dict[str, Any]]:
    for match in _ARGUMENT.finditer(rule.rule):
        converter = app.url_map.converters[match["converter"] or "default"]
        schema = {"type": "string", "pattern": f"^{converter.regex}$"}
        yield {"name": match["name"], "in": "path", "required": True, "schema": schema}


def _operation(operation: Operation) -> dict[str, Any]:
    found: dict[str, Any] = {
        "summary": operation.summary,
        "responses": {
            str(status): _response(status, name, reads=operation.reads)
            for status, name in operation.answers.items()
        },
    }
    if operation.reads:
        found["parameters"] = PARAMETERS
    if operation.body:
        found["requestBody"] = {"required": True, "content": {JSON: _content(operation.body)}}
    if operation.token:
        found["security"] = [{"token": []}]
    if operation.deprecated:
        found["deprecated"] = True
    return found


def _response(status: int, name: str, *, reads: bool) -> dict[str, Any]:
    response: dict[str, Any] = {"description": HTTPStatus(status).phrase}
    if name:
        response["content"] = {JSON: _content(name)}
    if reads and status == 200:
        response["content"][CSV] = {"schema": {"type": "string"}}
    return response


def _content(name: str) -> dict[str, Any]:
    return {"schema": {"$ref": f"#/components/schemas/{name}"}}
