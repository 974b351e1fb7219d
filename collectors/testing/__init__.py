"""What the tests of a source are made of; it ships, so that a source of one's own is tested alike.

    CASES = golden_cases(Path(__file__).parent / "cases")

    @pytest.mark.parametrize("case", CASES, ids=str)
    def test_a_recorded_reply_gives_its_readings(case):
        case.check(Tides)

    @pytest.mark.parametrize("fault", FAULTS)
    def test_whatever_the_server_does_no_figure_is_lost_or_made_up(fault):
        withstand(Tides, CASES[0], fault)

Recorded replies answer one window. With a server that behaves as the real one does (a ``Case``
with an ``HttpServer``) the nights on which the clocks change can be tried, too: ``keep_time``.
"""

from collectors.clock import FixedClock
from collectors.testing.cases import Case, GoldenCase, Opened, golden_case, golden_cases
from collectors.testing.clocks import days_of_change
from collectors.testing.contexts import (
    NOW,
    HiddenSecrets,
    RecordingLog,
    RecordingQuota,
    RecordingSleep,
    SimpleShared,
    Warnings,
    make_context,
)
from collectors.testing.faults import FAULTS, Fault
from collectors.testing.hostility import keep_time, withstand
from collectors.testing.private import source_from
from collectors.testing.secrets import leaks, scrubbed, spellings
from collectors.testing.server import (
    LONGEST,
    Answer,
    HttpServer,
    Request,
    html_answer,
    json_answer,
    packed,
    scripted,
)

__all__ = [
    "FAULTS",
    "LONGEST",
    "NOW",
    "Answer",
    "Case",
    "Fault",
    "FixedClock",
    "GoldenCase",
    "HiddenSecrets",
    "HttpServer",
    "Opened",
    "RecordingLog",
    "RecordingQuota",
    "RecordingSleep",
    "Request",
    "SimpleShared",
    "Warnings",
    "days_of_change",
    "golden_case",
    "golden_cases",
    "html_answer",
    "json_answer",
    "keep_time",
    "leaks",
    "make_context",
    "packed",
    "scripted",
    "scrubbed",
    "source_from",
    "spellings",
    "withstand",
]
