"""Who can be asked to write scenes, and what is peculiar to each. Values only: no vendor's library is loaded here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """One way to reach a model."""

    name: str
    """What `MANIMATIC_PROVIDER` calls it, and what users see as `generator`."""
    title: str
    """What it is called in messages."""
    key_variable: str
    base_url: str
    """Where it is reached unless a setting says otherwise; empty where there is no such place."""
    names: re.Pattern[str]
    """The names of models that a request may ask for."""
    needs_key: bool = True
    may_refuse_schema: bool = True
    """Whether a request that it rejects is sent once more without the schema of the answer."""


GEMINI = Vendor(
    name="gemini",
    title="Gemini",
    key_variable="GEMINI_API_KEY",
    base_url="https://generativelanguage.googleapis.com",
    names=re.compile(r"gemini-[a-z0-9][a-z0-9.-]{0,60}"),
    may_refuse_schema=False,
)
OPENAI = Vendor(
    name="openai",
    title="OpenAI",
    key_variable="OPENAI_API_KEY",
    base_url="https://api.openai.com/v1",
    names=re.compile(r"(?:gpt-|o[1-9]|ft:)[A-Za-z0-9.:_-]{0,80}"),
)
ANTHROPIC = Vendor(
    name="anthropic",
    title="Anthropic",
    key_variable="ANTHROPIC_API_KEY",
    base_url="https://api.anthropic.com",
    names=re.compile(r"claude-[a-z0-9][a-z0-9.-]{0,60}"),
)
COMPATIBLE = Vendor(
    name="openai-compatible",
    title="OpenAI-compatible",
    key_variable="MANIMATIC_MODEL_API_KEY",
    base_url="",
    names=re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,120}"),
    needs_key=False,
)
VENDORS: Mapping[str, Vendor] = {vendor.name: vendor for vendor in (GEMINI, OPENAI, ANTHROPIC, COMPATIBLE)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Where a vendor is reached, and with which key; the key stands in no repr."""

    vendor: Vendor
    base_url: str
    api_key: str

    def __repr__(self) -> str:
        """Return the vendor's name alone: an address may hold a password too."""
        return f"Account({self.vendor.name})"
