"""Stage 4: readings become observations; pure, compiled once per collector."""

from collectors.observations.making import Watch
from collectors.observations.pipeline import Mapped, Pipeline, compile_pipeline

__all__ = ["Mapped", "Pipeline", "Watch", "compile_pipeline"]
