"""Reads data sets for the sources that make figures of figures: embedded, or by the read API."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from collectors.api import Clock, HttpClient, Input, Refused, Unavailable, Unexpected
from collectors.config.model import EMBEDDED, Collector, DeclaredDataSet, Target
from collectors.datasets import BadQuery, DataSets
from collectors.datasets.parameters import parse
from collectors.values import DataSet

FRESH = {"Cache-Control": "no-cache"}
"""What is asked for has just been delivered, and an answer may be half an hour old."""

Peek = Callable[[], AbstractContextManager[DataSets | None]]
"""Opens the embedded data sets for reading; None where there are none yet."""


@dataclass(frozen=True, kw_only=True)
class Reader:
    """The ``DataSetReader`` of a platform. ``writers`` are the collectors of each data set."""

    http: HttpClient
    clock: Clock
    targets: Sequence[Target]
    writers: Mapping[DataSet, Sequence[Collector]]
    peek: Peek

    def target(self, asked: Input) -> Target:
        """Give the target that is read; Refused where there is none of that name."""
        if asked.is_elsewhere:
            return Target(name=str(asked.target), url=asked.target)
        name = asked.target or (EMBEDDED if self._has_copy else self.targets[0].name)
        for one in self.targets:
            if one.name == name:
                return one
        raise Refused(f"there is no target {name!r}: see 'target' in platform.yaml")

    def writers_of(self, asked: Input) -> Sequence[Collector]:
        """Give the collectors of this platform that write a data set there."""
        return () if asked.is_elsewhere else self.writers.get(asked.data_set, ())

    def is_ours(self, asked: Input) -> bool:
        """Tell whether collectors of this platform write it."""
        return bool(self.writers_of(asked))

    def query(self, asked: Input, params: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        """Give the rows of the read API's answer to these parameters."""
        target = self.target(asked)
        if target.url is not None:
            return self._fetch(f"{target.url.rstrip('/')}/{asked.data_set}", params)
        with self.peek() as data_sets:
            if data_sets is None:
                raise Unavailable(f"{asked.data_set}: there are no embedded data sets yet")
            try:
                query = parse(params, DeclaredDataSet(data_set=asked.data_set), self.clock.now())
                return list(data_sets.query(asked.data_set, query))
            except BadQuery as exc:
                raise Refused(f"{asked.data_set} cannot be read so: {exc}") from exc

    def _fetch(self, url: str, params: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
        reply = self.http.get(f"{url}?{urlencode(params)}", headers=FRESH)
        answer = reply.json()
        rows = answer.get("data") if isinstance(answer, dict) else None
        if not (isinstance(rows, list) and all(isinstance(row, dict) for row in rows)):
            raise Unexpected(f"{url} is no read API: it gives no list of data", reply.text())
        return rows

    @property
    def _has_copy(self) -> bool:
        return not self.targets or EMBEDDED in (one.name for one in self.targets)
