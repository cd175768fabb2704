"""Arousal of the voice by rule: the stand-in where licences forbid the net. Nothing learned, arousal alone.

Higher, louder and brighter than calm speech is more aroused (Scherer, "Vocal communication of emotion", Speech
Communication 40, 2003). Within a speaker, anger lies above neutral in 0.93 of pairs of RAVDESS and 0.90 of nEMO, with a
baseline in 0.96 and 0.90 (training/voice/README.md).
"""

import math
from typing import Final

import numpy as np

from liveaffect.models.circumplex import N_EMOTIONS
from liveaffect.models.voice.affect import VoiceModel
from liveaffect.models.voice.baseline import VoiceBaseline
from liveaffect.models.voice.said import VoiceEstimate
from liveaffect.models.voice.usual import Usual
from liveaffect.models.voice.window import SUMMARY_NAMES, SpeechWindow, summary

WORTH: Final = {"f0_semitone_at50": 2 / 3, "loudness_sone_at50": 2.0, "alpha_ratio_db_at50": 0.25}
"""Points per semitone of median pitch, per factor e of median loudness, per dB of median alpha ratio."""
_TYPICAL = np.array([30.0, -0.5, -14.0])  # between a man's and a woman's voice at a desk, where no calm speech is known
_COLUMNS = np.array([SUMMARY_NAMES.index(name) for name in WORTH])
_POINTS = np.array(list(WORTH.values()))
_COLD, _KNOWN = (0.25, 0.04), (0.2, 0.06)  # arousal of calm speech, and of one point more
_LEAST, _MOST = -6.0, 8.0
_SD = 0.35  # RMSE 0.27 to 0.34 against the places of acted categories: 90 % intervals hold 0.92 or more of them


class VoiceRulesModel(VoiceModel):
    """Drop-in for `VoiceAffect` that needs no net: valence and emotions are NaN, they cannot be told by rule."""

    def run(self, window: SpeechWindow, baseline: VoiceBaseline | None, usual: Usual | None = None) -> VoiceEstimate:
        """Arousal of one window that holds enough speech."""
        del usual  # rules learn nothing of a voice
        own = summary(window.values)[_COLUMNS].astype(np.float64)
        calm, weight = (baseline.functionals[_COLUMNS], baseline.weight) if baseline is not None else (_TYPICAL, 0.0)
        from_typical = np.where(np.isnan(own), 0.0, own - _TYPICAL)
        from_calm = np.where(np.isnan(own) | np.isnan(calm), from_typical, own - calm)
        cold, known = (
            start + slope * float(np.clip(away @ _POINTS, _LEAST, _MOST))
            for (start, slope), away in ((_COLD, from_typical), (_KNOWN, from_calm))
        )
        return VoiceEstimate(
            valence=math.nan,
            arousal=(1.0 - weight) * cold + weight * known,
            valence_sd=math.nan,
            arousal_sd=_SD,
            emotions=(math.nan,) * N_EMOTIONS,
        )
