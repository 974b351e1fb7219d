"""Identity: what ``_id`` is made of, so that the same figure is always the same record.

A scheme is chosen by name. It is given the collector's identity and data type, then the start of
each period, then every row: what the source said (dimensions and span) and the finished record,
so that a scheme may look at either.
"""

from collections.abc import Mapping

from collectors.observations.identity.contract import Identify, Identity, Scheme
from collectors.observations.identity.legacy import legacy
from collectors.observations.identity.safe import safe

__all__ = ["SCHEMES", "Identify", "Identity", "Scheme"]

SCHEMES: Mapping[str, Scheme] = {"safe": safe, "legacy": legacy}
