"""The sample package of a source, installed for real into a fresh environment."""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PACKAGE = CHECKOUT / "examples" / "source-package"
SERVICE = """\
service: harbour
collectors:
  tides:
    source: tides
    schedule: hourly
    query: {url: "https://tides.example/heights", station: dover}
"""


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """The Python of an environment with our dependencies, this checkout and the package."""
    directory = tmp_path_factory.mktemp("fresh")
    package = shutil.copytree(PACKAGE, directory / "package")
    run(sys.executable, "-m", "venv", "--without-pip", "venv", cwd=directory)
    python = directory / "venv" / "bin" / "python"
    (site,) = (directory / "venv" / "lib").glob("python*/site-packages")
    known = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib"), str(CHECKOUT)]
    (site / "known.pth").write_text("\n".join(dict.fromkeys(known)) + "\n")
    offline = ["--offline", "--no-deps", "--no-cache", "--no-config"]
    code, said = run(
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        *offline,
        "--python",
        python,
        package,
        cwd=directory,
    )
    assert code == 0, said
    assert "tides-source==1.0" in said
    return python


@pytest.fixture
def program(environment, tmp_path):
    """A function that runs the program in an empty directory."""
    services = tmp_path / "config" / "services"
    services.mkdir(parents=True)
    (services / "harbour.yaml").write_text(SERVICE)
    return lambda *words: run(environment, CHECKOUT / "run_collector.py", *words, cwd=tmp_path)


def test_it_is_listed_explained_validated_and_part_of_the_schema(program):
    code, listed = program("sources")
    assert code == 0
    assert "Heights by the hour, from an API of JSON" in listed
    assert "tides-source 1.0" in listed
    assert "station" in program("sources", "tides")[1]
    assert '"tides"' in program("schema", "service")[1]
    assert program("validate") == (0, "no mistakes; collectors: 1, services: 1\n")


def test_a_mistake_in_its_query_is_told(program, tmp_path):
    path = tmp_path / "config" / "services" / "harbour.yaml"
    path.write_text(SERVICE.replace("station", "staton"))

    code, said = program("validate")

    assert code == 2
    assert "config/services/harbour.yaml:6:" in said
    assert "did you mean 'station'?" in said


def test_its_own_tests_pass(environment, tmp_path):
    tests = shutil.copytree(PACKAGE / "tests", tmp_path / "tests")
    quiet = ["-q", "-W", "error", "-p", "no:cacheprovider"]

    code, said = run(environment, "-m", "pytest", *quiet, tests, cwd=tmp_path)

    assert code == 0, said
