"""Manimatic: say what you want to see, get an animation."""

__version__ = "0.1.0"
