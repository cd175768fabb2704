"""What the page is told: states in words, no number for none, the newest and a bounded past."""

import json
from typing import Any

import pytest
from windows import stream as made

from liveaffect.nodes.web.hub import HISTORY_S, MOST_EVENTS, Hub
from liveaffect.stream import messages as m


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def hub(clock: Clock) -> Hub:
    hub = Hub(clock=clock)
    hub.begin({"run": "one", "verbs": {"record": ["recorder"]}})
    return hub


def state(hub: Hub) -> dict[str, Any]:
    return json.loads(hub.state())


def test_a_person_is_told_with_states_and_intervals(hub: Hub) -> None:
    hub.take(made.affect(3))
    told = state(hub)
    (person,) = told["people"]
    assert told["state"] == person["state"] == "ok"
    low, high = person["valence_90"]
    assert low < person["valence"] < high
    assert high - low == pytest.approx(2 * 1.645 * 0.12, abs=1e-3)
    assert person["bold"] == {"valence": True, "arousal": True}
    assert sum(person["emotions"]) == pytest.approx(1.0)


def test_faces_come_before_a_voice_that_fits_none(hub: Hub) -> None:
    hub.take(made.affect(3, (made.person(3, -1), made.person(3, 2), made.person(3, 1))))
    assert [one["name"] for one in state(hub)["people"]] == ["face 2", "face 1", "voice out of view"]


def looks(t_ns: int, contact: float | None = 0.1) -> m.Attention:
    people = (
        m.PersonAttention(id=0, by="eyes", eye_contact=contact, looks=(m.Look(at=1, p=0.8),)),
        m.PersonAttention(id=1, by="eyes", eye_contact=0.2, looks=(m.Look(at=0, p=0.75),)),
    )
    return m.Attention(t_ns=t_ns, frame_seq=1, people=people, mutual=(m.MutualGaze(first=0, second=1, p=0.6),))


def test_where_each_one_looks_is_told_and_what_is_not_known_or_old_is_null(hub: Hub) -> None:
    two = made.person(3, name="Ann"), made.person(3, 1)
    hub.take(made.affect(3, two))
    first, _ = state(hub)["people"]
    nothing = {"gaze": None, "eye_contact": None, "looks": [], "looks_words": ""}
    assert {key: first[key] for key in nothing} == nothing
    face = m.Face(id=0, state="ok", gaze_yaw_deg=-7.5, gaze_pitch_deg=2.0, gaze_sd_deg=4.0, gaze_pitch_sd_deg=8.0)
    lost = m.Face(id=1, state="occluded")
    hub.take(m.FaceObservation(t_ns=made.instant(3), frame_seq=3, state="ok", faces=(face, lost)))
    hub.take(looks(made.instant(3)))
    first, second = state(hub)["people"]
    assert first["gaze"] == {"yaw": -7.5, "pitch": 2.0, "yaw_sd": 4.0, "pitch_sd": 8.0}
    assert second["gaze"] is None
    assert first["looks"] == [{"at": 1, "p": 0.8, "mutual": 0.6}]
    assert (first["looks_words"], second["looks_words"]) == ("looks at face 1", "looks at Ann")
    assert (first["eye_contact"], second["eye_contact"]) == (0.1, 0.2)
    hub.take(looks(made.instant(4), contact=None))
    assert state(hub)["people"][0]["eye_contact"] is None
    hub.take(made.affect(60, two))
    first, _ = state(hub)["people"]
    assert {key: first[key] for key in nothing} == nothing


def test_no_face_is_said_and_never_a_number(hub: Hub) -> None:
    nothing = dict.fromkeys(("valence", "valence_sd", "arousal", "arousal_sd", "emotions"))
    hub.take(made.affect(3, (made.person(3, state="no_face", **nothing),), state="no_face"))
    (person,) = state(hub)["people"]
    assert person["words"] == "no face in view"
    assert person["valence"] is person["valence_90"] is person["emotions"] is None


def test_what_is_hardly_more_than_the_prior_is_not_bold_and_has_no_category(hub: Hub) -> None:
    hub.take(made.affect(3, (made.person(3, valence_sd=0.6, voice_weight=0.9, compound="sadly angry"),)))
    (person,) = state(hub)["people"]
    assert person["bold"] == {"valence": False, "arousal": True}
    assert person["emotions"] is None
    assert person["emotions_words"] == "heard, not told"
    assert person["compound"] == ""


