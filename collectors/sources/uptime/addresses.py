"""Which addresses a name has, and which of them are never probed."""

import socket
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from collectors.sources.uptime.seeing import Down, Unseen

FAMILIES = {"any": socket.AF_UNSPEC, "4": socket.AF_INET, "6": socket.AF_INET6}

_NEVER = tuple(
    ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local: where clouds tell a machine its own secrets
        "100.100.100.200/32",  # the same, of Alibaba
        "168.63.129.16/32",  # the same, of Azure
        "192.0.0.192/32",  # the same, of Oracle
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "fec0::/10",
        "fd00:ec2::254/128",  # the same, of Amazon
        "fd20:ce::254/128",  # the same, of Google
        "ff00::/8",
    )
)
_TRANSLATED = ip_network("64:ff9b::/96")
_COMPATIBLE = ip_network("::/96")


@dataclass(frozen=True, slots=True)
class Address:
    """Where to connect to: a family of sockets, and what ``connect`` takes."""

    family: socket.AddressFamily
    place: Any

    @property
    def ip(self) -> str:
        """The address itself, without port and scope."""
        return str(self.place[0]).partition("%")[0]


def resolve(host: str, port: int, family: str, seconds: float) -> list[Address]:
    """Give the addresses of a name, the one to try first at the front.

    Raises Down where it has none. The system's look-up knows no limit of time, so it is left
    behind in a thread of its own after so many ``seconds``.
    """
    found: Future[Any] = Future()
    threading.Thread(target=_look_up, args=(found, host, port, family), daemon=True).start()
    try:
        rows = found.result(seconds)
    except TimeoutError as exc:
        raise Down("the host name was not resolved in time") from exc
    except (OSError, ValueError) as exc:
        lacking = "" if family == "any" else f", or has no IPv{family} address"
        raise Down(f"the host name cannot be resolved{lacking}") from exc
    return [Address(kind, place) for kind, _, _, _, place in rows]


def refusal(text: str, *, allow_private: bool) -> str | None:
    """Say why an IP address is not probed; None where it may be. ValueError where it is none."""
    ip = _inmost(ip_address(text))
    if any(ip in network for network in _NEVER):
        return f"{ip} is never probed: it is not a service's address"
    if not ip.is_global and not allow_private:
        return f"{ip} is private and not probed, unless the query says allow_private: yes"
    return None


def check(addresses: list[Address], *, allow_private: bool) -> None:
    """Raise Unseen where any of the addresses may not be probed."""
    for address in addresses:
        if (reason := refusal(address.ip, allow_private=allow_private)) is not None:
            raise Unseen(reason)


def _look_up(found: "Future[Any]", host: str, port: int, family: str) -> None:
    try:
        rows = socket.getaddrinfo(host, port, FAMILIES[family], socket.SOCK_STREAM)
        found.set_result(rows)
    except BaseException as exc:  # noqa: BLE001 - raised by result() for who waits
        found.set_exception(exc)


def _inmost(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Give the IPv4 address that is packed into one of IPv6, in whichever way."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip in _TRANSLATED or (ip in _COMPATIBLE and int(ip) > 0xFFFF):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip
