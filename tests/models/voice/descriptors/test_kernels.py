"""Every kernel against its plain NumPy twin."""

import numpy as np
import pytest
import signals
import twins
from hypothesis import given, settings
from hypothesis import strategies as st

from liveaffect.models.voice.columns import INDEX, NAMES
from liveaffect.models.voice.descriptors import cycles, fft, formants, harmonics, pitch, spectrum, viterbi
from liveaffect.models.voice.descriptors.constants import tables, twiddles
from liveaffect.models.voice.descriptors.functional_kernels import FUNCTIONAL_NAMES, functionals_of

T = tables()
SOUND = signals.speechlike().astype(np.float64)
FRAMES = [8000, 16000, 20000, 40000]
NOISE = np.random.default_rng(0).normal(0, 0.1, 4000)


def long_power(start: int) -> np.ndarray:
    return twins.power(SOUND[start : start + 960] * twins.gauss(), 1024)


@pytest.mark.parametrize("n", [8, 16, 64, 512, 1024])
def test_the_power_spectrum_is_that_of_numpy(n: int) -> None:
    frame = NOISE[:n]
    out = np.empty(n // 2 + 1)
    fft.power_spectrum(frame, twiddles(n), np.empty((4, n // 2)), out)
    np.testing.assert_allclose(out, twins.power(frame, n), rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("start", FRAMES)
def test_the_spectral_descriptors_are_those_of_the_formulas(start: int) -> None:
    p = twins.power(SOUND[start : start + 320] * twins.hamming(), 512)
    before = np.sqrt(twins.power(SOUND[start - 160 : start + 160] * twins.hamming(), 512))
    out = np.empty(10)
    spectrum.spectral(p, np.sqrt(p), before, T.mel_band, T.mel_weight, T.loudness_weight, T.cepstrum, np.empty(26), out)
    np.testing.assert_allclose(out, twins.spectral(p, before), rtol=1e-9)


def test_the_slope_divides_by_one_bin_less_as_the_reference_does() -> None:
    p = np.abs(NOISE[:257]) + 1e-3
    assert spectrum.slope(p, 16, 48) == pytest.approx(twins.slope(p, 16, 48), rel=1e-10)


def octave(p: np.ndarray) -> np.ndarray:
    out = np.empty(513)
    pitch.octave_spectrum(p, T.octave_bin, T.octave_fraction, T.octave_weight, T.spline_c, np.empty((3, 513)), out)
    return out


@pytest.mark.parametrize("start", FRAMES)
def test_the_octave_spectrum_is_a_natural_spline_through_the_kept_peaks(start: int) -> None:
    p = long_power(start)
    np.testing.assert_allclose(octave(p), twins.octave_spectrum(p), atol=1e-10 * np.sqrt(p.max()))


@pytest.mark.parametrize("start", FRAMES)
def test_the_pitch_candidates_are_the_highest_peaks_of_the_summed_spectrum(start: int) -> None:
    p = long_power(start)
    log2_hz, strength = np.empty(6), np.empty(6)
    found = pitch.candidates(octave(p), T.harmonic_shift, T.harmonic_weight, np.empty(513), log2_hz, strength)
    wanted = twins.candidates(twins.octave_spectrum(p))
    assert found == len(wanted)
    np.testing.assert_allclose(2.0 ** log2_hz[:found], [hz for hz, _ in wanted], rtol=1e-7)
    np.testing.assert_allclose(strength[:found], [v for _, v in wanted], atol=1e-8)


CLICKS = signals.pulses(100.0, tilt=False)[0].astype(np.float64)


@pytest.mark.parametrize("sound", [SOUND, CLICKS, signals.pulses(120.0, formants=True)[0].astype(np.float64)])
@pytest.mark.parametrize("start", [4000, 8000, 8077, 12000])
def test_candidates_are_weighed_by_how_well_the_frame_repeats_itself(sound: np.ndarray, start: int) -> None:
    frame = sound[start : start + 960] * twins.gauss()
    p = twins.power(frame, 1024)
    log2_hz, strength = np.empty(6), np.empty(6)
    found = pitch.candidates(octave(p), T.harmonic_shift, T.harmonic_weight, np.empty(513), log2_hz, strength)
    before = [(2.0 ** float(hz), float(v)) for hz, v in zip(log2_hz[:found], strength[:found], strict=True)]
    peak = np.max(frame**2) / np.mean(frame**2)
    pitch.confirm(p, peak, T.long_cosine, log2_hz, strength, found, np.empty(6))
    wanted = twins.confirm(frame, before)
    np.testing.assert_allclose(2.0 ** log2_hz[:found], [hz for hz, _ in wanted], rtol=1e-9)
    np.testing.assert_allclose(strength[:found], [v for _, v in wanted], atol=1e-9)


def test_a_click_train_is_no_noise() -> None:
    frame = CLICKS[8000:8960] * twins.gauss()
    p = twins.power(frame, 1024)
    log2_hz, strength = np.empty(6), np.empty(6)
    found = pitch.candidates(octave(p), T.harmonic_shift, T.harmonic_weight, np.empty(513), log2_hz, strength)
    assert strength[0] < viterbi.Costs.THRESHOLD
    pitch.confirm(p, np.max(frame**2) / np.mean(frame**2), T.long_cosine, log2_hz, strength, found, np.empty(6))
    assert strength[0] > viterbi.Costs.THRESHOLD
    assert 2.0 ** log2_hz[0] == pytest.approx(100.0, rel=0.01)


@pytest.mark.parametrize("start", FRAMES)
def test_the_autocorrelations_come_from_the_power_spectrum(start: int) -> None:
    p = long_power(start)
    r = np.full(13, np.nan)
    formants.autocorrelation(p, T.whiten_cosine, 0.0, r)
    np.testing.assert_allclose(r, twins.autocorrelation(p, 13), rtol=1e-9, atol=1e-9 * r[0])
    low = np.empty(11)
    formants.autocorrelation(p, T.lag_cosine, 0.0, low)
    np.testing.assert_allclose(low, twins.formant_autocorrelation(p), rtol=1e-9, atol=1e-9 * low[0])


def test_the_autocorrelation_fades_what_it_held() -> None:
    p = long_power(8000)
    r = np.ones(13)
    formants.autocorrelation(p, T.whiten_cosine, 0.5, r)
    np.testing.assert_allclose(r, 0.5 + twins.autocorrelation(p, 13), rtol=1e-9)


@pytest.mark.parametrize("start", FRAMES)
def test_the_predictor_solves_the_normal_equations(start: int) -> None:
    r = twins.formant_autocorrelation(long_power(start))
    a = np.empty(11)
    assert formants.predictor(r, 1e-6, a, np.empty(11))
    np.testing.assert_allclose(a, twins.predictor(r, 1e-6), rtol=1e-5, atol=1e-6)


def test_silence_has_no_predictor() -> None:
    assert not formants.predictor(np.zeros(11), 1e-9, np.empty(11), np.empty(11))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0.02, 3.1), st.floats(0.4, 0.995)), min_size=1, max_size=5),
    st.lists(st.integers(-95, 95).map(lambda v: v / 100), min_size=0, max_size=4),
)
def test_the_formants_are_the_roots_of_the_predictor(pairs: list[tuple[float, float]], real: list[float]) -> None:
    roots = [r * np.exp(s * 1j * w) for w, r in pairs for s in (1, -1)] + real
    # Nearly equal roots are ill-conditioned for any method.
    gaps = np.abs(np.subtract.outer(roots, roots)) + np.eye(len(roots))
    angles = np.sort([w for w, _ in pairs])
    if gaps.min() < 0.08 or (len(angles) > 1 and np.diff(angles).min() < 1e-3):  # formants of one frequency: any order
        return
    a = np.real(np.poly(roots))
    a = np.concatenate([a, np.zeros(11 - len(a))])[:11] if len(a) <= 11 else a
    if len(a) != 11:
        return
    out = np.empty(6)
    formants.formants(a, np.empty(11), out)
    np.testing.assert_allclose(out, twins.formants(a), rtol=1e-3, atol=0.05)


@pytest.mark.parametrize(("start", "f0"), [(8000, 170.0), (16000, 180.0), (40000, 120.0)])
def test_the_noise_ratio_reads_the_autocorrelation_at_the_period(start: int, f0: float) -> None:
    p = long_power(start)
    assert harmonics.noise_ratio(p, f0, T.long_cosine) == pytest.approx(twins.noise_ratio(p, f0), abs=1e-6)


@pytest.mark.parametrize("number", [1, 2, 3, 9])
def test_the_level_of_a_harmonic_is_the_nearest_peak(number: int) -> None:
    p = long_power(16000)
    assert harmonics.harmonic_db(p, 183.0, number) == pytest.approx(twins.harmonic_db(p, 183.0, number), nan_ok=True)


def test_the_harmonic_descriptors_are_differences_of_levels() -> None:
    p = long_power(16000)
    formant = np.array([600.0, 80.0, 1400.0, 90.0, 2500.0, 120.0])
    out = np.empty(7)
    harmonics.harmonic(p, 183.0, formant, T.long_cosine, out)
    h = [twins.harmonic_db(p, 183.0, k) for k in range(0, 30)]
    near = [np.nanmax([h[k] for k in range(1, 30) if abs(k * 183.0 - f) <= max(91.5, 0.1 * f)]) for f in formant[::2]]
    np.testing.assert_allclose(out[0], twins.noise_ratio(p, 183.0), atol=1e-6)
    np.testing.assert_allclose(out[1:3], [h[1] - h[2], h[2] - h[3]])
    np.testing.assert_allclose(out[3:], [h[1] - near[2], *(level - h[1] for level in near)])


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40))
def test_the_pitch_path_is_the_cheapest_of_all(seed: int, n: int) -> None:
    random = np.random.default_rng(seed)
    found = random.integers(0, 7, n)
    log2_hz = random.uniform(6, 10, (n, 6))
    strength = -np.sort(-random.uniform(0.4, 1.0, (n, 6)), axis=1)
    cost, back = np.zeros(7), np.zeros((n, 7), np.int64)
    for i in range(n):
        j = max(i - 1, 0)
        viterbi.extend(
            cost, log2_hz[i], strength[i], found[i], log2_hz[j], found[j] if i else 0, i == 0, back[i], np.empty(7)
        )
    state = viterbi.cheapest(cost)
    path = [state]
    for i in range(n - 1, 0, -1):
        state = back[i, state]
        path.append(state)
    costs = {name: getattr(viterbi.Costs, name) for name in ("THRESHOLD", "STRENGTH", "RANK", "SWITCH", "JUMP")}
    assert path[::-1] == twins.viterbi(log2_hz, strength, found, costs)


