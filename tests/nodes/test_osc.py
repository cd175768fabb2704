"""OSC messages as a receiver of another library's making reads them."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from made.attention import made_room
from made_people import frame, hop
from runs.command import refused

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.nodes.attention import AttentionNode
from liveaffect.nodes.osc import OscNode, host_and_port
from liveaffect.stream import extras
from liveaffect.stream.errors import UsageError
from liveaffect.stream.extras import Extra
from liveaffect.stream.lockstep import run_nodes
from liveaffect.stream.messages import Affect, Attention, Blinked, Gesture, Marker, Person, PersonAttention, State
from liveaffect.stream.node import HostInfo, bind

pytest.importorskip("pythonosc")
FRAME_NS = 33_333_333


class Receiver:
    """A socket of UDP, read as OSC."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(60)

    def read(self, count: int) -> list[tuple[str, list[Any]]]:
        """So many messages; on loopback what was sent is here already."""
        from pythonosc.osc_message import OscMessage

        found = [OscMessage(self.socket.recv(65536)) for _ in range(count)]
        return [(message.address.removeprefix("/liveaffect/"), list(message.params)) for message in found]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    one = Receiver()
    yield one
    one.socket.close()


def opened(receiver: Receiver, **settings: Any) -> OscNode:
    node = OscNode(target=f"127.0.0.1:{receiver.socket.getsockname()[1]}", **settings)
    bind(node, HostInfo(name="osc", live=True))
    node.open()
    return node


@pytest.mark.processes
def test_every_measure_arrives_with_its_address_and_what_is_missing_is_not_sent(receiver: Receiver) -> None:
    node = opened(receiver)
    faces, affect = frame(3, 10**12)
    looks = faces.faces[1]
    looks.gaze_yaw_deg, looks.gaze_pitch_deg, looks.eye_open_left, looks.eye_open_right = -4.0, 6.5, 1.0, 0.5
    looks.eye_yaw_deg, looks.distance_m = 2.0, 0.75
    node.affect(affect)
    node.face(faces)
    node.voice(hop(4, 10**12))  # unvoiced
    node.marker(Marker(t_ns=10**12, label="müde", source="here"))
    got = receiver.read(node.info()["sent"])
    node.close()
    said = dict(got)
    assert len(said) == len(got)
    assert said["affect/0"] == pytest.approx([affect.people[0].valence, affect.people[0].arousal, 0.1, 0.2])
    assert said["emotions/1"] == pytest.approx(affect.people[1].emotions)
    assert said["emotion/1"] == [EMOTIONS[3]]
    assert said["au/1"] == pytest.approx(faces.faces[1].au)
    assert [said[key] for key in ("state/0", "state/face", "state/voice")] == [["ok"], ["ok"], ["silence"]]
    assert said["loudness"] == [104.0]
    assert said["marker"] == ["müde", "here"]
    assert [said[key] for key in ("gaze/1", "open/1", "distance/1")] == [[-4.0, 6.5], [1.0, 0.5], [0.75]]
    assert not any(address.startswith("eyes") for address in said)  # one of its two angles is not known
    assert "pitch" not in said
    assert not any(address.startswith(("head", "speaking")) for address in said)


@pytest.mark.processes
def test_who_looks_where_blinks_and_nods_arrive_and_what_is_not_known_is_not_sent(receiver: Receiver) -> None:
    node = opened(receiver)
    said = list(run_nodes(AttentionNode(), inputs=list(made_room(22, {3: 7, 7: "camera"}))))
    last = next(one for one in reversed(said) if isinstance(one, Attention))
    node.attention(last)
    blink = next(one for one in said if isinstance(one, Blinked))
    node.blink(blink)
    nod = next(one for one in said if isinstance(one, Gesture))
    node.gesture(nod)
    node.attention(Attention(t_ns=last.t_ns + 10**9, frame_seq=0, people=(PersonAttention(id=9, state="occluded"),)))
    got = dict(receiver.read(node.info()["sent"]))
    node.close()
    pair = last.people[0]
    assert got["contact/3"] == pytest.approx([pair.eye_contact])
    assert got["looks/3/7"] == pytest.approx([pair.looks[0].p])
    assert got["looks/3/7"][0] > 0.7 > got["looks/7/3"][0]
    assert got["mutual/3/7"] == pytest.approx([last.mutual[0].p])
    assert got["blinks/3"] == pytest.approx([pair.blinks_per_min])
    assert got["perclos/3"] == pytest.approx([pair.perclos])
    assert got["blink/3"] == pytest.approx([(blink.end_ns - blink.begin_ns) / 1e9])
    assert got["nod/7"] == pytest.approx([nod.cycles])
    assert not any(address.endswith("/9") for address in got)


@pytest.mark.processes
def test_each_address_keeps_to_its_rate_and_a_change_of_state_is_told_at_once(receiver: Receiver) -> None:
    node = opened(receiver, rate_hz=10.0)
    for number in range(60):
        state: State = "occluded" if number == 20 else "ok"
        person = Person(id=-1, state=state, valence=0.5, valence_sd=0.1, arousal=0.1, arousal_sd=0.1)
        node.affect(Affect(t_ns=10**12 + number * FRAME_NS, people=(person,)))
    got = receiver.read(node.info()["sent"])
    node.close()
    assert [address for address, _ in got].count("affect/unseen") == 20
    states = [words for address, words in got if address == "state/unseen"]
    assert states == [["ok"], ["occluded"], ["ok"], ["ok"]]  # the last a second later, unasked


@pytest.mark.processes
def test_a_receiver_that_comes_late_or_goes_costs_nothing(receiver: Receiver) -> None:
    node = opened(receiver)
    port = receiver.socket.getsockname()[1]
    receiver.socket.close()
    for number in range(5):
        node.marker(Marker(t_ns=number, label="nobody"))
    receiver.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.socket.bind(("127.0.0.1", port))
    receiver.socket.settimeout(60)
    node.marker(Marker(t_ns=9, label="somebody"))
    assert receiver.read(1) == [("marker", ["somebody", ""])]
    node.close()


@pytest.mark.parametrize("text", ["", "host", "host:", ":9000", "host:0", "host:65536", "host:-1", "host:x", "9000"])
def test_a_target_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="write HOST:PORT"):
        host_and_port(text)


def test_targets_are_read() -> None:
    assert host_and_port("127.0.0.1:9000") == ("127.0.0.1", 9000)
    assert host_and_port("[::1]:57120") == ("::1", 57120)


def test_without_the_extra_and_with_a_wrong_target_the_verb_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    refused(2, ["run", "--osc", "nowhere"], "write HOST:PORT")
    monkeypatch.setitem(extras.EXTRAS, "osc", Extra("pythonosc_of_nobody", "Open Sound Control (`--osc`)"))
    refused(2, ["run", "--osc", "127.0.0.1:9000"], 'pip install "liveaffect[osc]"')
