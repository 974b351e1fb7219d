"""A report over a window: how it is cut into requests, and its rows in order of period."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby, islice
from typing import Any, NamedTuple

from collectors.api import (
    Context,
    NotYet,
    Period,
    Reading,
    Unavailable,
    Unexpected,
    Window,
    counted,
    shift,
)
from collectors.sources.google_analytics.account import BATCH, Property
from collectors.sources.google_analytics.calendar import LABELS, days, periods, start_of, twice
from collectors.sources.google_analytics.names import adds_up
from collectors.sources.google_analytics.report import PAGE, Page, Report, Row, parse

BATCHES_AHEAD = 2
PAGES_AHEAD = 3


class Block(NamedTuple):
    """Rows of one period and one reply; the texts of the dimensions begin at ``first``."""

    at: datetime
    rows: Sequence[Row]
    metadata: Mapping[str, Any]
    first: int = 0


@dataclass(frozen=True, kw_only=True)
class Table:
    """One report of one property over one window.

    ``stretches`` are asked for one by one, in place of the window's periods.
    """

    asked: Property
    report: Report
    window: Window
    stretches: Sequence[Window] = ()

    @property
    def context(self) -> Context:
        """The context of the run."""
        return self.asked.context

    @property
    def label(self) -> str | None:
        """The dimension that names the period, where one request may ask for many periods.

        None where each period is asked for by itself: a quarter has no name; a limit holds for
        each; and users, rates and means of a week are never made from anything shorter.
        """
        if self.stretches:
            return None
        label = LABELS.get(self.context.period)
        if self.context.period is Period.HOUR:
            return label
        if self.report.limit is not None:
            return None
        if self.context.period is Period.DAY or all(map(adds_up, self.report.metrics)):
            return label
        return None

    @property
    def dimensions(self) -> tuple[str, ...]:
        """What the texts of its rows are called."""
        wanted = self.report.dimensions
        return self.report.labelled(self.label) if self.label in wanted else wanted

    def blocks(self) -> Iterator[Block]:
        """Yield every row, in order of period, some at a time."""
        return self._apart() if self.label is None else self._together(self.label)

    def body(self, window: Window, offset: int = 0, limit: int = PAGE) -> dict[str, Any]:
        """Give the request for a part of the window."""
        return self.report.body(days(window, self.context.zone), self.label, offset, limit)

    def _together(self, label: str) -> Iterator[Block]:
        begins = 0 if label in self.report.dimensions else 1
        text, at, left = "", self.window.start, self.report.limit
        first = self._page(self.window, 0, PAGE)
        for page in self._pages(self.window, first, first.count):
            for named, group in groupby(page.rows, key=_named):
                if named != text:
                    at = start_of(named, self.context.period, self.context.zone)
                    text, left = named, self.report.limit
                rows = list(islice(group, left))
                left = None if left is None else left - len(rows)
                if self.window.contains(at):
                    yield Block(at, rows, page.metadata, begins)

    def _apart(self) -> Iterator[Block]:
        whole = periods(self.window, self.context.period, self.context.zone)
        every = self.stretches or list(whole)
        batches = [every[at : at + BATCH] for at in range(0, len(every), BATCH)]
        for pages in self.context.ahead(self._batch, batches, BATCHES_AHEAD):
            for period, first in pages:
                total = min(first.count, self.report.limit or first.count)
                for page in self._pages(period, first, total):
                    yield Block(period.start, page.rows, page.metadata)

    def _batch(self, asked: Sequence[Window]) -> list[tuple[Window, Page]]:
        limit = min(PAGE, self.report.limit or PAGE)
        bodies = [self.body(period, limit=limit) for period in asked]
        if len(asked) == 1:
            replies = [self.asked.report(bodies[0], asked[0])]
        else:
            whole = Window(asked[0].start, asked[-1].end)
            replies = list(self.asked.reports(bodies, whole))
        return [(one, self._parsed(reply)) for one, reply in zip(asked, replies, strict=True)]

    def _pages(self, window: Window, first: Page, total: int) -> Iterator[Page]:
        """Give the first page and those after it, some of them asked for ahead."""
        yield first
        step = len(first.rows)
        if step >= total:
            return
        if not step:
            raise Unexpected(f"Google Analytics tells of {counted(total, 'row')} and gives none")

        def fetch(offset: int) -> Page:
            return self._exactly(window, offset, min(step, total - offset), first.count)

        yield from self.context.ahead(fetch, range(step, total, step), PAGES_AHEAD)

    def _exactly(self, window: Window, offset: int, wanted: int, count: int) -> Page:
        """Give so many rows from ``offset`` on, in as many requests as that takes."""
        rows: list[Row] = []
        page = Page(count, rows, {})
        while len(rows) < wanted:
            page = self._page(window, offset + len(rows), wanted - len(rows))
            if page.count != count:
                raise Unavailable("the report changed while its pages were read; it is read again")
            if not page.rows:
                raise Unexpected(f"Google Analytics left out rows from {offset + len(rows)} on")
            rows += page.rows
        return Page(count, rows[:wanted], page.metadata)

    def _page(self, window: Window, offset: int, limit: int) -> Page:
        return self._parsed(self.asked.report(self.body(window, offset, limit), window))

    def _parsed(self, reply: Any) -> Page:
        return parse(reply, self.report.labelled(self.label), self.report.metrics)


def _named(row: Row) -> str:
    return row.texts[0]


def filled(
    readings: Iterable[Reading],
    window: Window,
    settle: timedelta,
    context: Context,
    blank: Callable[[datetime], Iterable[Reading]],
) -> Iterator[Reading]:
    """Yield the readings, and what ``blank`` gives for each period that has none.

    Periods that Google may not have counted yet, the last ones, are left alone. Raises NotYet where
    that is all there is, Unexpected where periods are out of order.
    """
    at, until = None, window.start
    for reading in readings:
        if reading.at is not at and reading.at != at:
            if reading.at < until:
                raise Unexpected("the rows of Google Analytics' report are out of order")
            for hole in _holes(until, reading.at, context):
                yield from blank(hole)
            at, until = reading.at, shift(reading.at, context.period, 1, context.zone)
        yield reading
    if at is None and not _counted(window.start, settle, context):
        raise NotYet(f"Google Analytics has nothing yet of {window}")
    for hole in _holes(until, window.end, context):
        if _counted(hole, settle, context):
            yield from blank(hole)


def _holes(start: datetime, end: datetime, context: Context) -> Iterator[datetime]:
    """Give the periods that nothing was told of; the second of two hours of one name is none."""
    if start < end:
        for period in periods(Window(start, end), context.period, context.zone):
            if context.period is not Period.HOUR or not twice(period.start, context.zone):
                yield period.start


def _counted(at: datetime, settle: timedelta, context: Context) -> bool:
    """Tell whether Google has had the time to count the period that begins at ``at``."""
    return shift(at, context.period, 1, context.zone) + settle <= context.clock.now()
