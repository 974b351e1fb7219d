"""Sources from a private folder, ``source_path`` in platform.yaml."""

import os
from textwrap import dedent

import pytest

from tests.places import hourly

TIDES = '''\
"""Tides: heights by the hour.

``station`` is where.
"""

from collections.abc import Iterator
from typing import ClassVar

from collectors.api import Context, Period, Reading, Source, Window


class Tides(Source):
    """Heights of one station."""

    name: ClassVar[str] = "tides"
    periods: ClassVar[frozenset[Period]] = frozenset({Period.HOUR})
    station: str

    def collect(self, window: Window, context: Context) -> Iterator[Reading]:
        yield Reading(window.start, {"height": 5}, {"station": self.station})
'''
COLLECTOR = "tides: {source: tides, schedule: hourly, zone: UTC, query: {station: dover}}"


@pytest.fixture
def harbour(place):
    """A place with a private source and a collector of it."""
    place.platform("source_path: sources")
    (place.config / "sources").mkdir()
    write(place, "tides", TIDES)
    place.service("harbour", COLLECTOR)
    return place


def write(place, name, text):
    path = place.config / "sources" / f"{name}.py"
    path.write_text(dedent(text))
    return path


def test_it_is_validated_and_collected_like_a_built_in_one(harbour):
    assert harbour.run("validate").out == "no mistakes; collectors: 1, services: 1\n"
    assert harbour.run("run", "--all").code == 0
    assert [one["height"] for one in harbour.read("harbour/tides")] == [5]


def test_a_mistake_in_its_query_is_told(harbour):
    harbour.service("harbour", COLLECTOR.replace("station", "staton"))

    done = harbour.run("validate")

    assert done.code == 2
    assert "unknown key 'staton' in the query of collector 'harbour/tides'" in done.out
    assert "did you mean 'station'?" in done.out


def test_it_has_its_manual_and_its_part_in_the_schema(harbour):
    listed = harbour.run("sources", "--json").json
    (tides,) = [one for one in listed["sources"] if one["source"] == "tides"]

    assert (tides["what"], tides["from"]) == (
        "Heights by the hour.",
        str(harbour.config / "sources" / "tides.py"),
    )
    assert "station" in harbour.run("sources", "tides").out
    assert '"tides"' in harbour.run("schema", "service").out
    assert not (harbour.config / "sources" / "__pycache__").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "import os\nimport nothing_of_that_name\n",
            "2:1: this cannot be imported: ModuleNotFound",
        ),
        ("class Waves(:\n", "1:1: this cannot be imported: SyntaxError: invalid syntax"),
        ("\n\nraise SystemExit(3)\n", "3:1: this cannot be imported: SystemExit: 3"),
        ("import os\n", "1:1: this defines no source: a class that derives from"),
        (TIDES.replace('"tides"', '"My Tides"'), "12:1: 'My Tides' is no name: use small letters"),
        (TIDES.replace('"tides"', '"pingdom"'), "12:1: a second source 'pingdom': "),
    ],
)
def test_a_broken_file_is_told_with_its_line_and_the_others_work(harbour, text, said):
    path = write(harbour, "waves", text)

    done = harbour.run("validate")

    assert done.code == 2
    (mistake,) = done.out.splitlines()
    assert mistake.startswith(f"{path}:{said}")
    assert harbour.run("run", "--all").code == 1
    assert [one["height"] for one in harbour.read("harbour/tides")] == [5]
    listed = harbour.run("sources")
    assert listed.code == 1
    assert str(path) in listed.err


def test_a_name_that_is_taken_is_used_by_nobody(harbour):
    path = write(harbour, "copy", TIDES)

    done = harbour.run("validate")

    assert done.code == 2
    tides = harbour.config / "sources" / "tides.py"
    assert f"{tides}:12:1: a second source 'tides': {path} is called so too" in done.out
    assert f"the source 'tides' is defined twice: by {path} and by {tides}" in done.out


def test_a_file_that_has_changed_is_read_again(harbour):
    harbour.run("run", "--all")
    path = harbour.config / "sources" / "tides.py"
    before = path.stat().st_mtime_ns
    path.write_text(TIDES.replace('"height": 5', '"height": 6'))
    os.utime(path, ns=(before + 1, before + 1))

    assert "'height': 6" in str(harbour.run("sample", "harbour/tides", "--json").json)


def test_a_folder_that_is_not_there_is_a_mistake(harbour):
    harbour.platform("source_path: elsewhere")
    harbour.service("harbour", "tides: null")

    done = harbour.run("validate")

    assert f"{harbour.config}/elsewhere:1:1: there is no such directory: make it" in done.out


def test_files_that_begin_with_an_underscore_are_left_alone(harbour):
    write(harbour, "_shared", "raise SystemExit")

    assert harbour.run("validate").code == 0


def test_without_a_source_path_nothing_is_imported(harbour, feed):
    harbour.platform("target: embedded")
    harbour.service("harbour", hourly(feed))

    done = harbour.run("validate")

    assert done.code == 0
    assert "this is not read" in done.out
    assert "tides" not in str(harbour.run("sources").out)
