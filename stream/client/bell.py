"""Wakes a thread that waits in a poll of sockets, from another."""

import contextlib
import socket


class Bell:
    """Wakes a thread that waits in a poll of sockets."""

    def __init__(self) -> None:
        self.inside, self._outside = socket.socketpair()
        for end in (self.inside, self._outside):
            end.setblocking(False)

    def ring(self) -> None:
        """Wakes whoever waits."""
        with contextlib.suppress(OSError):  # full: it rings already
            self._outside.send(b"!")

    def hush(self) -> None:
        """Takes back every ring."""
        with contextlib.suppress(OSError):
            while self.inside.recv(64):
                pass

    def close(self) -> None:
        """Closes both ends."""
        self.inside.close()
        self._outside.close()
