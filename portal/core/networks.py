"""Where a request comes from, as far as it tells people apart."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

IPV6_BITS = 64  # a household or an office gets so many leading bits of its own (RFC 6177), and has all that follow


def network_of(address: str) -> str:
    """Return the word that stands for everybody at `address`: itself for IPv4, the /64 network for IPv6.

    An IPv4 address written as IPv6 is that IPv4 address; what is no address stands for itself.
    """
    try:
        one = ip_address(address)
    except ValueError:
        return address
    if not isinstance(one, IPv6Address):
        return address
    if one.ipv4_mapped:
        return str(one.ipv4_mapped)
    network = int(one) >> (128 - IPV6_BITS) << (128 - IPV6_BITS)
    return f"{IPv6Address(network)}/{IPV6_BITS}"
