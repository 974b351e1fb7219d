"""Stage 4: readings become observations; pure, compiled once per collector."""
