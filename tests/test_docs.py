"""The documentation is alive: whatever there is has its text, and what it shows works."""

import contextlib
import inspect
import re
import subprocess
import textwrap
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import get_args

import click
import orjson
import pytest
import yaml
from pydantic import BaseModel

from collectors.cli import cli, main
from collectors.config import Vault, expectation, files, load, mapping, steps
from collectors.sources import BUILT_IN, registry
from collectors.testing import FAULTS, golden_case, source_from, withstand
from collectors.values import DataSet
from docs import generate
from tests.conftest import missing

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"

SECTIONS: dict[type[BaseModel], str] = {
    files.PlatformKeys: "The platform",
    files.TargetKeys: "Targets",
    files.EmbeddedKeys: "`embedded`",
    files.DataSetKeys: "`data_sets`",
    files.OutboxKeys: "`outbox`",
    files.AlertKeys: "`alerts`",
    files.MailKeys: "`email`",
    files.QuietKeys: "`quiet_hours`",
    files.QuotaKeys: "`quotas`",
    files.ServiceKeys: "A service",
    files.ProfileKeys: "A profile",
    files.ParameterKeys: "Parameters",
    files.CollectorKeys: "A collector",
    expectation.Expectation: "What is expected",
    mapping.TypedValue: "`add`",
    steps.Step: "`steps`",
    steps.RankSpec: "`rank`",
    steps.AggregateSpec: "`aggregate`",
    steps.DepartmentSpec: "`department`",
    steps.RateSpec: "`rate`",
    steps.ProductSpec: "`product`",
    steps.ConvertSpec: "`convert`",
    steps.TimestampSpec: "`timestamp`",
    mapping.IdentitySpec: "`id`",
}


def tracked():
    """Every file of the repository, the new ones included."""
    if not (CHECKOUT / ".git").exists():
        missing("this is no git checkout, so its files are not known")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    paths = (CHECKOUT / name for name in listed.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]


def pages():
    places = ("*.md", "docs/**/*.md", "config/**/*.md", "credentials/*.md", "examples/*.md")
    return sorted(path for place in places for path in CHECKOUT.glob(place))


def sections(text):
    """The lines under each heading, whatever its level; what is in a fence is no heading."""
    found, fenced = {"": []}, False
    for line in text.splitlines():
        fenced ^= line.startswith("```")
        if not fenced and (match := re.fullmatch(r"#+ (.+)", line)):
            found[match[1]] = []
        else:
            found[list(found)[-1]].append(line)
    return found


def named(lines, header=""):
    """What the first cells of a section's tables name; with ``header``, of the tables under it."""
    names, counts = set(), not header
    for line in lines:
        counts = (counts or line.startswith(f"| {header} |")) and (not header or line[:1] == "|")
        if counts and line.startswith("| `"):
            names |= set(re.findall(r"`([^`]+)`", line.split("|")[1]))
    return names


CONFIGURATION = sections((DOCS / "configuration.md").read_text())
COMMANDS = sections((DOCS / "commands.md").read_text())


# Commands


def commands(group=cli, path=()):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


def long_options(params):
    return {name for param in params for name in param.opts if name.startswith("--")}


@pytest.mark.parametrize(("name", "command"), list(commands()))
def test_every_option_and_argument_of_every_command_has_its_text(name, command):
    lines = COMMANDS[f"`{name}`"]
    options = [param for param in command.params if isinstance(param, click.Option)]
    assert {one for one in named(lines) if one.startswith("-")} == long_options(options)
    arguments = [param for param in command.params if isinstance(param, click.Argument)]
    assert all(param.name.upper() in "\n".join(lines) for param in arguments)


def test_every_global_option_and_its_variable_has_its_text():
    lines = COMMANDS["Global options"]
    params = cli.get_params(click.Context(cli, **cli.context_settings))
    assert {one for one in named(lines) if one.startswith("--")} == long_options(params)
    variables = {param.envvar for param in params if param.envvar}
    assert set(re.findall(r"COLLECTOR_\w+", "\n".join(lines))) == variables


def test_every_command_has_a_help_text():
    assert [name for name, command in commands() if not command.help] == []
    options = [param for _, command in commands() for param in command.params]
    assert [one for one in options if isinstance(one, click.Option) and not one.help] == []


def test_every_command_line_that_is_shown_is_one():
    for page in pages():
        for line in re.findall(r"python run_collector\.py ([^`\n]+)", page.read_text()):
            check_command_line(line)


def check_command_line(line):
    command, known = cli, long_options(cli.get_params(click.Context(cli, **cli.context_settings)))
    for word in line.split("   ")[0].split():
        if isinstance(command, click.Group) and word in command.commands:
            command = command.commands[word]
            known = long_options(command.params)
        assert not word.startswith("--") or word in {*known, "--help"}, line
    assert not isinstance(command, click.Group) or "--help" in line or "[" in line, line


