"""A post by hand: one body of JSON as it is, to one write API, as often as it takes.

It goes past the outbox, so what becomes of it is told at once, in the server's own words.
"""

from typing import Any

import orjson

from collectors.datasets.writing import RefusedRecords, Writer
from collectors.errors import CollectorError, Refused, Unavailable
from collectors.http_client import RETRIED, HttpClient, Reply
from collectors.http_messages import printable
from collectors.packing import compress
from collectors.values import Secret

PACKED_FROM = 2048
"""Bytes: a larger body is sent as gzip."""
_SHOWN = 2000
_ADVICE = {
    401: "the token was not accepted",
    403: "the token may not write there",
    413: "it is too large for one request: send it in parts",
}


def post(http: HttpClient, url: str, body: bytes, token: Secret) -> Reply:
    """POST ``body``, all of it on every try, and give the 2xx that was answered.

    Raises Unavailable after the last try, and Refused where another try could change nothing;
    their ``status`` is None where nothing was answered, or nothing could be asked.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if len(body) > PACKED_FROM:
        headers["Content-Encoding"] = "gzip"
        body = compress(body)

    def once() -> Reply:
        return http.send("POST", url, body=body, headers=headers, bearer=token)

    def judge(reply: Reply) -> CollectorError | None:
        return _judged(reply, reply.retry_after(http.clock.now()))

    return http.try_again(once, judge)


def keep(writer: Writer, posted: Any) -> None:
    """Write what is ``posted`` into an embedded data set, by the rules that its server has.

    Raises Refused with every message where one of the records breaks a rule, StoreError.
    """
    try:
        writer.post(posted)
    except RefusedRecords as exc:
        raise Refused(f"refused: {printable(str(exc))[:_SHOWN]}", 400) from exc


def is_receipt(reply: Reply) -> bool:
    """Tell whether a 2xx is that of a write API, and not the page of something in between."""
    answer = _answer(reply)
    return isinstance(answer, dict) and answer.get("status") == "ok"


def _judged(reply: Reply, retry_after: float | None) -> CollectorError | None:
    if 200 <= reply.status < 300:
        return None
    # The body of a 401 may echo the token, in whatever form: it is never repeated.
    said = _ADVICE.get(reply.status) or _said(reply)
    message = f"{reply.url} answered {reply.status}{said and f': {said}'}"
    if reply.status in RETRIED or reply.status >= 500:
        return Unavailable(message, retry_after, reply.status)
    return Refused(message, reply.status)


def _said(reply: Reply) -> str:
    answer = _answer(reply)
    if not isinstance(answer, dict):
        return ""
    told = answer.get("messages") or answer.get("message") or ""
    parts = told if isinstance(told, list) else [told]
    return printable("; ".join(map(str, parts)))[:_SHOWN]


def _answer(reply: Reply) -> Any:
    try:
        return orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
