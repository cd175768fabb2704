"""Score tables made by hand: a row, a table of rows, and a film in which a face is lost."""

import numpy as np
import polars as pl

from liveaffect.offline.tables.score import AU_COLUMNS, COLUMNS, PROBABILITIES, SCHEMA

FPS = 10


def row(t_s: float, face: int | None = 1, valence: float | None = 0.5, **more: object) -> dict[str, object]:
    state = "ok" if valence is not None else "no_face" if face is None else "low_quality"
    found: dict[str, object] = {"file": "film.mp4", "t_s": t_s, "face_id": face, "state": state, "face_state": state}
    found |= {"voice_state": "silence", "speech_prob": 0.8, "speaking_prob": 0.7 if face is not None else None}
    if valence is not None:
        found |= {"valence": valence, "valence_sd": 0.1, "arousal": 0.2, "arousal_sd": 0.1}
        found |= {**dict.fromkeys(PROBABILITIES, 0.05), "p_happiness": 0.65, **dict.fromkeys(AU_COLUMNS, 1.0)}
    return found | more


def table(rows: list[dict[str, object]]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema={name: SCHEMA[name] for name in COLUMNS})


def film(seconds: int = 20) -> pl.DataFrame:
    """One face, lost from 8 to 11 s."""
    times = [k / FPS for k in range(seconds * FPS)]
    return table([row(t, None, None) if 8 <= t < 11 else row(t, 1, float(np.sin(t / 3)) * 0.8) for t in times])
