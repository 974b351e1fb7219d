"""Stage 5: coverage, runs, outbox and dead letters, in SQLite or PostgreSQL."""
