"""Goals: which report counts each stage, and their rows as stages side by side."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from heapq import merge
from itertools import groupby, repeat
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from collectors.api import Number, Window
from collectors.sources.google_analytics.account import KEY_EVENT, Property
from collectors.sources.google_analytics.filters import Filters, both, listed
from collectors.sources.google_analytics.reading import Block
from collectors.sources.google_analytics.report import Report

Count = Literal["key_events", "events", "users", "sessions"]
METRICS = {"events": "eventCount", "users": "totalUsers", "sessions": "sessions"}
NAMES = {"start": "starts", "done": "completions"}
"""What the two stages that every service has are called, side by side."""
RATE = "completion_rate"
OFTEN = 20
"""Where one event was counted as often as this, it is odd that another was not at all."""

Measures = dict[str, Number | None]


class Goal(BaseModel):
    """One stage: its event, and what is counted of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    event: str = Field(min_length=1)
    count: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One report, and how the stages of its goals are found in it.

    A stage is in a column of its own (``columns``), or in the rows of its event (``events``).
    """

    report: Report
    columns: Sequence[str] = ()
    events: Mapping[str, Sequence[str]]


class Stages(NamedTuple):
    """The counts of the stages of one combination of dimensions."""

    texts: Sequence[str]
    counts: Mapping[str, Number | None]


def questions(
    goals: Mapping[str, Goal], dimensions: tuple[str, ...], filters: Filters
) -> list[Question]:
    """Give as few reports as count every stage; each goal has its ``count``."""
    by_count: dict[str, dict[str, str]] = {}
    for stage, goal in goals.items():
        by_count.setdefault(str(goal.count), {})[stage] = goal.event
    return [
        _of_key_events(events, dimensions, filters)
        if count == "key_events"
        else _of_events(METRICS[count], events, dimensions, filters)
        for count, events in by_count.items()
    ]


def together(
    questions: Sequence[Question], tables: Sequence[Iterator[Block]]
) -> Iterator[tuple[Block, list[Stages]]]:
    """Give the stages of each period, of all tables, by their dimensions."""
    streams = [zip(table, repeat(one)) for one, table in zip(questions, tables, strict=True)]
    merged = merge(*streams, key=lambda found: found[0].at)
    for _, group in groupby(merged, key=lambda found: found[0].at):
        counts: dict[tuple[str, ...], dict[str, Number | None]] = {}
        first: Block | None = None
        for block, question in group:
            first = first or block
            for row in block.rows:
                texts, stages = _stages(question, row.texts[block.first :], row.numbers)
                counts.setdefault(tuple(texts), {}).update(stages)
        if first is not None:
            yield first, [Stages(texts, found) for texts, found in counts.items()]


def measures(goals: Iterable[str], counts: Mapping[str, Number | None]) -> Measures:
    """Give the stages side by side, and the rate: unknown where nothing started."""
    found: Measures = {NAMES.get(stage, stage): counts.get(stage) for stage in goals}
    if NAMES.keys() <= set(goals):
        start, done = counts.get("start"), counts.get("done")
        found[RATE] = done / start if start and done is not None else None
    return found


def counted(goals: Mapping[str, Goal], count: Count | None, asked: Property) -> dict[str, Goal]:
    """Give the goals with what is counted of each: its own, that of all, or what there is.

    Tells where an event is counted in another way than in the run before.
    """
    found = {}
    for stage, goal in goals.items():
        how = goal.count or count or _what_there_is(goal.event, asked)
        state = asked.context.state
        if state.get(f"counted:{stage}", how) != how:
            asked.context.warn(
                f"{goal.event!r} is counted as {how}, and was as {state[f'counted:{stage}']}: it "
                "was marked as a key event, or no longer is; say `count` to keep to one"
            )
        state[f"counted:{stage}"] = how
        found[stage] = Goal(event=goal.event, count=how)
    return found


def absent(
    goals: Mapping[str, Goal], counts: Mapping[str, Number], window: Window, zone: ZoneInfo
) -> Iterator[str]:
    """Say which events were never counted in a window; ``counts`` are those of the stages.

    Where nothing was counted often, the service was quiet, and nothing is said.
    """
    there = [goal.event for stage, goal in goals.items() if counts.get(stage, 0) >= OFTEN]
    seen = {goal.event for stage, goal in goals.items() if counts.get(stage)}
    if not there:
        return
    first, last = (
        moment.astimezone(zone).date()
        for moment in (window.start, window.end - timedelta(seconds=1))
    )
    for event in dict.fromkeys(goal.event for goal in goals.values()):
        if event not in seen:
            yield (
                f"Google Analytics counted no event {event!r} from {first} to {last}, though "
                f"{there[0]!r} was counted"
            )


def _what_there_is(event: str, asked: Property) -> Count:
    return "key_events" if event in asked.key_events() else "events"


def _of_key_events(
    events: Mapping[str, str], dimensions: tuple[str, ...], filters: Filters
) -> Question:
    columns = tuple(dict.fromkeys(events.values()))
    report = Report(
        dimensions=dimensions,
        metrics=tuple(f"{KEY_EVENT}{event}" for event in columns),
        filters=filters,
    )
    return Question(report=report, columns=columns, events=_stages_of(events))


def _of_events(
    metric: str, events: Mapping[str, str], dimensions: tuple[str, ...], filters: Filters
) -> Question:
    by_event = _stages_of(events)
    kept = both(filters.dimensions, listed("eventName", list(by_event)))
    report = Report(
        dimensions=("eventName", *dimensions),
        metrics=(metric,),
        filters=Filters(kept, filters.metrics),
    )
    return Question(report=report, events=by_event)


def _stages_of(events: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for stage, event in events.items():
        found.setdefault(event, []).append(stage)
    return found


def _stages(
    question: Question, texts: Sequence[str], numbers: Sequence[Number | None]
) -> tuple[Sequence[str], dict[str, Number | None]]:
    if question.columns:
        pairs = list(zip(question.columns, numbers, strict=True))
    else:
        pairs, texts = [(texts[0], numbers[0])], texts[1:]
    counts = {stage: number for event, number in pairs for stage in question.events.get(event, ())}
    return texts, counts
