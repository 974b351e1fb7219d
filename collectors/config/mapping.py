"""The keys ``map``, ``add``, ``steps`` and ``id``: how readings become observations, as data."""

from pydantic import BaseModel, ConfigDict


class MappingSpec(BaseModel):
    """How readings become observations."""

    model_config = ConfigDict(frozen=True, extra="forbid")
