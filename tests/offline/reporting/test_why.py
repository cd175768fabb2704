"""Discord and reasons in a report."""

from types import SimpleNamespace
from typing import Any

import polars as pl

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.offline.reporting.why import discords, reasons, stretches
from liveaffect.stream.messages import Cue, Reason, Reasons

HAPPY = (0.1, 0.8, 0.02, 0.02, 0.02, 0.02, 0.01, 0.01)
ANGRY = (0.1, 0.02, 0.02, 0.02, 0.8, 0.02, 0.01, 0.01)


def rows() -> pl.DataFrame:
    shares = {
        f"{who}_p_{name}": [p[k]] * 40
        for who, p in (("face", HAPPY), ("voice", ANGRY))
        for k, name in enumerate(EMOTIONS)
    }
    size = [0.6 if 10 <= k < 30 else None for k in range(40)]
    return pl.DataFrame({"t_s": [k / 10 for k in range(40)], "face_id": [0] * 40, "discord": size, **shares})


def track() -> Any:
    return SimpleNamespace(rows=rows())


def test_stretches_of_discord_are_listed_with_both_words() -> None:
    (one,) = stretches(rows())
    assert (one.begin_s, one.end_s) == (1.0, 2.9)
    text = "".join(discords(track()))
    assert "happiness 0.80" in text
    assert "anger 0.80" in text
    assert list(discords(SimpleNamespace(rows=rows().drop("discord")))) == []  # type: ignore[arg-type]


def test_reasons_are_told_at_markers_and_peaks() -> None:
    cue = Cue(name="mouth", valence=0.3, arousal=0.0, category=0.2)
    said = [
        Reasons(t_ns=k * 500_000_000, frame_seq=k, people=(
            Reason(id=0, valence=k / 10, arousal=0.0, category="happiness", share=0.8, cues=(cue,)),))
        for k in range(8)
    ]  # fmt: skip
    text = "".join(reasons(said, track(), [(1.1, "stimulus <on>")], 0))
    assert text.index("lowest valence") < text.index("stimulus &lt;on&gt;") < text.index("highest valence")
    assert "Mouth raises valence by 0.30: valence +0.70." in text
    assert list(reasons([], track(), [], 0)) == []
