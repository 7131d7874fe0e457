"""Writes scenes without a model: from recipes, and from a small grammar of shapes, moves, formulas and plots.

It never guesses: a prompt of which it does not understand every word is refused with the nearest recipes.
"""

from manimatic.codegen.offline.composer import OfflineComposer

__all__ = ["OfflineComposer"]
