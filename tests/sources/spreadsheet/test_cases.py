"""Golden cases: a query and a sheet in, readings and warnings out.

Run this file to write the expected results anew, then look at what has changed.
"""

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from collectors.api import ALWAYS, Period, Reading
from collectors.sources.spreadsheet import Spreadsheet
from tests.contexts import make_context

CASES = sorted((Path(__file__).parent / "cases").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_sheet_gives_the_expected_readings_and_warnings(case):
    assert collected(case) == json.loads((case / "expected.json").read_text(encoding="utf-8"))


def collected(case: Path) -> dict[str, Any]:
    """Collect one case as its expected.json holds it."""
    text = (case / "query.yaml").read_text(encoding="utf-8")
    said = yaml.load(text, Loader=yaml.BaseLoader)
    context = make_context(
        directory=case, period=Period(said["period"]), zone=ZoneInfo(said["zone"])
    )
    readings = list(Spreadsheet(**said["query"]).collect(ALWAYS, context))
    told = [text.replace(f"{case}/", "") for text in context.warn.told]
    return {"readings": [plain(reading) for reading in readings], "warnings": told}


def plain(reading: Reading) -> dict[str, Any]:
    """Give a reading as JSON holds it."""
    given = {"at": reading.at.isoformat(), "span": reading.span}
    return given | {"measures": dict(reading.measures), "dimensions": dict(reading.dimensions)}


if __name__ == "__main__":
    for folder in CASES:
        content = json.dumps(collected(folder), indent=1, ensure_ascii=False)
        (folder / "expected.json").write_text(content + "\n", encoding="utf-8")
