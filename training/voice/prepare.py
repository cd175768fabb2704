"""Cache of what the encoder says of the corpora, one file per corpus and copy.

    python -m training.voice.prepare CORPUS-COPY... --cache DIR --encoder models/weights/voice-encoder.onnx

Copy 0 is the sound as recorded; odd copies are harsh virtual sessions, even ones mild (`training.voice.augment`).
Resumes per file. Windows are those the live stream judges: the last one of an utterance (kind 0), the same cut at a
random instant to 1.5 s (1) and to 0.6 to 1.5 s (2), and, as recorded only, one each half second (3).
"""

import argparse
import zlib
from pathlib import Path

import numpy as np

from liveaffect.models import registry
from liveaffect.models.files.net import Net
from liveaffect.models.voice.affect import reach_db
from liveaffect.models.voice.mel import log_mel
from liveaffect.models.voice.window import HANG_HOPS, LEAST_HOPS, MAX_AGE_HOPS, SPEECH, WINDOW_HOPS, counted
from training.voice import augment
from training.voice.data import ZIPS, manifest, sounds
from training.voice.speech import speech_probs

Array = np.ndarray
SHORT_HOPS, SHORTEST_HOPS = 150, 60
STEP_HOPS = 50


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("parts", nargs="+", help="such as ravdess-0 nemo-2")
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--encoder", type=Path, required=True)
    options.add_argument("--seed", type=int, default=4)
    args = options.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    encoder = Net(args.encoder)
    for part in args.parts:
        corpus, copy = part.rsplit("-", 1)
        if corpus not in ZIPS:
            raise SystemExit(f"no corpus is called {corpus!r}; there are {', '.join(ZIPS)}")
        target = args.cache / f"{part}.npz"
        if not target.exists():
            signals = _in_session(corpus, int(copy), args.seed)
            _save(target, **windows(encoder, signals, np.random.default_rng([5, int(copy)]), steps=copy == "0"))
            print(f"{part}: {len(signals)} utterances", flush=True)


def windows(
    encoder: Net, signals: list[Array], rng: np.random.Generator, steps: bool, cuts: bool = True
) -> dict[str, Array]:
    """Arrays over windows (n): index of the signal, kind, hops, reach_db, and means (n, 1152) float16."""
    found: dict[str, list[float]] = {name: [] for name in ("index", "kind", "hops", "reach_db")}
    means = []
    for i, (signal, probs) in enumerate(zip(signals, speech_probs(registry.load("silero-vad"), signals), strict=True)):
        rows = log_mel(signal)[: len(probs)]
        for kind, at in _chosen(probs, rng, steps, cuts):
            means.append(encoder.run({"rows": rows[at][None]})[0][0].astype(np.float16))
            for name, value in (("index", i), ("kind", kind), ("hops", len(at)), ("reach_db", reach_db(rows[at]))):
                found[name].append(value)
    return {"means": np.array(means), **{name: np.array(column) for name, column in found.items()}}


def window(probs: Array, end: int, most: int = WINDOW_HOPS) -> Array | None:
    """The hops that a `SpeechWindow` holds after `end` of them; None where it would say nothing yet."""
    start = max(end - MAX_AGE_HOPS, 0)
    at = np.flatnonzero(counted(probs[start:end] >= SPEECH))[-most:] + start
    return at if (probs[at] >= SPEECH).sum() >= LEAST_HOPS else None


def _chosen(probs: Array, rng: np.random.Generator, steps: bool, cuts: bool) -> list[tuple[int, Array]]:
    speech = np.flatnonzero(probs >= SPEECH)
    if len(speech) < LEAST_HOPS:
        return []
    end = min(int(speech[-1]) + 1 + HANG_HOPS, len(probs))
    first = int(speech[LEAST_HOPS - 1]) + 1
    ends = rng.integers(first, end + 1, 2)
    asked = [(0, end, WINDOW_HOPS)]
    if cuts:
        asked.append((1, int(ends[0]), SHORT_HOPS))
        asked.append((2, int(ends[1]), int(rng.integers(SHORTEST_HOPS, SHORT_HOPS))))
    asked += [(3, at, WINDOW_HOPS) for at in range(first + STEP_HOPS - 1, end, STEP_HOPS)] if steps else []
    return [(kind, at) for kind, stop, most in asked if (at := window(probs, stop, most)) is not None]


def _in_session(corpus: str, copy: int, seed: int) -> list[Array]:
    signals, listed = sounds(corpus), manifest(corpus)
    if copy == 0:
        return signals
    rng = np.random.default_rng([seed, copy, zlib.crc32(corpus.encode())])
    by_speaker: dict[str, list[Array]] = {}
    for signal, utterance in zip(signals, listed, strict=True):
        by_speaker.setdefault(utterance.speaker, []).append(signal)
    levels = {name: augment.level_db(own) for name, own in by_speaker.items()}
    draw = augment.draw if copy % 2 else augment.draw_mild
    sessions = {name: draw(rng) for name in sorted(by_speaker)}
    babble = [signals[i] for i in rng.integers(len(signals), size=60)]
    return [
        augment.apply(x, sessions[u.speaker], rng, babble, levels[u.speaker])
        for x, u in zip(signals, listed, strict=True)
    ]


def _save(path: Path, **arrays: Array) -> None:
    """Whole or not at all: a run that is stopped leaves nothing half written."""
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


if __name__ == "__main__":
    main()
