"""What settings are made of, and what they may be.

Each parser takes a variable's text and raises ValueError with what is allowed.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from dataclasses import field
from typing import Any, TypeVar

T = TypeVar("T")


def setting(name: str, default: T, help: str, parse: Callable[[str], T], *, secret: bool = False) -> T:
    """Return the field of a dataclass that a variable of the environment gives; a secret is in no repr."""
    metadata = {"name": name, "help": help, "parse": parse, "secret": secret}
    value: T = field(default=default, repr=not secret, metadata=metadata)
    return value


def choice(*allowed: str) -> Callable[[str], str]:
    """Take one of these texts."""

    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"allowed are {', '.join(allowed)}")
        return text

    return parse


def number(kind: Callable[[str], Any], low: float, high: float) -> Callable[[str], Any]:
    """Take a number within these bounds."""

    def parse(text: str) -> Any:
        value = kind(text)
        if not low <= value <= high:
            raise ValueError(f"allowed are {low:g} to {high:g}")
        return value

    return parse


def flag(text: str) -> bool:
    """Take on or off, in any of their usual spellings. Raises ValueError."""
    if text.lower() not in {"1", "0", "true", "false", "on", "off", "yes", "no"}:
        raise ValueError("allowed are on and off")
    return text.lower() in {"1", "true", "on", "yes"}


def url(text: str) -> str:
    """Take an address of the web, and leave out slashes at its end. Raises ValueError."""
    if not text.startswith(("http://", "https://")):
        raise ValueError("it has to start with http:// or https://")
    return text.rstrip("/")


def rate(text: str) -> str:
    """Take a number of times in a unit of time, or off. Raises ValueError."""
    if text != "off" and not re.fullmatch(r"[1-9][0-9]{0,8}/(?:second|minute|hour|day)", text):
        raise ValueError("it has to be off, or a number, a slash, and one of second, minute, hour, day")
    return text


def origins(text: str) -> str:
    """Take a list of origins of web pages. Raises ValueError."""
    origins = [origin.strip() for origin in text.split(",")]
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?", origin):
            raise ValueError("each has to be a scheme, a host and perhaps a port, as in https://films.example:8443")
    return ",".join(origins)


def unix_address(text: str) -> str:
    """Take a unix socket's address. Raises ValueError."""
    if not text.startswith("unix:///"):
        raise ValueError("it has to start with unix:///, since whoever reaches the engine has root's rights")
    return text


def addresses(text: str) -> str:
    """Take a list of IP addresses. Raises ValueError."""
    return ",".join(str(ipaddress.ip_address(item.strip())) for item in text.split(","))
