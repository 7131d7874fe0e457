"""The entry point for Manim's plugins.

Manim loads the entry points of all plugins that are installed, whether a configuration names them or not
(plugins/plugins_flags.py:16). So looking this one up makes Manim faster only where `plugins` names it.
"""

from __future__ import annotations

from typing import Any


def __getattr__(name: str) -> Any:
    """Return whether Manim was made faster, which is done where its configuration asks for it."""
    if name != "activated":
        raise AttributeError(name)
    from manim._config import config

    if "fastmanim" not in config["plugins"]:
        return False
    from fastmanim.installation import install

    return not install().why_not
