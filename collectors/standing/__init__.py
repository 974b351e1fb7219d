"""Where each collector stands: collected, due, late, paused, and why. Nothing here acts."""

from collectors.standing.broken import Broken, Known, broken_ones
from collectors.standing.lateness import Lateness
from collectors.standing.standing import Standing, standings

__all__ = ["Broken", "Known", "Lateness", "Standing", "broken_ones", "standings"]
