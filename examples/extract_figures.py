"""Write the figures of a dozen services into one small tidy file, as ``config/data`` ships it.

    python examples/extract_figures.py path/to/services.csv [config/data/figures.csv]

The list has one row a service and one column a period and measure. Its yearly columns are called
after the quarter in which they were asked for: ``2013-Q1`` stands for January to December 2012,
but the first, ``2012-Q4``, for April 2011 to March 2012.
"""

import csv
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SERVICES = (
    "ago-reimbursing-witness-expenses",
    "bis-companies-house-filing-extractives-industry-payment-disclosures",
    "bis-grant-of-patent-requests-f1",
    "bis-official-copies-from-land-registry",
    "defra-licensing-of-chemicals-for-the-clear-up-of-oil-chemical-spills",
    "dft-book-practical-driving-test",
    "dft-check-your-own-vehicles-details",
    "dft-tax-a-vehicle",
    "dh-european-health-insurance-card-ehic-new-applications",
    "dwp-carers-allowance-new-claims",
    "home-office-passport-applications",
    "moj-prison-visit-booking",
)
HEADER = (
    "slug",
    "figures",
    "period",
    "number_of_transactions",
    "number_of_digital_transactions",
    "cost_per_transaction",
    "digital_cost_per_transaction",
)
YEARS = {
    "Q1": "January {before} to December {before}",
    "Q2": "April {before} to March {year}",
    "Q3": "July {before} to June {year}",
    "Q4": "October {before} to September {year}",
}
FIRST = {"2012-Q4": "April 2011 to March 2012"}
DEFAULT = Path(__file__).parent.parent / "config" / "data" / "figures.csv"


def main(source: str, target: str = str(DEFAULT)) -> None:
    """Read the list ``source`` and write the small file ``target``."""
    with Path(source).open(encoding="utf-8-sig", newline="") as file:
        services = {row["Slug"]: row for row in csv.DictReader(file)}
    rows = [row for slug in SERVICES for row in (*quarters(services[slug]), *years(services[slug]))]
    with Path(target).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(rows)
    print(f"{target}: {len(rows)} rows of {len(SERVICES)} services")


def quarters(service: dict[str, str]) -> Iterator[list[str]]:
    """Give the rows of one service's quarters of which anything is known."""
    for column, total in service.items():
        kind, _, quarter = column.partition("\n")
        if kind == "Total transactions":
            cells = [total, service[f"Digital transactions\n{quarter}"], "", ""]
            yield from row(service, "quarterly", quarter, cells)


def years(service: dict[str, str]) -> Iterator[list[str]]:
    """Give the rows of one service's years of which anything is known."""
    for column in service:
        if match := re.fullmatch(r"(([0-9]{4})-(Q[1-4])) Vol\.", column):
            label, year, quarter = match[1], int(match[2]), match[3]
            words = YEARS[quarter].format(before=year - 1, year=year)
            kinds = ("Vol.", "Digital vol.", "CPT (£)", "Digital CPT (£)")
            cells = [service[f"{label} {kind}"] for kind in kinds]
            yield from row(service, "yearly", FIRST.get(label, words), cells)


def row(
    service: dict[str, str], figures: str, period: str, cells: list[str]
) -> Iterator[list[str]]:
    """Give one row with plain numbers and blanks, unless all of it is unknown."""
    plain = ["" if cell.strip() == "-" else cell.strip().replace(",", "") for cell in cells]
    if any(plain):
        yield [service["Slug"], figures, period, *plain]


if __name__ == "__main__":
    main(*sys.argv[1:])
