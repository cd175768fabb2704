"""Streams of a table: whose numbers they are."""

import polars as pl

from liveaffect.offline.tables.streams import streams


def table() -> pl.DataFrame:
    """Ten a second: a person for two seconds, then two seconds of a voice while no face is in view, then the person."""
    rows = [
        {
            "file": "s", "t_s": k / 10, "face_id": None if 20 <= k < 40 else 0, "state": "ok",
            "face_state": "no_face" if 20 <= k < 40 else "ok", "voice_state": "ok",
            "valence": -0.6 if 20 <= k < 40 else 0.5, "speech_prob": 0.9,
        }
        for k in range(60)
    ]  # fmt: skip
    return pl.DataFrame(rows)


def test_a_voice_while_nobody_is_in_view_is_a_stream_of_its_own_and_nobodys_numbers() -> None:
    found = {stream.name: stream for stream in streams(table(), pl.DataFrame({"label": []}), "s", {})}
    assert [name for name in found if name.endswith("numbers")] == ["s person 0 numbers", "s voice numbers"]
    mine = found["s person 0 numbers"]
    at = [channel.label for channel in mine.channels].index("valence")
    values = [float(row[at]) for row in mine.values]
    assert len(values) == 60
    assert min(values) == 0.5, "the person was given what the voice said"
    missing = found["s person 0 missing"]
    gone = [bool(row[[c.label for c in missing.channels].index("valence_missing")]) for row in missing.values]
    assert gone == [20 <= k < 40 for k in range(60)]
    assert ["state no_face"] in found["s person 0 states"].values
    voice = found["s voice numbers"]
    assert {float(row[at]) for row in voice.values} == {-0.6}
