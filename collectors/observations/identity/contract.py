"""What a scheme of identity takes and gives."""

from collections.abc import Callable, Mapping

from collectors.config.mapping import IdentitySpec
from collectors.values import Observation, Scalar

Identify = Callable[[Mapping[str, Scalar], str, Observation], str]
"""Gives the ``_id`` of a row: its dimensions, its span, its record."""
Identity = Callable[[str], Identify]
"""Gives the function for the period that starts at a ``_timestamp``."""
Scheme = Callable[[IdentitySpec, str], Identity]
"""Makes an identity of what is configured and of the data type."""
