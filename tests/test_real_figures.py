"""The figures of 734 real services, against what the csv module alone makes of the same file.

Nothing of the package's reading is used for what is expected: columns are named letter by letter,
cells are taken apart here, and periods are counted as quarters.
"""

import csv
import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
import yaml

from collectors import config
from collectors.api import ALWAYS
from collectors.clock import SystemClock
from collectors.datasets import DataSets
from collectors.observations import compile_pipeline
from collectors.sources import registry
from collectors.values import DataSet
from tests.contexts import SimpleShared, make_context

CHECKOUT = Path(__file__).parent.parent
KEYS = ("quarterly", "seasonally-adjusted")
MONTHS = {1: "Jan - Mar", 2: "Apr - Jun", 3: "Jul - Sep", 4: "Oct - Dec"}


class CountingShared(SimpleShared):
    """Counts what it builds, by the first part of the key."""

    def __init__(self):
        super().__init__()
        self.built = Counter()

    def get(self, key, build):
        if key not in self.held:
            self.built[key[0]] += 1
        return super().get(key, build)


class Collected:
    """Everything that the collectors of a directory give, each in the house's own way."""

    def __init__(self, directory):
        self.configuration = config.load(
            directory, directory / "credentials", sources=registry(), environment={}
        )
        self.shared = CountingShared()
        self.told = {}
        self.observations = {
            name: self._collect(collector)
            for name, collector in self.configuration.collectors.items()
        }

    def _collect(self, collector):
        context = make_context(
            directory=self.configuration.directory,
            period=collector.period,
            zone=collector.zone,
            shared=self.shared,
        )
        assert collector.source.revision(context)
        pipeline = compile_pipeline(
            collector.mapping,
            data_set=collector.data_set,
            period=collector.period,
            zone=collector.zone,
        )
        periods = list(pipeline(collector.source.collect(ALWAYS, context), context.warn))
        assert all(not period.rejected for period in periods)
        self.told[collector.name] = context.warn.told
        return [observation for period in periods for observation in period.observations]


@pytest.fixture(scope="session")
def services_csv(shared):
    return shared / "data" / "services.csv"


@pytest.fixture(scope="session")
def rows(services_csv):
    with services_csv.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    return [dict(zip(header, row, strict=True)) for row in rows]


@pytest.fixture(scope="session")
def collected(services_csv, tmp_path_factory):
    directory = tmp_path_factory.mktemp("all")
    run("all_services.py", services_csv, directory)
    return Collected(directory)


def run(script, *arguments):
    command = [sys.executable, CHECKOUT / "examples" / script, *arguments]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def number(cell):
    """What a cell of the list says: every one of ours is a number with commas, or says nothing."""
    text = cell.strip().replace(",", "")
    if text in ("", "-"):
        return None
    return float(text) if "." in text else int(text)


def start(year, quarter):
    return f"{year}-{quarter * 3 - 2:02}-01T00:00:00+00:00"


def takeup(digital, total):
    return None if digital is None or not total else digital / total


def product(one, other):
    return None if one is None or other is None else one * other


def quarters_of(row):
    """What is to be collected of one service's quarters, by the start of the period."""
    for count in range(2012 * 4 + 2, 2017 * 4 + 3):
        year, quarter = count // 4, count % 4 + 1
        label = f"{MONTHS[quarter]} {year}"
        total = number(row[f"Total transactions\n{label}"])
        digital = number(row[f"Digital transactions\n{label}"])
        if total is None and digital is None:
            continue
        yield {
            "_timestamp": start(year, quarter),
            "timeSpan": "quarter",
            "dataType": "quarterly",
            "number_of_transactions": total,
            "number_of_digital_transactions": digital,
            "digital_takeup": takeup(digital, total),
        }


def years_of(row):
    """What is to be collected of one service's years, by the start of the span."""
    for count in range(2012 * 4 + 3, 2017 * 4 + 4):
        year, quarter = count // 4, count % 4 + 1
        label = f"{year}-Q{quarter}"
        cells = [f"{label} Vol.", f"{label} Digital vol.", f"{label} CPT (£)"]
        total, digital, cost = (number(row[cell]) for cell in cells)
        digital_cost = number(row[f"{label} Digital CPT (£)"])
        if total is digital is cost is digital_cost is None:
            continue
        yield {
            "_timestamp": start(2011, 2) if label == "2012-Q4" else start(year - 1, quarter),
            "timeSpan": "year",
            "dataType": "seasonally-adjusted",
            "number_of_transactions": total,
            "number_of_digital_transactions": digital,
            "cost_per_transaction": cost,
            "digital_cost_per_transaction": digital_cost,
            "digital_takeup": takeup(digital, total),
            "total_cost": product(total, cost),
        }


EXPECTED = dict(zip(KEYS, (quarters_of, years_of), strict=True))


def without_id(observation):
    return {name: value for name, value in observation.items() if name != "_id"}


def test_every_service_gets_two_collectors_and_no_mistake(collected, rows):
    assert collected.configuration.mistakes == ()
    assert collected.configuration.warnings == ()
    names = {f"{row['Slug']}/{key}" for row in rows for key in KEYS}
    assert set(collected.configuration.collectors) == names
    assert len(names) == 2 * 734


@pytest.mark.parametrize("key", KEYS)
def test_every_field_of_every_period_of_every_service_is_what_the_file_says(key, collected, rows):
    for row in rows:
        observations = collected.observations[f"{row['Slug']}/{key}"]
        assert list(map(without_id, observations)) == list(EXPECTED[key](row))


