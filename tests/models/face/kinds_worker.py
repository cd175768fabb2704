"""Measures faces of three collections and writes them as JSON: kinds_worker.py SHARED OUT. Not a test by itself.

MediaPipe reports usage, so it runs here, behind a closed door. The pictures stay where they are.
"""

import csv
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from liveaffect.nodes.face import privacy

privacy.close_door()

import av  # noqa: E402
import numpy as np  # noqa: E402
from numpy.typing import NDArray  # noqa: E402
from PIL import Image  # noqa: E402

from liveaffect.models import registry  # noqa: E402
from liveaffect.models.face.action_units import ACTION_UNITS, action_units  # noqa: E402
from liveaffect.models.face.align import crop_face  # noqa: E402
from liveaffect.models.face.geometry import geometry  # noqa: E402
from liveaffect.models.face.neutral import relative  # noqa: E402
from liveaffect.nodes.face.landmarker import Found, Landmarker  # noqa: E402

MOUSTACHED = "grid_m_swiz3n.mpg"
EACH = 90
"""Faces of women, and as many of men."""
TURN = 29
"""Of the collection every so many is looked at."""
WIDER = 0.5
"""A picture that ends at the face gets so much around it: the detector wants it."""


def main() -> None:
    shared, out = Path(sys.argv[1]), Path(sys.argv[2])
    alone = Landmarker(registry.path("face-landmarker"), 1, remembers=False)
    net: Any = registry.load("face-affect")

    def look(image: NDArray[np.uint8]) -> dict[str, Any] | None:
        faces = alone.find(image, 0)
        return None if len(faces) != 1 else measure(net, image, faces[0])

    said: dict[str, Any] = {
        "smiles": [{**row, **found} for row, image in smiles(shared) if (found := look(image)) is not None],
        "people": [{**row, **found} for row, image in people(shared) if (found := look(image)) is not None],
    }
    alone.close()
    follows = Landmarker(registry.path("face-landmarker"), 1)
    with av.open(str(shared / "clips" / MOUSTACHED)) as film:
        frames: list[Any] = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    said["moustached"] = [
        units(image, face) for number, image in enumerate(frames) for face in follows.find(image, 40 * number)
    ]
    follows.close()
    out.write_text(json.dumps(said))


def measure(net: Any, image: NDArray[np.uint8], face: Found) -> dict[str, Any]:
    """Valence as of a photograph, and action units."""
    height, width = image.shape[:2]
    vector = relative(geometry(face.blendshapes, face.landmarks, (width, height), face.pose))
    said = net.predict(crop_face(image, face.landmarks)[None], geometry=vector[None])
    return {"valence": float(said.valence[0]), "happiness": float(said.emotions[0][1]), **units(image, face)}


def units(image: NDArray[np.uint8], face: Found) -> dict[str, float]:
    """All by name."""
    height, width = image.shape[:2]
    found = action_units(face.blendshapes, face.landmarks, width, height)
    return dict(zip(ACTION_UNITS, map(float, found), strict=True))


def smiles(shared: Path) -> Iterator[tuple[dict[str, float], NDArray[np.uint8]]]:
    """JAFFE's happy and neutral pictures, with the happiness that raters saw, 1 to 5."""
    with zipfile.ZipFile(shared / "data" / "jaffe.zip") as archive:
        for row in csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())):
            if row["label"] in ("happiness", "neutral") and row["rating_happiness"]:
                yield (
                    {"rated": float(row["rating_happiness"]), "happy": float(row["label"] == "happiness")},
                    read(archive, row["file"]),
                )


def people(shared: Path) -> Iterator[tuple[dict[str, float], NDArray[np.uint8]]]:
    """Faces of UTKFace's grown-up women (1) and men (0), as many of each."""
    left = {0.0: EACH, 1.0: EACH}
    with zipfile.ZipFile(shared / "data" / "utkface_adults_128px.zip") as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        for row in rows[::TURN]:
            woman = float(row["gender"])
            if left[woman]:
                left[woman] -= 1
                yield {"woman": woman}, around(read(archive, row["file"]))


def read(archive: zipfile.ZipFile, name: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("RGB"))


def around(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With its own edge carried on."""
    wide = round(image.shape[1] * WIDER / 2)
    return np.ascontiguousarray(np.pad(image, ((wide, wide), (wide, wide), (0, 0)), mode="edge"))


if __name__ == "__main__":
    main()
