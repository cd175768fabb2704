"""Open Sound Control: what the sensor measures as UDP messages, for Max, TouchDesigner, SuperCollider and the like."""

import socket
from typing import Any, ClassVar

from liveaffect.models.circumplex import EMOTIONS, likeliest
from liveaffect.stream import messages as m
from liveaffect.stream.errors import UsageError
from liveaffect.stream.extras import library
from liveaffect.stream.node import Node, Positive, on
from liveaffect.stream.topics import AFFECT, ATTENTION, BLINKED, FACE, GESTURE, MARKER, VOICE

NS = 1_000_000_000
UNSEEN = "unseen"
"""Whose voice belongs to no face in view."""
VOICE_ROW = ("f0_hz", "loudness_sone")


def host_and_port(text: str) -> tuple[str, int]:
    """ "host:port" or "[address]:port" in two. Raises UsageError."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise UsageError(f"osc.target = '{text}': write HOST:PORT, such as 127.0.0.1:9000")
    return host, int(port)


class OscNode(Node):
    """Sends to one address, and to none unless asked. OSC has no security: who listens there, or on the way, reads it.

    A number that is not known is not sent; the state is, at each change and once a second.
    """

    ordered: ClassVar[bool] = False

    target: str = "127.0.0.1:9000"
    """HOST:PORT of whoever listens (UDP)."""
    rate_hz: Positive = 30.0
    """Each address gets at most so many messages a second."""

    def open(self) -> None:
        """Raises UsageError: a library that is not there, a target that is none."""
        host, port = host_and_port(self.target)
        self._sent_ns: dict[str, int] = {}
        self._states: dict[str, str] = {}
        self._sent, self._lost = 0, 0
        self._client: Any = None
        if not self.host.live:  # a recording plays to nobody
            return
        library("osc")
        from pythonosc.udp_client import SimpleUDPClient

        try:  # once: a name would be looked up for every message
            address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0][4][0]
            self._client = SimpleUDPClient(str(address), port)
        except OSError as error:
            raise UsageError(f"osc.target = '{self.target}' cannot be reached: {error.strerror or error}") from None

    def close(self) -> None:
        if client := vars(self).get("_client"):
            client.close()
            self._client = None

    def info(self) -> dict[str, Any]:
        return {"target": self.target, "sent": self._sent, "not_sent": self._lost}

    @on(AFFECT)
    def affect(self, affect: m.Affect) -> None:
        """/liveaffect/affect/ID valence arousal valence_sd arousal_sd; /liveaffect/emotions/ID eight shares;
        /liveaffect/emotion/ID name; /liveaffect/speaking/ID share; /liveaffect/state/ID, /face and /voice a word.

        ID is the person's, or "unseen".
        """
        for what, state in (("face", affect.face_state), ("voice", affect.voice_state)):
            self._state(what, state, affect.t_ns)
        for person in affect.people:
            who, t_ns = str(person.id) if person.id >= 0 else UNSEEN, affect.t_ns
            self._state(who, person.state, t_ns)
            spread = (person.valence_sd, person.arousal_sd)
            self._numbers(f"affect/{who}", t_ns, person.valence, person.arousal, *spread)
            if person.emotions is not None:
                self._numbers(f"emotions/{who}", t_ns, *person.emotions)
                self._send(f"emotion/{who}", t_ns, [EMOTIONS[likeliest(person.emotions)]])
            self._numbers(f"speaking/{who}", t_ns, person.speaking_prob)

    @on(FACE)
    def face(self, seen: m.FaceObservation) -> None:
        """/liveaffect/au/ID 22 intensities; /liveaffect/head/ID yaw pitch roll; /liveaffect/gaze/ID yaw pitch;
        /liveaffect/eyes/ID yaw pitch (in the head); /liveaffect/open/ID left right; /liveaffect/distance/ID metres."""
        for face in seen.faces:
            self._numbers(f"au/{face.id}", seen.t_ns, *(face.au or (None,)))
            self._numbers(f"head/{face.id}", seen.t_ns, face.yaw_deg, face.pitch_deg, face.roll_deg)
            self._numbers(f"gaze/{face.id}", seen.t_ns, face.gaze_yaw_deg, face.gaze_pitch_deg)
            self._numbers(f"eyes/{face.id}", seen.t_ns, face.eye_yaw_deg, face.eye_pitch_deg)
            self._numbers(f"open/{face.id}", seen.t_ns, face.eye_open_left, face.eye_open_right)
            self._numbers(f"distance/{face.id}", seen.t_ns, face.distance_m)

    @on(ATTENTION)
    def attention(self, said: m.Attention) -> None:
        """/liveaffect/contact/ID probability; /liveaffect/looks/ID/OTHER and /liveaffect/mutual/ID/OTHER probability;
        /liveaffect/blinks/ID a minute; /liveaffect/perclos/ID share."""
        for one in said.people:
            self._numbers(f"contact/{one.id}", said.t_ns, one.eye_contact)
            for look in one.looks:
                self._numbers(f"looks/{one.id}/{look.at}", said.t_ns, look.p)
            self._numbers(f"blinks/{one.id}", said.t_ns, one.blinks_per_min)
            self._numbers(f"perclos/{one.id}", said.t_ns, one.perclos)
        for pair in said.mutual:
            self._numbers(f"mutual/{pair.first}/{pair.second}", said.t_ns, pair.p)

    @on(BLINKED)
    def blink(self, blink: m.Blinked) -> None:
        """/liveaffect/blink/ID seconds, as it has ended."""
        self._put(f"blink/{blink.id}", [(blink.end_ns - blink.begin_ns) / NS])

    @on(GESTURE)
    def gesture(self, gesture: m.Gesture) -> None:
        """/liveaffect/nod/ID and /liveaffect/shake/ID cycles, as it has ended."""
        self._put(f"{gesture.kind}/{gesture.id}", [gesture.cycles])

    @on(VOICE)
    def voice(self, hop: m.VoiceDescriptors) -> None:
        """/liveaffect/pitch Hz; /liveaffect/loudness sone; /liveaffect/speech share."""
        for name, key in zip(("pitch", "loudness"), VOICE_ROW, strict=True):
            self._numbers(name, hop.t_ns, hop.values.get(key))
        self._numbers("speech", hop.t_ns, hop.speech_prob)

    @on(MARKER)
    def marker(self, marker: m.Marker) -> None:
        """/liveaffect/marker label source."""
        self._put("marker", [marker.label, marker.source])

    def _numbers(self, address: str, t_ns: int, *numbers: float | None) -> None:
        if None not in numbers:
            self._send(address, t_ns, list(numbers))

    def _state(self, what: str, state: str, t_ns: int) -> None:
        address = f"state/{what}"
        if self._states.get(what) != state or t_ns - self._sent_ns.get(address, 0) >= NS:
            self._states[what], self._sent_ns[address] = state, t_ns
            self._put(address, [state])

    def _send(self, address: str, t_ns: int, values: list[Any]) -> None:
        if t_ns - self._sent_ns.get(address, 0) >= 0.9 * NS / self.rate_hz:  # frames do not come at an even pace
            self._sent_ns[address] = t_ns
            self._put(address, values)

    def _put(self, address: str, values: list[Any]) -> None:
        if self._client is None:
            return
        try:
            self._client.send_message(f"/liveaffect/{address}", values)
            self._sent += 1
        except OSError:  # nobody listens there just now, or the network is away: the next one may arrive
            self._lost += 1
