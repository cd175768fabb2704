"""Giving a voice to a face on real people: two who speak, two who do not."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from liveaffect.models.fusion.attribution import Attributor

pytestmark = pytest.mark.processes

WOMAN, MAN = "grid_f_brbk7n.mpg", "grid_m_swiz3n.mpg"  # both speak
SMILING, TURNING = "pyfeat_single_face.mp4", "intel_head-pose-face-detection-male.gif"  # neither does


@pytest.fixture(scope="module")
def signals(shared: Path) -> dict[str, Any]:
    paths = [str(shared / "clips" / name) for name in (WOMAN, MAN, SMILING, TURNING)]
    program = Path(__file__).with_name("lips_and_speech.py")
    command = [sys.executable, str(program), str(shared / "models"), *paths]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def speaking(signals: dict[str, Any], voice: str, faces: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (frames, faces + 1), the last that of someone out of view, and whether there is speech."""
    sound = signals[voice]["speech"]
    events = [(t, 0, p, -1) for t, p in sound]
    events += [(t, 1, speed, k) for k, name in enumerate(faces) for t, speed in signals[name]["lips"]]
    times, probabilities = [t for t, _ in sound], [p for _, p in sound]
    attributor, out, heard = Attributor(), [], []
    for t, kind, value, face in sorted(events):
        if kind == 0:
            attributor.add_speech(t, value)
            continue
        attributor.add_mouths(t, {face: value})
        now = attributor.speaking(t)
        if face == 0 and now.hidden is not None:
            out.append([now.faces.get(k) or 0.0 for k in range(len(faces))] + [now.hidden])
            heard.append(float(np.interp(t, times, probabilities)) > 0.5)
    return np.array(out), np.array(heard)


@pytest.mark.parametrize(("person", "expected"), [(WOMAN, 0.75), (MAN, 0.6)])
def test_people_who_speak_get_their_own_voice(signals: dict[str, Any], person: str, expected: float):
    p, heard = speaking(signals, person, [person])
    assert p[heard, 0].mean() > expected
    assert p[heard, 0][heard.sum() // 2 :].mean() > 0.9
    assert p[~heard, 0].mean() < 0.15


@pytest.mark.parametrize("voice", [WOMAN, MAN])
@pytest.mark.parametrize("face", [SMILING, TURNING])
def test_a_voice_from_elsewhere_goes_to_no_face(signals: dict[str, Any], voice: str, face: str):
    p, heard = speaking(signals, voice, [face])
    assert p[:, 0].max() < 0.5
    assert p[heard, 0].mean() < 0.1
    assert p[heard, 1].mean() > 0.75


@pytest.mark.parametrize("person", [WOMAN, MAN])
def test_beside_someone_silent_the_one_who_speaks_is_found(signals: dict[str, Any], person: str):
    p, heard = speaking(signals, person, [person, SMILING])
    late = p[heard][heard.sum() // 2 :]
    assert late[:, 0].mean() > 0.85
    assert late[:, 1].mean() < 0.03
