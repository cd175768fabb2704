"""Do the fusion's 90 % intervals cover 90 %? On simulated people, also where the filter's assumptions are wrong.

    python benchmarks/bench_coverage.py [--people N] [--json OUT]

Truth and lasting errors are Ornstein-Uhlenbeck processes; nets answer with conditional means. The face (sd 0.25, 30 Hz)
is there 80 % of the seconds, the voice (sd 0.3, 10 Hz) half of them.
"""

import argparse
import json
import math
from pathlib import Path

import numpy as np

from liveaffect.models.circumplex import Z90
from liveaffect.models.fusion.filter import Estimate, FusionSettings, PersonFilter

SECONDS, FPS, FACE_SD, VOICE_SD = 60, 30, 0.25, 0.3
SPREAD = (0.5, 0.3, 0.05, 0.05, 0.025, 0.025, 0.025, 0.025)


def wander(tau_s: float, rng: np.random.Generator) -> np.ndarray:
    """An Ornstein-Uhlenbeck process of unit variance, (SECONDS * FPS,)."""
    a, noise = math.exp(-1 / FPS / tau_s), rng.standard_normal(SECONDS * FPS)
    x = [float(noise[0])]
    for e in noise[1:]:
        x.append(a * x[-1] + math.sqrt(1 - a * a) * float(e))
    return np.array(x)


def answers(truth: np.ndarray, sd: float, lasting: float, bias_tau_s: float, rng: np.random.Generator) -> np.ndarray:
    """What a net of this standard deviation says: the conditional mean of each frame alone, in [-1, 1]."""
    variance = 1 / (1 / sd**2 - 1 / FusionSettings().prior_valence_sd ** 2)
    error = math.sqrt(lasting) * wander(bias_tau_s, rng) + math.sqrt(1 - lasting) * rng.standard_normal(len(truth))
    return np.clip((truth + math.sqrt(variance) * error) * sd**2 / variance, -1, 1)


def person(seed: int, affect_tau_s: float, bias_tau_s: float, settings: FusionSettings) -> np.ndarray:
    """(n, 3): error of the fused value, its sd, and the face's own error, at every frame with numbers."""
    rng = np.random.default_rng(seed)
    truth = FusionSettings().prior_valence_sd * wander(affect_tau_s, rng)
    face, voice = answers(truth, FACE_SD, 0.8, bias_tau_s, rng), answers(truth, VOICE_SD, 0.9, bias_tau_s, rng)
    there, heard = rng.random(SECONDS) < 0.8, rng.random(SECONDS) < 0.5
    filtered, rows = PersonFilter(settings), []
    for i, x in enumerate(truth):
        seen = Estimate(float(face[i]), 0.0, FACE_SD, 0.25, SPREAD) if there[i // FPS] else None
        said = Estimate(float(voice[i]), 0.0, VOICE_SD, 0.25, SPREAD) if heard[i // FPS] and i % 3 == 0 else None
        fused = filtered.step(i / FPS, seen, said)
        if fused.valence is not None and fused.valence_sd is not None:
            rows.append((fused.valence - x, fused.valence_sd, face[i] - x))
    return np.array(rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=20)
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    usual, plain = FusionSettings(), FusionSettings(estimates_include_prior=False)
    worlds = {
        "as assumed": (4.0, 4.0, usual),
        "affect lasts 1 s": (1.0, 4.0, usual),
        "affect lasts 20 s": (20.0, 4.0, usual),
        "errors last 1 s": (4.0, 1.0, usual),
        "errors never change": (4.0, 1e9, usual),
        "estimates taken as plain measurements": (4.0, 4.0, plain),
    }
    rows = {}
    for name, (affect_tau_s, bias_tau_s, settings) in worlds.items():
        x = np.concatenate([person(seed, affect_tau_s, bias_tau_s, settings) for seed in range(arguments.people)])
        rows[name] = {
            "coverage_90": float(np.mean(np.abs(x[:, 0]) < Z90 * x[:, 1])),
            "rmse": float(np.sqrt(np.mean(x[:, 0] ** 2))),
            "face_rmse": float(np.sqrt(np.mean(x[:, 2] ** 2))),
            "mean_sd": float(np.mean(x[:, 1])),
        }
        print(f"{name:<40}" + "   ".join(f"{key} {value:.3f}" for key, value in rows[name].items()), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
