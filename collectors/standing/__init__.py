"""Where each collector stands: collected, due, late, paused, and why. Nothing here acts."""

from collectors.standing.lateness import Lateness
from collectors.standing.standing import Standing, standings

__all__ = ["Lateness", "Standing", "standings"]
