"""Where the page is served, and by which names a browser may ask for it: another name is a trick with DNS."""

import re
import socket
from dataclasses import dataclass

import psutil

from liveaffect.stream.client.access import is_loopback
from liveaffect.stream.errors import TransportError, UsageError

DEFAULT = "127.0.0.1:7895"
EVERYWHERE = ("0.0.0.0", "::")
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
_WRITTEN = re.compile(r"(?:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]*):)?(\d{1,5})")


@dataclass(frozen=True)
class Listen:
    """A host and a port; IPv6 without brackets."""

    host: str
    port: int

    @property
    def tls(self) -> bool:
        """Whatever leaves this machine is encrypted."""
        return not is_loopback(self.host)

    @property
    def scheme(self) -> str:
        """Of its links."""
        return "https" if self.tls else "http"

    @property
    def link(self) -> str:
        """As somebody would type it; where it listens everywhere, at the address that other machines see."""
        host = self.host
        if host in EVERYWHERE:
            host = next((name for name in _interfaces() if name not in LOOPBACK), socket.gethostname())
        elif ":" in host:
            host = f"[{host}]"
        return f"{self.scheme}://{host}:{self.port}"

    def names(self) -> list[str]:
        """The hosts that a request may name."""
        if not self.tls:
            return list(LOOPBACK)
        if self.host not in EVERYWHERE:
            return [f"[{self.host}]" if ":" in self.host else self.host]
        own = socket.gethostname().lower()
        return [*_interfaces(), *LOOPBACK, own, f"{own.partition('.')[0]}.local"]

    def check_free(self) -> None:
        """Raises TransportError where the address cannot be had."""
        try:
            family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
            with socket.socket(family) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind((self.host, self.port))
        except OSError as error:
            raise TransportError(
                f"the page cannot be served at {self.host}:{self.port} ({error.strerror}): give another "
                "ADDRESS:PORT to --web"
            ) from None


def listen_at(text: str) -> Listen:
    """What ADDRESS:PORT, or PORT alone, means. Raises UsageError."""
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or not 0 < int(found[2]) < 65536:
        raise UsageError(f"web '{text}': write ADDRESS:PORT, such as {DEFAULT}, or 0.0.0.0:7895 for other devices")
    return Listen((found[1] or "127.0.0.1").strip("[]"), int(found[2]))


def _interfaces() -> list[str]:
    """Addresses of this machine as a Host header writes them, those that other machines see first."""
    found: list[str] = []
    for addresses in psutil.net_if_addrs().values():
        for one in addresses:
            if one.family == socket.AF_INET:
                found.append(one.address)
            elif one.family == socket.AF_INET6 and "%" not in one.address:
                found.append(f"[{one.address}]")
    return sorted(found, key=lambda name: (name in LOOPBACK, name.startswith("[")))
