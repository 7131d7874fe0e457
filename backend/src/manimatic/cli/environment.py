"""Where a command finds its settings: the environment, and `.env` here or in the checkout."""

from __future__ import annotations

import os
from pathlib import Path

from manimatic.settings import Settings


def dotenv_path() -> Path | None:
    """Return the `.env` of this folder, else that of the checkout, else None."""
    checkout = Path(__file__).resolve().parents[4]
    for folder in (Path.cwd(), checkout):
        if (folder / ".env").is_file():
            return folder / ".env"
    return None


def read_settings() -> Settings:
    """Read the settings of this command. Raises SettingsError."""
    return Settings.from_env(os.environ, dotenv=dotenv_path())
