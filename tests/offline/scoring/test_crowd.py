"""More people in view than are measured: counted in the table and said, with the setting that changes it."""

from pathlib import Path

import numpy as np
import pytest

from liveaffect.offline import score
from liveaffect.offline.tables.score import TableBuilder
from liveaffect.stream.messages import Affect, FaceObservation

pytestmark = pytest.mark.usefixtures("warm_workers")


@pytest.mark.timeout(900)
@pytest.mark.processes
def test_m11_people_beyond_max_faces_are_counted_and_said() -> None:
    import matplotlib as mpl
    from PIL import Image

    portrait = np.asarray(
        Image.open(Path(mpl.get_data_path()) / "sample_data" / "grace_hopper.jpg").convert("RGB").resize((256, 300))
    )
    three = np.concatenate([portrait, portrait, portrait], axis=1)
    assert score(three).height == 3
    table = score(three, settings={"face.max_faces": 2})
    assert table.height == 2
    assert table["unmeasured"].to_list() == [1, 1]
    [note] = [note for note in table.notes if "in view" in note]
    assert "up to 3 faces are in view and 2 at most are measured" in note
    assert "--set face.max_faces=3" in note
    film = score([three] * 4, fps=10, settings={"face.max_faces": 1})
    assert set(film["unmeasured"]) == {2}
    assert any("up to 3 faces are in view and 1 at most" in note for note in film.notes)


@pytest.mark.processes
def test_faces_without_landmarks_are_counted_and_said(clips: Path) -> None:
    import av

    with av.open(str(clips / "intel_classroom.gif")) as film:
        room = list(film.decode(video=0))[24].to_ndarray(format="rgb24")
    table = score(room)
    seen = table.height + int(table["unmeasured"].max())  # type: ignore[arg-type]
    assert seen == 4
    assert table.height in (2, 3)
    [note] = [note for note in table.notes if "in view" in note]
    assert "too small, turned away or hidden to be measured" in note
    assert "max_faces" not in note


def test_a_row_says_how_many_faces_were_left_out() -> None:
    builder = TableBuilder("f", sound=False)
    for k, count in enumerate((0, 3)):
        builder.add(FaceObservation(t_ns=k * 40_000_000, seq=k, frame_seq=k, unmeasured=count))
        builder.add(Affect(t_ns=k * 40_000_000, seq=k, frame_seq=k, state="no_face", face_state="no_face"))
    assert builder.finish()["unmeasured"].to_list() == [0, 3]