JSON_PLATFORM = """\
target: [embedded, {{url: "http://127.0.0.1:9/data", name: platform}}]
state: sqlite:///{here}/state.db
embedded: {{url: "sqlite:///{here}/data-sets.db"}}
"""
JSON_SERVICE = """\
service: bridge
collectors:
  tolls: {source: spreadsheet, schedule: daily, query: {file: t.csv, date: day, measures: [tolls]}}
  monitoring: {source: spreadsheet, schedule: daily, query: {file: t.csv, date: day, measures: [tolls]}}
  uptime: {source: pingdom, schedule: hourly, query: {check: 1}}
"""
FREE = {
    "unknown_quotas",
    "broken",
    "seconds_a_request",
    "query",
    "observation",
    "observations",
    "samples",
    "left",
    "steps",
    "units",
    "map",
    "add",
}
"""Keys whose own keys are names that somebody chose."""


def keys_in(answer):
    if isinstance(answer, list):
        return {key for one in answer for key in keys_in(one)}
    if not isinstance(answer, dict):
        return set()
    inner = {key for name, one in answer.items() if name not in FREE for key in keys_in(one)}
    return set(answer) | inner


@pytest.fixture
def answers(tmp_path, capfd):
    """A function that runs a command on a service with a bit of everything; gives its JSON."""
    for name, text in {
        "platform.yaml": JSON_PLATFORM.format(here=tmp_path),
        "services/bridge.yaml": JSON_SERVICE,
        "services/broken.yaml": "service: broken\n",
        "t.csv": "day,tolls\n2014-01-01,5\n",
        "t.json": "[]",
    }.items():
        path = tmp_path / "config" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def answer(*arguments):
        where = ["--config", str(tmp_path / "config"), "--credentials", str(tmp_path / "none")]
        with contextlib.chdir(tmp_path):
            main([*where, *arguments])
        return orjson.loads(capfd.readouterr().out)

    return answer


def test_every_key_of_every_json_answer_has_its_text(answers):
    collector_keys = set(files.CollectorKeys.model_fields)
    for command in (
        "run --all --json",
        "run bridge/tolls --dry-run --json",
        "validate --json",
        "check --json",
        "list --json",
        "show bridge/uptime --json",
        "sample bridge/tolls --json",
        "sample bridge/uptime --json",
        "status --json",
        "status --gaps --json",
        "explain bridge --json",
        "plan --hours 2 --json",
        "outbox list --json",
        "outbox retry --json",
        "outbox flush --json",
        "send bridge/tolls config/t.json --json",
        "dead-letters list --json",
        "dead-letters replay --all --dry-run --json",
        "dead-letters show 1",
        "sources --json",
        "sources pingdom --json",
    ):
        name = max((one for one, _ in commands() if command.startswith(one)), key=len)
        answer = answers(*command.split())
        known = named(COMMANDS[f"`{name}`"]) | (collector_keys if name == "show" else set())
        assert answer, command
        assert keys_in(answer) - known - {"samples"} == set(), command


# Configuration


def test_every_kind_of_key_has_its_section():
    models = {
        one
        for module in (files, expectation, mapping, steps)
        for name, one in inspect.getmembers(module, inspect.isclass)
        if one.__module__ == module.__name__ and issubclass(one, BaseModel) and name[0] != "_"
    }
    assert models - {mapping.MappingSpec, steps.Spec} == SECTIONS.keys()
    assert set(files.MAPPING_KEYS) == mapping.MappingSpec.model_fields.keys()


@pytest.mark.parametrize("model", list(SECTIONS), ids=lambda model: model.__name__)
def test_every_key_has_its_text_and_no_other_has(model):
    keys = {info.alias or name for name, info in model.model_fields.items()}
    assert named(CONFIGURATION[SECTIONS[model]], "key") == keys


def test_every_step_and_mapping_key_has_its_section():
    names = [*files.MAPPING_KEYS, *steps.Step.model_fields]
    assert [name for name in names if f"`{name}`" not in CONFIGURATION] == []


# Sources


def query_keys(model) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name
        for kind in kinds(info.annotation):
            if inspect.isclass(kind) and issubclass(kind, BaseModel):
                yield from query_keys(kind)


def kinds(annotation):
    return [annotation, *(one for inner in get_args(annotation) for one in kinds(inner))]


def test_the_pages_of_the_sources_are_what_their_docstrings_say():
    made = generate.pages()
    there = {path: path.read_text() for path in [DOCS / "sources.md", *DOCS.glob("sources/*.md")]}
    assert there == made, "run: python -m docs.generate"


@pytest.mark.parametrize("name", list(BUILT_IN))
def test_every_source_has_its_page_with_a_sample_and_every_key_of_its_query(name):
    text = (DOCS / "sources" / f"{name}.md").read_text()
    assert f"source: {name}" in text
    assert [key for key in query_keys(registry()[name]) if f"`{key}`" not in text] == []