def test_the_whitened_signal_is_the_inverse_filter_and_a_low_pass() -> None:
    a = twins.predictor(twins.autocorrelation(long_power(8000), 13), 1e-4)
    out = np.zeros(2000)
    for first in range(0, 2000, 160):
        cycles.whiten(SOUND[:4000], first, min(first + 160, 2000), a, np.empty(17), out)
    np.testing.assert_allclose(out, twins.whiten(SOUND[:4000], a)[:2000], atol=1e-12)


@pytest.mark.parametrize("period", [37.3, 80.0, 145.6, 266.0])
def test_the_length_of_a_cycle_is_the_shift_of_best_match(period: float) -> None:
    t = np.arange(4000)
    x = np.sum([np.cos(2 * np.pi * k * t / (1.02 * period)) / k for k in range(1, 16)], axis=0)
    length, match = cycles._next_period(x, 800, period, T.sinc, np.empty((5, 513)))
    wanted, height = twins.best_lag(x, 800, period)
    assert length == pytest.approx(wanted, abs=2e-3)
    assert match == pytest.approx(height, abs=1e-4)
    assert length == pytest.approx(1.02 * period, rel=1e-3)


@pytest.mark.parametrize("off", [0, 20, 40, 60, 80, 100, 120, 140])
def test_a_mark_between_two_pulses_is_astray(off: int) -> None:
    x = CLICKS[6000:10000]
    at = int(np.argmax(np.abs(x[1000:1160]))) + 1000 + off
    assert cycles._astray(x, float(at), 160.0, len(x)) == twins.astray(x, at, 160.0)
    if off in (0, 80):
        assert cycles._astray(x, float(at), 160.0, len(x)) == (off == 80)


