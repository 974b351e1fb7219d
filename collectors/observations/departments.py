"""The departments and agencies of the government, by the codes that pages are marked with.

``departments.csv`` is the table of the old platform: a code, ``D10``, and the slug of its page.
"""

import csv
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

_FIRST_CODE = re.compile(r"<([^>]+)>")


@cache
def departments() -> Mapping[str, str]:
    """Give the slug of every code."""
    table = files(__package__).joinpath("departments.csv").read_text(encoding="utf-8")
    return {row["code"]: row["slug"] for row in csv.DictReader(table.splitlines())}


def department_of(codes: str) -> tuple[str, bool]:
    """Look up the first code of ``<D10><D9>``, or a code on its own.

    Gives its slug and True; or what was looked up, as it is written, and False.
    """
    first = _FIRST_CODE.match(codes)
    slug = departments().get(first[1] if first else codes)
    if slug is not None:
        return slug, True
    return (first[0] if first else codes), False
