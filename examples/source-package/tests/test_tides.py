"""The tides of a night, as recorded, and of a server that fails in every way."""

from pathlib import Path

import pytest
from tides_source import Tides

from collectors.testing import FAULTS, golden_cases, withstand

CASES = golden_cases(Path(__file__).parent / "tides")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_recorded_reply_gives_its_readings(case):
    case.check(Tides)


@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_the_server_does_no_figure_is_lost_or_made_up(fault):
    withstand(Tides, CASES[0], fault)
