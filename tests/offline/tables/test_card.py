"""The card of a session: length, who, how clear, mean levels with intervals, markers, whole or not."""

import json
from pathlib import Path

import msgspec
import pytest
from made.session import recorded

from liveaffect.offline import open_session, session_card
from liveaffect.offline.tables.card import BINS
from liveaffect.offline.tables.summary import summarise_table
from liveaffect.stream.errors import RecordError
from liveaffect.stream.session.facts import NOTES, SessionCard, length_text


def test_the_card_says_how_long_who_how_clear_and_which_levels(tmp_path: Path) -> None:
    card = session_card(recorded(tmp_path / "p01"))
    assert (card.name, card.path, card.state, card.whole) == ("p01", str(tmp_path / "p01"), "COMPLETE", True)
    assert card.length_s == pytest.approx(20.0)
    assert card.face_share == pytest.approx(0.75)
    assert card.speech_share == 0.0
    person = card.people[0]
    assert (person.name, person.called, person.not_told) == ("P01", "P01", "")
    assert person.seconds == pytest.approx(15.0)
    assert person.valence is not None
    assert person.valence.mean == pytest.approx(0.3, abs=1e-3)
    assert person.valence.high - person.valence.mean == pytest.approx(1.6449 * 0.1, abs=1e-3)
    assert (len(card.people), card.passers_by) == (1, 1)
    assert card.markers == [(3.0, "film on")]
    assert card.stored == []


def test_the_card_and_the_summary_of_the_table_agree(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "p01")
    card = session_card(folder)
    whole = summarise_table(open_session(folder).table()).row(0, named=True)
    assert card.length_s == pytest.approx(whole["seconds"], abs=0.11)
    assert card.face_share == pytest.approx(whole["seconds_face"] / whole["seconds"], abs=0.01)


def test_the_strip_says_state_and_valence_of_every_piece(tmp_path: Path) -> None:
    strip = session_card(recorded(tmp_path / "p01")).strip
    assert len(strip.state) == len(strip.valence) == len(strip.speech) == BINS
    assert strip.step_s * BINS == pytest.approx(20.0)
    gone = round(0.75 * BINS)
    assert set(strip.state[:gone]) == {"ok"}
    assert set(strip.state[gone:]) == {"no_face"}
    assert all(value is not None for value in strip.valence[:gone])
    assert set(strip.valence[gone:]) == {None}


def test_a_wide_interval_is_told_in_words(tmp_path: Path) -> None:
    card = session_card(recorded(tmp_path / "p01", sd=0.6))
    assert card.people[0].not_told == "seen, not told"
    assert "seen, not told" in "\n".join(card.lines())


def test_the_lines_say_it_in_words_and_notes_are_read(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "p01")
    (folder / NOTES).write_text("second visit\n", "utf-8")
    card = session_card(folder)
    assert card.note == "second visit"
    text = "\n".join(card.lines())
    assert str(folder) in text
    assert "20 s, 75% of it with a clear face" in text
    assert "P01, 15 s: valence +0.30 (+0.14 to +0.46)  arousal -0.10 (-0.43 to +0.23)" in text
    assert "film on (3.0 s)" in text
    assert "no pixels, no sound" in text
    assert "complete" in text
    assert msgspec.convert(json.loads(msgspec.json.encode(card)), SessionCard) == card


def test_a_recording_that_was_cut_is_incomplete_and_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    folder = recorded(tmp_path / "p01")
    facts = json.loads((folder / "session.json").read_text("utf-8"))
    (folder / "session.mcap").write_bytes((folder / "session.mcap").read_bytes()[:-400])
    card = session_card(folder)
    assert (card.state, card.whole) == ("DAMAGED", False)
    assert facts["state"] == "COMPLETE"
    assert card.verdict().startswith("damaged: ")
    assert "session.mcap" in card.verdict()
    with pytest.raises(RecordError, match="does not exist"):
        session_card(tmp_path / "none")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(4.21, "4.2 s"), (12.4, "12 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (3725, "1 h 02 min")],
)
def test_a_length_is_said_as_a_person_says_it(seconds: float, text: str) -> None:
    assert length_text(seconds) == text
