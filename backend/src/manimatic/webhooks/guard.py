"""Which addresses a webhook may have: those of the public internet.

A name is resolved once, and the connection goes to the very address that was looked at: a name that changes its mind in
between gains nothing. One bad address among several refuses all of them.
"""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass

UNICAST = ipaddress.IPv6Network("2000::/3")
"""Where all addresses of the public internet are."""
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_IP = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(Exception):
    """The address is not one that may be asked."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Tells whether an address may be asked; `allowed` are addresses that may although they are not public."""

    allowed: frozenset[str] = frozenset()

    def resolve(self, host: str, port: int) -> str:
        """Return the address to connect to. Raises Refused, and OSError where the name leads nowhere."""
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
        for address in addresses:
            if address not in self.allowed and not is_public(address):
                raise Refused
        return addresses[0]


def is_public(address: str) -> bool:
    """Tell whether an address is one of the public internet, also where it stands for another."""
    try:
        ip: _IP = ipaddress.ip_address(address)
    except ValueError:  # with a zone, which only an address of this network has
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo and ip.teredo[1])
        if ip in NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner:
            return is_public(str(inner))
        if ip not in UNICAST:
            return False
    return ip.is_global and not ip.is_multicast
