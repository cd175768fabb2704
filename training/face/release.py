"""Step 9: put an exported net in place and state its hash, size and training prior in the manifest.

python -m training.face.release --net CACHE/face-affect.onnx --version 1
"""

import argparse
import hashlib
import re
import shutil
from pathlib import Path

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.geometry import GEOMETRY_SIZE

MODELS = Path(__file__).resolve().parents[2] / "models"
ENTRY = """[model.face-affect]
kind = "face-affect"
title = "Face affect: valence, arousal with standard deviations, eight emotions, embedding"
file = "face-affect.onnx"
version = "{version}"
sha256 = "{sha256}"
bytes = {bytes}
licence = "Research use only: distilled from AffectNet-trained teachers (research data, no licence stated)"
data = "FER+ votes (MIT) on FER2013 pixels (terms unclear); RAF-DB, UTKFace, AffectNet (research); trunk: faces (MIT)"
uses = ["research"]
inputs = [
    {{ name = "crops", shape = [-1, 96, 96, 3], dtype = "uint8", meaning = "aligned RGB faces" }},
    {{ name = "geometry", shape = [-1, {geometry}], meaning = "face geometry: raw, then minus the neutral" }},
    {{ name = "present", shape = [-1, 1], meaning = "1 where geometry is given, else 0" }},
]
outputs = [
    {{ name = "log_p", shape = [-1, 8], meaning = "log-probabilities under the natural prior" }},
    {{ name = "va", shape = [-1, 2], meaning = "valence and arousal, -1 to 1" }},
    {{ name = "va_sd", shape = [-1, 2], meaning = "their standard deviations" }},
    {{ name = "embedding", shape = [-1, 96], meaning = "what the heads see" }},
    {{ name = "place", shape = [-1, 4], meaning = "aligned crop in this one: centre - 0.5, log of side, angle" }},
    {{ name = "place_sd", shape = [-1, 2], meaning = "standard deviation of the centre and side, of the angle" }},
    {{ name = "log_p_uniform", shape = [-1, 8], meaning = "log-probabilities under the uniform prior" }},
]
labels = [{labels}]
fallback = "face-rules"
card = "face-affect.md"
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--net", type=Path, required=True)
    parser.add_argument("--version", required=True)
    args = parser.parse_args()
    target = MODELS / "weights" / "face-affect.onnx"
    shutil.copyfile(args.net, target)
    content = target.read_bytes()
    entry = ENTRY.format(
        version=args.version,
        sha256=hashlib.sha256(content).hexdigest(),
        bytes=len(content),
        geometry=2 * GEOMETRY_SIZE,
        labels=", ".join(f'"{name}"' for name in EMOTIONS),
    )
    manifest = MODELS / "manifest.toml"
    text = manifest.read_text()
    old = re.search(r"\[model\.face-affect\]\n(?:(?!\[model\.).*\n?)*", text)
    text = text.replace(old.group(0).rstrip("\n") + "\n", entry) if old else text.rstrip("\n") + "\n\n" + entry
    manifest.write_text(text)
    print(entry)


if __name__ == "__main__":
    main()
