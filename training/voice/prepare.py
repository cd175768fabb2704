"""Cache of the corpora: sound in virtual sessions, then descriptors, log-mel rows and speech probability per hop.

    python -m training.voice.prepare --cache DIR --copies 4 [--stage sound] [--stage features]

Copy 0 is the sound as recorded; copies 1.. are virtual sessions (`training.voice.augment`), from 2 on mild ones. The
two stages are apart because only the second must run again where a descriptor changes.
"""

import argparse
import time
import zlib
from pathlib import Path

import numpy as np

from liveaffect.models import registry
from liveaffect.models.voice.descriptors import VoiceStream
from liveaffect.models.voice.mel import log_mel
from training.voice import augment
from training.voice.data import ZIPS, manifest, sounds
from training.voice.speech import speech_probs


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--cache", type=Path, required=True)
    options.add_argument("--copies", type=int, default=4)
    options.add_argument("--corpus", action="append", choices=list(ZIPS))
    options.add_argument("--stage", action="append", choices=["sound", "features"])
    options.add_argument("--seed", type=int, default=4)
    options.add_argument("--older", type=Path, help="an older cache whose log-mel rows and speech are taken over")
    options.add_argument("--again", action="store_true", help="do not keep what is there")
    args = options.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    stages = args.stage or ["sound", "features"]
    for copy in range(args.copies):
        for corpus in args.corpus or list(ZIPS):
            name = args.cache / f"{corpus}-{copy}"
            if "sound" in stages and (args.again or not name.with_suffix(".sound.npz").exists()):
                _sound(name, corpus, copy, args.seed)
            if "features" in stages and (args.again or not name.with_suffix(".features.npz").exists()):
                _features(name, args.older)


def _sound(name: Path, corpus: str, copy: int, seed: int) -> None:
    signals = sounds(corpus)
    if copy:
        rng = np.random.default_rng([seed, copy, zlib.crc32(corpus.encode())])
        speakers = [u.speaker for u in manifest(corpus)]
        levels = {
            s: augment.level_db([x for x, w in zip(signals, speakers, strict=True) if w == s]) for s in set(speakers)
        }
        draw = augment.draw if copy == 1 else augment.draw_mild
        sessions = {s: draw(rng) for s in sorted(set(speakers))}
        babble = [signals[i] for i in rng.integers(len(signals), size=60)]
        changed = []
        for i, (x, s) in enumerate(zip(signals, speakers, strict=True)):
            changed.append(augment.apply(x, sessions[s], rng, babble, levels[s]))
            if i % 500 == 0:
                print(f"{name.name} sound {i}/{len(signals)}", flush=True)
        signals = changed
    flat = np.concatenate(signals)
    lengths = np.array([len(x) for x in signals])
    _save(name.with_suffix(".sound.npz"), flat=np.round(np.clip(flat, -1, 1) * 32767).astype(np.int16), n=lengths)


def _features(name: Path, older: Path | None) -> None:
    signals = read_sound(name)
    before = np.load(older / f"{name.name}.features.npz") if older else None
    speech = [] if before else speech_probs(registry.load("silero-vad"), signals)
    started, values, mels, probs = time.perf_counter(), [], [], []
    for i, x in enumerate(signals):
        stream = VoiceStream()
        rows = np.concatenate([stream.push(x).values, stream.flush().values])
        values.append(rows)
        if before is None:
            mels.append(log_mel(x)[: len(rows)].astype(np.float16))
            probs.append(speech[i][: len(rows)].astype(np.float16))
        if i % 500 == 0:
            print(f"{name.name} features {i}/{len(signals)} {time.perf_counter() - started:.0f} s", flush=True)
    n = np.array([len(v) for v in values])
    mel, prob = (before["mel"], before["speech"]) if before else (np.concatenate(mels), np.concatenate(probs))
    if len(mel) != n.sum():
        raise SystemExit(f"{older}: {name.name} has other hops than now; make it without --older")
    _save(name.with_suffix(".features.npz"), n=n, values=np.concatenate(values), mel=mel, speech=prob)


def _save(path: Path, **arrays: np.ndarray) -> None:
    """Whole or not at all: a run that is stopped leaves nothing half written."""
    part = path.with_suffix(".part.npz")
    np.savez(part, **arrays)
    part.replace(path)


def read_sound(name: Path) -> list[np.ndarray]:
    """The utterances of one copy, float32."""
    with np.load(name.with_suffix(".sound.npz")) as file:
        pieces = np.split(file["flat"], np.cumsum(file["n"])[:-1])
    return [piece.astype(np.float32) / 32768 for piece in pieces]


if __name__ == "__main__":
    main()
