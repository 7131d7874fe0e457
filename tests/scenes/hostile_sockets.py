# attack: every way to anybody outside; run by tests/attacks
import os
import socket
import struct

from manim import *

FAMILIES = {"netlink": 16, "packet": 17, "xdp": 44, "key": 15, "rxrpc": 33, "tipc": 30, "can": 29, "bluetooth": 31,
            "qipcrtr": 42, "smc": 43, "alg": 38, "vsock": 40, "nfc": 39, "ib": 27, "kcm": 41, "ax25": 3, "rds": 21,
            "phonet": 35, "caif": 37, "ieee802154": 36, "mctp": 45, "pppox": 24, "x25": 9, "appletalk": 5}
KINDS = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET, socket.SOCK_RDM)
V4, V6, UNIX = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX


def connect(family, kind, address):
    with socket.socket(family, kind) as one:
        one.settimeout(0.5)
        one.connect(address)
        one.send(b"canary wanted")


def send(family, address):
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.sendto(b"hello", address)


def listen(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.bind(address)
        one.listen()


def by_pair(kind, address):
    """A connected pair's own end, turned against another address; what still comes to its twin went nowhere else."""
    left, right = socket.socketpair(UNIX, kind)
    right.setblocking(False)
    try:
        try:
            left.connect(address)
        except OSError:
            left.sendto(b"x", address)
            if right.recv(1):
                raise ConnectionRefusedError(_errno.ECONNREFUSED, "it came to the twin")
    finally:
        left.close()
        right.close()


def gateways():
    found = ["172.17.0.1", "10.0.0.1", "192.168.0.1", "169.254.169.254", "100.100.100.200"]
    for path in ("/etc/hosts", "/etc/resolv.conf"):
        try:
            words = open(path).read().split()
        except OSError:
            continue
        found += [word for word in words if word.count(".") == 3]
    return found


def raw_socket(*args):
    os.close(call("socket", *args))


class Sockets(Scene):
    def construct(self):
        canary = ATTACK["sockets"]
        probe("internet", *[(connect, V4, socket.SOCK_STREAM, ("1.1.1.1", port)) for port in (443, 80, 22)])
        probe("loopback", *[(connect, V4, socket.SOCK_STREAM, ("127.0.0.1", port)) for port in (canary["tcp"], 5000, 5432, 6379, 9200)],
              (connect, V6, socket.SOCK_STREAM, ("::1", canary["tcp"])))
        probe("gateways", *[(connect, V4, socket.SOCK_STREAM, (address, canary["tcp"])) for address in gateways()])
        probe("datagrams", (send, V4, ("8.8.8.8", 53)), (send, V4, ("127.0.0.1", canary["udp"])))
        probe("names", *[(socket.getaddrinfo, name, 80) for name in ("example.com", "localhost.localdomain", "metadata.google.internal")])
        probe("multicast", (send, V6, ("ff02::1", 5353)), (send, V4, ("224.0.0.251", 5353)), (send, V4, ("239.255.255.250", 1900)),
              (send, V6, ("ff02::1:3", 5355)))
        probe("listen", (listen, V4, ("0.0.0.0", 8080)), (listen, V6, ("::", 8080)), (listen, UNIX, "own.sock"))
        addresses = (canary["path"], "\0" + canary["abstract"])
        probe("unix path", *[(connect, UNIX, kind, canary["path"]) for kind in KINDS[:2]])
        probe("abstract", *[(connect, UNIX, kind, "\0" + canary["abstract"]) for kind in KINDS[:2]])
        probe("pair turned", *[(by_pair, kind, address) for kind in (1, 2, 5) for address in addresses])
        for name, number in FAMILIES.items():
            probe(f"family {name}", *[(raw_socket, number, kind, 0) for kind in KINDS])
        probe("every family", *[(raw_socket, number, kind, 0) for number in range(47) for kind in (1, 2, 3)])
        probe("io_uring", (call, "io_uring_setup", 4, b"".ljust(128, b"\0")))
        proxies = [name for name in os.environ if "PROXY" in name.upper()]
        tell("proxies", f"done {proxies}" if proxies else "refused ENOENT")
        tell("environment", "done " + " ".join(sorted(os.environ)))
        self.wait(0.1)
