"""What the controls ask of the sensor: record, privacy, mark. Its answer, through the gateway, is shown."""

import time
from collections.abc import Callable
from typing import Any

from liveaffect.nodes.dashboard.feed import GatewayFeed
from liveaffect.nodes.dashboard.views.status import StatusLine
from liveaffect.nodes.dashboard.window.controls import Controls
from liveaffect.stream.client.requests import Reply

HOLD_S = 2.5
"""Health tells the truth once a second: until then what was agreed on holds."""


class Actions:
    """Carries out what the window is asked for.

    Parameters
    ----------
    feed: the way to the sensor.
    refresh: shows the state of the sensor anew, after an answer.
    update_pixels: after a change of privacy.
    """

    def __init__(
        self,
        feed: GatewayFeed,
        controls: Controls,
        status: StatusLine,
        *,
        refresh: Callable[[], None],
        update_pixels: Callable[[], None],
    ) -> None:
        self._feed, self._controls, self._status = feed, controls, status
        self._refresh, self._update_pixels = refresh, update_pixels
        self._held: dict[str, tuple[bool, float]] = {}
        self._hidden = self._recording = False
        controls.record.connect(self.record)
        controls.mark.connect(self.mark)
        controls.privacy.connect(self.privacy)

    @property
    def is_recording(self) -> bool:
        """As asked a moment ago, else as the recorder says."""
        return self._now("record", self._recording)

    @property
    def is_private(self) -> bool:
        """Whether pixels are to be hidden: as asked a moment ago, else as the sensor says."""
        return self._now("privacy", self._hidden)

    def note(self, *, recording: bool, possible: bool, hidden: bool) -> None:
        """What the sensor says of itself."""
        self._hidden, self._recording = hidden, recording
        self._controls.show_recording(self.is_recording and possible, possible)
        self._controls.show_privacy(self.is_private)

    def record(self, on: bool) -> None:
        """Starts or stops the recording."""
        arguments: dict[str, Any] = {"action": "start", **self._controls.kept} if on else {"action": "stop"}
        self._controls.show_recording(not on, True)  # until the recorder agrees
        self._controls.record_button.setChecked(not on)
        self._ask("record", on, arguments)

    def privacy(self, on: bool) -> None:
        """Hides the picture here at once, and asks the sensor to store no pixels and no sound."""
        if on:
            self._held["privacy"] = (True, time.monotonic() + 2 * HOLD_S)
            self._update_pixels()
        self._controls.privacy_button.setChecked(on)
        self._ask("privacy", on, {"on": on})

    def mark(self, label: str) -> None:
        """A marker at this instant of the sensor's clock, however long the request takes."""
        when: dict[str, Any] = {} if self._feed.scene.kind == "replay" else {"t_ns": self._feed.sensor_now_ns()}
        self._feed.ask("mark", on_reply=self._say, label=label, source="dashboard", **when)

    def name(self, face_id: int, name: str) -> None:
        """What a person is called from now on, in the stream and its recording; "" takes the name back."""
        given = {"name": name.strip()} if name.strip() else {}
        self._feed.ask("people", on_reply=self._say, action="name", face=face_id, **given)

    def _ask(self, verb: str, on: bool, arguments: dict[str, Any]) -> None:
        def answered(reply: Reply) -> None:
            self._held[verb] = (on if reply.ok else not on, time.monotonic() + HOLD_S)
            if verb == "privacy" and on and not reply.ok:
                self._held[verb] = (True, float("inf"))  # hidden here, whatever the sensor does
            self._say(reply)
            self._refresh()

        self._feed.ask(verb, on_reply=answered, **arguments)

    def _say(self, reply: Reply) -> None:
        self._status.say(reply.text, problem=not reply.ok)

    def _now(self, name: str, said: bool) -> bool:
        held = self._held.get(name)
        return held[0] if held is not None and time.monotonic() < held[1] else said
