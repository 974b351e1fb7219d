"""What servers do instead of answering: each fault makes another answer of a good one.

A fault that ``breaks`` leaves nothing that could be taken for an answer: a source ends with an
error then. The others are answers of the right shape that say less, or the same twice: a source
may take them, and makes up nothing that was not there. A ``slow`` one costs a reader's patience.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson

from collectors.testing.server import Answer, Request, html_answer, json_answer

Rows = list[Any]


@dataclass(frozen=True)
class Fault:
    """What becomes of a good answer to a request."""

    spoil: Callable[[Request, Answer], Answer]
    breaks: bool = True
    slow: bool = False


def _always(answer: Answer) -> Fault:
    return Fault(lambda _request, _good: answer)


def _cut(chunked: bool) -> Fault:
    def cut(_: Request, good: Answer) -> Answer:
        body = good.body or b"nothing"
        return replace(good, status=200, body=body, cut=len(body) // 2, chunked=chunked)

    return Fault(cut)


def _half(_: Request, good: Answer) -> Answer:
    """Give the first half as if it were all: what a proxy keeps of a transfer that broke."""
    return replace(good, body=good.body[: len(good.body) // 2])


def _mistaken(_: Request, good: Answer) -> Answer:
    return replace(good, headers={**good.headers, "Content-Encoding": "gzip"})


def _echo(request: Request, _: Answer) -> Answer:
    """Say back all that was said, secrets included."""
    said = [urlencode(request.query), *request.headers.values(), request.body.decode("latin-1")]
    return json_answer({"error": {"message": " ".join(said)}}, 403, {"WWW-Authenticate": said[-2]})


def _echo_as_answer(request: Request, good: Answer) -> Answer:
    return replace(_echo(request, good), status=200)


def _rows(change: Callable[[Rows], Rows]) -> Fault:
    """Change the rows of an answer: its longest list, or its lines after the first."""

    def spoil(_: Request, good: Answer) -> Answer:
        try:
            value = orjson.loads(good.body)
        except orjson.JSONDecodeError:
            first, *lines = good.body.splitlines(keepends=True) or [b""]
            return replace(good, body=b"".join([first, *change(lines)]))
        rows = max(_lists(value), key=len, default=[])
        rows[:] = change(list(rows))
        return replace(good, body=orjson.dumps(value))

    return Fault(spoil, breaks=False)


def _numbers_gone(_: Request, good: Answer) -> Answer:
    try:
        value = orjson.loads(good.body)
    except orjson.JSONDecodeError:
        return good
    return replace(good, body=orjson.dumps(_without_numbers(value)))


def _without_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_numbers(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_without_numbers(one) for one in value]
    return None if type(value) in (int, float) else value


def _lists(value: Any) -> list[Rows]:
    if isinstance(value, list):
        return [value, *(found for one in value for found in _lists(one))]
    if isinstance(value, dict):
        return [found for one in value.values() for found in _lists(one)]
    return []


FAULTS: Mapping[str, Fault] = {
    "429": _always(Answer(429)),
    "429, in a second": _always(Answer(429, headers={"Retry-After": "1"})),
    "429, tomorrow": _always(Answer(429, headers={"Retry-After": "86400"})),
    "429, at no time": _always(Answer(429, headers={"Retry-After": "soon"})),
    "500": _always(Answer(500)),
    "502, a page": _always(html_answer("<h1>Bad Gateway</h1>", 502)),
    "503, in a second": _always(Answer(503, headers={"Retry-After": "1"})),
    "401": _always(json_answer({"error": "unauthorised"}, 401)),
    "403": _always(json_answer({"error": "forbidden"}, 403)),
    "404": _always(html_answer("<h1>Not Found</h1>", 404)),
    "moved to a sign-in page": _always(Answer(302, headers={"Location": "/sign-in"})),
    "a page with 200": _always(html_answer()),
    "nothing with 200": _always(Answer(200)),
    "no content": _always(Answer(204)),
    "null": _always(json_answer(None)),
    "an empty object": _always(json_answer({})),
    "a text": _always(json_answer("ok")),
    "an error with 200": _always(json_answer({"error": {"code": 500, "message": "sorry"}})),
    "half a page": Fault(_half),
    "cut off": _cut(chunked=False),
    "cut off between chunks": _cut(chunked=True),
    "packed, it says": Fault(_mistaken),
    "no text at all": _always(Answer(200, b"\xff\xfe\x00\x01" * 64)),
    "another protocol": _always(Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n")),
    "hung up": _always(Answer(raw=b"")),
    "a stall": replace(_always(Answer(stall=True)), slow=True),
    "all said back": Fault(_echo),
    "all said back with 200": Fault(_echo_as_answer),
    "an empty list": replace(_always(json_answer([])), breaks=False),
    "no rows": _rows(lambda _: []),
    "the last row is late": _rows(lambda rows: rows[:-1]),
    "each row twice": _rows(lambda rows: [row for row in rows for _ in range(2)]),
    "numbers gone": Fault(_numbers_gone, breaks=False),
}
"""What may happen to any request, by name."""
