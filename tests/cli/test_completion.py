"""Completion in a real bash, and what is offered where."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.shell_completion import BashComplete

from collectors.cli import cli
from collectors.cli.completion import VARIABLE
from collectors.cli.settings import World
from collectors.sources import registry

CHECKOUT = Path(__file__).parent.parent.parent
MONITORING = "source: pingdom\n  schedule: hourly\n  query: {check: 1}\n  labels: [slow]"


@pytest.fixture
def fishing(place):
    place.sources = registry()
    place.platform("target: [embedded, {url: 'http://127.0.0.1:9/data', name: department}]")
    place.service("fishing-licence", f"monitoring:\n  {MONITORING}\nother:\n  {MONITORING}")
    place.service("passports", f"monitoring:\n  {MONITORING}")
    return place


def no_network(_clock):
    raise AssertionError("completing needs no network")


def offered(place, *words):
    """What is offered for the last of the words."""
    world = World(sources=place.sources, http=no_network)
    complete = BashComplete(cli, {"obj": world}, "run_collector.py", VARIABLE)
    where = ["--config", str(place.config), "--credentials", str(place.credentials)]
    return [one.value for one in complete.get_completions([*where, *words[:-1]], words[-1])]


ALL = ["fishing-licence/monitoring", "fishing-licence/other", "passports/monitoring"]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (("run", ""), ["fishing-licence", "passports"]),
        (("run", "fish"), ["fishing-licence", "fishing-licence/monitoring", ALL[1]]),
        (("run", "fishing-licence/o"), [ALL[1]]),
        (("run", "passports", "fishing-licence/o"), [ALL[1]]),
        (("run", "nothing-like-it"), []),
        (("run", "--label", ""), ["slow"]),
        (("list", "pass"), ["passports", ALL[2]]),
        (("status", "--label", "s"), ["slow"]),
        (("show", ""), ALL),
        (("read", ""), ALL),
        (("read", "--target", ""), ["department", "embedded"]),
        (("send", "pass"), [ALL[2]]),
        (("empty", "pass"), [ALL[2]]),
        (("outbox", "retry", "pass"), [ALL[2]]),
        (("dead-letters", "list", "pass"), [ALL[2]]),
        (("sources", "pi"), ["pingdom"]),
        (("schema", "p"), ["platform", "profile"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
        (("outbox", "f"), ["flush"]),
        (("run", "--dry"), ["--dry-run"]),
    ],
    ids=" ".join,
)
def test_names_options_and_commands_are_offered(fishing, words, names):
    assert offered(fishing, *words) == names
    assert not fishing.state.exists()


def test_what_a_mistake_touches_is_left_out_without_a_word(fishing, capfd):
    (fishing.config / "services" / "passports.yaml").write_text("service: [")
    (fishing.config / "platform.yaml").write_text("workers: none")

    assert offered(fishing, "run", "") == ["fishing-licence", *ALL[:2]]
    assert offered(fishing, "--config", "nowhere", "run", "") == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("shell", "registers"),
    [
        ("bash", "complete -o nosort -F"),
        ("zsh", "#compdef "),
        ("fish", "complete --no-files --command "),
    ],
)
def test_the_script_of_each_shell_is_printed(place, shell, registers):
    done = place.run("completion", shell)

    assert done.code == 0
    assert registers in done.out
    assert f"{VARIABLE}={shell}_complete" in done.out


IN_BASH = """
source <(./run_collector.py completion bash)
for typed in "${@}"; do
    COMP_WORDS=($typed)
    [[ $typed == *' ' ]] && COMP_WORDS+=("")
    COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )) COMPREPLY=()
    read -r _ _ _ _ function _ < <(complete -p run_collector.py)
    "$function" ./run_collector.py
    echo "${COMPREPLY[*]}"
done
"""


def test_it_works_in_a_real_bash(fishing):
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "COLLECTOR_CONFIG": str(fishing.config),
    }
    typed = ["run fish", "run --la", "sou"]
    done = subprocess.run(
        ["bash", "--norc", "-c", IN_BASH, "bash", *(f"./run_collector.py {one}" for one in typed)],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "fishing-licence fishing-licence/monitoring fishing-licence/other",
        "--label",
        "sources",
    ]
