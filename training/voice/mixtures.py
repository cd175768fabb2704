"""Windows of one voice, of two at once, and of two in turn, with what the encoder's layers say of each 20 ms."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

from liveaffect.models.voice.mel import HOP, log_mel
from liveaffect.models.voice.window import WINDOW_HOPS
from training.voice import augment
from training.voice.data import ZIPS, manifest, sounds
from training.voice.encoder import LAYERS, MOST_FRAMES, WIDTH, layers_of

Array = np.ndarray
Voices = dict[str, dict[str, list[Array]]]
ONE, TWO, TURNS = range(3)
PER_CORPUS, SEED = 700, 1


@dataclass
class Mixtures:
    """Windows (n) of one corpus."""

    layers: Array
    """(n, 150, 1152) float16, zeros after the window's end."""
    both: Array
    """(n, 150) bool: both are on."""
    lengths: Array
    kind: Array
    db: Array
    """By how much the softer one lies below the other."""
    overlap: Array
    """Share of the window with both on."""
    speaker: Array

    def positions(self, rng: np.random.Generator, step: int) -> tuple[Array, Array]:
        """Layers and labels of every `step`-th position, from a random one on."""
        at = [np.arange(rng.integers(step), n, step) for n in self.lengths]
        window, place = np.repeat(np.arange(len(at)), [len(a) for a in at]), np.concatenate(at)
        return self.layers[window, place], self.both[window, place]


def cached(encoder: onnx.ModelProto, cache: Path) -> dict[str, Mixtures]:
    """The mixtures of each corpus, made where they are not in `cache`."""
    paths = {corpus: cache / f"mixtures-{corpus}.npz" for corpus in ZIPS}
    if not all(path.exists() for path in paths.values()):
        opened = onnx.ModelProto()
        opened.CopyFrom(encoder)
        for name in layers_of(encoder):
            opened.graph.output.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, None))
        one = onnxruntime.SessionOptions()
        one.intra_op_num_threads = one.inter_op_num_threads = 1
        net, voices = onnxruntime.InferenceSession(opened.SerializeToString(), one), _voices()
        for corpus, path in paths.items():
            np.savez(path, **_of_corpus(net, layers_of(encoder), voices, corpus))
    return {corpus: Mixtures(**np.load(path)) for corpus, path in paths.items()}


def _voices() -> Voices:
    found: Voices = {}
    for corpus in ZIPS:
        own = found.setdefault(corpus, {})
        for signal, utterance in zip(sounds(corpus), manifest(corpus), strict=True):
            if len(signal) >= 30 * HOP:
                own.setdefault(utterance.speaker, []).append(signal)
    return found


def _of_corpus(net: onnxruntime.InferenceSession, taps: list[str], voices: Voices, corpus: str) -> dict[str, Array]:
    columns: dict[str, list[object]] = {name: [] for name in Mixtures.__dataclass_fields__}
    for i in range(PER_CORPUS):
        rng = np.random.default_rng([SEED, i, list(ZIPS).index(corpus)])
        sound, both, facts = _window(rng, voices, corpus)
        n = len(both) // 2
        layers, marks = np.zeros((MOST_FRAMES, LAYERS * WIDTH), np.float16), np.zeros(MOST_FRAMES, bool)
        layers[:n] = np.concatenate([x[0] for x in net.run(taps, {"rows": log_mel(sound)[None]})], axis=1)
        marks[:n] = both[::2]
        row = {"layers": layers, "both": marks, "lengths": n, "overlap": both.mean(), **facts}
        for name, value in row.items():
            columns[name].append(value)
    return {name: np.array(column) for name, column in columns.items()}


def _window(rng: np.random.Generator, voices: Voices, corpus: str) -> tuple[Array, Array, dict[str, object]]:
    """Sound, per hop whether both are on, and the facts; half of the corpora's own speakers, most from one corpus."""
    kind = int(rng.choice(3, p=[0.47, 0.38, 0.15]))
    hops = WINDOW_HOPS if rng.random() < 0.75 else int(rng.integers(100, WINDOW_HOPS)) & ~1
    people = sorted(voices[corpus])
    speaker = people[rng.integers(len(people))]
    x, both, db = _speech(rng, voices[corpus][speaker], hops * HOP), np.zeros(hops, bool), 0.0
    if kind != ONE:
        other = corpus if rng.random() < 0.75 else list(ZIPS)[rng.integers(len(ZIPS))]
        name = speaker
        while name == speaker:
            name = sorted(voices[other])[rng.integers(len(voices[other]))]
        db = float(rng.choice([0, 5, 10]))
        y = _speech(rng, voices[other][name], hops * HOP) * 10 ** (-db / 20)
        if rng.random() < 0.5:
            x, y = x * 10 ** (-db / 20), y * 10 ** (db / 20)
        if kind == TWO:
            length = int(hops * float(rng.choice([1, 0.6, 0.35])))
            start = int(rng.integers(hops - length + 1))
            there = (np.arange(hops) >= start) & (np.arange(hops) < start + length)
            both = there & _on(x) & _on(y)
            x = x + y * np.repeat(there, HOP)
        else:
            turn = int(rng.integers(int(0.25 * hops), int(0.75 * hops))) * HOP
            x = np.concatenate([x[:turn], y[turn:]])
    return np.float32(np.clip(_heard(rng, x), -1, 1)), both, {"kind": kind, "db": db, "speaker": speaker}


def _speech(rng: np.random.Generator, signals: list[Array], length: int) -> Array:
    """Utterances of one speaker one after the other, all as loud, without what is before and after them."""
    parts: list[Array] = []
    while sum(map(len, parts)) < length:
        signal = signals[rng.integers(len(signals))]
        level = _level(signal)
        at = np.flatnonzero(level > np.percentile(level, 90) - 30)
        part = signal[at[0] * HOP : (at[-1] + 1) * HOP].astype(np.float64)
        if len(part) >= 20 * HOP:
            parts.append(part / 10 ** (np.percentile(_level(part), 85) / 20) * 0.05)
    whole = np.concatenate(parts)
    start = rng.integers(len(whole) - length + 1)
    return whole[start : start + length]


def _level(x: Array) -> Array:
    return 10 * np.log10(x[: len(x) // HOP * HOP].astype(np.float64).reshape(-1, HOP).var(axis=1) + 1e-12)


def _on(x: Array) -> Array:
    """Per hop whether it is at most 25 dB below the loud ones, or next to such."""
    level = _level(x)
    return np.convolve(level > np.percentile(level, 90) - 25, np.ones(9), "same") > 0


def _heard(rng: np.random.Generator, x: Array) -> Array:
    """A third as it is, the rest in a session of any noise but other talkers."""
    if rng.random() < 0.35:
        return x
    session = augment.draw(rng)
    while session.noise == "babble":
        session = augment.draw(rng)
    session = replace(session, shift=1.0, tempo=1.0, snr_db=float(rng.uniform(5, 35)), gain_db=0.0)
    return augment.apply(np.float32(x), session, rng, [], augment.level_db([x]))
