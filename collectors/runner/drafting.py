"""What a backfill would do, before anything starts: chunks, requests, quota keys, how long."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import zip_longest

from collectors.api import Document, Limits, Probing
from collectors.api.quotas import laid_over
from collectors.clock import epoch, from_epoch
from collectors.config.inputs import layers
from collectors.config.model import Collector
from collectors.intervals import Interval, intersect, subtract
from collectors.periods import Period, Window, count
from collectors.runner.parts import Parts
from collectors.runner.planning import Between
from collectors.runner.reading import border
from collectors.runner.terms import terms_of
from collectors.schedule import Terms, chunks, windows_between
from collectors.store import BackfillChunk, BackfillOrder, Stretch

SECONDS_A_REQUEST = 1.0
"""A rule of thumb for sources that nobody has asked from this store yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody asks for: a stretch of local days, in chunks of so much of the calendar."""

    between: Between
    chunk: Period = Period.MONTH
    newest_first: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What a backfill would do for one collector.

    ``runs`` ask ``requests`` of its source, which count against the quota ``keys``. ``settled`` is
    how many periods are passed over, ``forgotten`` what the source does not remember any more.
    """

    collector: Collector
    chunks: Sequence[BackfillChunk]
    runs: int
    requests: int
    keys: Mapping[str, Limits]
    settled: int
    forgotten: Window | None

    @property
    def periods(self) -> int:
        """How many periods would be collected."""
        return sum(one.periods for one in self.chunks)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What a backfill would do.

    ``speeds`` are the seconds a request takes, by source, as far as past runs tell.
    """

    wish: Wish
    shares: Sequence[Share]
    speeds: Mapping[str, float]

    @cached_property
    def runs(self) -> int:
        """How many runs it would lead to."""
        return sum(one.runs for one in self.shares)

    @cached_property
    def requests(self) -> int:
        """How many requests it would make."""
        return sum(one.requests for one in self.shares)

    @cached_property
    def by_key(self) -> Mapping[str, int]:
        """How many requests would count against each quota key."""
        found = Counter[str]()
        for share in self.shares:
            found.update(dict.fromkeys(share.keys, share.requests))
        return found

    @cached_property
    def seconds(self) -> float:
        """How long all would take one after the other."""
        speed = self.speeds
        return sum(
            one.requests * speed.get(one.collector.source.name, SECONDS_A_REQUEST)
            for one in self.shares
        )

    @property
    def is_guessed(self) -> bool:
        """Tell whether some of that is a rule of thumb."""
        sources = {one.collector.source.name for one in self.shares if one.requests}
        return bool(sources - self.speeds.keys())

    def order(self, what: str) -> BackfillOrder:
        """Give it as the store keeps it; ``what`` is what was asked for, in words.

        The collectors take turns, chunk by chunk; what reads data sets of others comes after them.
        """
        shares = {one.collector.name: one for one in self.shares}
        turns = [
            turn
            for names in layers({name: one.collector for name, one in shares.items()})
            for turn in zip_longest(*(shares[name].chunks for name in names))
        ]
        return BackfillOrder(
            what=what,
            start=self.wish.between.start.isoformat(),
            end=self.wish.between.end.isoformat(),
            chunk=str(self.wish.chunk),
            newest_first=self.wish.newest_first,
            force=self.wish.force,
            chunks=[chunk for turn in turns for chunk in turn if chunk is not None],
        )


def why_no_past(collector: Collector) -> str | None:
    """Tell why a collector cannot be backfilled; None where it can."""
    if isinstance(collector.source, Document):
        return "a document has no past: it is read whole whenever it changes"
    if isinstance(collector.source, Probing):
        return f"the source {collector.source.name} has no past: it looks at the present"
    if collector.period is Period.INSTANT:
        return "an instant has no past"
    if collector.replace:
        return "its data set is replaced with every run, and holds only what was found last"
    return None


def draft(parts: Parts, collectors: Mapping[str, Collector], wish: Wish) -> Draft:
    """Tell what a backfill of collectors that have a past would do; nothing is written.

    Raises ConfigError for a credential that is missing or wrong, Unexpected for a source that
    breaks, StoreError.
    """
    histories = parts.store.view.histories(list(collectors))
    shares = [
        _share(parts, one, histories[name].stretches, wish) for name, one in collectors.items()
    ]
    return Draft(wish=wish, shares=shares, speeds=_speeds(parts, collectors))


def _share(parts: Parts, collector: Collector, stretches: Sequence[Stretch], wish: Wish) -> Share:
    terms = terms_of(collector, None, parts.clock.now())
    whole = _whole(parts, replace(terms, earliest=None), wish)
    reached = _whole(parts, terms, wish)
    missing = subtract(reached, () if wish.force else _settled(stretches))
    made = [
        (held, [one for gap in held for one in _windows(parts, terms, gap)])
        for held in _pieces(collector, reached, missing, wish)
    ]
    name, credential = parts.credential(collector)
    with border(collector):
        brought = collector.source.quota_keys(credential, name)
    keys = {key: laid_over(key, one, parts.quotas) for key, one in brought.items()}
    cut = [_chunk(collector, held, windows, keys) for held, windows in made]
    return Share(
        collector=collector,
        chunks=cut,
        runs=sum(len(windows) for _, windows in made),
        requests=sum(one.requests for one in cut),
        keys=keys,
        settled=count_periods(collector, subtract(reached, missing)),
        forgotten=next(map(window_of, subtract(whole, reached)), None),
    )


def _whole(parts: Parts, terms: Terms, wish: Wish) -> list[Interval]:
    """Give the stretch of whole periods that is asked for, has ended, and is remembered."""
    unbound = replace(terms, max_span=None)
    found = windows_between(unbound, wish.between.start, wish.between.end, parts.clock.now())
    return [(epoch(one.window.start), epoch(one.window.end)) for one in found]


def _windows(parts: Parts, terms: Terms, gap: Interval) -> Iterator[Window]:
    """Give the windows of the runs that a stretch leads to."""
    found = windows_between(terms, from_epoch(gap[0]), from_epoch(gap[1]), parts.clock.now())
    return (one.window for one in found)


def _settled(stretches: Sequence[Stretch]) -> Iterator[Interval]:
    return ((one.start, one.end) for one in stretches if one.settled)


def _pieces(
    collector: Collector, reached: Sequence[Interval], missing: Sequence[Interval], wish: Wish
) -> Iterator[list[Interval]]:
    """Give what is missing, chunk by chunk, in the order in which it is collected."""
    calendar = (wish.chunk, collector.period, collector.zone)
    cut = [one for stretch in reached for one in chunks(window_of(stretch), *calendar)]
    for chunk in reversed(cut) if wish.newest_first else cut:
        if held := intersect([(epoch(chunk.start), epoch(chunk.end))], missing):
            yield held


def _chunk(
    collector: Collector,
    held: Sequence[Interval],
    windows: Sequence[Window],
    keys: Iterable[str],
) -> BackfillChunk:
    return BackfillChunk(
        collector=collector.name,
        start=held[0][0],
        end=held[-1][1],
        periods=count_periods(collector, held),
        requests=_requests(collector, windows),
        keys=sorted(keys),
    )


def count_periods(collector: Collector, stretches: Sequence[Interval]) -> int:
    """Give how many periods of a collector these stretches hold."""
    return sum(count(window_of(one), collector.period, collector.zone) for one in stretches)


def window_of(interval: Interval) -> Window:
    """Give a stretch of the store as a window."""
    return Window(from_epoch(interval[0]), from_epoch(interval[1]))


def _speeds(parts: Parts, collectors: Mapping[str, Collector]) -> dict[str, float]:
    """Give the seconds a request took, by source, from the last runs of all its collectors."""
    found: dict[str, float] = {}
    for source in {one.source.name for one in collectors.values()}:
        known = {name: one for name, one in parts.collectors.items() if one.source.name == source}
        runs = [
            (one.seconds, _requests(known[one.collector], [window_of((one.start, one.end))]))
            for one in parts.store.backfills.speeds(list(known))
        ]
        requests = sum(asked for _, asked in runs)
        if requests:
            found[source] = sum(seconds for seconds, _ in runs) / requests
    return found


def _requests(collector: Collector, windows: Iterable[Window]) -> int:
    with border(collector):
        return sum(collector.source.requests(window) for window in windows)
