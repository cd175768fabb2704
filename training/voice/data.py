"""The emotional-speech corpora: utterances, labels in this project's order, speakers, and what is known of each."""

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

ZIPS = {
    "ravdess": "ravdess_actors_01_18.zip",
    "nemo": "nemo_7_speakers.zip",
    "emospeech": "emospeech.zip",
    "jl": "jl_subset.zip",
    "korean": "korean_emotiontts.zip",
    "ased": "ased.zip",
    "bangla": "banglaser_ext.zip",
    "baved": "baved.zip",
}
LABELS = {
    "neutral": "neutral", "calm": "neutral", "happy": "happiness", "happiness": "happiness", "excited": "happiness",
    "surprised": "surprise", "sad": "sadness", "sadness": "sadness", "angry": "anger", "anger": "anger",
    "disgust": "disgust", "fearful": "fear", "fear": "fear",
}  # fmt: skip
"""Corpus label to category. RAVDESS's "calm" is neutral of low arousal. No corpus here has contempt."""
COMMON_TEXTS = {"ased": ("06", "07")}
"""Of ASED only the sentences that were spoken in every emotion: of the others the words tell the label."""


@dataclass(frozen=True)
class Utterance:
    """One recording. `label` indexes EMOTIONS, -1 where the corpus says no category; `level` is BAVED's 0, 1, 2."""

    corpus: str
    file: str
    speaker: str
    female: bool
    label: int
    word: str
    """The corpus's own label."""
    intensity: int
    """RAVDESS: 1 normal, 2 strong; 0 elsewhere."""
    level: int
    """BAVED: 0 low, 1 neutral, 2 high expression; -1 elsewhere."""
    text: str
    """What ties utterances of the same words together, "" where the corpus does not say."""

    @property
    def common(self) -> bool:
        """Whether the words do not tell the label."""
        return self.corpus not in COMMON_TEXTS or self.text in COMMON_TEXTS[self.corpus]


def manifest(corpus: str, folder: Path = SPEECH) -> list[Utterance]:
    """The utterances of one corpus, in its manifest's order."""
    with zipfile.ZipFile(folder / ZIPS[corpus]) as archive:
        table = pl.read_csv(archive.read("manifest.csv"), infer_schema_length=0)
    return [
        Utterance(
            corpus=corpus,
            file=row["file"],
            speaker=f"{corpus}/{row['speaker']}",
            female=str(row["gender"]).startswith("f"),
            label=EMOTIONS.index(LABELS[row["label"]]) if corpus != "baved" else -1,
            word=row["label"],
            intensity=int(row.get("intensity") or 0) if corpus == "ravdess" else 0,
            level=("low", "neutral", "high").index(row["label"]) if corpus == "baved" else -1,
            text=str(row.get("statement") or ""),
        )
        for row in table.iter_rows(named=True)
    ]


def sounds(corpus: str, folder: Path = SPEECH) -> list[np.ndarray]:
    """Every utterance as float32 mono at 16 kHz, in the manifest's order."""
    found = []
    with zipfile.ZipFile(folder / ZIPS[corpus]) as archive:
        for utterance in manifest(corpus, folder):
            samples, rate = soundfile.read(io.BytesIO(archive.read(utterance.file)), dtype="float32", always_2d=True)
            if rate != SAMPLE_RATE:
                raise ValueError(f"{ZIPS[corpus]}: {utterance.file} has {rate} Hz, 16000 are wanted")
            found.append(np.ascontiguousarray(samples.mean(axis=1), np.float32))
    return found
