"""The node `mqtt` against a broker of its own: mosquitto, as Debian ships it."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from made.attention import made_room
from made_people import frame
from runs.live import free_port, wait_for

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.nodes.attention import AttentionNode
from liveaffect.nodes.mqtt import MqttNode
from liveaffect.nodes.mqtt.broker import PASSWORD
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Affect, Attention, Marker, Person
from liveaffect.stream.node import HostInfo, bind

paho = pytest.importorskip("paho.mqtt.client")
MOSQUITTO = shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
pytestmark = [
    pytest.mark.processes,
    pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed (Debian: apt install mosquitto)"),
]
SECRET = "a word of its own"


class Broker:
    """mosquitto on loopback, which wants a password; it can be ended and started again."""

    def __init__(self, folder: Path) -> None:
        self.port, self._folder = free_port(), folder
        passwords, settings = folder / "passwords", folder / "mosquitto.conf"
        tool = shutil.which("mosquitto_passwd") or "mosquitto_passwd"
        subprocess.run([tool, "-c", "-b", str(passwords), "sensor", SECRET], check=True, capture_output=True)
        passwords.chmod(0o644)
        folder.chmod(0o755)
        lines = [f"listener {self.port} 127.0.0.1", "allow_anonymous false", f"password_file {passwords}"]
        settings.write_text("\n".join([*lines, "persistence false", f"user {os.environ.get('USER') or 'root'}", ""]))
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert MOSQUITTO is not None
        words = [MOSQUITTO, "-c", str(self._folder / "mosquitto.conf")]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Reader:
    """Another program that reads everything the broker has."""

    def __init__(self, port: int) -> None:
        self.got: list[tuple[str, str, bool]] = []
        self._client = paho.Client(paho.CallbackAPIVersion.VERSION2)
        self._client.username_pw_set("sensor", SECRET)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_message = lambda _c, _d, m: self.got.append((m.topic, m.payload.decode(), m.retain))
        self._client.connect_async("127.0.0.1", port)
        self._client.loop_start()

    def last(self, topic: str) -> str:
        return next((text for name, text, _ in reversed(self.got) if name == topic), "")

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    one = Broker(tmp_path)
    yield one
    one.end()


@pytest.fixture
def reader(broker: Broker) -> Iterator[Reader]:
    one = Reader(broker.port)
    yield one
    one.close()


@pytest.fixture
def opened(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., MqttNode]]:
    nodes: list[MqttNode] = []
    monkeypatch.setenv(PASSWORD, SECRET)

    def make(wiring: dict[str, dict[str, list[str]]] | None = None, **settings: Any) -> MqttNode:
        node = MqttNode(**{"url": f"mqtt://sensor@127.0.0.1:{broker.port}", "name": "lab", **settings})
        bind(node, HostInfo(name="mqtt", live=True, wiring=wiring or {}))
        node.open()
        nodes.append(node)
        return node

    yield make
    for node in nodes:
        node.close()


def test_affect_and_markers_arrive_and_missing_is_null(reader: Reader, opened: Callable[..., MqttNode]) -> None:
    node = opened()
    wait_for(lambda: node.trouble() == "" and reader.last("liveaffect/lab/status") == "online", "the connection")
    _, affect = frame(3, 10**12)
    node.affect(affect)
    node.affect(frame(4, 10**12 + 33_000_000)[1])  # within the same second
    node.marker(Marker(t_ns=10**12, label="müde", source="here"))
    gone = Affect(t_ns=2 * 10**12, people=(Person(id=0, state="occluded"),), state="occluded", face_state="occluded")
    node.affect(gone)
    wait_for(lambda: '"state": "occluded"' in reader.last("liveaffect/lab/first"), "the last words")
    whole = [json.loads(text) for topic, text, _ in reader.got if topic == "liveaffect/lab/affect"]
    assert len(whole) == 2
    assert whole[0]["people"][1]["valence"] == round(affect.people[1].valence or 0.0, 3)
    assert whole[0]["people"][1]["emotion"] == EMOTIONS[3]
    assert whole[1]["people"][0] == {"id": 0, "state": "occluded"} | dict.fromkeys(
        ("valence", "valence_sd", "arousal", "arousal_sd", "emotion", "shares", "speaking")
    )
    last = json.loads(reader.last("liveaffect/lab/first"))
    assert last == {
        "valence": None,
        "arousal": None,
        "emotion": None,
        "eye_contact": None,
        "state": "occluded",
        "voice": "silence",
        "people": 1,
    }
    assert json.loads(reader.last("liveaffect/lab/marker")) == {"label": "müde", "source": "here"}


def test_who_looks_where_arrives_and_what_is_not_known_is_null(reader: Reader, opened: Callable[..., MqttNode]) -> None:
    node = opened()
    wait_for(lambda: reader.last("liveaffect/lab/status") == "online", "the connection")
    frames = list(made_room(3, {3: 7, 7: "camera"}))
    told = [one for one in run_nodes(AttentionNode(), inputs=frames) if isinstance(one, Attention)]
    for one in told:
        node.face(frames[one.frame_seq])
        node.attention(one)
    last = told[-1]
    people = tuple(Person(id=one.id, state="ok", valence=0.1, arousal=0.1) for one in reversed(last.people))
    node.affect(Affect(t_ns=last.t_ns, people=people))
    wait_for(lambda: reader.last("liveaffect/lab/first"), "the last words")
    said = [json.loads(text) for topic, text, _ in reader.got if topic == "liveaffect/lab/attention"]
    assert len(said) == 2  # once a second
    first, second = said[-1]["people"]
    assert [first["looks_at"][0]["id"], second["looks_at"][0]["id"]] == [7, 3]
    assert first["looks_at"][0]["p"] > 0.7 > second["looks_at"][0]["p"]
    assert first["gaze_yaw_deg"] == pytest.approx(frames[-1].faces[0].gaze_yaw_deg, abs=1e-3)
    assert first["blinks_per_min"] is None  # too little was seen
    assert [(one["first"], one["second"]) for one in said[-1]["mutual"]] == [(3, 7)]
    contact = next(one.eye_contact for one in last.people if one.id == 7)
    assert json.loads(reader.last("liveaffect/lab/first"))["eye_contact"] == pytest.approx(contact, abs=1e-3)
    node.affect(Affect(t_ns=last.t_ns + 3 * 10**9, people=people))  # nothing newer is known of looks
    wait_for(lambda: json.loads(reader.last("liveaffect/lab/first"))["eye_contact"] is None, "that it is not known")


@pytest.mark.parametrize(("wiring", "count"), [(None, 6), ({"attention": {"writes": ["attention"]}}, 7)])
def test_home_assistant_is_told_once_and_for_all_what_there_is(
    broker: Broker,
    reader: Reader,
    opened: Callable[..., MqttNode],
    wiring: dict[str, dict[str, list[str]]] | None,
    count: int,
) -> None:
    node = opened(wiring)
    wait_for(lambda: reader.last("liveaffect/lab/status") == "online", "the connection")
    node.affect(frame(3, 10**12)[1])
    late = Reader(broker.port)
    wait_for(lambda: len([1 for topic, _, _ in late.got if topic.endswith("/config")]) == count, "what is kept")
    wait_for(lambda: reader.last("liveaffect/lab/first"), "a message")
    told = {topic: json.loads(text) for topic, text, kept in late.got if topic.endswith("/config") and kept}
    late.close()
    assert len(told) == count
    flat = json.loads(reader.last("liveaffect/lab/first"))
    for topic, words in told.items():
        key = topic.split("/")[-2]
        assert topic == f"homeassistant/sensor/liveaffect-lab/{key}/config"
        assert words["value_template"] == "{{ value_json." + key + " }}"
        assert key in flat
        assert words["state_topic"] == "liveaffect/lab/first"
        assert words["availability_topic"] == "liveaffect/lab/status"
        assert words["device"]["identifiers"] == ["liveaffect-lab"]
    assert len({words["unique_id"] for words in told.values()}) == count


def test_a_broker_that_went_is_told_and_taken_up_again(
    broker: Broker, reader: Reader, opened: Callable[..., MqttNode]
) -> None:
    node = opened()
    wait_for(lambda: reader.last("liveaffect/lab/status") == "online", "the connection")
    broker.end()
    wait_for(lambda: "lost" in node.trouble(), "the news of it")
    node.affect(frame(3, 10**12)[1])  # is not kept
    assert node.info()["sent"] == 0
    reader.got.clear()
    broker.start()
    wait_for(lambda: node.trouble() == "" and reader.last("liveaffect/lab/status") == "online", "the connection again")
    node.affect(frame(3, 2 * 10**12)[1])
    wait_for(lambda: reader.last("liveaffect/lab/affect"), "affect")
    node.close()
    wait_for(lambda: reader.last("liveaffect/lab/status") == "offline", "its leave")


def test_a_password_comes_from_a_file_or_the_environment_and_a_wrong_one_is_told(
    tmp_path: Path, opened: Callable[..., MqttNode]
) -> None:
    (tmp_path / "right").write_text(f"{SECRET}\n")
    (tmp_path / "wrong").write_text("another\n")
    right, wrong = (
        opened(password_file=str(tmp_path / "right")),
        opened(password_file=str(tmp_path / "wrong"), name="w"),
    )
    wait_for(lambda: right.trouble() == "", "the connection")
    wait_for(lambda: "the broker refuses: Not authorized" in wrong.trouble(), "the refusal")
    assert SECRET not in right.trouble() + wrong.trouble() + str(right.info())
