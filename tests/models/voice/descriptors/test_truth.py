"""Descriptors against signals whose truth is known, and against Praat and openSMILE on real speech."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
import signals

from liveaffect.models.voice.descriptors import EGEMAPS, NAMES, analyse

pytestmark = pytest.mark.long

STEADY = slice(25, 85)
"""Hops of a `signals.pulses` train past its start (the inverse filter settles in 0.25 s) and before its end."""
FILES = (
    ("ravdess_actors_01_18.zip", (40, 420, 800)),
    ("nemo_7_speakers.zip", (300, 1500, 3100)),
    ("baved.zip", (200, 1400)),
)


@pytest.mark.parametrize("formants", [False, True])
@pytest.mark.parametrize("f0", [110.0, 220.0, 331.0])
@pytest.mark.parametrize("jitter", [0.005, 0.01, 0.02])
def test_jitter_is_within_a_quarter_of_the_truth(f0: float, jitter: float, formants: bool) -> None:
    x, truth, _ = signals.pulses(f0, jitter=jitter, formants=formants)
    assert np.nanmean(analyse(x, sample_rate=16000)["jitter_local"][STEADY]) == pytest.approx(truth, rel=0.25)


@pytest.mark.parametrize("formants", [False, True])
@pytest.mark.parametrize("f0", [110.0, 220.0, 331.0])
@pytest.mark.parametrize("percent", [0.5, 2.0])
def test_shimmer_is_within_a_quarter_of_the_truth(f0: float, percent: float, formants: bool) -> None:
    x, _, truth = signals.pulses(f0, shimmer_db=20 * np.log10(1 + percent / 100), formants=formants)
    assert np.nanmean(analyse(x, sample_rate=16000)["shimmer_local_db"][STEADY]) == pytest.approx(truth, rel=0.25)


@pytest.mark.parametrize("formants", [False, True])
@pytest.mark.parametrize("f0", [110.0, 150.0, 220.0, 331.0])
def test_a_steady_voice_has_neither_jitter_nor_shimmer(f0: float, formants: bool) -> None:
    x, _, _ = signals.pulses(f0, formants=formants)
    hops = analyse(x, sample_rate=16000)
    assert np.nanmean(hops["jitter_local"][STEADY]) < 1e-3
    assert np.nanmean(hops["shimmer_local_db"][STEADY]) < 20 * np.log10(1.001)


@pytest.mark.parametrize("f0", [80.0, 100.0, 120.0, 230.0])
@pytest.mark.parametrize("jitter", [0.0, 0.005, 0.02])
def test_bare_clicks_are_a_voice_of_their_own_rate(f0: float, jitter: float) -> None:
    x, truth, _ = signals.pulses(f0, jitter=jitter, tilt=False)
    hops = analyse(x, sample_rate=16000)
    assert np.mean(np.isfinite(hops["f0_hz"][STEADY])) > 0.85
    assert np.nanmedian(hops["f0_hz"][STEADY]) == pytest.approx(f0, rel=0.02)
    assert np.nanmean(hops["jitter_local"][STEADY]) == pytest.approx(truth, rel=0.25, abs=1e-3)


@pytest.mark.parametrize("f0", [100.0, 150.0, 220.0, 400.0])
def test_pitch_is_true_to_a_twentieth_of_a_semitone(f0: float) -> None:
    x, _, _ = signals.pulses(f0)
    assert 12 * abs(np.log2(np.nanmedian(analyse(x, sample_rate=16000)["f0_hz"]) / f0)) < 0.05


def speech(shared: Path) -> list[np.ndarray]:
    import soundfile

    out = []
    for archive, numbers in FILES:
        with zipfile.ZipFile(shared / "data" / "speech" / archive) as z:
            for number in numbers:
                x, rate = soundfile.read(io.BytesIO(z.read(f"{number:05d}.opus")), dtype="float32")
                assert rate == 16000
                out.append(x)
    return out


def test_real_speech_agrees_with_opensmile(shared: Path) -> None:
    opensmile = pytest.importorskip("opensmile")
    reference = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    assert tuple(reference.feature_names) == EGEMAPS
    ours, theirs = [], []
    for x in speech(shared):
        hops = analyse(x, sample_rate=16000)
        table = reference.process_signal(x, 16000).to_numpy()
        n = min(len(hops), len(table))
        ours.append(hops.values[:n, :25])
        theirs.append(table[:n])
    a, b = np.concatenate(ours), np.concatenate(theirs)
    f0 = NAMES.index("f0_semitone")
    voiced, wanted = ~np.isnan(a[:, f0]), b[:, f0] > 0
    both = voiced & wanted
    error = np.abs(a[:, f0] - b[:, f0])
    assert both.sum() / voiced.sum() >= 0.95
    assert both.sum() / wanted.sum() >= 0.95
    assert (error[both] > 2).mean() <= 0.03
    assert np.median(error[both]) <= 0.1
    agree = both & (error < 0.5)
    for name, least in [*((name, 0.999) for name in NAMES[:10]), ("hnr_db", 0.99), ("h2_h3_db", 0.98)]:
        k = NAMES.index(name)
        keep = (wanted if least == 0.999 else agree) & ~np.isnan(a[:, k])
        assert np.corrcoef(a[keep, k], b[keep, k])[0, 1] >= least, name


def test_formants_of_real_speech_agree_with_praat(shared: Path) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    errors: list[list[float]] = [[], [], []]
    for x in speech(shared):
        hops = analyse(x, sample_rate=16000)
        praat = parselmouth.Sound(x.astype(np.float64), 16000).to_formant_burg(0.01, 5, 5500, 0.025, 50)
        for i in np.flatnonzero(~np.isnan(hops["f0_hz"])):
            for k in range(3):
                wanted = praat.get_value_at_time(k + 1, hops.t_s[i])
                errors[k].append(abs(hops[f"f{k + 1}_hz"][i] / wanted - 1))
    assert [np.nanmedian(e) <= 0.03 for e in errors] == [True] * 3
