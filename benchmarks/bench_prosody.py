"""Do the cues of a voice that are named first carry what its model says? On real speech.

    python benchmarks/bench_prosody.py SPEECH.zip ... [--speakers 2] [--seconds 30] [--json F]

A zip holds sound files and a `manifest.csv` with columns `file` and `speaker`. Utterances of one speaker are put behind
each other and go through the voice's descriptors, hop by hop, as live. Once a second, from where the voice's usual is
known, its answer is taken apart: the cues named first (three at most) are put to rest together, and as many as three
drawn from the others, those that were measured or all; told is the share of windows in which the former move the
estimate more, with Wilson's 95 % interval. Windows of one speaker are not independent: the least share of a speaker is
told beside it.
"""

import argparse
import csv
import io
import json
import math
import zipfile
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from liveaffect.models import registry
from liveaffect.models.reasons.carried import NAMED, TARGETS, named
from liveaffect.models.reasons.heard import USUAL_LEAST_S, Snapshot, VoiceFollower
from liveaffect.models.reasons.prosody import CUES, at_rest
from liveaffect.models.voice.affect import STEP_HOPS
from liveaffect.models.voice.descriptors.whole import mono_16k

RATE = 16000
EVERY_HOPS = 100


def voices(path: Path, speakers: int, seconds: float) -> Iterator[tuple[str, np.ndarray]]:
    """So many speakers of a zip, with so many seconds of sound each."""
    rng = np.random.default_rng(5)
    with zipfile.ZipFile(path) as files:
        rows = list(csv.DictReader(io.TextIOWrapper(files.open("manifest.csv"), "utf-8")))
        known = sorted({row["speaker"] for row in rows})
        for who in [known[k] for k in rng.permutation(len(known))]:
            said = [row["file"] for row in rows if row["speaker"] == who]
            parts: list[np.ndarray] = []
            for k in rng.permutation(len(said)):
                sound, rate = soundfile.read(io.BytesIO(files.read(said[k])), dtype="float32")
                parts += [mono_16k(sound, sample_rate=rate), np.zeros(RATE // 5, np.float32)]
                if sum(map(len, parts)) >= seconds * RATE:
                    yield f"{path.stem} {who}", np.concatenate(parts)
                    speakers -= 1
                    break
            if not speakers:
                return


def windows(net: Any, sound: np.ndarray) -> Iterator[tuple[VoiceFollower, Snapshot]]:
    """One answer of the model a second, once the voice's usual is known."""
    from liveaffect.models.voice.descriptors import NAMES

    follower, last = VoiceFollower(net), None
    for hop, values, mel, prob in net._hops(sound, RATE):
        follower.push(dict(zip(NAMES, np.where(np.isfinite(values), values, np.nan).tolist(), strict=True)), mel, prob)
        if (hop + 1) % STEP_HOPS == 0:
            said = follower.estimate()
            due = last is None or hop - last >= EVERY_HOPS
            if said is not None and said.heard_s >= USUAL_LEAST_S and due:
                last = hop
                yield follower, said


def moved(net: Any, follower: VoiceFollower, said: Snapshot) -> list[dict[str, float]]:
    """For each target the share of draws that move it less than the cues named first, by what is drawn from: the other
    cues that were measured ("measured"), or also those that are as usual ("all"). Nothing where nothing is named."""
    found = follower.measure(said)
    assert found is not None
    whole = np.array([said.estimate.valence, said.estimate.arousal, said.estimate.emotions[found.category]])
    asked: dict[tuple[str, ...], np.ndarray | None] = {}

    def by(cues: tuple[str, ...]) -> np.ndarray | None:
        if cues not in asked:
            calm = at_rest(said.rows, said.values, said.speech, cues, said.now, said.rest)
            again = None if calm is None else net.judge(calm, net.encode(calm), None, said.usual)
            numbers = None if again is None else (again.valence, again.arousal, again.emotions[found.category])
            asked[cues] = None if numbers is None else np.abs(whole - numbers)
        return asked[cues]

    able = [cue for cue in CUES if by((cue,)) is not None]
    rows: list[dict[str, float]] = []
    for target in range(len(TARGETS)):
        rows.append({})
        first = named(found.effects, target, found.ways[target])
        together = by(tuple(sorted(first))) if first else None
        for kind, of in (("measured", found.effects), ("all", able)):
            others = [cue for cue in of if cue not in first]
            draws = [by(one) for one in combinations(others, min(NAMED, len(others)))] if others else []
            against = [one[target] for one in draws if one is not None]
            if together is not None and against:
                rows[-1][kind] = float(np.mean([together[target] > one for one in against]))
    return rows


def wilson(hits: float, number: int) -> tuple[float, float]:
    """95 % interval of a share."""
    z = 1.96
    spread = z * math.sqrt(hits * (1 - hits) / number + z * z / (4 * number**2))
    middle = hits + z * z / (2 * number)
    return (middle - spread) / (1 + z * z / number), (middle + spread) / (1 + z * z / number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zips", nargs="+", type=Path)
    parser.add_argument("--speakers", type=int, default=2, help="of each zip")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each speaker")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    net = registry.load("voice-affect")
    rows: list[tuple[str, list[dict[str, float]]]] = []
    for path in arguments.zips:
        for who, sound in voices(path, arguments.speakers, arguments.seconds):
            found = [moved(net, *one) for one in windows(net, sound)]
            rows += [(who, one) for one in found]
            print(f"{who}: {len(found)} windows", flush=True)
    told: dict[str, Any] = {"windows": len(rows), "speakers": len({who for who, _ in rows})}
    for target, name in enumerate(TARGETS):
        for kind in ("measured", "all"):
            known = [(who, one[target][kind]) for who, one in rows if kind in one[target]]
            if not known:
                continue
            share = float(np.mean([one for _, one in known]))
            low, high = wilson(share, len(known))
            least = min(np.mean([one for w, one in known if w == who]) for who, _ in known)
            told[f"{name}, {kind}"] = {"share": share, "low": low, "high": high, "windows": len(known)}
            print(
                f"{name}: the cues named first move it more than others of {kind} in {share:.3f} of {len(known)} "
                f"windows ({low:.3f} to {high:.3f}); least of a speaker {least:.2f}"
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
