"""Whether a capture still goes on at the sensor, as its node tells. No Qt here."""

from liveaffect.nodes.dashboard.scene.shown import Scene
from liveaffect.stream.messages import BaselineStatus

PATIENCE_S = 5.0
"""How long after the capture its result may take."""


class Course:
    """Of one capture that lasts `seconds`, from the sensor's yes on."""

    def __init__(self, seconds: float) -> None:
        self._limit_s = seconds + PATIENCE_S
        self._going_ns = self._ended_ns = 0
        """When the node told last that it captures, and what it told after that."""

    def broken(self, scene: Scene, past_s: float) -> str:
        """Why no result will come, `past_s` after the begin; "" while one may."""
        health = scene.health.get("baseline")
        if health is not None and isinstance(health.status, BaselineStatus) and health.status.capturing:
            self._going_ns = self._ended_ns = health.t_ns
        elif self._going_ns:
            ended, self._ended_ns = self._ended_ns, 0 if health is None else health.t_ns
            if health is None or self._going_ns < ended < health.t_ns:  # told twice: the result may be on its way
                return "The capture ended at the sensor without a result: it was given up there, or begun anew"
        if past_s <= self._limit_s:
            return ""
        if not scene.connected:
            return "The sensor does not answer any more"
        return "No result came: the node “baseline” may not run"
