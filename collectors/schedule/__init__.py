"""Stage 2: collector, coverage and time of day become windows that are due."""
