"""All that a source may import: the contract, and the words it is written in.

A source is a frozen model whose fields are the collector's ``query``, with one method that looks:

    class Tides(Source):
        name: ClassVar[str] = "tides"
        periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR})
        station: str

        def collect(self, window: Window, context: Context) -> Iterator[Reading]:
            reply = context.http.get(f"https://tides.example/{self.station}", params=...)
            yield from parse(reply.json())

It never retries, sleeps, sets an id, knows a data set, or prints.
"""

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, Protocol, Self, TypeVar
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict

from collectors.api.data_sets import DataSetReader, Input, NoDataSets
from collectors.api.probes import NoProbes, Probes
from collectors.api.quotas import Asked, Limits, Quota, Resets
from collectors.clock import Clock
from collectors.errors import (
    CollectorError,
    NotYet,
    QuotaSpent,
    Refused,
    Unavailable,
    Unexpected,
)
from collectors.http_client import HttpClient, Reply, scrub, without_query
from collectors.periods import ALWAYS, Period, Window, beginning, count, floor, shift
from collectors.values import DataSet, Number, Reading, Secret, counted

__all__ = [
    "ALWAYS",
    "Asked",
    "Clock",
    "CollectorError",
    "Context",
    "Credential",
    "DataSet",
    "DataSetReader",
    "Document",
    "HttpClient",
    "Input",
    "Limits",
    "NotYet",
    "Number",
    "Period",
    "Probes",
    "Probing",
    "Quota",
    "QuotaSpent",
    "Reading",
    "Refused",
    "Reply",
    "Resets",
    "Secret",
    "Shared",
    "Source",
    "Unavailable",
    "Unexpected",
    "Window",
    "beginning",
    "count",
    "counted",
    "floor",
    "scrub",
    "shift",
    "without_query",
]

Item = TypeVar("Item")
Result = TypeVar("Result")