@pytest.mark.parametrize("key", KEYS)
def test_counts_and_sums_are_those_of_the_file(key, collected, rows):
    theirs = [expected for row in rows for expected in EXPECTED[key](row)]
    ours = [
        observation
        for name, observations in collected.observations.items()
        if name.endswith(f"/{key}")
        for observation in observations
    ]
    assert len(ours) == len(theirs)
    for field in theirs[0].keys() - {"_timestamp", "timeSpan", "dataType"}:
        known, expected = ([one[field] for one in them] for them in (ours, theirs))
        assert known.count(None) == expected.count(None)
        assert sorted(value for value in known if value is not None) == sorted(
            value for value in expected if value is not None
        )
    for field in ("number_of_transactions", "number_of_digital_transactions"):
        assert sum(one[field] or 0 for one in ours) == sum(one[field] or 0 for one in theirs)


def test_every_observation_of_a_data_set_has_its_own_id(collected):
    for observations in collected.observations.values():
        assert len({observation["_id"] for observation in observations}) == len(observations)


def test_takeup_is_unknown_where_it_cannot_be_told_and_warned_about_where_it_is_over_one(collected):
    over = set()
    for name, observations in collected.observations.items():
        for one in observations:
            unknown = one["number_of_digital_transactions"] is None
            assert (one["digital_takeup"] is None) == (unknown or not one["number_of_transactions"])
            if (one["digital_takeup"] or 0) > 1:
                over.add(name)
    assert over == {name for name, told in collected.told.items() if told}
    assert all(
        told == [] or "digital_takeup is over 1" in told[0] for told in collected.told.values()
    )
    assert "dwp-carers-allowance-new-claims/quarterly" in over


def test_the_file_is_parsed_once_and_not_1468_times(collected):
    assert collected.shared.built == {
        "spreadsheet revision": 1,
        "spreadsheet table": 1,
        "spreadsheet rows": 1,
        "spreadsheet layout": 2,
    }


def test_the_shipped_figures_are_what_the_script_writes(services_csv, tmp_path):
    run("extract_figures.py", services_csv, tmp_path / "figures.csv")
    shipped = CHECKOUT / "config" / "data" / "figures.csv"
    assert (tmp_path / "figures.csv").read_bytes() == shipped.read_bytes()


def test_the_shipped_configuration_gives_the_same_figures_as_the_whole_list(collected):
    shipped = Collected(CHECKOUT / "config")
    assert shipped.configuration.mistakes == ()
    assert shipped.configuration.warnings == ()
    assert len(shipped.observations) == 12 * len(KEYS)
    for collector in shipped.configuration.collectors.values():
        slug = collector.source.where["slug"]
        wide = collected.observations[f"{slug}/{collector.key}"]
        tidy = shipped.observations[collector.name]
        assert list(map(without_id, tidy)) == list(map(without_id, wide))


def test_the_shipped_services_are_those_of_the_extract():
    slugs = set()
    for path in (CHECKOUT / "config" / "services").iterdir():
        text = path.read_text(encoding="utf-8")
        slugs.add(yaml.safe_load(text)["with"]["slug"])
        assert len(text.splitlines()) <= 10
    with (CHECKOUT / "config" / "data" / "figures.csv").open(encoding="utf-8", newline="") as file:
        assert {row["slug"] for row in csv.DictReader(file)} == slugs


def test_the_years_are_those_that_the_other_list_says_in_words(collected, rows, shared):
    """``transaction-volumes.csv`` names each year in full (one of them with a slip of the pen)."""
    with (shared / "data" / "transaction-volumes.csv").open(encoding="utf-8", newline="") as file:
        words = {row["Name of service"].strip(): row for row in csv.DictReader(file)}
    first_month = {"January": 1, "April": 4, "July": 7, "October": 10}
    compared = 0
    for row in rows:
        said = words[row["Name of service"].strip()]
        volumes = {
            one["_timestamp"]: one["number_of_transactions"]
            for one in collected.observations[f"{row['Slug']}/seasonally-adjusted"]
        }
        for column in (column for column in said if column.endswith(": volume")):
            month, year, _ = column.split(" ", 2)
            at = f"{year}-{first_month[month]:02}-01T00:00:00+00:00"
            assert volumes.get(at) == number(said[column])
            compared += 1
    assert compared == 734 * 21


@pytest.fixture(scope="session")
def kept(services_csv, tmp_path_factory):
    """All services collected by the command itself, and what the embedded data sets hold then."""
    directory = tmp_path_factory.mktemp("kept")
    run("all_services.py", services_csv, directory)
    command = [sys.executable, CHECKOUT / "run_collector.py", "--config", directory]
    command += ["run", "--all", "--json"]
    done = subprocess.run(command, check=False, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    data_sets = DataSets(f"sqlite:///{directory}/var/data-sets.db", clock=SystemClock())
    yield json.loads(done.stdout), data_sets
    data_sets.close()


def test_the_command_collects_and_delivers_every_figure_of_every_service(kept, rows):
    answer, data_sets = kept
    for row in rows:
        for key in KEYS:
            held = list(data_sets.read(DataSet(row["Slug"], key)))
            assert list(map(as_sent, held)) == list(EXPECTED[key](row))
    total = sum(len(list(EXPECTED[key](row))) for row in rows for key in KEYS)
    assert answer["delivered"] == total
    assert answer["waiting"] == 0
    assert sum(summary.observations for summary in data_sets.summary()) == total


def as_sent(record):
    """A record of the data-set store without what the store adds."""
    return {
        name: value
        for name, value in record.items()
        if not (name.endswith("_start_at") or name in ("_id", "_updated_at"))
    }
