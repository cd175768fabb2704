"""Writes the trained voice net as one ONNX file and holds it against torch."""

import hashlib
from pathlib import Path

import numpy as np
import onnx
import torch

from liveaffect.models.files.net import Session
from liveaffect.models.voice.mel import N_MELS
from liveaffect.models.voice.window import SUMMARY_NAMES, WINDOW_HOPS
from training.voice.nets import VoiceAffectNet

INPUTS = ("functionals", "mel", "hops", "calm_functionals", "calm_mel", "weight")
OUTPUTS = ("emotions", "mean", "sd")


def export(net: VoiceAffectNet, path: Path) -> None:
    """Writes `path`; raises ValueError where onnxruntime and torch differ by more than 1e-4."""
    net.eval()
    rng = np.random.default_rng(0)
    n = len(SUMMARY_NAMES)
    summary = rng.normal(0, 1, (3, n)).astype(np.float32) * 3
    summary[1, :7] = np.nan
    calm = np.stack([np.full(n, np.nan), summary[0], summary[2]]).astype(np.float32)
    feeds = {
        "functionals": summary,
        "mel": rng.normal(-50, 12, (3, WINDOW_HOPS, N_MELS)).astype(np.float32),
        "hops": np.array([[300], [41], [128]], np.float32),
        "calm_functionals": calm,
        "calm_mel": rng.normal(-50, 5, (3, N_MELS)).astype(np.float32),
        "weight": np.array([[0.0], [0.5], [0.9]], np.float32),
    }
    tensors = tuple(torch.from_numpy(feeds[name]) for name in INPUTS)
    torch.onnx.export(
        net, tensors, str(path), input_names=list(INPUTS), output_names=list(OUTPUTS), opset_version=17, dynamo=False,
        dynamic_axes={name: {0: "n"} for name in (*INPUTS, *OUTPUTS)},
    )  # fmt: skip
    onnx.checker.check_model(onnx.load(str(path)))
    session = Session(path, warm_up=feeds)
    with torch.no_grad():
        wanted = [t.numpy() for t in net(*tensors)]
    for name, ours, theirs in zip(OUTPUTS, session.run(feeds), wanted, strict=True):
        if (worst := float(np.abs(ours - theirs).max())) > 1e-4:
            raise ValueError(f"{path}: {name} differs from torch by {worst:.2g}")
    content = path.read_bytes()
    print(f"{path} {len(content)} bytes sha256 {hashlib.sha256(content).hexdigest()}")
