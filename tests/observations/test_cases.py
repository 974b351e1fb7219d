from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from collectors.periods import Period
from collectors.values import Reading
from tests.observations.mappings import observe

CASES = sorted(Path(__file__).parent.joinpath("cases").glob("*.yaml"))
OWN = ("_timestamp", "timeSpan", "dataType")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_mapping_makes_of_its_readings_what_its_case_says(path):
    text = path.read_text(encoding="utf-8")
    case = yaml.safe_load(text)
    result = observe(
        [
            Reading(
                at=datetime.fromisoformat(said["at"]),
                measures=said["measures"],
                dimensions=said.get("dimensions", {}),
                span=Period(said["span"]) if "span" in said else None,
            )
            for said in case["readings"]
        ],
        # Scalars of the configuration are text until a model types them.
        yaml.load(text, yaml.BaseLoader)["mapping"],
        period=Period(case.get("period", "day")),
        zone=ZoneInfo(case.get("zone", "UTC")),
    )

    expected = case["observations"]
    own = [] if "dataType" in expected[0] else OWN
    seen = [
        {name: value for name, value in one.items() if name not in ("_id", *own)}
        for one in result.observations
    ]
    assert typed(seen) == typed(expected)
    assert result.warnings == case.get("warnings", [])
    assert result.rejected == []
    assert len(set(result.ids)) == len(expected)


def typed(records):
    """Records with the type of every value, for 1, 1.0 and true are equal."""
    return [{name: (type(value), value) for name, value in one.items()} for one in records]
