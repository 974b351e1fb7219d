"""The write API: records in, one token a data set."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, request

from collectors.datasets.catalogue import Served
from collectors.datasets.writing import NoSuchRecord, RefusedRecords
from collectors.record_rules import parse_timestamp
from collectors.web.answers import failed, ok, refused
from collectors.web.bodies import json_of
from collectors.web.description import writes
from collectors.web.parts import found, parts

NOT_FOUND = "Could not find data_set_config"
NOT_EMPTY = "Not implemented: you can only pass an empty JSON list"
DEPRECATED = (
    "Deprecation Warning: accessing data-sets by name is deprecated and will be removed in the "
    "near future. Use the data-group/data-type instead."
)

write = Blueprint("write", __name__)


@write.post("/data/<name:group>/<name:kind>")
@writes("Keep one record, or a list of them: all, or none", body="Posted")
def post(group: str, kind: str) -> Response:
    """Keep records; one with an ``_id`` that is there replaces it."""
    return _posted(_admitted(group, kind))


@write.post("/<stored:name>")
@writes("Keep records, by the data set's stored name", body="Posted", deprecated=True)
def post_by_name(name: str) -> Response:
    """Keep records, by the name that the data set is stored under."""
    served = found(parts().catalogue.named(name), NOT_FOUND)
    parts().doorkeeper.admit(request, served)
    return _posted(served, DEPRECATED)


@write.put("/data/<name:group>/<name:kind>")
@writes("Empty the data set", body="Nothing")
def put(group: str, kind: str) -> Response:
    """Remove every record; the body says so by being an empty list."""
    served = _admitted(group, kind)
    if json_of(request) != []:
        abort(failed(400, NOT_EMPTY))
    served.writer.empty()
    return ok(f"{served.name} now contains 0 records")


@write.patch("/data/<name:group>/<name:kind>/<identity:identity>")
@writes("Change fields of one record", body="Record")
def patch(group: str, kind: str, identity: str) -> Response:
    """Lay what is sent over a record; the whole is judged like one that is posted."""
    served = _admitted(group, kind)
    changes = json_of(request)
    return _done(lambda: served.writer.patch(identity, changes))


@write.delete("/data/<name:group>/<name:kind>/<identity:identity>")
@writes("Remove one record")
def delete(group: str, kind: str, identity: str) -> Response:
    """Remove a record."""
    served = _admitted(group, kind)
    return _done(lambda: served.writer.delete(identity))


@write.post("/data/<name:group>/<name:kind>/transform")
@writes("Transform records of a time; nothing is, for nothing is configured", body="Transform")
def transform(group: str, kind: str) -> Response:
    """Say that it was done: this server has no transforms to run."""
    _admitted(group, kind)
    asked = json_of(request)
    if not isinstance(asked, dict) or not _is_time(asked.get("_start_at")):
        abort(failed(400, "_start_at must be a date in the format yyyy-MM-ddT00:00:00Z"))
    if "_end_at" in asked and not _is_time(asked["_end_at"]):
        abort(failed(400, "_end_at must be a date in the format yyyy-MM-ddT00:00:00Z"))
    return ok()


@write.delete("/data-sets/<stored:name>")
@writes("Take a whole data set away; for the administrator")
def remove(name: str) -> Response:
    """Remove every record of a data set; that it is declared is up to the configuration."""
    served = found(parts().catalogue.named(name), NOT_FOUND)
    parts().doorkeeper.admit_administrator(request, served)
    served.writer.empty()
    return ok()


def _admitted(group: str, kind: str) -> Served:
    served = found(parts().catalogue.find(group, kind), NOT_FOUND)
    parts().doorkeeper.admit(request, served)
    return served


def _posted(served: Served, message: str | None = None) -> Response:
    records = json_of(request)
    return _done(lambda: served.writer.post(records), message)


def _done(work: Callable[[], None], message: str | None = None) -> Response:
    try:
        work()
    except RefusedRecords as exc:
        return refused(exc.messages)
    except NoSuchRecord as exc:
        return refused(f"No record found with id {exc}")
    return ok(message)


def _is_time(value: Any) -> bool:
    try:
        parse_timestamp(value if isinstance(value, str) else "")
    except ValueError:
        return False
    return True
