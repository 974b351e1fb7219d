"""Stage 1: YAML files become frozen values, with a place for every message."""

from collectors.config.load import load
from collectors.config.vault import Vault

__all__ = ["Vault", "load"]
