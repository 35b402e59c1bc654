"""Which network addresses may be fetched from (decision 18)."""

import ipaddress
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

Address = IPv4Address | IPv6Address

# IANA IPv4 Special-Purpose Address Registry, and multicast: everything that is not a host on the public Internet.
_NO_HOST_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: clouds keep their metadata here
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
]
# Of IPv6 only global unicast is public, without the parts that carry an IPv4 address or are for protocols and examples.
# (NAT64 64:ff9b::/96, mapped ::ffff:0:0/96, unique local, link-local and multicast all lie outside of 2000::/3.)
_GLOBAL_V6 = IPv6Network("2000::/3")
_NO_HOST_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # IETF protocol assignments: Teredo, benchmarking, ORCHID
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation
    )
]


def parse(text: str) -> Address | None:
    """The address written here, without a zone; None if it is none."""
    try:
        return ipaddress.ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None


def is_public(address: Address) -> bool:
    """Whether this is an ordinary host of the public Internet, reached without any translation."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NO_HOST_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _NO_HOST_V6)


def is_loopback(address: Address) -> bool:
    """Whether this is this machine, said plainly (an IPv4 address wrapped into IPv6 is not plain)."""
    return address.is_loopback
