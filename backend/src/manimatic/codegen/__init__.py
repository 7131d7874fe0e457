"""Writes scenes: with a language model, from the offline composer, or from a script (for tests)."""
