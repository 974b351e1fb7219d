"""The far sides of many small collections: a source and a write API that cost hardly anything.

    python -m benchmarks.quick_servers source 0.05   # 24 rows a reply, after 50 ms
    python -m benchmarks.quick_servers sink 0.02     # takes observations, answers after 20 ms

Each is one thread, so that what is measured has the other core. It prints its URL and serves until
its standard input ends.
"""

import asyncio
import gzip
import sys
from abc import ABC, abstractmethod
from asyncio import StreamReader, StreamWriter
from email.utils import formatdate

import orjson

from benchmarks.rows import TOKEN

ROWS = 24
REPLY = orjson.dumps(
    {
        "rows": [
            {"hour": f"{hour:02}", "views": 1009 * hour % 307, "seconds": hour / 8}
            for hour in range(ROWS)
        ]
    }
)
OK = b'{"status":"ok"}'


class Far(ABC):
    """One server; ``wait`` is how many seconds each answer takes."""

    def __init__(self, wait: float) -> None:
        self.wait = wait

    async def serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Answer the requests of one connection, one after the other."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                line, *rest = head.decode("latin-1").split("\r\n")
                headers = dict(one.lower().split(": ", 1) for one in rest if one)
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                status, answer = self.answer(*line.split()[:2], headers, body)
                if not line.startswith("GET /summary"):
                    await asyncio.sleep(self.wait)
                writer.write(_reply(status, answer))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    @abstractmethod
    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Give the status and the body of the answer to a request."""


class Source(Far):
    """Gives the same rows to whoever asks."""

    def answer(self, *_: object) -> tuple[int, bytes]:
        """Give the rows."""
        return 200, REPLY


class Sink(Far):
    """Takes observations as a write API does: checks the token, unpacks, parses, counts."""

    def __init__(self, wait: float) -> None:
        super().__init__(wait)
        self.posts = 0
        self.ids: set[tuple[str, str]] = set()

    def answer(
        self, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, bytes]:
        """Take what is posted; to a GET, tell what has come since the last one, and forget it."""
        if method == "GET":
            told = orjson.dumps({"posts": self.posts, "ids": len(self.ids)})
            self.posts, self.ids = 0, set()
            return 200, told
        if headers.get("authorization") != f"bearer {TOKEN}":
            return 401, b'{"status":"error","message":"Unauthorized"}'
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.posts += 1
        self.ids.update((path, one["_id"]) for one in orjson.loads(body))
        return 200, OK


def _reply(status: int, body: bytes) -> bytes:
    return (
        f"HTTP/1.1 {status} X\r\nDate: {formatdate(usegmt=True)}\r\n"
        "Server: quick\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


async def serve(far: Far) -> None:
    """Serve until the standard input ends."""
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0, backlog=256)
    port = server.sockets[0].getsockname()[1]
    print(f"http://127.0.0.1:{port}", flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


def main(kind: str, wait: str) -> None:
    """Be one of the two."""
    asyncio.run(serve({"source": Source, "sink": Sink}[kind](float(wait))))


if __name__ == "__main__":
    main(*sys.argv[1:])
