"""Do the cues that are named first carry the estimate? And does every sentence hold against its numbers?

    python benchmarks/bench_reasons.py FILM ... [--stills FACES.zip] [--number 200] [--json F]

Faces of films (twice a second) and of photographs go through the nodes face, face_affect, fusion and reasons. The three
cues named first are put to rest together, and three others, drawn at random; the share of faces in which the former
move the estimate more is told for valence, arousal and the likeliest category. Times are CPU.
"""

import sys
from pathlib import Path

from liveaffect.nodes.face.privacy import close_door

close_door()
sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "helpers"))

import argparse  # noqa: E402
import io  # noqa: E402
import json  # noqa: E402
import time  # noqa: E402
import zipfile  # noqa: E402
from collections.abc import Iterator  # noqa: E402
from itertools import islice  # noqa: E402
from typing import Any  # noqa: E402

import av  # noqa: E402
import numpy as np  # noqa: E402
from made.sentence_check import check  # noqa: E402
from PIL import Image  # noqa: E402

from liveaffect.models.circumplex import EMOTIONS  # noqa: E402
from liveaffect.models.face import align  # noqa: E402
from liveaffect.models.face.affect import SIDE as SIDE_OF_NET  # noqa: E402
from liveaffect.models.reasons.carried import NAMED, TARGETS, ask, named  # noqa: E402
from liveaffect.models.reasons.regions import REGIONS, at_rest, hidden  # noqa: E402
from liveaffect.nodes.face import FaceNode  # noqa: E402
from liveaffect.nodes.face_affect import FaceAffectNode  # noqa: E402
from liveaffect.nodes.fusion import FusionNode  # noqa: E402
from liveaffect.nodes.reasons import ReasonsNode  # noqa: E402
from liveaffect.stream import messages as m  # noqa: E402
from liveaffect.stream.lockstep import run_nodes  # noqa: E402

MOST_FRAMES = 300
SIDE, EDGE = 320, 80
"""Photographs are cut tight around a face: they are shown so large, in so wide an edge."""
DRAWS = 20


class Watched(ReasonsNode):
    """Keeps what every reason was measured on."""

    def _reason(self, said: Any, row: int, crop: Any, person: Any, voice: Any) -> m.Reason:
        found = super()._reason(said, row, crop, person, voice)
        vector = self._tracks[said.id].vector
        assert vector is not None
        kept.append((crop.crops[row].copy(), vector.copy(), found))
        return found


kept: list[tuple[Any, Any, m.Reason]] = []


def film(path: Path) -> Iterator[m.VideoFrame]:
    with av.open(str(path)) as container:
        for k, frame in enumerate(islice(container.decode(video=0), MOST_FRAMES)):
            t_ns = round((frame.time or 0.0) * 1e9)
            yield m.VideoFrame(t_ns=t_ns, seq=k, frame_index=k, image=frame.to_ndarray(format="rgb24"), gap=k == 0)


def photographs(path: Path, number: int) -> Iterator[m.VideoFrame]:
    with zipfile.ZipFile(path) as faces:
        names = sorted(name for name in faces.namelist() if name.endswith(".jpg"))
        for k, at in enumerate(np.random.default_rng(7).permutation(len(names))[:number].tolist()):
            small = (
                Image.open(io.BytesIO(faces.read(names[at])))
                .convert("RGB")
                .resize((SIDE, SIDE), Image.Resampling.BICUBIC)
            )
            image = np.pad(np.asarray(small), ((EDGE, EDGE), (EDGE, EDGE), (0, 0)), mode="edge")
            yield m.VideoFrame(t_ns=k * 1_000_000_000, seq=k, image=np.ascontiguousarray(image), still=True)


def moved(net: Any, crop: Any, vector: Any, reason: m.Reason, rng: np.random.Generator) -> list[float | None]:
    """For each target the share of draws of three others that move it less than the three named first."""
    crop = align.resize(crop, SIDE_OF_NET)  # as the model does, and `measure`
    effects = {cue.name: (cue.valence, cue.arousal, cue.category) for cue in reason.cues}
    base = (reason.valence or 0.0, reason.arousal or 0.0, reason.share or 0.0)
    of = (0, 1, 2 + EMOTIONS.index(reason.category))
    rows: list[float | None] = []
    for target in range(len(TARGETS)):
        first = named(effects, target, reason.ways[target])
        others = [name for name in effects if name not in first]
        if not first or not others:
            rows.append(None)
            continue
        draws = {tuple(sorted(rng.permutation(others)[:NAMED].tolist())) for _ in range(DRAWS)}
        said = ask(net, [at_rest(crop, vector, names) for names in (tuple(first), *sorted(draws))], "natural")
        by = np.abs(said[:, of[target]] - base[target])
        rows.append(float(np.mean(by[0] > by[1:])))
    return rows


def with_a_mask(crop: Any, colour: Any) -> Any:
    """The crop with something plain over the mouth."""
    top, bottom, left, right = (round(edge * len(crop)) for edge in REGIONS["mouth"].boxes[0])
    covered = crop.copy()
    covered[top : bottom + 1, left : right + 1] = colour
    return covered


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", nargs="*", type=Path)
    parser.add_argument("--stills", type=Path, help="a zip of .jpg faces")
    parser.add_argument("--number", type=int, default=200, help="of photographs")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    arguments = parser.parse_args()
    sources: list[tuple[str, Any]] = [(path.name, film(path)) for path in arguments.films]
    if arguments.stills:
        sources.append((arguments.stills.name, photographs(arguments.stills, arguments.number)))
    rng, rows, net = np.random.default_rng(1), [], None
    seen = missed = 0
    for name, frames in sources:
        kept.clear()
        node = Watched()
        run_nodes(FaceNode(), FaceAffectNode(), FusionNode(), node, inputs=list(frames), of=m.Reasons)
        net = node._net
        found = [moved(net, *one, rng) for one in kept if one[2].category]
        for crop, _, reason in kept:
            check(reason)
            seen += "mouth" not in hidden(crop)
            covers = (128, 0, (190, 205, 215), crop[len(crop) // 2].mean(0))
            missed += sum("mouth" not in hidden(with_a_mask(crop, colour)) for colour in covers)
        rows += found
        print(f"{name}: {len(found)} faces", flush=True)
    told = {}
    for target, name in enumerate(TARGETS):
        known = [row[target] for row in rows if row[target] is not None]
        told[name] = float(np.mean(known))
        print(f"{name}: the three cues named first move it more than three others in {told[name]:.3f} of {len(known)}")
    print(f"a mouth was seen in {seen} of {len(rows)} uncovered faces, and in {missed} of {4 * len(rows)} covered ones")
    print(f"sentences of all {len(rows)} faces hold against their numbers")
    if kept and net is not None:
        crop, vector, _ = kept[0]
        begun = time.process_time()
        for _ in range(10):
            ask(net, [(crop, vector)] * 8, "natural")
        print(f"eight faces in one batch: {(time.process_time() - begun) * 100:.1f} ms")
    if arguments.json:
        arguments.json.write_text(json.dumps(told, indent=2) + "\n")


if __name__ == "__main__":
    main()
