"""Which broker, and the connection to it: kept up, taken up again, with a password that no process list shows."""

import contextlib
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from liveaffect.stream.errors import InputError, UsageError
from liveaffect.stream.extras import library

PASSWORD = "LIVEAFFECT_MQTT_PASSWORD"
PORTS = {"mqtt": 1883, "mqtts": 8883}
AGAIN_S = (1, 30)
"""Shortest and longest time between two attempts to connect."""
LEAVE_S = 2.0


@dataclass(frozen=True)
class Place:
    """A broker's address."""

    host: str
    port: int
    tls: bool
    user: str

    @property
    def here(self) -> bool:
        """Whether it is on this machine."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")


def place_of(url: str) -> Place:
    """mqtt://[USER@]HOST[:PORT], or mqtts:// for TLS. Raises UsageError."""
    form = "write mqtt://HOST or mqtts://USER@HOST:PORT"
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"mqtt.url: {error}: {form}") from None
    if parts.password is not None:  # not even in this sentence
        raise UsageError(
            f"mqtt.url holds a password, and lists of processes show it: put it into {PASSWORD}, or a file"
        )
    if parts.scheme not in PORTS or not host or parts.path.strip("/") or parts.query or port == 0:
        raise UsageError(f"mqtt.url = '{url}': {form}")
    return Place(host, port or PORTS[parts.scheme], parts.scheme == "mqtts", parts.username or "")


def password_of(file: str) -> str:
    """From a file (its first line), else from the environment; "" where there is none. Raises InputError."""
    if not file:
        return os.environ.get(PASSWORD, "")
    try:
        return Path(file).expanduser().read_text("utf-8").partition("\n")[0].strip()
    except (OSError, UnicodeError) as error:
        raise InputError(f"mqtt.password_file = '{file}' cannot be read: {error}") from None


class Broker:
    """A connection in a thread of its own, which comes back by itself.

    Parameters
    ----------
    place: where.
    password: "" for none.
    certificate: file of the authority that vouches for the broker; "" for those of the system.
    status: topic that says "online", and "offline" when this program dies or leaves (retained).
    greeting: what is said at every connection: topic -> text (retained).
    """

    def __init__(self, place: Place, password: str, certificate: str, status: str, greeting: dict[str, str]) -> None:
        paho = library("mqtt")
        self.place, self._status, self._greeting = place, status, greeting
        self.why = "not connected yet"
        """Why there is no connection; "" while there is one."""
        self.sent = 0
        self._client: Any = paho.Client(paho.CallbackAPIVersion.VERSION2)
        if place.user:
            self._client.username_pw_set(place.user, password or None)
        if place.tls:
            try:
                self._client.tls_set(ca_certs=certificate or None, cert_reqs=ssl.CERT_REQUIRED)
            except (OSError, ValueError) as error:
                raise InputError(f"mqtt.certificate = '{certificate}' cannot be used: {error}") from None
        self._client.will_set(status, "offline", qos=1, retain=True)
        self._client.reconnect_delay_set(*AGAIN_S)
        self._client.on_connect, self._client.on_disconnect = self._connected, self._gone
        self._client.on_connect_fail = self._failed
        self._client.connect_async(place.host, place.port, keepalive=15)
        self._client.loop_start()

    def say(self, topic: str, text: str) -> None:
        """Publishes where there is a connection; what is measured while there is none is not kept."""
        if not self.why and self._client.is_connected():
            self._client.publish(topic, text, qos=0)
            self.sent += 1

    def close(self) -> None:
        """Says that it leaves, and does."""
        if self._client.is_connected():
            said = self._client.publish(self._status, "offline", qos=1, retain=True)
            with contextlib.suppress(RuntimeError, ValueError):  # it broke meanwhile: the broker says it for us
                said.wait_for_publish(LEAVE_S)
        self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.why = f"the broker refuses: {reason}"
            return
        for topic, text in {**self._greeting, self._status: "online"}.items():
            self._client.publish(topic, text, qos=1, retain=True)
        self.why = ""

    def _gone(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if not self.why:
            self.why = f"the connection was lost: {reason}"

    def _failed(self, _client: Any, _data: Any) -> None:
        self.why = "nobody answers there, or TLS and certificate do not fit"
