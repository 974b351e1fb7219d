import sys

import pytest

from collectors.api import Source
from collectors.errors import ConfigError
from collectors.sources import BUILT_IN, registry, usable

TIDES = """
from typing import ClassVar
from collectors.api import Source

class Tides(Source):
    name: ClassVar[str] = "tides"
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Give a function that installs a package ``<name>_source`` with one entry point."""
    monkeypatch.syspath_prepend(tmp_path)

    def install(name, place, module=TIDES):
        package = place.partition(":")[0]
        (tmp_path / f"{package}.py").write_text(module)
        metadata = tmp_path / f"{package}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
        )
        (metadata / "entry_points.txt").write_text(f"[collectors.sources]\n{name} = {place}\n")
        sys.modules.pop(package, None)

    return install


def test_every_built_in_source_is_there_under_its_own_name():
    sources = registry()
    assert list(BUILT_IN) == sorted(BUILT_IN)
    assert set(sources) >= set(BUILT_IN)
    for name in BUILT_IN:
        assert issubclass(sources[name], Source)
        assert sources[name].name == name


@pytest.mark.parametrize(
    ("name", "query"),
    [
        (
            "json",
            {"url": "https://a.example", "measures": {"m-m": "a"}, "dimensions": {"d-d": "b"}},
        ),
        ("sql", {"query": "SELECT", "measures": {"a": "m-m"}, "dimensions": ["d-d"]}),
        ("matomo", {"site": "1", "method": "A.b", "measures": ["m-m"], "dimensions": ["d-d"]}),
        ("spreadsheet", {"file": "a.csv", "date": "b", "measures": ["m-m"], "dimensions": ["d-d"]}),
    ],
)
def test_a_source_tells_the_names_that_its_query_gives(name, query):
    assert registry()[name].model_validate(query).yields == ("m-m", "d-d")


def test_an_installed_package_adds_a_source(install):
    install("tides", "tides_source:Tides")
    assert "tides" in registry()
    assert registry()["tides"].name == "tides"


def test_a_source_is_imported_only_when_it_is_asked_for(install):
    install("tides", "tides_source:Tides")
    assert "tides" in list(registry())
    assert "tides_source" not in sys.modules


def test_an_unknown_source_is_a_missing_key():
    assert "tidal" not in registry()
    assert registry().get("tidal") is None


def test_a_source_that_cannot_be_imported_is_told_with_the_reason(install):
    install("tides", "tides_source:Tides", "import nothing_of_that_name")
    with pytest.raises(ConfigError) as caught:
        registry()["tides"]
    assert str(caught.value) == (
        "the source 'tides' (tides_source:Tides of tides_source) cannot be imported: "
        "ModuleNotFoundError: No module named 'nothing_of_that_name'"
    )


def test_a_source_that_ends_the_program_when_it_is_imported_is_told(install):
    install("tides", "tides_source:Tides", "raise SystemExit(3)")
    with pytest.raises(ConfigError, match="cannot be imported: SystemExit: 3"):
        registry()["tides"]


def test_two_sources_of_one_name_are_told_and_the_others_work(install):
    install("spreadsheet", "sheet_source:Tides")
    sources = registry()
    with pytest.raises(ConfigError) as caught:
        sources["spreadsheet"]
    assert str(caught.value) == (
        "the source 'spreadsheet' is defined twice: by "
        "collectors.sources.spreadsheet:Spreadsheet and by sheet_source:Tides of sheet_source; "
        "remove one of them"
    )
    assert sources["pingdom"].name == "pingdom"


def test_the_usable_ones_are_told_apart_from_the_others(install):
    install("tides", "tides_source:Tides")
    install("waves", "waves_source:Tides", "import nothing_of_that_name")
    found, wrong = usable(registry())
    assert {"pingdom", "tides"} <= found.keys()
    assert list(wrong) == ["waves"]
    assert "No module named 'nothing_of_that_name'" in str(wrong["waves"])


def test_it_is_known_where_a_source_comes_from(install):
    install("tides", "tides_source:Tides")
    install("pingdom", "waves_source:Tides")
    assert registry().origin("spreadsheet") == "built in"
    assert registry().origin("tides") == "tides_source 1.0"
    assert registry().origin("pingdom") == "built in and waves_source 1.0"


def test_something_that_is_no_source_is_told(install):
    install("tides", "tides_source:Tides", "class Tides: ...")
    with pytest.raises(ConfigError, match="Tides of tides_source is no source: it is not a kind"):
        registry()["tides"]


def test_a_source_with_another_name_is_told(install):
    install("waves", "tides_source:Tides")
    with pytest.raises(ConfigError, match="calls itself 'tides', not 'waves'"):
        registry()["waves"]
