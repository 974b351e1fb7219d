"""The page for a newcomer's first hour holds: its files are written and its commands are run."""

import doctest
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parent.parent
PAGE = (CHECKOUT / "docs" / "first-hour.md").read_text()
BLOCK = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOW = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def blocks():
    """The kind, the file and the text of every block, and the line it begins at."""
    for match in BLOCK.finditer(PAGE):
        yield match[1], match[2], match[3], PAGE[: match.start()].count("\n") + 1


def steps(text):
    """The commands of a block, each with what it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command, printed


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


@pytest.fixture
def clone(tmp_path: Path):
    for name in ("config", "credentials", "collectors"):
        shutil.copytree(CHECKOUT / name, tmp_path / name)
    shutil.copy(CHECKOUT / "run_collector.py", tmp_path)
    return tmp_path


def test_the_first_hour_goes_as_it_is_told(clone: Path):
    port = free_port()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "COLLECTOR_PORT": str(port), "COLUMNS": "200"}
    first = subprocess.run(
        ["python", "run_collector.py", "run", "--all"], cwd=clone, env=environment, check=False
    )
    assert first.returncode == 0
    for kind, file, text, line in blocks():
        if file:
            (clone / file).write_text(text)
        elif kind == "console":
            assert printed(clone, environment, text.replace(":8080", f":{port}"), line) == []


def printed(clone, environment, text, line):
    """Run a block in one shell; give what differs from what it says."""
    wanted = list(steps(text))
    mark = "=== the command ended with"
    script = "".join(f"{command}\necho {mark} $?\n" for command, _ in wanted)
    done = subprocess.run(
        ["bash", "-m", "-c", f"exec 2>&1; trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n{script}"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    *answers, _ = re.split(rf"{mark} (\d+)\n", done.stdout)
    checker = doctest.OutputChecker()
    return [
        f"line {line}: {command}: ended with {code}: {answer}"
        for (command, want), answer, code in zip(wanted, answers[::2], answers[1::2], strict=True)
        if code != "0" or not checker.check_output(want, answer, HOW)
    ]