def test_a_chain_that_counts_two_periods_as_one_finds_the_single_one() -> None:
    x = np.convolve(CLICKS[6000:10000], np.array([1, 4, 6, 4, 1]) / 16, "same")
    pulse = int(np.argmax(np.abs(x[1400:1560]))) + 1400
    marks, periods, levels = np.full(128, -1e18), np.full(128, -1.0), np.full(128, np.nan)
    held, tail = np.array([1]), np.array([320.0])
    marks[0] = pulse
    cycles.follow(x, 0, 2000, 4000, 100.0, marks, periods, levels, held, tail, T.sinc, np.empty((5, 513)))
    np.testing.assert_allclose(periods[: held[0] - 1], 160.0, atol=0.01)
    assert held[0] > 6


def test_the_moments_are_those_of_the_hops_wanted() -> None:
    random = np.random.default_rng(5)
    values = random.normal(3, 1, (200, len(NAMES))).astype(np.float32)
    values[random.random(200) < 0.4, INDEX["f0_semitone"]] = np.nan
    values[::7, INDEX["hnr_db"]] = np.nan
    out = dict(zip(FUNCTIONAL_NAMES, functionals_of(values), strict=True))
    voiced = ~np.isnan(values[:, INDEX["f0_semitone"]])
    every = np.ones(200, bool)
    for name, column, keep in (("mfcc2", "mfcc2", every), ("hnr_db_voiced", "hnr_db", voiced)):
        wanted = twins.functionals_moments(values[:, INDEX[column]].astype(np.float64), keep)
        assert (out[f"{name}_mean"], out[f"{name}_std_norm"]) == pytest.approx(wanted, rel=1e-5)
    quiet = twins.functionals_moments(values[:, INDEX["spectral_flux"]].astype(np.float64), ~voiced)[0]
    assert out["spectral_flux_unvoiced_mean"] == pytest.approx(quiet, rel=1e-5)
    loudness = values[:, INDEX["loudness_sone"]]
    for share, name in ((20, "p20"), (50, "p50"), (80, "p80")):
        assert out[f"loudness_sone_{name}"] == pytest.approx(np.percentile(loudness, share), rel=1e-5)


def test_segments_and_slopes_of_a_drawn_contour_are_as_drawn() -> None:
    values = np.full((100, len(NAMES)), np.nan, np.float32)
    values[:, INDEX["loudness_sone"]] = np.interp(np.arange(100), [0, 20, 40, 60, 99], [0, 2, 1, 3, 0])
    values[10:30, INDEX["f0_semitone"]] = 20
    values[50:90, INDEX["f0_semitone"]] = 20
    out = dict(zip(FUNCTIONAL_NAMES, functionals_of(values), strict=True))
    assert out["loudness_peaks_per_s"] == pytest.approx(2.0)
    assert out["loudness_sone_rise_mean"] == pytest.approx(10.0, rel=1e-4)
    assert out["loudness_sone_fall_mean"] == pytest.approx(5.0, rel=1e-4)
    assert out["voiced_segments_per_s"] == pytest.approx(2.0)
    assert out["voiced_segment_mean_s"] == pytest.approx(0.3)
    assert out["voiced_segment_std_s"] == pytest.approx(0.1)
    assert out["unvoiced_segment_mean_s"] == pytest.approx(0.4 / 3)
