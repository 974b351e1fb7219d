"""The files in deploy/: what they name is there, and they promise what the manual says."""

import configparser
import json
import re
import shlex

import pytest
import yaml

from collectors.cli import cli
from tests.conftest import CHECKOUT

DEPLOY = CHECKOUT / "deploy"
MANUAL = (CHECKOUT / "docs/operations.md").read_text()
(PORT,) = [param for param in cli.commands["daemon"].params if param.name == "port"]
SUFFIXES = ("_bucket", "_sum", "_count")


def documented():
    """The names of all metrics, as queries name them."""
    text = (CHECKOUT / "docs/metrics.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    plain = {name for name, kind in rows if kind != "histogram"}
    of_histograms = {name + end for name, kind in rows if kind == "histogram" for end in SUFFIXES}
    return plain | of_histograms | set(re.findall(r"`(process_\w+)`", text))


def used(expression):
    return set(re.findall(r"\b(?:collector|process)_\w+", expression))


# Grafana and Prometheus

DASHBOARD = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
PANELS = DASHBOARD["panels"]


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_every_panel_shows_metrics_that_there_are_with_a_title_a_text_and_a_unit(panel):
    assert panel["title"]
    assert panel["description"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["datasource"]["uid"] == "${datasource}"
    expressions = [target["expr"] for target in panel["targets"]]
    assert all(used(one) for one in expressions)
    assert {name for one in expressions for name in used(one)} - documented() == set()


def test_the_panels_of_the_dashboard_lie_side_by_side():
    places = set()
    for panel in PANELS:
        at = panel["gridPos"]
        tiles = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not places & tiles, panel["title"]
        assert at["x"] + at["w"] <= 24
        places |= tiles
    assert len({panel["id"] for panel in PANELS}) == len(PANELS)
    assert [one["name"] for one in DASHBOARD["templating"]["list"]] == ["datasource"]


def test_every_metric_of_our_own_is_on_the_dashboard_or_in_an_alert():
    rules = (DEPLOY / "alerts.rules.yml").read_text()
    shown = used(json.dumps(PANELS)) | used(rules)
    left_out = {
        "collector_build_info",
        "collector_outbox_entries",
        "collector_lane_oldest_seconds",
        "collector_quota_resets_timestamp_seconds",
        "collector_quota_under_way",
    }
    ours = {name for name in documented() if name.startswith("collector_")}
    shown |= {name for name in ours if name.endswith(("_sum", "_count"))}
    assert ours - shown == left_out


def test_every_alert_watches_metrics_that_there_are_and_says_what_to_do():
    rules = yaml.safe_load((DEPLOY / "alerts.rules.yml").read_text())["groups"][0]["rules"]
    assert len({one["alert"] for one in rules}) == len(rules)
    for rule in rules:
        assert used(rule["expr"]) - documented() == set(), rule["alert"]
        assert used(rule["expr"]) or "up{" in rule["expr"]
        assert rule["annotations"].keys() == {"summary", "do"}
        assert rule["labels"]["severity"] in {"page", "ticket"}


def test_prometheus_asks_where_the_daemon_answers_and_reads_the_alerts():
    settings = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    (job,) = settings["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"127.0.0.1:{PORT.default}"]}]
    assert all((DEPLOY / name).exists() for name in settings["rule_files"])
    assert f'up{{job="{job["job_name"]}"}}' in (DEPLOY / "alerts.rules.yml").read_text()


# systemd


class _Unit(configparser.RawConfigParser):
    """A unit file; of a key that is said several times, all values."""

    def __init__(self):
        super().__init__(delimiters=("=",), strict=False, interpolation=None)
        self.optionxform = str

    def values(self, section, key):
        text = (DEPLOY / "performance-collector.service").read_text()
        part = text.partition(f"[{section}]\n")[2].partition("\n[")[0]
        return re.findall(rf"^{key}=(.*)$", part, re.MULTILINE)


@pytest.fixture
def unit():
    found = _Unit()
    found.read_string((DEPLOY / "performance-collector.service").read_text())
    return found


def test_the_service_starts_a_command_that_there_is_and_notifies(unit):
    service = unit["Service"]
    python, program, *arguments = shlex.split(service["ExecStart"])
    assert python == "/opt/performance-collector/.venv/bin/python"
    assert program == "/opt/performance-collector/run_collector.py"
    assert (CHECKOUT / "run_collector.py").exists()
    assert all(one in cli.commands for one in arguments)
    assert (service["Type"], service["NotifyAccess"]) == ("notify", "main")
    assert service["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert service["RestartPreventExitStatus"] == "2"
    assert int(service["WatchdogSec"]) == 120
    assert "two minutes (`WatchdogSec`)" in MANUAL


def test_the_variables_of_the_service_are_those_of_the_program(unit):
    known = {param.envvar for param in cli.params}
    said = dict(one.split("=", 1) for one in unit.values("Service", "Environment"))
    assert said.keys() <= known
    assert all(path.startswith("/etc/performance-collector/") for path in list(said.values())[:2])
    assert unit["Service"]["ReadOnlyPaths"] == "/etc/performance-collector"


def test_the_service_may_write_its_databases_and_little_else(unit):
    service = unit["Service"]
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert service["ProtectSystem"] == "strict"
    assert service["StateDirectoryMode"] == "0700"
    for key in ("NoNewPrivileges", "PrivateTmp", "MemoryDenyWriteExecute", "ProtectHome"):
        assert service[key] == "yes"
    assert set(service["RestrictAddressFamilies"].split()) == {"AF_UNIX", "AF_INET", "AF_INET6"}
    assert unit.values("Service", "SystemCallFilter") == [
        "@system-service",
        "~@privileged @resources",
    ]


def test_the_service_sees_other_processes_by_which_it_knows_who_holds_a_lease(unit):
    assert "ProtectProc" not in unit["Service"]
    assert "ProcSubset" not in unit["Service"]


def test_the_user_of_the_service_is_made(unit):
    users = (DEPLOY / "performance-collector.sysusers.conf").read_text()
    kind, name, *_ = shlex.split(users.splitlines()[-1])
    assert (kind, name) == ("u", unit["Service"]["User"])
    assert unit["Service"]["Group"] == name


# The container


def instructions():
    """The instructions of the Containerfile: each with its text, in order."""
    text = (DEPLOY / "Containerfile").read_text()
    text = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(None, 1)) for line in text.splitlines() if line.strip()]


def said(name):
    return [text for instruction, text in instructions() if instruction == name]


def test_what_goes_into_the_image_is_there_and_holds_no_secrets():
    copied = [one.split()[:-1] for one in said("COPY") if "--from" not in one]
    sources = [source for some in copied for source in some]
    assert all((CHECKOUT / one).exists() for one in sources)
    assert not set(sources) & {".", "config", "credentials", "var"}


def test_only_what_is_pinned_by_hash_is_installed():
    (install,) = [one for one in said("RUN") if "pip install" in one]
    files = re.findall(r"--requirement /opt/collector/(\S+)", install)
    assert "--require-hashes" in install
    for name in files:
        pins = (CHECKOUT / name).read_text()
        assert name in " ".join(said("COPY"))
        assert pins.count("==") <= pins.count("--hash=sha256:")


def test_the_image_runs_as_nobody_special_and_ends_in_good_order():
    assert said("USER") == ["collector"]
    assert said("STOPSIGNAL") == ["SIGTERM"]
    order = [name for name, _ in instructions()]
    assert order.index("USER") > max(n for n, name in enumerate(order) if name in ("RUN", "COPY"))
    assert json.loads(said("CMD")[-1])[0] in cli.commands
    entry = json.loads(said("ENTRYPOINT")[0])
    assert entry == ["/opt/collector/.venv/bin/python", "/opt/collector/run_collector.py"]


def test_the_image_keeps_its_files_where_the_program_looks_for_them():
    (place,) = said("WORKDIR")
    defaults = {param.name: str(param.default) for param in cli.params}
    expected = [f"{place}/{defaults[name]}" for name in ("config", "credentials")]
    assert json.loads(said("VOLUME")[0]) == [*expected, f"{place}/var"]
    assert all(one in MANUAL for one in json.loads(said("VOLUME")[0]))


def test_the_image_is_healthy_while_the_daemon_is_live():
    (check,) = said("HEALTHCHECK")
    command = json.loads(check.partition("CMD ")[2])
    assert command[:2] == ["/opt/collector/.venv/bin/python", "-c"]
    compile(command[2], "HEALTHCHECK", "exec")
    assert "/health/live" in command[2]
    assert f'os.environ["{PORT.envvar}"]' in command[2]
    assert f"{PORT.envvar}={said('EXPOSE')[0]}" in " ".join(said("ENV"))
    assert f"127.0.0.1:{PORT.default}:{said('EXPOSE')[0]}" in MANUAL
