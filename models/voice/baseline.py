"""A speaker's calm voice: what it is like, how much of it was heard, and so how far it is believed."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from liveaffect.models.errors import BadInput
from liveaffect.models.voice.window import SUMMARY_NAMES

Floats = npt.NDArray[np.float32]

HALF_S: Final = 3.0
"""Seconds of calm speech at which a baseline counts half: the shrinkage towards the population."""
CALM_AROUSAL: Final = 0.35
"""Speech that, judged without a baseline, is more aroused than this is not calm (unless most of what was heard is).

Of unseen speakers nine tenths of the neutral utterances lie below, three quarters of the angry ones above."""
NEAR: Final = 0.1
"""How far above the median of what was heard a piece may lie: a lively voice has calm speech too."""
_HOP_S = 0.01


class Piece(NamedTuple):
    """Up to 3 s of speech heard for a baseline."""

    summary: Floats
    """Functionals, (len(SUMMARY_NAMES),)."""
    encoded: Floats | None
    """What the encoder says of it, (1152,); None where the model has no encoder."""
    hops: int
    arousal: float
    """As estimated without a baseline."""
    more_voices: bool = False
    """Whether two people or more were heard at once: this is then nobody's voice."""


@dataclass(frozen=True)
class VoiceBaseline:
    """Calm speech of one person under the conditions of use; an empty one changes nothing."""

    functionals: Floats = field(default_factory=lambda: np.full(len(SUMMARY_NAMES), np.nan, np.float32))
    """Mean `summary` of the calm speech, NaN where undefined: what rules compare with."""
    encoded: Floats | None = None
    """Mean of what the encoder says of it, (1152,): what the net compares with. None: made by rules."""
    seconds: float = 0.0
    """Calm speech heard, long pauses left out."""
    left_out_s: float = 0.0
    """Speech heard that was not calm, or of more than one voice at once."""

    @property
    def weight(self) -> float:
        """How far the baseline is believed against the population, 0 to 1."""
        return self.seconds / (self.seconds + HALF_S)

    @classmethod
    def of(cls, pieces: Sequence[Piece]) -> "VoiceBaseline":
        """The calm ones of one voice among `pieces`, by their length: an arousal of at most CALM_AROUSAL, or near the
        median of one voice's."""
        own = [piece for piece in pieces if not piece.more_voices]
        if not own:
            return cls(left_out_s=sum(piece.hops for piece in pieces) * _HOP_S)
        limit = max(CALM_AROUSAL, float(np.median([piece.arousal for piece in own])) + NEAR)
        calm = [piece for piece in own if piece.arousal <= limit]
        hops = np.array([piece.hops for piece in calm], np.float64)
        table = np.array([piece.summary for piece in calm], np.float64)
        known = ~np.isnan(table)
        heard = known * hops[:, None]
        count = heard.sum(axis=0)
        mean = (np.where(known, table, 0.0) * heard).sum(axis=0) / np.maximum(count, 1)
        mean[count == 0] = np.nan
        encoded = [piece.encoded for piece in calm if piece.encoded is not None]
        return cls(
            functionals=mean.astype(np.float32),
            encoded=np.average(encoded, axis=0, weights=hops).astype(np.float32) if len(encoded) == len(calm) else None,
            seconds=float(hops.sum()) * _HOP_S,
            left_out_s=sum(piece.hops for piece in pieces if piece.more_voices or piece.arousal > limit) * _HOP_S,
        )

    def save(self, path: Path) -> None:
        """Writes the baseline as JSON."""
        functionals = {
            n: None if np.isnan(v) else float(v) for n, v in zip(SUMMARY_NAMES, self.functionals, strict=True)
        }
        content = {
            "what": "liveaffect voice baseline", "seconds": self.seconds, "left_out_s": self.left_out_s,
            "functionals": functionals, "encoded": None if self.encoded is None else [float(v) for v in self.encoded],
        }  # fmt: skip
        Path(path).write_text(json.dumps(content, indent=1))

    @classmethod
    def load(cls, path: Path) -> "VoiceBaseline":
        """Reads what `save` wrote. Raises BadInput naming the file where it is none, or of another version."""
        try:
            if not Path(path).is_file():
                raise OSError("there is no such file")
            content: dict[str, Any] = json.loads(Path(path).read_text())
            values: dict[str, Any] | None = content["functionals"]
            seconds, left_out = float(content["seconds"]), float(content["left_out_s"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BadInput(f"{path} is no voice baseline ({error}); make one from about 30 s of calm speech") from error
        if not isinstance(values, dict) or set(values) != set(SUMMARY_NAMES) or "encoded" not in content:
            raise BadInput(f"{path}: this baseline holds other numbers than this version uses; make it again")
        row = np.array([np.nan if values[name] is None else values[name] for name in SUMMARY_NAMES], np.float32)
        encoded = content["encoded"]
        return cls(row, None if encoded is None else np.array(encoded, np.float32), seconds, left_out)
