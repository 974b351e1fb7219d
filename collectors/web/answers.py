"""Answers in the forms that the write and the read API have."""

from collections.abc import Sequence
from typing import Any

import orjson
from flask import Response

JSON = "application/json"


def answer(body: Any, status: int = 200) -> Response:
    """Give an answer of JSON."""
    return Response(orjson.dumps(body), status, mimetype=JSON)


def ok(message: str | None = None) -> Response:
    """Say that it was done."""
    return answer({"status": "ok"} | ({} if message is None else {"message": message}))


def failed(status: int, message: str) -> Response:
    """Say what is wrong with the request as a whole."""
    return answer({"status": "error", "message": message}, status)


def refused(messages: Sequence[str] | str) -> Response:
    """Say what is wrong with its records; nothing of it was kept."""
    return answer({"messages": messages}, 400)