class Credential(BaseModel):
    """What a source needs to log in: a model of one file in ``credentials/``."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    def found_in(self, directory: Path) -> Self:
        """Give the credential with the files that it names looked for in ``directory``."""
        return self


class Shared(Protocol):
    """Things that are costly to make and serve every collector of a process."""

    def get(self, key: Hashable, build: Callable[[], Any]) -> Any:
        """Give what ``key`` holds, building it once, however many threads ask."""
        ...


@dataclass(frozen=True, kw_only=True)
class Context:
    """What the house gives a source for one run.

    ``directory`` is where relative file names begin; ``state`` is what the source remembers from
    run to run (text to text), kept only if the run succeeds; ``warn`` adds a sentence to what the
    run reports; ``hide`` keeps a secret that the source has come by out of whatever is told;
    ``log`` takes an event and its fields; ``data_sets`` reads what ``Source.inputs`` names;
    ``probes`` are what a ``Probing`` source saw.
    """

    http: HttpClient
    clock: Clock
    quota: Quota
    shared: Shared
    directory: Path
    period: Period
    zone: ZoneInfo
    credential: Any
    credential_name: str
    state: MutableMapping[str, str]
    warn: Callable[[str], None]
    hide: Callable[[Secret], None]
    log: Any
    data_sets: DataSetReader = NoDataSets()  # noqa: RUF009 - it has no state
    probes: Probes = NoProbes()  # noqa: RUF009 - it has no state

    def ahead(
        self, fetch: Callable[[Item], Result], items: Iterable[Item], at_most: int = 4
    ) -> Iterator[Result]:
        """Give ``fetch(item)`` of each item in order, with up to ``at_most`` under way ahead."""
        rest = iter(items)
        first = list(islice(rest, 1))
        if not first:
            return
        with ThreadPoolExecutor(at_most, thread_name_prefix="ahead") as pool:
            waiting: deque[Future[Result]] = deque()
            try:
                for item in chain(first, rest):
                    waiting.append(pool.submit(copy_context().run, fetch, item))
                    if len(waiting) >= at_most:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()


class Source(BaseModel):
    """The contract of a source; its fields are the ``query``. Subclasses override what differs.

    ``credential`` is the model of its credential, ``credential_file`` what that is called where it
    is not called like the source; unless ``credential_needed``, a collector has one only where it
    names it. ``quota`` is what its quota keys begin with, up to the first colon.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    name: ClassVar[str]
    periods: ClassVar[frozenset[Period]] = frozenset(set(Period) - {Period.INSTANT})
    credential: ClassVar[type[Credential] | None] = None
    credential_file: ClassVar[str | None] = None
    credential_needed: ClassVar[bool] = True
    quota: ClassVar[str | None] = None

    @property
    def max_span(self) -> timedelta | None:
        """The longest window to ask for at once; None where there is no limit."""
        return None

    @property
    def settle(self) -> timedelta:
        """How long after its end a period may still change."""
        return timedelta(0)

    @property
    def fixed_zone(self) -> ZoneInfo | None:
        """The zone in which the source counts its days, where the query does not choose it."""
        return None

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The data sets that it reads: it is collected after them, and again when they change."""
        return ()

    @property
    def yields(self) -> tuple[str, ...]:
        """The names of measures and dimensions that the query itself gives; others are not known.

        One that no data set takes is a mistake in the query, unless ``map`` or a step changes it.
        """
        return ()

    def earliest(self, now: datetime) -> datetime | None:
        """The start of what the source still remembers at ``now``; None where it is unknown."""
        return None

    def quota_keys(self, credential: Any, credential_name: str) -> Mapping[str, Limits]:
        """Give the keys that each request counts against, with what is known of their limits.

        The configuration may say otherwise of them. Asks nobody.
        """
        return {}

    def requests(self, window: Window) -> int:
        """Give how many requests collecting ``window`` takes, at least. Asks nobody."""
        return 1

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        """Yield the readings of ``window``, in order of period, page by page.

        Raises NotYet, Unavailable, Refused, QuotaSpent or Unexpected.
        """
        raise TypeError(f"the source {self.name} has no collect method")

    def examine(self, context: Context) -> Iterator[str]:
        """Ask as little as shows that this query can be answered; for the command ``check``.

        Yields a sentence about each thing that is found right, the most basic first (it can log
        in, what it names exists, its parts go together), and raises as ``collect`` does at the
        first that is not. A source that has nothing to ask yields nothing.
        """
        return iter(())


class Document(Source):
    """A source without windows: a file or sheet that is read whole whenever it has changed."""

    def revision(self, context: Context) -> str:
        """Give a text that changes whenever the content does. Raises as ``collect`` does."""
        raise TypeError(f"the source {self.name} has no revision method")

    def examine(self, context: Context) -> Iterator[str]:
        """Read the document: it is there, has its columns, and holds what is asked for."""
        self.revision(context)
        yield "the document is there and can be read"
        found = sum(1 for _ in self.collect(ALWAYS, context))
        if not found:
            raise Refused("the document holds nothing of what the query asks for")
        yield f"it holds {counted(found, 'reading')} of what the query asks for"


class Probing(Source):
    """A source that looks at the present at every tick, and gathers what it saw into periods later.

    Its schedule is ``every …``; its period is the hour unless the collector says otherwise. It has
    no past to ask for: ``collect`` finds what was seen in ``context.probes``, and a tick of which
    there is nothing was missed.
    """

    @property
    def longest(self) -> timedelta:
        """The longest that a probe can take; a schedule that ticks as often is refused."""
        return timedelta(0)

    def probe(self, at: datetime, context: Context) -> Mapping[str, Any]:
        """Look once, for the tick ``at``, and give what was seen: small, and fit for JSON.

        What is down is a result and no error. Where it raises as ``collect`` does, the tick counts
        as missed.
        """
        raise TypeError(f"the source {self.name} has no probe method")

    def told(self, result: Mapping[str, Any]) -> str:
        """Say in a sentence what a probe saw."""
        return ", ".join(f"{name} {value}" for name, value in result.items())
