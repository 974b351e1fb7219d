"""What a request brings: unpacked, never more than the limit, and read as JSON."""

import gzip
import json
import re
import zlib
from typing import Any

import orjson
from flask import Request, abort
from werkzeug.exceptions import RequestEntityTooLarge

from collectors.web.answers import failed, refused

LIMIT = 10 * 1024 * 1024
"""Bytes of a body, unpacked."""
NO_JSON = "ValidationError('Expected header: Content-type: application/json',)"
"""The original's words, which clients know."""

_LONG = re.compile(rb"\d{19}")
_BEYOND = 2**64


def json_of(request: Request) -> Any:
    """Give what the body says, or answer 400 or 413 with what is wrong with it."""
    content = _content(request)
    if not content:
        abort(failed(400, "Expected JSON request body but received zero bytes."))
    found = parsed(content) if request.is_json else None
    if found is None:
        abort(refused([NO_JSON]))
    return found


def parsed(content: bytes) -> Any:
    """Read JSON, or answer 400: NaN, infinity, lone surrogates and great depth are none.

    A whole number that has more than 64 bits stays one, so that it can be refused.
    """
    try:
        value = orjson.loads(content)
        # orjson reads a whole number that is too large as one with a fraction.
        return json.loads(content, parse_int=_whole) if _LONG.search(content) else value
    except (orjson.JSONDecodeError, RecursionError) as exc:
        abort(failed(400, f'Error parsing JSON: "{_said(content, exc)}"'))


def _whole(text: str) -> int:
    return int(text) if len(text) <= 20 else _BEYOND


def _said(content: bytes, exc: Exception) -> str:
    """Give the words of the standard library, which are the original's, where it minds too."""
    try:
        json.loads(content)
    except json.JSONDecodeError as known:
        return str(known)
    except (ValueError, RecursionError):
        pass
    return str(exc)


def _content(request: Request) -> bytes:
    try:
        if "gzip" not in request.headers.get("Content-Encoding", ""):
            return request.get_data(cache=False)
        with gzip.GzipFile(fileobj=request.stream) as unpacked:
            content = unpacked.read(LIMIT + 1)
    except RequestEntityTooLarge:
        abort(_too_large())
    except (OSError, EOFError, zlib.error):
        abort(failed(400, "The body is not gzip, as Content-Encoding says, or it is damaged."))
    if len(content) > LIMIT:
        abort(_too_large())
    return content


def _too_large() -> Any:
    return failed(413, f"A body holds at most {LIMIT} bytes, unpacked.")
