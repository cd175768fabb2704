"""Names of the 88 functionals of eGeMAPS v02, and the columns that they are of."""

CONTOUR = ("mean", "std_norm", "p20", "p50", "p80", "p20_p80", "rise_mean", "rise_std", "fall_mean", "fall_std")
ALL = ("spectral_flux", "mfcc1", "mfcc2", "mfcc3", "mfcc4")
VOICED = (
    "jitter_local", "shimmer_local_db", "hnr_db", "h2_h3_db", "h1_a3_db",
    "f1_hz", "f1_bandwidth_hz", "f1_amplitude_db", "f2_hz", "f2_bandwidth_hz", "f2_amplitude_db",
    "f3_hz", "f3_bandwidth_hz", "f3_amplitude_db",
    "alpha_ratio_db", "hammarberg_index_db", "slope_0_500_db_per_hz", "slope_500_1500_db_per_hz",
    "spectral_flux", "mfcc1", "mfcc2", "mfcc3", "mfcc4",
)  # fmt: skip
UNVOICED = (
    "alpha_ratio_db", "hammarberg_index_db", "slope_0_500_db_per_hz", "slope_500_1500_db_per_hz", "spectral_flux",
)  # fmt: skip
RHYTHM = (
    "loudness_peaks_per_s", "voiced_segments_per_s", "voiced_segment_mean_s", "voiced_segment_std_s",
    "unvoiced_segment_mean_s", "unvoiced_segment_std_s", "equivalent_level_db",
)  # fmt: skip


def _names() -> tuple[str, ...]:
    names = [f"{column}_{what}" for column in ("f0_semitone", "loudness_sone") for what in CONTOUR]
    names += [f"{column}_{what}" for column in ALL for what in ("mean", "std_norm")]
    names += [f"{column}_voiced_{what}" for column in VOICED for what in ("mean", "std_norm")]
    names += [f"{column}_unvoiced_mean" for column in UNVOICED]
    return (*names, *RHYTHM)


FUNCTIONAL_NAMES: tuple[str, ...] = _names()
"""Names of the 88 functionals, in the order of eGeMAPS v02."""
