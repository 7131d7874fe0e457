"""Sandboxes: run a hostile program behind walls, and say exactly which walls there are."""
