"""The node `mqtt`: affect, looks, states, markers to a broker once a second; Home Assistant is told what they are."""

import json
import platform
import re
from importlib.metadata import version
from typing import Annotated, Any, ClassVar

import msgspec

from liveaffect.models.circumplex import EMOTIONS, likeliest
from liveaffect.nodes.mqtt.broker import Broker, password_of, place_of
from liveaffect.stream import messages as m
from liveaffect.stream.node import Node, Positive, on
from liveaffect.stream.topics import AFFECT, ATTENTION, FACE, MARKER

NS = 1_000_000_000
SENSORS = {
    "valence": ("Valence", "mdi:emoticon-happy-outline"),
    "arousal": ("Arousal", "mdi:pulse"),
    "emotion": ("Emotion", "mdi:drama-masks"),
    "state": ("State", "mdi:face-recognition"),
    "people": ("People in view", "mdi:account-multiple"),
    "voice": ("Voice", "mdi:microphone"),
    "eye_contact": ("Eye contact", "mdi:eye-outline"),
}
"""What Home Assistant shows: key in the text of `BASE/ID/first` -> name, icon."""


class MqttNode(Node):
    """Connects to one broker, and to none unless asked. The broker, and who reads there, learn what is measured."""

    ordered: ClassVar[bool] = False

    url: str = "mqtt://127.0.0.1"
    """mqtt://HOST:PORT, mqtts:// for TLS, with USER@ before the host; never with a password in it."""
    password_file: str = ""
    """File whose first line is the password; "" takes LIVEAFFECT_MQTT_PASSWORD of the environment."""
    certificate: str = ""
    """File of the authority that vouches for an mqtts broker; "" for those that the system trusts."""
    base: Annotated[str, msgspec.Meta(pattern=r"^[\w-]+(/[\w-]+)*$")] = "liveaffect"
    """Beginning of every topic."""
    name: Annotated[str, msgspec.Meta(pattern=r"^[\w-]{0,60}$")] = ""
    """This sensor in topics; "" for the machine's name."""
    discovery: Annotated[str, msgspec.Meta(pattern=r"^([\w-]+(/[\w-]+)*)?$")] = "homeassistant"
    """Where Home Assistant looks for devices; "" does not tell it."""
    every_s: Positive = 1.0
    """Time between two messages of affect."""

    def open(self) -> None:
        """Begins to connect. Raises UsageError, InputError: an address that is none, a file that is not there."""
        place = place_of(self.url)
        self._id = self.name or re.sub(r"[^\w-]", "-", platform.node()) or "sensor"
        self._said_ns = self._attended_ns = 0
        self._seen: m.FaceObservation | None = None
        self._attention: m.Attention | None = None
        self._broker: Broker | None = None
        if not self.host.live:  # a recording plays to nobody
            return
        status = self._topic("status")
        words = (place, password_of(self.password_file), self.certificate, status)
        self._broker = Broker(*words, self._introduction() if self.discovery else {})

    def close(self) -> None:
        if broker := vars(self).get("_broker"):
            broker.close()
            self._broker = None

    def info(self) -> dict[str, Any]:
        return {"url": self.url, "topics": self._topic("+"), "sent": self._broker.sent if self._broker else 0}

    def trouble(self) -> str:
        return f"MQTT, {self.url}: {self._broker.why}; it goes on trying" if self._broker and self._broker.why else ""

    def notice(self) -> str:
        place = place_of(self.url)
        return "" if place.tls or place.here else "MQTT goes over the network unencrypted: mqtts:// encrypts"

    @on(AFFECT)
    def affect(self, affect: m.Affect) -> None:
        """`affect`: everyone; `first`: the first person with numbers, flat, for a home. Null where there is none."""
        if affect.t_ns - self._said_ns < 0.95 * self.every_s * NS or self._broker is None:
            return
        self._said_ns = affect.t_ns
        people = [_person(person) for person in affect.people]
        faces = [one for one in people if one["id"] >= 0]
        numbers = [one for one in (*faces, *people) if one["valence"] is not None]
        first = numbers[0] if numbers else {"id": None, "valence": None, "arousal": None, "emotion": None}
        whole = {"state": affect.state, "face": affect.face_state, "voice": affect.voice_state, "people": people}
        flat = {key: first[key] for key in ("valence", "arousal", "emotion")}
        flat["eye_contact"] = self._contact(first["id"], affect.t_ns)
        flat |= {"state": affect.state, "voice": affect.voice_state, "people": len(faces)}
        self._broker.say(self._topic("affect"), json.dumps(whole))
        self._broker.say(self._topic("first"), json.dumps(flat))

    @on(FACE)
    def face(self, seen: m.FaceObservation) -> None:
        """Keeps where eyes look, for `attention`."""
        self._seen = seen

    @on(ATTENTION)
    def attention(self, said: m.Attention) -> None:
        """`attention`: everyone's gaze, eye contact and looks at others; who looks at each other."""
        self._attention = said
        if said.t_ns - self._attended_ns < 0.95 * self.every_s * NS or self._broker is None:
            return
        self._attended_ns = said.t_ns
        seen = self._seen if self._seen is not None and abs(said.t_ns - self._seen.t_ns) < NS else None
        faces = {face.id: face for face in seen.faces} if seen is not None else {}
        people = [_looks(one, faces.get(one.id)) for one in said.people]
        mutual = [{"first": one.first, "second": one.second, "p": _rounded(one.p)} for one in said.mutual]
        self._broker.say(self._topic("attention"), json.dumps({"people": people, "mutual": mutual}))

    def _contact(self, who: int | None, t_ns: int) -> float | None:
        said = self._attention
        if said is None or abs(t_ns - said.t_ns) >= NS:
            return None
        return next((_rounded(one.eye_contact) for one in said.people if one.id == who), None)

    @on(MARKER)
    def marker(self, marker: m.Marker) -> None:
        """`marker`: label and source."""
        if self._broker is not None:
            self._broker.say(self._topic("marker"), json.dumps({"label": marker.label, "source": marker.source}))

    def _topic(self, what: str) -> str:
        return f"{self.base}/{self._id}/{what}"

    def _introduction(self) -> dict[str, str]:
        """https://www.home-assistant.io/integrations/mqtt: one retained word for each sensor of one device."""
        device = {
            "identifiers": [f"liveaffect-{self._id}"],
            "name": f"Affect sensor {self._id}",
            "manufacturer": "liveaffect",
            "sw_version": version("liveaffect"),
        }
        told: dict[str, str] = {}
        written = {topic for node in self.host.wiring.values() for topic in node["writes"]}
        for key, (name, icon) in SENSORS.items():
            if key == "eye_contact" and ATTENTION.name not in written:
                continue
            words: dict[str, Any] = {
                "name": name,
                "unique_id": f"liveaffect-{self._id}-{key}",
                "state_topic": self._topic("first"),
                "value_template": f"{{{{ value_json.{key} }}}}",
                "availability_topic": self._topic("status"),
                "expire_after": max(10, round(5 * self.every_s)),
                "icon": icon,
                "device": device,
            }
            if key in ("valence", "arousal", "people", "eye_contact"):
                words["state_class"] = "measurement"
            told[f"{self.discovery}/sensor/liveaffect-{self._id}/{key}/config"] = json.dumps(words)
        return told


def _person(person: m.Person) -> dict[str, Any]:
    shares = person.emotions
    return {
        "id": person.id,
        "state": person.state,
        "valence": _rounded(person.valence),
        "valence_sd": _rounded(person.valence_sd),
        "arousal": _rounded(person.arousal),
        "arousal_sd": _rounded(person.arousal_sd),
        "emotion": None if shares is None else EMOTIONS[likeliest(shares)],
        "shares": None if shares is None else {name: _rounded(p) for name, p in zip(EMOTIONS, shares, strict=True)},
        "speaking": _rounded(person.speaking_prob),
    }


def _looks(person: m.PersonAttention, face: m.Face | None) -> dict[str, Any]:
    return {
        "id": person.id,
        "state": person.state,
        "gaze_yaw_deg": _rounded(face.gaze_yaw_deg if face else None),
        "gaze_pitch_deg": _rounded(face.gaze_pitch_deg if face else None),
        "gaze_by": person.by or None,
        "eye_contact": _rounded(person.eye_contact),
        "looks_at": [{"id": look.at, "p": _rounded(look.p)} for look in person.looks],
        "blinks_per_min": _rounded(person.blinks_per_min),
        "perclos": _rounded(person.perclos),
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