@pytest.fixture
def shown(tmp_path):
    """The source that the page shows, in a file of its own."""
    text = (DOCS / "writing-a-source.md").read_text()
    (code,) = re.findall(r"^```python\n(\"\"\".*?)^```$", text, re.DOTALL | re.MULTILINE)
    path = tmp_path / "tides.py"
    path.write_text(code)
    return source_from(path)


A_NIGHT = golden_case(CHECKOUT / "examples/source-package/tests/tides/a-night")


def test_the_source_of_fifteen_lines_works(shown):
    A_NIGHT.check(shown)


@pytest.mark.parametrize("fault", FAULTS)
def test_the_source_of_fifteen_lines_withstands_whatever_the_server_does(shown, fault):
    withstand(shown, A_NIGHT, fault)


# Samples


def samples():
    """Each page with its YAML samples."""
    for page in pages():
        found = re.findall(r"^```yaml\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
        if found:
            yield pytest.param(found, id=str(page.relative_to(CHECKOUT)))


def keys_of(model):
    return {info.alias or name for name, info in model.model_fields.items()}


def as_file(sample, number):
    """The name and the text of the file that a sample is, or is a piece of."""
    if match := re.match(r"# ((?:config|credentials)/\S+)", sample):
        return match[1], sample
    keys = set(yaml.load(sample, Loader=yaml.BaseLoader))
    if keys <= keys_of(files.PlatformKeys):
        return "config/platform.yaml", sample
    if keys <= keys_of(files.ServiceKeys):
        head = "" if "service" in keys else f"service: sample-{number}\n"
        return f"config/services/{number}.yaml", head + sample
    if keys <= keys_of(files.CollectorKeys):
        lacking = (
            "" if "source" in keys else "source: pingdom\nschedule: hourly\nquery: {check: 1}\n"
        )
        inner = textwrap.indent(lacking + sample, "    ")
        return f"config/services/{number}.yaml", f"service: s{number}\ncollectors:\n  one:\n{inner}"
    (name,) = {
        one.credential_file or one.name
        for one in registry().values()
        if one.credential and keys <= keys_of(one.credential)
    }
    return f"credentials/{name}.yaml", sample


def layers(found):
    """The files of a page; a piece whose file is there already begins a directory of its own."""
    directories = [{}]
    for number, sample in enumerate(found):
        name, text = as_file(sample, number)
        if name in directories[0]:
            directories.append({name: text})
        else:
            directories[0][name] = text
    return directories


@pytest.mark.parametrize("found", list(samples()))
def test_every_sample_loads_without_a_mistake(found, tmp_path):
    numbers = count()
    for layer in layers(found):
        check_loads(layer, tmp_path / str(next(numbers)))


def check_loads(layer, directory):
    text = "\n".join(layer.values())
    environment = dict.fromkeys(re.findall(r"\$\{(\w+)", text), "https://planted.example")
    secrets = {f"credentials/{name}": "planted" for name in re.findall(r"file:([\w-]+)", text)}
    for name, content in {**secrets, **layer}.items():
        (directory / name).parent.mkdir(parents=True, exist_ok=True)
        (directory / name).write_text(content)
    (directory / "config").mkdir(exist_ok=True)
    credentials = directory / "credentials"
    read = load(directory / "config", credentials, sources=registry(), environment=environment)
    assert [str(one) for one in (*read.mistakes, *read.warnings)] == []
    vault = Vault(credentials, environment)
    for path in (directory / name for name in layer if name.startswith("credentials/")):
        check_credential(vault, path)


def check_credential(vault, path):
    if path.stem in registry():
        assert vault.credential(path.stem, registry()[path.stem].credential)
        return
    for name in yaml.load(path.read_text(), Loader=yaml.BaseLoader):
        assert vault.token(path.stem, DataSet.parse(name.replace("*", "x")))


# Links and names


def anchors(text):
    plain = (re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading) for heading in sections(text))
    return {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in plain}


def links():
    for page in pages():
        text = re.sub(
            r"^```.*?^```$|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL | re.MULTILINE
        )
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if not re.match(r"[a-z]+:", target):
                yield page, target


def test_every_link_inside_the_repository_leads_somewhere():
    dead = []
    for page, target in links():
        name, _, anchor = target.partition("#")
        place = (page.parent / name) if name else page
        if not place.exists() or (anchor and anchor not in anchors(place.read_text())):
            dead.append(f"{page.relative_to(CHECKOUT)}: {target}")
    assert dead == []


ELSEWHERE = re.compile(
    r"\bissues? #?\d|/wor[k]/|pyp[i]\.|python[h]osted|\b(?:this|last|next|our|each) [s]ession\b",
    re.IGNORECASE,
)
"""What belongs to how or where something was made, not to the project."""


def test_nothing_speaks_of_how_the_project_was_made():
    found = []
    for path in tracked():
        text = path.read_bytes().decode("utf-8", "replace")
        found += [f"{path.relative_to(CHECKOUT)}: {one}" for one in ELSEWHERE.findall(text)]
    assert found == []
