"""The read API: what a data set holds, for anybody, as JSON or CSV."""

import hashlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

import orjson
from flask import Blueprint, Response, abort, request

from collectors.datasets import BadQuery, Query
from collectors.datasets.catalogue import Served
from collectors.datasets.csv_lines import csv_lines
from collectors.datasets.parameters import parse
from collectors.web.answers import JSON, failed
from collectors.web.description import Operation, described
from collectors.web.parts import found, parts

NOT_FOUND = "data_set not found"
WARNING = "Warning: This data-set is unpublished. Data may be subject to change or be inaccurate."
MAX_AGE = 1800
MAX_AGE_OF_REALTIME = 120
ROWS = 500
"""How many rows are spelt at a time."""
READS = Operation(
    summary="Read records, or groups of them",
    answers={200: "Data", 304: "", 400: "Failure", 404: "Failure", 503: "Failure"},
    reads=True,
)

read = Blueprint("read", __name__)


@read.get("/data/<name:group>/<name:kind>")
@described(READS)
def by_type(group: str, kind: str) -> Response:
    """Give what a query asks of a data set."""
    return _answer(parts().catalogue.find(group, kind))


@read.get("/<stored:name>")
@described(READS)
def by_name(name: str) -> Response:
    """Give the same, by the name that the data set is stored under."""
    return _answer(parts().catalogue.named(name))


def _answer(named: Served | None) -> Response:
    served = found(named, NOT_FOUND)
    if not served.declared.queryable:
        abort(failed(404, NOT_FOUND))
    try:
        query = parse(_pairs(), served.declared, parts().clock.now())
        tag = _tag(served, query)
        response = Response(status=304) if tag in request.if_none_match else _data(served, query)
    except BadQuery as exc:
        abort(failed(400, str(exc)))
    response.set_etag(tag)
    response.headers["Cache-Control"] = _caching(served)
    return response


def _pairs() -> list[tuple[str, str]]:
    return list(request.args.items(multi=True))


def _tag(served: Served, query: Query) -> str:
    """Give what changes whenever the answer does."""
    revision = parts().data_sets.revision(served.data_set)
    said = f"{served.data_set} {revision} {served.declared.published} {query!r}"
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _data(served: Served, query: Query) -> Response:
    rows = parts().data_sets.query(served.data_set, query)
    if query.format == "csv":
        return _filed(served, rows)
    # The first rows tell whether there is an answer; after them it is too late to say 400.
    first = list(islice(rows, ROWS))
    pieces = _spelt(first, rows, published=served.declared.published)
    return Response(b"".join(pieces) if len(first) < ROWS else pieces, mimetype=JSON)


def _filed(served: Served, rows: Iterator[dict[str, Any]]) -> Response:
    """Give the answer as a file of CSV, which a spreadsheet opens."""
    response = Response(csv_lines(rows), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={served.name}.csv"
    return response


def _spelt(
    first: list[dict[str, Any]], rest: Iterator[dict[str, Any]], *, published: bool
) -> Iterator[bytes]:
    """Give the answer piece by piece, so that a large one is never held as a whole."""
    yield b'{"data":[' + orjson.dumps(first)[1:-1]
    while some := list(islice(rest, ROWS)):
        yield b"," + orjson.dumps(some)[1:-1]
    yield b"]}" if published else b'],"warning":' + orjson.dumps(WARNING) + b"}"


def _caching(served: Served) -> str:
    if not served.declared.published:
        return "no-cache"
    age = MAX_AGE_OF_REALTIME if served.declared.realtime else MAX_AGE
    return f"max-age={age}, must-revalidate"
