"""Names, order and latency of the descriptors: the one table of what a hop carries."""

from typing import NamedTuple

HOP_MS = 10.0
SHORT_FRAME_MS = 20.0
LONG_FRAME_MS = 60.0
SMOOTHING_MS = 10.0
"""Three hops are averaged, so each descriptor waits for the next hop."""


class Column(NamedTuple):
    """One descriptor: name with unit, its name in eGeMAPS v02 ("" for ours), what it waits for, meaning."""

    name: str
    egemaps: str
    frame: str
    meaning: str


COLUMNS: tuple[Column, ...] = (
    Column("loudness_sone", "Loudness_sma3", "short", "auditory loudness, uncalibrated"),
    Column("alpha_ratio_db", "alphaRatio_sma3", "short", "energy in 1-5 kHz over 50-1000 Hz"),
    Column("hammarberg_index_db", "hammarbergIndex_sma3", "short", "strongest peak below 2 kHz over that in 2-5 kHz"),
    Column("slope_0_500_db_per_hz", "slope0-500_sma3", "short", "spectral slope 0-500 Hz"),
    Column("slope_500_1500_db_per_hz", "slope500-1500_sma3", "short", "spectral slope 500-1500 Hz"),
    Column("spectral_flux", "spectralFlux_sma3", "short", "change of the magnitude spectrum, 0-5 kHz"),
    Column("mfcc1", "mfcc1_sma3", "short", "cepstral coefficient 1"),
    Column("mfcc2", "mfcc2_sma3", "short", "cepstral coefficient 2"),
    Column("mfcc3", "mfcc3_sma3", "short", "cepstral coefficient 3"),
    Column("mfcc4", "mfcc4_sma3", "short", "cepstral coefficient 4"),
    Column("f0_semitone", "F0semitoneFrom27.5Hz_sma3nz", "track", "pitch in semitones above 27.5 Hz"),
    Column("jitter_local", "jitterLocal_sma3nz", "track", "change of successive periods, as a ratio"),
    Column("shimmer_local_db", "shimmerLocaldB_sma3nz", "track", "change of successive cycle levels"),
    Column("hnr_db", "HNRdBACF_sma3nz", "track", "harmonics-to-noise ratio"),
    Column("h2_h3_db", "logRelF0-H1-H2_sma3nz", "track", "harmonic 2 over 3: what the reference calls H1-H2"),
    Column("h1_a3_db", "logRelF0-H1-A3_sma3nz", "track", "harmonic 1 over the strongest near F3"),
    Column("f1_hz", "F1frequency_sma3nz", "long", "first formant"),
    Column("f1_bandwidth_hz", "F1bandwidth_sma3nz", "long", "its bandwidth"),
    Column("f1_amplitude_db", "F1amplitudeLogRelF0_sma3nz", "track", "strongest harmonic near F1 over harmonic 1"),
    Column("f2_hz", "F2frequency_sma3nz", "long", "second formant"),
    Column("f2_bandwidth_hz", "F2bandwidth_sma3nz", "long", "its bandwidth"),
    Column("f2_amplitude_db", "F2amplitudeLogRelF0_sma3nz", "track", "strongest harmonic near F2 over harmonic 1"),
    Column("f3_hz", "F3frequency_sma3nz", "long", "third formant"),
    Column("f3_bandwidth_hz", "F3bandwidth_sma3nz", "long", "its bandwidth"),
    Column("f3_amplitude_db", "F3amplitudeLogRelF0_sma3nz", "track", "strongest harmonic near F3 over harmonic 1"),
    Column("h1_h2_db", "", "track", "harmonic 1 over harmonic 2"),
    Column("f0_hz", "", "track", "pitch"),
    Column("voicing_prob", "", "long", "periodicity of the frame, 0 to 1"),
    Column("rms_db", "", "short", "level of the frame in dB re full scale"),
    Column("syllable_rate_hz", "", "track", "syllable-like peaks of loudness per second, over the last 3 s"),
    Column("pause_ratio", "", "track", "share of the last 3 s that lies in pauses"),
    Column("pause_s", "", "track", "time since the last hop with a voice"),
)

NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
INDEX: dict[str, int] = {name: i for i, name in enumerate(NAMES)}
EGEMAPS: tuple[str, ...] = tuple(column.egemaps for column in COLUMNS[:25])


def latency_ms(lookahead_ms: float) -> dict[str, float]:
    """When each descriptor of a hop is known, in ms after the hop's first sample; the message waits for the last.

    Short descriptors need their 20 ms frame, long ones 60 ms, tracked ones also the look-ahead; `lookahead_ms`
    includes the 10 ms of smoothing.
    """
    known = {
        "short": SHORT_FRAME_MS + SMOOTHING_MS,
        "long": LONG_FRAME_MS + SMOOTHING_MS,
        "track": LONG_FRAME_MS + lookahead_ms,
    }
    return {column.name: known[column.frame] for column in COLUMNS}


def delay_ms(lookahead_ms: float) -> float:
    """Constant delay of the whole message: from a hop's first sample to the arrival of the last one it needs."""
    return LONG_FRAME_MS + lookahead_ms
