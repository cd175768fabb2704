"""Voice descriptors of the same speech by liveaffect, openSMILE, librosa and Praat, on one core, in one run.

python benchmarks/bench_voice.py [--speech FOLDER_OF_ZIPS] [--seconds 60] [--json out/bench_voice.json]

Prints CPU time per 10 ms hop and the ratio to openSMILE, the live hop (p50, p99), the share of each kernel, and the
time from import to the first hop, warm and cold. Without speech a synthetic voice stands in, and the table says so.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from liveaffect.models.voice.descriptors import (
    VoiceStream,
    build_cache,
    cycles,
    fft,
    formants,
    functionals_of,
    harmonics,
    pitch,
    spectrum,
)
from liveaffect.models.voice.descriptors.constants import tables

ROOT = Path(__file__).resolve().parent.parent
START = """
import time; t = time.perf_counter()
import numpy as np
from liveaffect.models.voice.descriptors import VoiceStream
stream = VoiceStream()
hops = stream.push(np.random.default_rng(0).normal(0, 0.1, 4000).astype(np.float32))
assert len(hops)
print(time.perf_counter() - t)
"""


def speech(folder: Path, seconds: float) -> tuple[np.ndarray, str]:
    """Utterances of several speakers in a row, float32 16 kHz, and where they come from."""
    pieces: list[np.ndarray] = []
    for archive in sorted(folder.glob("*.zip")):
        import soundfile

        with zipfile.ZipFile(archive) as z:
            names = sorted(name for name in z.namelist() if name.endswith(".opus"))
            for name in names[:: max(len(names) // 40, 1)]:
                pieces.append(soundfile.read(io.BytesIO(z.read(name)), dtype="float32")[0])
    if pieces:
        random = np.random.default_rng(0)
        random.shuffle(pieces)  # type: ignore[arg-type]
        return np.concatenate(pieces)[: int(seconds * 16000)], f"real speech, {folder}"
    t = np.arange(int(seconds * 16000)) / 16000
    phase = 2 * np.pi * np.cumsum(150 + 50 * np.sin(t)) / 16000
    voice = sum(np.cos(k * phase) / k for k in range(1, 30)) * (np.sin(2 * np.pi * 2 * t) > 0)
    return (0.1 * voice + np.random.default_rng(0).normal(0, 1e-3, len(t))).astype(np.float32), "synthetic"


def cpu_us_per_hop(work: Callable[[], Any], hops: float, repeat: int = 3) -> float:
    """Least CPU time of a few runs: other programs only ever add to it."""
    taken = []
    for _ in range(repeat):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken) / hops * 1e6


def rivals(x: np.ndarray) -> dict[str, Callable[[], Any]]:
    """What the others do for (about) the same descriptors; those not installed are left out."""
    work: dict[str, Callable[[], Any]] = {}
    try:
        import opensmile

        smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
        work["openSMILE eGeMAPSv02"] = lambda: smile.process_signal(x, 16000)
    except ImportError:
        pass
    try:
        import librosa

        def by_librosa() -> None:
            librosa.feature.mfcc(y=x, sr=16000, n_mfcc=5, n_fft=512, hop_length=160)
            librosa.feature.rms(y=x, frame_length=320, hop_length=160)
            librosa.yin(x, fmin=55, fmax=1000, sr=16000, frame_length=1024, hop_length=160)

        by_librosa()
        work["librosa (yin, mfcc and rms only)"] = by_librosa
    except ImportError:
        pass
    try:
        import parselmouth

        def by_praat() -> None:
            sound = parselmouth.Sound(x.astype(np.float64), 16000)
            sound.to_pitch(0.01, 55, 1000)
            sound.to_formant_burg(0.01, 5, 5500, 0.025, 50)
            sound.to_harmonicity_cc(0.01, 55)

        work["Praat (pitch, formants, harmonicity only)"] = by_praat
    except ImportError:
        pass
    return work


def live(x: np.ndarray) -> dict[str, float]:
    """Wall time of one hop as the node sees it, 160 samples at a time, in microseconds."""
    stream = VoiceStream()
    taken = np.empty(len(x) // 160)
    for i in range(len(taken)):
        piece = x[160 * i : 160 * i + 160]
        start = time.perf_counter_ns()
        stream.push(piece)
        taken[i] = (time.perf_counter_ns() - start) / 1e3
    return {"p50_us": float(np.median(taken)), "p99_us": float(np.quantile(taken, 0.99))}


def kernels(x: np.ndarray) -> dict[str, float]:
    """CPU time of one call of each kernel on a voiced frame, in microseconds, call overhead taken off."""
    t = tables()
    at = int(np.argmax(np.convolve(x[: 16000 * 20] ** 2, np.ones(1600), "same")))
    at = min(max(at, 2000), len(x) - 8000)
    audio = x[at - 2000 : at + 6000].astype(np.float64)
    frame = np.zeros(1024)
    frame[:960] = audio[1500:2460] * t.gauss
    power, work, octave = np.empty(513), np.empty((5, 513)), np.empty(513)
    fft.power_spectrum(frame, t.twiddle_long, np.empty((4, 512)), power)
    hz, strength, a, r = np.empty(6), np.empty(6), np.empty(11), np.empty(11)
    formants.autocorrelation(power, t.lag_cosine, 0.0, r)
    formants.predictor(r, 1e-9, a, np.empty(11))
    short, magnitude = power[:257].copy(), np.sqrt(power[:257])
    formant = np.array([500.0, 80, 1500, 90, 2500, 120])
    calls: dict[str, tuple[Any, tuple[Any, ...]]] = {
        "FFT 1024 (one a hop, two where voiced)": (fft.power_spectrum, (frame, t.twiddle_long, np.empty((4, 512)),
                                                   power)),
        "FFT 512": (fft.power_spectrum, (frame[:512], t.twiddle_short, np.empty((4, 256)), short.copy())),
        "spectral descriptors": (spectrum.spectral, (short, magnitude, 0.9 * magnitude, t.mel_band, t.mel_weight,
                                 t.loudness_weight, t.cepstrum, np.empty(26), np.empty(10))),
        "octave spectrum": (pitch.octave_spectrum, (power, t.octave_bin, t.octave_fraction, t.octave_weight, t.spline_c,
                            work[:3], octave)),
        "pitch candidates": (pitch.candidates, (octave, t.harmonic_shift, t.harmonic_weight, work[4], hz, strength)),
        "inverse filter": (formants.autocorrelation, (power, t.whiten_cosine, 0.5, np.ones(13))),
        "whitening": (cycles.whiten, (audio, 500, 660, np.ones(13), np.empty(17), np.empty(len(audio)))),
        "formants (voiced)": (formants.formants, (a, np.empty(11), np.empty(6))),
        "harmonics (voiced)": (harmonics.harmonic, (power, 150.0, formant, t.long_cosine, np.empty(7))),
        "one glottal cycle (voiced)": (cycles._next_period, (audio, 2000, 100.0, t.sinc, work)),
    }  # fmt: skip
    nothing = cpu_us_per_hop(lambda: [fft._stockham(np.empty((4, 1)), 1, t.twiddle_short) for _ in range(2000)], 2000)
    out: dict[str, float] = {}
    for name, (function, given) in calls.items():
        function(*given)
        out[name] = max(cpu_us_per_hop(lambda f=function, g=given: [f(*g) for _ in range(2000)], 2000) - nothing, 0.0)
    return out


def first_hop(cache: str | None) -> float:
    """Seconds from before the imports to the first hop, in a process of its own; `cache` is an empty folder if cold."""
    environment = dict(os.environ) | ({"NUMBA_CACHE_DIR": cache} if cache else {})
    done = subprocess.run([sys.executable, "-c", START], env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout)


def main() -> None:
    if os.environ.get("OMP_NUM_THREADS") != "1":
        # The rivals' libraries read these when they are loaded.
        one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        os.execve(sys.executable, [sys.executable, *sys.argv], dict(os.environ) | one)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--speech", type=Path, default=ROOT.parent / "shared" / "data" / "speech")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--cold", action="store_true", help="also measure the start without a cache (a minute)")
    parser.add_argument("--json", type=Path, default=ROOT / "out" / "bench_voice.json")
    options = parser.parse_args()
    x, origin = speech(options.speech, options.seconds)
    hops = len(x) / 160
    build_cache(lambda text, _share: print(text))

    def whole() -> np.ndarray:
        stream = VoiceStream()
        return np.concatenate([stream.push(x).values, stream.flush().values])

    def stream() -> None:
        voice = VoiceStream()
        for i in range(0, len(x), 160):
            voice.push(x[i : i + 160])

    values = whole()
    voiced = float(np.mean(~np.isnan(values[:, 10])))
    cost = {
        "liveaffect, whole signal": cpu_us_per_hop(whole, hops),
        "liveaffect, hop by hop": cpu_us_per_hop(stream, hops),
    }
    cost |= {name: cpu_us_per_hop(work, hops) for name, work in rivals(x).items()}
    reference = cost.get("openSMILE eGeMAPSv02")
    print(f"\n{origin}: {len(x) / 16000:.0f} s, {voiced:.0%} of hops voiced; CPU time per 10 ms hop, one thread")
    for name, us in cost.items():
        ratio = f"   openSMILE takes {reference / us:5.2f} times this" if reference else ""
        print(f"  {name:44s} {us:8.1f} us{ratio}")
    hop, parts = live(x), kernels(x)
    window = np.ascontiguousarray(values[:300])
    functional_us = cpu_us_per_hop(lambda: [functionals_of(window) for _ in range(200)], 200)
    print(
        f"live hop: p50 {hop['p50_us']:.0f} us, p99 {hop['p99_us']:.0f} us;",
        f"88 functionals of 3 s: {functional_us:.0f} us",
    )
    print("kernels, one call, and its share of a whole-signal hop:")
    for name, us in parts.items():
        print(f"  {name:44s} {us:6.2f} us  {us / cost['liveaffect, whole signal']:5.1%}")
    start = {"warm_s": min(first_hop(None) for _ in range(3))}
    if options.cold:
        with tempfile.TemporaryDirectory() as folder:
            start["cold_s"] = first_hop(folder)
    print("import to first hop: " + ", ".join(f"{name[:-2]} {s:.2f} s" for name, s in start.items()))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    result = {
        "audio": {"seconds": len(x) / 16000, "voiced": voiced, "real": origin != "synthetic"},
        "cpu_us_per_hop": cost,
        "live": hop,
        "functionals_us": functional_us,
        "kernel_us": parts,
        "start": start,
    }
    options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
