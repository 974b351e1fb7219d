"""A site in a thread of the test: declare, serve, ask."""

import socket
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import urllib3

from collectors.clock import FixedClock
from collectors.config.digests import digest_of
from collectors.config.model import Configuration, DeclaredDataSet, Platform
from collectors.datasets import DataSets
from collectors.values import DataSet
from collectors.web import Server, application

NOW = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
TOKEN = "token-of-the-data-set"
JSON = {"Content-Type": "application/json"}
WRITING = {**JSON, "Authorization": f"Bearer {TOKEN}"}
LONGEST = 30.0


def declared(name: str = "fishing/catches", **keys: Any) -> DeclaredDataSet:
    """Declare a data set that ``TOKEN`` may write."""
    return DeclaredDataSet(data_set=DataSet.parse(name), tokens=(digest_of(TOKEN),), **keys)


def record(**fields: Any) -> dict[str, Any]:
    """Give a record that no rule refuses."""
    return {"_timestamp": "2026-11-20T00:00:00+00:00", **fields}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Site:
    """Serves until it is closed; ``options`` are the server's, ``token_of`` the application's."""

    def __init__(self, url, data_sets, *, administrator=None, token_of=lambda _: None, **options):
        self.clock = FixedClock(NOW)
        self.data_sets = DataSets(url, clock=self.clock)
        self.data_sets.open()
        platform = Platform(
            data_sets=tuple(data_sets),
            administrator=digest_of(administrator) if administrator else None,
        )
        configuration = Configuration(
            directory=Path("config"),
            credentials=Path("credentials"),
            platform=platform,
            collectors=options.pop("collectors", {}),
        )
        self.app = application(self.data_sets, configuration, clock=self.clock, token_of=token_of)
        self.server = Server(self.app, "127.0.0.1", 0, **options)
        self.http = urllib3.PoolManager(maxsize=8, retries=False, timeout=LONGEST)
        self._thread = threading.Thread(target=self.server.run)
        self._thread.start()

    def close(self) -> None:
        self.server.stop()
        self._thread.join()
        self.http.clear()
        self.data_sets.close()

    def ask(self, method: str, path: str, body: bytes | None = None, headers=None, query=()):
        url = self.server.url + path + (f"?{urlencode(query)}" if query else "")
        reply = self.http.request(method, url, body=body, headers=headers or {})
        return Reply(reply.status, reply.headers, reply.data)

    def write(self, method: str, path: str, value: Any, headers=WRITING):
        return self.ask(method, path, orjson.dumps(value), headers)

    def post(self, value: Any, name: str = "fishing/catches", headers=WRITING):
        return self.write("POST", f"/data/{name}", value, headers)

    def held(self, name: str = "fishing/catches") -> list[dict[str, Any]]:
        """What the data set holds, as it was posted."""
        return [_as_posted(one) for one in self.data_sets.read(DataSet.parse(name))]

    def raw(self, content: bytes) -> socket.socket:
        """Send bytes that need not be HTTP; the socket is the caller's to close."""
        client = socket.create_connection(("127.0.0.1", self.server.port), timeout=LONGEST)
        client.sendall(content)
        return client


def _as_posted(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value
        for name, value in found.items()
        if name in ("_id", "_timestamp", "_start_at", "_end_at") or not name.startswith("_")
    }
