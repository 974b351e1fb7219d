"""Stage 1: YAML files become frozen values, with a place for every message."""
