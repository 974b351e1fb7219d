"""Stage 3: the sources, plugins that import ``collectors.api`` only."""
