"""``new``: what it writes works at once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.sources import BUILT_IN

CHECKOUT = Path(__file__).parent.parent.parent


def ran(*command, cwd):
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def test_a_new_source_its_test_and_its_reply_pass_at_once(place):
    done = place.run("new", "source", "sea-tides")

    folder = place.config / "sources"
    assert done.code == 0
    assert [Path(line).relative_to(folder).as_posix() for line in done.out.splitlines()] == [
        "sea_tides.py",
        "tests/test_sea_tides.py",
        "tests/sea_tides/two-days/query.yaml",
        "tests/sea_tides/two-days/reply.json",
        "tests/sea_tides/two-days/readings.json",
    ]
    assert f"add this line to {place.config}/platform.yaml: source_path: sources" in done.err
    code, said = ran("pytest", "-q", "-W", "error", "-p", "no:cacheprovider", folder, cwd=CHECKOUT)
    assert code == 0, said
    ours = ["--no-cache", "--config", str(CHECKOUT / "pyproject.toml"), str(folder)]
    code, said = ran("ruff", "check", *ours, cwd=folder)
    assert code == 0, said
    code, said = ran("ruff", "format", "--check", *ours, cwd=folder)
    assert code == 0, said


def test_a_new_source_is_used_once_the_platform_names_its_folder(place):
    place.run("new", "source", "tides")
    place.platform("source_path: sources")
    place.service("harbour", "tides: {source: tides, schedule: daily, query: {url: 'http://x'}}")

    assert place.run("validate").code == 0
    assert "A figure a day" in place.run("sources").out
    done = place.run("new", "source", "waves")
    assert "source_path" not in done.err


def test_it_may_be_written_elsewhere(place, tmp_path):
    done = place.run("new", "source", "tides", "--to", str(tmp_path / "mine"))

    assert (tmp_path / "mine" / "tides.py").exists()
    assert done.err == f"to test it: python -m pytest {tmp_path}/mine/tests\n"


def test_the_command_that_is_printed_elsewhere_works_there(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)

    command = place.run("new", "source", "tides", "--to", "my tides").err.removeprefix(
        "to test it: "
    )
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False)

    assert command == f"PYTHONPATH={CHECKOUT} python -m pytest 'my tides/tests'\n"
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ["Tides", "1st", "class", "a b", "../x", "pingdom"])
def test_a_name_that_cannot_be_or_is_taken_is_wrong_usage(place, name):
    done = place.run("new", "source", name)

    assert done.code == 2
    assert not (place.config / "sources").exists()


def test_nothing_is_overwritten(place):
    path = place.config / "sources" / "tests" / "test_tides.py"
    path.parent.mkdir(parents=True)
    path.write_text("mine")

    done = place.run("new", "source", "tides")

    assert done.code == 2
    assert f"{path} is there already: nothing was written" in done.err
    assert not (place.config / "sources" / "tides.py").exists()


def test_a_new_service_has_no_mistakes(place):
    done = place.run("new", "service", "fishing-licence", "--source", "pingdom")

    path = place.config / "services" / "fishing-licence.yaml"
    assert done.out == f"{path}\n"
    assert path.read_text().startswith("service: fishing-licence\n")
    assert place.run("validate").code == 0


def test_every_built_in_source_has_a_sample_to_begin_a_service_with(place):
    for name in BUILT_IN:
        assert place.run("new", "service", f"of-{name}", "--source", name).code == 0

    assert place.run("validate").code == 0


def test_a_service_from_a_source_that_is_unknown_is_wrong_usage(place):
    assert "did you mean 'pingdom'?" in place.run("new", "service", "x", "--source", "pindom").err
    assert place.run("new", "service", "Not A Name").code == 2


def test_a_service_that_is_there_is_left_alone(place):
    place.service("x", "y: {source: feed}")
    assert place.run("new", "service", "x").code == 2
