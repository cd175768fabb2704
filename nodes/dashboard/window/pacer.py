"""How often the window paints: the picture slows first, then the plots, and it says so. No Qt here."""

from collections.abc import Sequence

LEVELS = ((30.0, 15.0), (15.0, 15.0), (8.0, 15.0), (8.0, 8.0), (4.0, 4.0))
"""(pictures, plots) per second, from all to least."""
LATE_MS = 30.0
"""Timers that come so much too late in the worse half of a second: there is more to paint than time."""
CALM_MS = 8.0
CALM_ROUNDS = 5
"""So many calm seconds before more is painted again."""


class Pacer:
    """Decides once a second from how late the window's own timer came."""

    def __init__(self) -> None:
        self.level = 0
        self._calm = 0

    @property
    def image_hz(self) -> float:
        return LEVELS[self.level][0]

    @property
    def plot_hz(self) -> float:
        return LEVELS[self.level][1]

    @property
    def words(self) -> str:
        """What the status line says, "" while everything is painted."""
        if not self.level:
            return ""
        what = f"picture {self.image_hz:.0f}" + (f", plots {self.plot_hz:.0f}" if self.level > 2 else "")
        return f"busy computer: {what} a second"

    def judge(self, late_ms: Sequence[float]) -> bool:
        """Takes the lateness of each timer of the last second; True where the pace has changed."""
        worse = sorted(late_ms)[len(late_ms) // 2 :]
        late = sum(worse) / len(worse) if worse else 0.0
        before = self.level
        if late > LATE_MS:
            self.level, self._calm = min(len(LEVELS) - 1, self.level + 1), 0
        elif late < CALM_MS:
            self._calm += 1
            if self._calm >= CALM_ROUNDS and self.level:
                self.level, self._calm = self.level - 1, 0
        else:
            self._calm = 0
        return self.level != before
