"""Who calls the two verbs of the runner."""
