"""Write one configuration file a service, for every service of the government's list.

    python examples/all_services.py path/to/services.csv [examples/services]
    python run_collector.py --config examples/services run --all

Each of the 734 services gets a file of a few lines; a profile gives all of them two collectors,
``quarterly`` and ``seasonally-adjusted``, which read the list itself: a wide sheet, in which the
periods stand in the columns' names. State and data sets are kept beside the files, in ``var/``.
"""

import csv
import json
import re
import sys
from pathlib import Path

DEFAULT = Path(__file__).parent / "services"
GROUP = re.compile(r"[a-z0-9-]+")

PLATFORM = """\
target: embedded
timezone: Europe/London
state: {state}
embedded: {{url: {data_sets}}}
"""

PROFILE = r"""parameters:
  name: required
  slug: required

collectors:
  quarterly:
    title: "$(name): each quarter"
    source: spreadsheet
    schedule: daily
    period: quarter
    query:
      file: {file}
      where: {{Slug: $(slug)}}
      columns: '(?P<measure>Total|Digital) transactions (?P<period>.+)'
      measures: {{Total: number_of_transactions, Digital: number_of_digital_transactions}}
    steps:
      - rate:
          field: digital_takeup
          of: number_of_digital_transactions
          over: number_of_transactions

  seasonally-adjusted:
    title: "$(name): the year, every quarter"
    source: spreadsheet
    schedule: daily
    period: quarter
    units: {{cost_per_transaction: GBP, digital_cost_per_transaction: GBP, total_cost: GBP}}
    query:
      file: {file}
      where: {{Slug: $(slug)}}
      columns: '(?P<period>\d{{4}}-Q\d) (?P<measure>.+)'
      measures:
        Vol.: number_of_transactions
        Digital vol.: number_of_digital_transactions
        CPT (£): cost_per_transaction
        Digital CPT (£): digital_cost_per_transaction
      labels:                     # the quarter in which they were asked for; the year before it
        shift: -4 quarters
        span: year
        meaning: {{2012-Q4: April 2011 to March 2012}}
    steps:
      - rate:
          field: digital_takeup
          of: number_of_digital_transactions
          over: number_of_transactions
      - product: {{field: total_cost, of: [number_of_transactions, cost_per_transaction]}}
"""

SERVICE = """\
service: {slug}
profile: transactions
with: {{name: {name}, slug: {slug}}}
"""


def main(source: str, target: str = str(DEFAULT)) -> None:
    """Write the configuration of every service of the list ``source`` into ``target``."""
    directory = Path(target).resolve()
    for folder in ("profiles", "services", "var"):
        (directory / folder).mkdir(parents=True, exist_ok=True)
    state = quoted(f"sqlite:///{directory / 'var' / 'state.db'}")
    data_sets = quoted(f"sqlite:///{directory / 'var' / 'data-sets.db'}")
    write(directory / "platform.yaml", PLATFORM.format(state=state, data_sets=data_sets))
    profile = PROFILE.format(file=quoted(str(Path(source).resolve())))
    write(directory / "profiles" / "transactions.yaml", profile)
    names = services(Path(source))
    for slug, name in names.items():
        content = SERVICE.format(slug=slug, name=quoted(name))
        write(directory / "services" / f"{slug}.yaml", content)
    print(f"{directory}: {len(names)} services; collect them with")
    print(f"    python run_collector.py --config {target} run --all")


def services(source: Path) -> dict[str, str]:
    """Give the name of each service of the list by its slug, which becomes its data group."""
    with source.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    names = {row["Slug"]: row["Name of service"].strip() for row in rows}
    wrong = [slug for slug in names if not GROUP.fullmatch(slug)]
    if wrong or len(names) < len(rows):
        sys.exit(f"{source}: its slugs are not unique, or no data groups: {', '.join(wrong)}")
    return names


def quoted(text: str) -> str:
    """Give ``text`` as YAML reads it, with its dollars kept from being references."""
    return json.dumps(text.replace("$", "$$"), ensure_ascii=False)


def write(path: Path, content: str) -> None:
    """Write one file."""
    path.write_text(content, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
