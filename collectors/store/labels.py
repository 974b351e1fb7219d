"""Which window an observation is of, told by its own ``_timestamp``."""

from typing import Any

Labels = tuple[str, str]
"""The ``_timestamp`` of the first period of a window, and that of the one after its last."""


def is_within(observation: Any, labels: Labels) -> bool:
    """Tell whether an observation says that it is of the window with these labels."""
    timestamp = observation.get("_timestamp") if isinstance(observation, dict) else None
    return isinstance(timestamp, str) and labels[0] <= timestamp < labels[1]
