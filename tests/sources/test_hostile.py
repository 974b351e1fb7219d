"""Every source that speaks HTTP, at a server that fails in every way that the kit knows.

A source takes part by the case that its tests offer: ``CASE`` in ``tests/sources/<name>/case.py``.
"""

from importlib import import_module
from importlib.util import find_spec

import pytest

from collectors.sources import BUILT_IN, registry
from collectors.testing import FAULTS, keep_time, withstand
from tests.conftest import missing

WITHOUT_HTTP = {"sql"}
SOURCES = sorted(BUILT_IN.keys() - WITHOUT_HTTP)


def case_of(name):
    place = f"tests.sources.{name.replace('-', '_')}"
    if find_spec(place) is None or find_spec(f"{place}.case") is None:
        missing(f"the source {name} offers no case: write {place.replace('.', '/')}/case.py")
    return import_module(f"{place}.case").CASE


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", SOURCES)
def test_whatever_the_server_does_a_window_is_complete_or_ends_with_an_error_of_ours(name, fault):
    withstand(registry()[name], case_of(name), fault)


@pytest.mark.parametrize("name", SOURCES)
def test_the_days_on_which_the_clocks_change_are_whole(name):
    keep_time(registry()[name], case_of(name))
