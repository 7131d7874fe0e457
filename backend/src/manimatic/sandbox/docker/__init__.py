"""The docker backend: one fresh container per run, through the engine's own SDK."""
