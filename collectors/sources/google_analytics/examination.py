"""What ``check`` asks before anything is collected: can it log in, read, and find what is named."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from difflib import get_close_matches
from typing import Any

from collectors.api import Refused, Window
from collectors.sources.google_analytics.account import Names, Property
from collectors.sources.google_analytics.calendar import days
from collectors.sources.google_analytics.filters import Filters
from collectors.sources.google_analytics.goals import Count, Goal
from collectors.sources.google_analytics.report import Report, parse

DAYS = 28
"""So many days back a goal's event is looked for."""
_EVENTS = Report(dimensions=("eventName",), metrics=("eventCount",), filters=Filters())
_WORDS = {"key_events": "key events", "events": "events", "users": "users", "sessions": "sessions"}


def examine(
    asked: Property,
    goals: Mapping[str, Goal],
    count: Count | None,
    reports: Callable[[], Sequence[Report]],
) -> Iterator[str]:
    """Yield what is found right about a query of this property, in the order of its needs."""
    asked.google.log_in()
    yield f"the credential {asked.context.credential_name} logs in"
    names = asked.names()
    yield f"the property {asked.number} may be read"
    window = _window(asked)
    events = _events(asked, window)
    yield f"the property counts its days as the collector does, in {asked.context.zone.key}"
    for stage, goal in goals.items():
        yield _goal(stage, goal, count, names, events)
    for report in reports():
        yield _report(report, asked, names, window)


def _goal(
    stage: str, goal: Goal, count: Count | None, names: Names, events: Mapping[str, Any]
) -> str:
    marked = goal.event in names.key_events
    how = goal.count or count or ("key_events" if marked else "events")
    if not marked and how == "key_events":
        raise Refused(
            f"the goal {stage}: {goal.event!r} is not marked as a key event of the property; mark "
            "it, in Admin > Events, or say `count: events`"
        )
    if not marked and goal.event not in events:
        raise Refused(
            f"the goal {stage}: no event {goal.event!r} in the last {DAYS} days"
            f"{_near(goal.event, events)}"
        )
    said = (
        "a key event" if marked else f"an event, logged {events[goal.event]} times in {DAYS} days"
    )
    return f"the goal {stage}: {goal.event!r} is {said}; it is counted as {_WORDS[how]}"


def _report(report: Report, asked: Property, names: Names, window: Window) -> str:
    for kind, wanted, known in (
        ("dimension", report.dimensions, names.dimensions),
        ("metric", report.metrics, names.metrics),
    ):
        for name in wanted:
            if name not in known:
                raise Refused(
                    f"the property {asked.number} has no {kind} {name!r}{_near(name, known)}"
                )
    body = report.body(days(window, asked.context.zone), None)
    if misfits := asked.misfits(body):
        raise Refused(
            f"these do not go together with the rest of the report: {', '.join(misfits)}; take "
            "them out, or ask for them in a collector of their own"
        )
    shown = ", ".join([*report.dimensions, *report.metrics])
    return f"the property knows these names, and they go together: {shown}"


def _events(asked: Property, window: Window) -> Mapping[str, Any]:
    """Give the events of late and how often each was logged; tells whether the zones agree."""
    reply = asked.report(_EVENTS.body(days(window, asked.context.zone), None), window)
    page = parse(reply, _EVENTS.dimensions, _EVENTS.metrics)
    return {row.texts[0]: row.numbers[0] for row in page.rows}


def _window(asked: Property) -> Window:
    now = asked.context.clock.now()
    return Window(now - timedelta(days=DAYS), now)


def _near(name: str, known: Any) -> str:
    close = get_close_matches(name, list(known), n=3)
    return f"; nearest: {', '.join(map(repr, close))}" if close else ""
