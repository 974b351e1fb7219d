"""One line in the log for each request."""

import time

import structlog
from flask import Flask, Response, g, request

from collectors.http_messages import printable

log = structlog.get_logger()


def logged(app: Flask) -> None:
    """Let ``app`` log each request once it has been answered."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.began = time.monotonic()


def _end(response: Response) -> Response:
    log.info(
        "request",
        method=request.method,
        path=printable(f"{request.script_root}{request.path}"),
        status=response.status_code,
        seconds=round(time.monotonic() - g.began, 3),
        client=request.remote_addr,
    )
    return response
