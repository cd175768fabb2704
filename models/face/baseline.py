"""A person's baseline: how they look at rest, as an explicit file, made of frames in which the face was still.

It is subtracted only where somebody asks for it; the estimates themselves are never changed.
"""

import errno
import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
import numpy as np

from liveaffect.models.errors import BaselineBroken
from liveaffect.models.face.action_units import ACTION_UNITS
from liveaffect.models.face.eyes.looks import GazeFit
from liveaffect.models.face.rest import MOVED

FORMAT = "liveaffect-baseline"
VERSION = 1
UNITS = tuple(unit.lower() for unit in ACTION_UNITS)
"""Action units in the order of `ACTION_UNITS`, as columns are named."""
LEAST_ROWS = 10
"""Fewer frames say how a face was at one instant, not how it is at rest."""


class FaceBaseline(msgspec.Struct, kw_only=True):
    """One person at rest: means over frames in which the face was seen clearly."""

    format: str = FORMAT
    version: int = VERSION
    source: str = ""
    """File or session it was made from, without its folder."""
    face_id: int
    from_s: float
    to_s: float
    rows: int
    """Frames that it rests on."""
    valence: float
    arousal: float
    """After fusion and causal smoothing, as in a score table."""
    valence_spread: float
    arousal_spread: float
    """Standard deviation over those frames."""
    au: dict[str, float]
    """Mean raw intensity of each action unit, 0 to 5."""
    liveaffect: str = ""
    models: dict[str, dict[str, str]] = {}
    """Versions and hashes of the models behind the numbers."""
    gaze: GazeFit | None = None
    """How the gaze is corrected, of a person who looked at known dots; files of before have none."""

    @property
    def restless(self) -> bool:
        """True where the face was hardly at rest."""
        return max(self.valence_spread, self.arousal_spread) > MOVED


def baseline_of(
    valence: Sequence[float],
    arousal: Sequence[float],
    au: Sequence[Sequence[float]],
    *,
    face_id: int,
    from_s: float,
    to_s: float,
    source: str = "",
    liveaffect: str = "",
    models: Mapping[str, dict[str, str]] | None = None,
) -> FaceBaseline:
    """Means and standard deviations over n >= 2 frames: `valence` and `arousal` (n,), `au` (n, 22) in order of `UNITS`.

    All numbers are finite and come without the frames in which any is missing.
    """
    units = np.asarray(au, np.float64).reshape(len(valence), len(UNITS)).mean(axis=0)
    return FaceBaseline(
        source=source,
        face_id=face_id,
        from_s=from_s,
        to_s=to_s,
        rows=len(valence),
        valence=round(float(np.mean(valence)), 6),
        arousal=round(float(np.mean(arousal)), 6),
        valence_spread=round(float(np.std(valence, ddof=1)), 6),
        arousal_spread=round(float(np.std(arousal, ddof=1)), 6),
        au={name: round(float(mean), 6) for name, mean in zip(UNITS, units, strict=True)},
        liveaffect=liveaffect,
        models=dict(models or {}),
    )


def save_baseline(found: FaceBaseline, path: Path) -> None:
    """Writes the file. Raises OSError, also for what is there and is no file."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is no file", str(path))
    path.write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")


def load_baseline(path: Path) -> FaceBaseline:
    """Reads a baseline file. Raises BaselineBroken, naming the file and what is wrong with it."""
    try:
        if path.exists() and not path.is_file():  # a pipe hangs whoever reads it, a device has no end
            raise BaselineBroken(f"{path} is no file: make one with `liveaffect baseline`")
        found = msgspec.json.decode(path.read_bytes(), type=FaceBaseline)
    except OSError as error:
        raise BaselineBroken(f"{path}: {error.strerror}; make one with `liveaffect baseline`") from None
    except msgspec.MsgspecError as error:
        raise BaselineBroken(f"{path} is no baseline ({error}); make one with `liveaffect baseline`") from None
    if found.format != FORMAT or found.version != VERSION:
        said = f"'{found.format}' {found.version}, not '{FORMAT}' {VERSION}"
        raise BaselineBroken(f"{path} says format {said}: make it again")
    missing = [name for name in UNITS if name not in found.au]
    if missing or not all(map(math.isfinite, (found.valence, found.arousal, *found.au.values()))):
        raise BaselineBroken(f"{path} lacks {missing[0] if missing else 'a finite number'}: make it again")
    if found.gaze is not None and not _usable(found.gaze):
        raise BaselineBroken(f"{path}: its gaze has a number that no calibration has: calibrate again")
    return found


def _usable(found: GazeFit) -> bool:
    axes = found.yaw, found.pitch
    numbers = [n for axis in axes for n in (axis.offset_deg, axis.gain, axis.gain_sd, axis.middle_deg, axis.sd_scale)]
    finite = all(map(math.isfinite, (*numbers, found.head_yaw_deg, found.head_pitch_deg)))
    return finite and all(axis.gain > 0 and axis.gain_sd >= 0 and axis.sd_scale > 0 for axis in axes)


def differs(found: FaceBaseline, models: Mapping[str, dict[str, str]]) -> list[str]:
    """Names of the models that are not those the baseline was made with."""
    return [
        name
        for name, said in found.models.items()
        if name in ("face-landmarker", "face-affect")
        and name in models
        and said.get("sha256") != models[name]["sha256"]
    ]
