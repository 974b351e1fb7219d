"""The fingerprint of a collector: it changes when its figures would mean something else."""

import hashlib
import json
from typing import Any
from zoneinfo import ZoneInfo

from collectors.api import Source
from collectors.config.mapping import MappingSpec
from collectors.periods import Period

LENGTH = 16


def fingerprint(source: Source, mapping: MappingSpec, period: Period, zone: ZoneInfo) -> str:
    """Give 16 hexadecimal digits that stand for source, query, mapping, identity, period, zone.

    What is left at its default does not count, so that a new option changes no fingerprint; nor
    does a secret, so that a token may be rotated.
    """
    meaning = {
        "source": source.name,
        "query": source.model_dump(exclude_defaults=True),
        "mapping": mapping.model_dump(exclude_defaults=True),
        "period": period.value,
        "zone": zone.key,
    }
    spelt = json.dumps(meaning, sort_keys=True, default=_spelt)
    return hashlib.sha256(spelt.encode()).hexdigest()[:LENGTH]


def _spelt(value: Any) -> Any:
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)
