"""Every source that speaks HTTP, at a server that fails in every way that the kit knows.

A source takes part by the case that its tests offer in a file ``case.py`` beside them: ``CASE``
in a folder that is called like the source, or ``CASES`` by name.
"""

from importlib import import_module
from pathlib import Path

import pytest

from collectors.sources import BUILT_IN, registry
from collectors.testing import FAULTS, keep_time, withstand
from tests.conftest import missing

WITHOUT_HTTP = {"data-set", "sql", "uptime"}
"""The house reads data sets for the one, another asks a database; to uptime all that a server does
is a figure, see its own tests."""

SOURCES = sorted(BUILT_IN.keys() - WITHOUT_HTTP)
FOLDERS = sorted(path.parent.name for path in Path(__file__).parent.glob("*/case.py"))


def case_of(name):
    for folder in FOLDERS:
        offered = vars(import_module(f"tests.sources.{folder}.case"))
        cases = offered.get("CASES") or {folder.replace("_", "-"): offered["CASE"]}
        if name in cases:
            return cases[name]
    return missing(f"the source {name} offers no case: write tests/sources/*/case.py for it")


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SOURCES)
def test_whatever_the_server_does_a_window_is_complete_or_ends_with_an_error_of_ours(name, fault):
    withstand(registry()[name], case_of(name), fault)


@pytest.mark.parametrize("name", SOURCES)
def test_the_days_on_which_the_clocks_change_are_whole(name):
    keep_time(registry()[name], case_of(name))
