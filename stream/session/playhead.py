"""Where a replay stands: recorded time on the running clock, at some speed, paused or not."""


class Playhead:
    """Maps the recorded time of publication to the instant at which it is due.

    Parameters
    ----------
    at_ns: recorded time at which it begins.
    speed: recorded seconds per second; 0 is as fast as it goes.
    """

    def __init__(self, at_ns: int, speed: float) -> None:
        self.speed, self.paused = speed, False
        self._at_ns = at_ns
        self._since_ns: int | None = None
        """The instant at which `_at_ns` was reached; None before the first message is ready."""

    def begin(self, now_ns: int) -> None:
        """The first message is ready: recorded time runs from now."""
        self._since_ns = now_ns

    def jump(self, at_ns: int) -> None:
        """Goes on elsewhere; time stands until `begin`."""
        self._at_ns, self._since_ns = at_ns, None

    def reached(self, at_ns: int) -> None:
        """A message of that time was published: without a pace this is all that moves the head."""
        if not self.speed:
            self._at_ns = max(self._at_ns, at_ns)

    def pause(self, now_ns: int) -> None:
        """Stands still until `play`."""
        self._at_ns, self.paused = self.position_ns(now_ns), True

    def play(self, now_ns: int) -> None:
        """Goes on from where it stands."""
        if self.paused and self._since_ns is not None:
            self._since_ns = now_ns
        self.paused = False

    def change_speed(self, speed: float, now_ns: int) -> None:
        """Goes on from here at another pace."""
        self._at_ns, self.speed = self.position_ns(now_ns), speed
        if self._since_ns is not None:
            self._since_ns = now_ns

    def position_ns(self, now_ns: int) -> int:
        """Recorded time that is being played now."""
        if self.paused or self._since_ns is None:
            return self._at_ns
        return self._at_ns + int(max(0, now_ns - self._since_ns) * self.speed)

    def due_ns(self, at_ns: int) -> int | None:
        """When a message of that recorded time is due on the running clock; None while nothing is."""
        if self.paused or self._since_ns is None:
            return None
        return self._since_ns + int((at_ns - self._at_ns) / self.speed) if self.speed else self._since_ns