def test_estimates_that_stop_are_told_no_longer(hub: Hub, clock: Clock) -> None:
    hub.take(made.affect(3))
    clock.now += 1.9
    hub.take(made.health("fusion", 2))
    assert state(hub)["people"]
    clock.now += 0.2
    hub.take(made.health("fusion", 3, state="node_down", error="it fell"))
    told = state(hub)
    assert told["people"] == []
    assert told["state"] == "stale"
    assert told["words"] == "no estimates any more"
    assert told["trouble"] == ["fusion has stopped and is being started again: it fell"]
    assert told["silent_s"] == 0.0


def test_the_silence_of_a_sensor_is_told_by_its_length(hub: Hub, clock: Clock) -> None:
    hub.take(made.affect(3))
    clock.now += 5.0
    told = state(hub)
    assert told["silent_s"] == 5.0
    assert told["people"], "what was known then is shown in grey"


def test_a_sensor_that_has_gone_is_told_and_another_run_begins_empty(hub: Hub) -> None:
    hub.take(made.affect(3))
    hub.lose("the sensor has ended")
    told = state(hub)
    assert not told["connected"]
    assert told["trouble"] == ["the sensor has ended"]
    hub.begin({"run": "two"})
    assert state(hub)["words"] == "waiting for the first estimate"


def test_recording_and_privacy_are_those_of_a_recorder_that_lives(hub: Hub, clock: Clock) -> None:
    since = made.instant(0)
    status = m.RecordStatus(recording=True, since_ns=since, session="/home/someone/sessions/s1", privacy=True)
    hub.take(made.health("recorder", 90, status=status))
    clock.now += 0.5
    told = state(hub)["recording"]
    assert told == {"known": True, "on": True, "seconds": 3.5, "session": "s1", "privacy": True}
    assert hub.privacy
    hub.take(made.health("recorder", 91, status=status, state="node_down"))
    assert not state(hub)["recording"]["known"]


def test_a_reader_gets_the_beginning_the_newest_state_and_every_marker(hub: Hub) -> None:
    for i in range(30):
        hub.take(made.affect(i))
    mailbox = hub.open()
    hello, history, now = (json.loads(text) for text in mailbox.take(1.0))
    assert (hello["type"], history["type"], now["type"]) == ("hello", "history", "state")
    assert len(history["rows"]) == 10
    assert mailbox.take(1.1) == []
    hub.take(m.Marker(t_ns=made.instant(31), label="now"))
    hub.take(made.affect(31))
    marker, now = (json.loads(text) for text in mailbox.take(1.2))
    assert marker == {"type": "marker", "t_ns": made.instant(31), "label": "now", "source": ""}
    assert now["t_ns"] == made.instant(31)


def test_the_state_is_said_once_a_second_where_nothing_changes(hub: Hub) -> None:
    mailbox = hub.open()
    mailbox.take(1.0)
    assert mailbox.take(1.9) == []
    assert len(mailbox.take(2.0)) == 1


def test_a_reader_that_stands_still_costs_a_bounded_number_of_events(hub: Hub) -> None:
    mailbox = hub.open()
    mailbox.take(1.0)
    for i in range(5000):
        hub.take(m.Marker(t_ns=i, label=str(i)))
        hub.take(made.affect(i))
    told = mailbox.take(2.0)
    assert len(told) == MOST_EVENTS + 1
    assert json.loads(told[-2])["label"] == "4999"
    hub.close(mailbox)
    hub.take(m.Marker(t_ns=1, label="later"))
    assert len(mailbox._events) == 0


def test_half_an_hour_leaves_one_minute(hub: Hub) -> None:
    for i in range(0, 30 * 60 * 30, 3):
        hub.take(made.affect(i, (made.person(i), made.person(i, 1))))
    assert len(hub._past) <= HISTORY_S * 10.6
    assert len(hub.beginning()[1]) < 120_000


def test_a_seek_begins_the_past_anew(hub: Hub) -> None:
    for i in range(200, 260):
        hub.take(made.affect(i))
    before = hub.generation
    hub.take(made.affect(10))
    assert hub.generation == before + 1
    assert len(hub._past) == 1


def test_a_replay_that_is_paused_keeps_its_estimates_and_ignores_recorded_health(hub: Hub, clock: Clock) -> None:
    hub.begin({"run": "three", "kind": "replay"})
    hub.take(made.affect(3))
    hub.take(made.health("recorder", 3, process="recorded recorder", status=m.RecordStatus(recording=True)))
    hub.take(m.Playback(t_ns=1, position_s=2.0, length_s=9.0, state="paused"))
    clock.now += 10.0
    told = state(hub)
    assert told["people"]
    assert told["playback"]["state"] == "paused"
    assert not told["recording"]["on"]
