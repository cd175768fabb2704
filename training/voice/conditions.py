"""What noise, rooms, telephones, codecs, volume and plainly read speech do to the heads that never saw a corpus.

    python -m training.voice.conditions --out OUT --encoder models/weights/voice-encoder.onnx [--neutral]

Keeps what the encoder says of some utterances of each corpus in each condition (`robust` judges it). `--neutral` hears
sentences that espeak-ng reads in twelve languages by three voices, and the talkers of the clips, instead.
"""

import argparse
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from liveaffect.models.files.net import Net
from training.voice import augment
from training.voice.data import manifest, sounds
from training.voice.prepare import windows

Array = np.ndarray
PER_SPEAKER = {"ravdess": 8, "nemo": 20, "korean": 6, "ased": 3, "emospeech": 1}
VOICES = ("", "+m3", "+f2")
SENTENCES = {
    "en-us": (
        "The table stands next to the window in the kitchen.",
        "The train leaves at nine o'clock in the morning.",
    ),
    "en-gb": ("The library is open from Monday to Friday.", "Two kilometres further on there is a bridge."),
    "de": ("Der Tisch steht neben dem Fenster in der Küche.", "Der Zug fährt um neun Uhr morgens ab."),
    "fr": ("La table se trouve à côté de la fenêtre.", "Le train part à neuf heures du matin."),
    "es": ("La mesa está al lado de la ventana.", "El tren sale a las nueve de la mañana."),
    "it": ("Il tavolo si trova accanto alla finestra.", "Il treno parte alle nove del mattino."),
    "pl": ("Stół stoi obok okna w kuchni.", "Pociąg odjeżdża o dziewiątej rano."),
    "pt": ("A mesa está ao lado da janela.", "O trem parte às nove horas da manhã."),
    "ru": ("Стол стоит рядом с окном на кухне.", "Поезд отправляется в девять часов утра."),
    "tr": ("Masa mutfakta pencerenin yanında duruyor.", "Tren sabah saat dokuzda kalkıyor."),
    "hi": ("मेज़ खिड़की के पास रखी है।", "ट्रेन सुबह नौ बजे जाती है।"),
    "sv": ("Bordet står bredvid fönstret i köket.", "Tåget går klockan nio på morgonen."),
}
"""Plain statements: read without any feeling they are neutral."""


def conditions(babble: list[Array]) -> dict[str, Callable[[Array, np.random.Generator], Array]]:
    """Name to what is done to a signal."""

    def noise(kind: str, snr_db: float) -> Callable[[Array, np.random.Generator], Array]:
        session = augment.Session(1.0, 1.0, None, None, kind, snr_db, None, 0.0)
        return lambda x, rng: augment.with_noise(x, session, rng, babble)

    return {
        "as recorded": lambda x, _: x,
        "noise, 20 dB": noise("white", 20),
        "noise, 10 dB": noise("white", 10),
        "noise, 0 dB": noise("white", 0),
        "others talk, 10 dB": noise("babble", 10),
        "others talk, 0 dB": noise("babble", 0),
        "pink noise, 5 dB": noise("pink", 5),
        "telephone": lambda x, _: augment.coded(x, "mulaw"),
        "MP3": lambda x, _: _mp3(x),
        "room": augment.in_room,
        "volume 0.05": lambda x, _: x * 0.05,
        "volume 20": lambda x, _: x * 20.0,
    }


def main() -> None:
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--out", type=Path, required=True)
    options.add_argument("--encoder", type=Path, required=True)
    options.add_argument("--neutral", action="store_true")
    args = options.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    encoder = Net(args.encoder)
    if args.neutral:
        np.savez(args.out / "neutral.npz", **windows(encoder, read_aloud(), np.random.default_rng(0), steps=False))
        return
    for corpus in PER_SPEAKER:
        signals = sounds(corpus)
        rng = np.random.default_rng(1)
        chosen = _chosen(corpus, rng)
        babble = [signals[i] for i in rng.integers(len(signals), size=60)]
        for name, change in conditions(babble).items():
            path = args.out / f"{corpus}-{name}.npz"
            if path.exists():
                continue
            heard = [np.float32(change(signals[i].astype(np.float64), np.random.default_rng(i))) for i in chosen]
            found = windows(encoder, heard, np.random.default_rng(0), steps=False, cuts=False)
            found["index"] = np.array(chosen)[found["index"].astype(int)]
            np.savez(path, **found)
            print(f"{corpus} {name}: {len(np.unique(found['index']))} of {len(chosen)} heard as speech", flush=True)


def read_aloud() -> list[Array]:
    """Every sentence by every voice of espeak-ng, which must be installed, at 16 kHz."""
    found = []
    for language, sentences in SENTENCES.items():
        for voice in VOICES:
            for sentence in sentences:
                wave = subprocess.run(
                    ["espeak-ng", "-v", language + voice, "-s", "150", "--stdout", sentence],
                    check=True,
                    capture_output=True,
                )
                samples, rate = soundfile.read(io.BytesIO(wave.stdout), dtype="float32")
                found.append(soxr.resample(samples, rate, 16000).astype(np.float32))
    return found


def _mp3(x: Array) -> Array:
    file = io.BytesIO()
    # 0.85: 32 kbit/s
    kind = {"format": "MP3", "subtype": "MPEG_LAYER_III", "bitrate_mode": "CONSTANT", "compression_level": 0.85}
    soundfile.write(file, x, 16000, **kind)
    return np.resize(soundfile.read(io.BytesIO(file.getvalue()))[0], len(x))


def _chosen(corpus: str, rng: np.random.Generator) -> list[int]:
    """So many utterances of each speaker, its categories in turn."""
    listed, found = manifest(corpus), []
    for speaker in sorted({u.speaker for u in listed}):
        mine = rng.permutation([i for i, u in enumerate(listed) if u.speaker == speaker and u.common])
        turn: dict[int, int] = {}
        order = []
        for i in mine:
            label = listed[i].label
            turn[label] = turn.get(label, 0) + 1
            order.append((turn[label], int(i)))
        found += [i for _, i in sorted(order)[: PER_SPEAKER[corpus]]]
    return found


if __name__ == "__main__":
    main()
