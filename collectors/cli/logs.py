"""Logs: events with fields on stderr, as text or JSON; secrets are blotted out on the way.

What libraries log by the standard library takes the same way, so that there is one kind of line.
"""

import logging
import sys
import threading
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any

import structlog

Event = MutableMapping[str, Any]

LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)
"""Of our own lines, by how often ``-v`` was said."""
FOREIGN = (logging.WARNING, logging.WARNING, logging.INFO)
"""Of the lines of libraries: their debugging quotes what was sent, headers and all."""
ANSWERED = frozenset({"run ended", "lane waits"})
"""What a command that was not asked for more says itself, in its answer."""
TOLD_BY_US = ("googleapiclient", "waitress.queue")
"""Their warnings are of what we raise or expect: a refusal, requests that wait under load."""


def configure(*, as_json: bool, verbose: int, scrub: Callable[[str], str]) -> None:
    """Set up logging for this process: warnings and worse, with ``-v`` information, then all."""
    verbose = min(verbose, 2)
    renderer: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )

    def without_secrets(_logger: Any, _method: str, event: Event) -> Event:
        return {name: _scrubbed(value, scrub) for name, value in event.items()}

    structlog.configure(
        processors=[
            *([] if verbose else [_without_answered]),
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[verbose]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    _bridge(FOREIGN[verbose])


@contextmanager
def whole_process() -> Iterator[None]:
    """While inside, let Python's warnings and what ends a thread be lines of the log too."""
    before = threading.excepthook
    threading.excepthook = _thread_broke
    logging.captureWarnings(True)
    try:
        yield
    finally:
        logging.captureWarnings(False)
        threading.excepthook = before


class Bridge(logging.Handler):
    """Hands what libraries log to our own logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Log a record, at the standard level that is its own or the next lower one."""
        level = max(logging.DEBUG, min(logging.CRITICAL, record.levelno // 10 * 10))
        try:
            structlog.get_logger().log(
                level, record.getMessage(), logger=record.name, exc_info=record.exc_info
            )
        except Exception:  # noqa: BLE001 - a line that cannot be made must not end what is being done
            self.handleError(record)


def _bridge(level: int) -> None:
    """Let the root logger have one bridge, for lines of this level and above."""
    root = logging.getLogger()
    for old in [one for one in root.handlers if isinstance(one, Bridge)]:
        root.removeHandler(old)
    root.addHandler(Bridge(level))
    root.setLevel(min(root.level, level))
    for name in TOLD_BY_US:
        logging.getLogger(name).setLevel(logging.ERROR)


def _without_answered(_logger: Any, _method: str, event: Event) -> Event:
    if event["event"] in ANSWERED:
        raise structlog.DropEvent
    return event


def _thread_broke(args: threading.ExceptHookArgs) -> None:
    error = args.exc_value or args.exc_type()
    name = args.thread.name if args.thread else None
    structlog.get_logger().error("a thread broke", thread=name, exc_info=error)


def _scrubbed(value: Any, scrub: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return scrub(str(value))
