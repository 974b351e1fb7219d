"""The daemon: ticks, workers and senders in one process, for months."""
