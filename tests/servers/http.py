"""The HTTP server of the kit, which ships as ``collectors.testing``, by its old name."""

from collectors.testing.server import (
    LONGEST,
    Answer,
    HttpServer,
    Request,
    html_answer,
    json_answer,
    packed,
    scripted,
)

__all__ = [
    "LONGEST",
    "Answer",
    "HttpServer",
    "Request",
    "html_answer",
    "json_answer",
    "packed",
    "scripted",
]
