"""The emotional-speech corpora: utterances, labels in this project's order, speakers, and who is held out."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
import soundfile

from liveaffect.models.circumplex import EMOTIONS

SPEECH = Path(__file__).resolve().parents[3] / "shared" / "data" / "speech"
SAMPLE_RATE = 16000

ZIPS = {"ravdess": "ravdess_actors_01_18.zip", "nemo": "nemo_7_speakers.zip", "baved": "baved.zip"}
LABELS = {
    "neutral": "neutral", "calm": "neutral", "happy": "happiness", "happiness": "happiness", "surprised": "surprise",
    "sad": "sadness", "sadness": "sadness", "angry": "anger", "anger": "anger", "disgust": "disgust",
    "fearful": "fear", "fear": "fear",
}  # fmt: skip
"""Corpus label to category. RAVDESS's "calm" is neutral of low arousal. No corpus here has contempt."""

SIX = tuple(EMOTIONS.index(name) for name in ("neutral", "happiness", "surprise", "sadness", "anger", "fear"))
"""Categories that both acted corpora have: what leave-one-corpus-out is scored on."""


@dataclass(frozen=True)
class Utterance:
    """One recording. `label` indexes EMOTIONS, -1 where the corpus says no category; `level` is BAVED's 0, 1, 2."""

    corpus: str
    file: str
    speaker: str
    female: bool
    label: int
    calm: bool
    intensity: int
    """RAVDESS: 1 normal, 2 strong; 0 elsewhere."""
    level: int
    """BAVED: 0 low, 1 neutral, 2 high expression; -1 elsewhere."""
    text: str
    """What ties utterances of the same words together, "" where the corpus does not say."""


def manifest(corpus: str, folder: Path = SPEECH) -> list[Utterance]:
    """The utterances of one corpus, in its manifest's order."""
    with zipfile.ZipFile(folder / ZIPS[corpus]) as archive:
        table = pl.read_csv(archive.read("manifest.csv"))
    found = []
    for row in table.iter_rows(named=True):
        label = str(row["label"])
        found.append(
            Utterance(
                corpus=corpus,
                file=row["file"],
                speaker=f"{corpus}/{row['speaker']}",
                female=str(row["gender"]).startswith("f"),
                label=EMOTIONS.index(LABELS[label]) if corpus != "baved" else -1,
                calm=label == "calm",
                intensity=int(row.get("intensity") or 0),
                level=("low", "neutral", "high").index(label) if corpus == "baved" else -1,
                text=str(row.get("statement") or ""),
            )
        )
    return found


def classes(corpus: str) -> np.ndarray:
    """(8,) bool: the categories a corpus has. Losses and scores mask the others."""
    here = {u.label for u in manifest(corpus)}
    return np.array([i in here for i in range(len(EMOTIONS))])


def sounds(corpus: str, folder: Path = SPEECH) -> list[np.ndarray]:
    """Every utterance as float32 mono at 16 kHz, in the manifest's order."""
    found = []
    with zipfile.ZipFile(folder / ZIPS[corpus]) as archive:
        for utterance in manifest(corpus, folder):
            samples, rate = soundfile.read(io.BytesIO(archive.read(utterance.file)), dtype="float32", always_2d=True)
            mono = samples.mean(axis=1)
            if rate != SAMPLE_RATE:
                import soxr

                mono = soxr.resample(mono, rate, SAMPLE_RATE)
            found.append(np.ascontiguousarray(mono, np.float32))
    return found
