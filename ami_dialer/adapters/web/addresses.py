"""Which addresses may be asked. A list's API is on the internet, or on a host that the administrator allows.

Whoever can choose an address that the dialer asks (an API that redirects, a name server that answers differently the
second time) could otherwise reach what only this machine reaches: its own services, the PBX, a cloud's metadata.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

#: What is not on the internet, and why, for people. IANA's registries of special-purpose addresses (RFC 6890), 2026.
#: Of `ipaddress.is_global` only the answer is taken besides: what it says differs between releases of Python.
_REFUSED_4 = {
    IPv4Network("0.0.0.0/8"): "stands for this machine",
    IPv4Network("10.0.0.0/8"): "is private",
    IPv4Network("100.64.0.0/10"): "is shared by a provider's customers (CGNAT)",
    IPv4Network("127.0.0.0/8"): "is loopback",
    IPv4Network("169.254.0.0/16"): "is link-local, where clouds keep their metadata",
    IPv4Network("172.16.0.0/12"): "is private",
    IPv4Network("192.0.0.0/24"): "is reserved",
    IPv4Network("192.0.2.0/24"): "is for documentation",
    IPv4Network("192.31.196.0/24"): "is reserved",
    IPv4Network("192.52.193.0/24"): "is reserved",
    IPv4Network("192.88.99.0/24"): "is a relay to IPv6",
    IPv4Network("192.168.0.0/16"): "is private",
    IPv4Network("192.175.48.0/24"): "is reserved",
    IPv4Network("198.18.0.0/15"): "is for measurements inside networks",
    IPv4Network("198.51.100.0/24"): "is for documentation",
    IPv4Network("203.0.113.0/24"): "is for documentation",
    IPv4Network("224.0.0.0/4"): "is multicast",
    IPv4Network("240.0.0.0/4"): "is reserved",
}
_REFUSED_6 = {
    IPv6Network("::/128"): "stands for this machine",
    IPv6Network("::1/128"): "is loopback",
    IPv6Network("64:ff9b:1::/48"): "is a translation to a private IPv4 network",
    IPv6Network("100::/64"): "is a sink",
    IPv6Network("2001::/23"): "is reserved",
    IPv6Network("2001:db8::/32"): "is for documentation",
    IPv6Network("2002::/16"): "is a tunnel to IPv4 (6to4)",
    IPv6Network("2620:4f:8000::/48"): "is reserved",
    IPv6Network("3fff::/20"): "is for documentation",
    IPv6Network("5f00::/16"): "is for routing inside networks",
    IPv6Network("fc00::/7"): "is private",
    IPv6Network("fe80::/10"): "is link-local",
    IPv6Network("fec0::/10"): "is private",
    IPv6Network("ff00::/8"): "is multicast",
}
#: All that is given out on the internet so far (RFC 4291).
_GLOBAL_6 = IPv6Network("2000::/3")
#: IPv4 as IPv6 sees it (RFC 4291), and as a translator shows it (RFC 6052): the address inside counts.
_MAPPED = IPv6Network("::ffff:0:0/96")
_TRANSLATED = IPv6Network("64:ff9b::/96")


class RefusedAddressError(Exception):
    """A host may not be asked."""


def why_refused(address: str) -> str | None:
    """Why an IP address may not be asked, for people; None where it is on the internet."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return "is no IP address"
    if isinstance(ip, IPv6Address):
        if ip in _MAPPED or ip in _TRANSLATED:
            return _refused_4(IPv4Address(int(ip) & 0xFFFF_FFFF))
        return _refused_6(ip)
    return _refused_4(ip)


def _refused_4(ip: IPv4Address) -> str | None:
    found = next((why for network, why in _REFUSED_4.items() if ip in network), None)
    return found or (None if ip.is_global else "is reserved")


def _refused_6(ip: IPv6Address) -> str | None:
    found = next((why for network, why in _REFUSED_6.items() if ip in network), None)
    return found or (None if ip in _GLOBAL_6 and ip.is_global else "is reserved")


def check_addresses(host: str, addresses: Sequence[str], allowed: Iterable[str]) -> None:
    """See that every address of a host may be asked, or that the administrator allows the host by this very name.

    Raises RefusedAddressError, which says how to allow it.
    """
    if plain_host(host) in {plain_host(each) for each in allowed}:
        return
    for address in addresses:
        why = why_refused(address)
        if why is not None:
            named = f"{host} has the address {address}, which {why}" if address != host else f"{host} {why}"
            raise RefusedAddressError(
                f"{named}; only addresses on the internet are asked. If this one is yours, allow it: "
                f"`fetching: {{allow_hosts: [{_as_yaml(host)}]}}`"
            )


def plain_host(host: str) -> str:
    """A host's name as it is compared: in small letters, without brackets and the root's dot."""
    return host.strip().strip("[]").rstrip(".").casefold()


def _as_yaml(host: str) -> str:
    return f'"{host}"' if ":" in host else host
