"""Rows as OpenFace's FeatureExtraction writes them: its names and units, without what is not measured here.

Columns after https://github.com/TadasBaltrusaitis/OpenFace/wiki/Output-Format. There the head turns by R = Rx Ry Rz in
the camera's frame (x to the image's right, y down, z away), so a face that looks straight at the camera looks along -z:
pitch (Rx) is positive down as here, yaw (Ry) positive towards the left edge and roll (Rz) positive clockwise in the
image, which are the opposite of `yaw_deg` and `roll_deg`. There gaze_angle_x = atan2(x, -z)
and gaze_angle_y = atan2(y, -z) of the direction of gaze, positive to the image's right and down.
"""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import polars as pl

from liveaffect.offline.tables.files import write_csv
from liveaffect.offline.tables.session import Session
from liveaffect.stream.messages import FaceMesh, FaceObservation
from liveaffect.stream.topics import FACE, MESH

INTENSITIES = (1, 2, 4, 5, 6, 7, 9, 10, 12, 14, 15, 17, 20, 23, 25, 26, 45)
PRESENCES = (*INTENSITIES[:-1], 28, 45)
"""Action units that OpenFace tells the intensity (`_r`) and the presence (`_c`) of."""
PRESENT = 1.0
"""Intensity from which a unit is there: A of FACS."""
POINTS = (
    162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389, 71, 63, 105, 66, 107, 336, 296,
    334, 293, 301, 168, 197, 5, 4, 75, 97, 2, 326, 305, 33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380, 61,
    39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181, 78, 82, 13, 312, 308, 317, 14, 87,
)  # fmt: skip
"""Of the mesh's 478 points those nearest to the 68 of OpenFace (the jaw's lie on the mesh's rim)."""
NOTES: tuple[str, ...] = (
    "gaze of each eye, eye landmarks, head position in mm and the 3D shape have no columns",
    "gaze_angle_x and gaze_angle_y are against the line from the face to the camera, not the camera's axis",
    "confidence is 1 where the face was clear and 0 elsewhere, as success is",
)


def write_openface(table: pl.DataFrame, session: Session | None, target: Path) -> list[str]:
    """One file of a table; with the landmarks in pixels where the session holds the mesh. Raises OSError."""
    rows = openface_rows(table)
    notes: list[str] = [*NOTES]
    points = None if session is None else _landmarks(session)
    if points:
        found = [
            points.get((t, face)) for t, face in zip(table_of(table)["t_ns"], table_of(table)["face_id"], strict=True)
        ]
        blank = [None] * (2 * len(POINTS))
        names = [f"{axis}_{k}" for axis in "xy" for k in range(len(POINTS))]
        laid = pl.DataFrame([one or blank for one in found], schema=dict.fromkeys(names, pl.Float64), orient="row")
        at = rows.columns.index("AU01_r")
        rows = pl.concat([rows[:, :at], laid, rows[:, at:]], how="horizontal")
        notes.append("x_0 to y_67 are the mesh's points nearest to those 68")
    write_csv(rows, target)
    return notes


def openface_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Columns of OpenFace; what is missing is empty (NA in R), never 0."""
    rows = table_of(table)
    ok = (pl.col("face_state") == "ok") & pl.col("face_id").is_not_null()
    radians = math.pi / 180
    columns: list[Any] = [
        pl.col("t_s").rank("dense").cast(pl.Int64).alias("frame"),
        pl.col("face_id").fill_null(0).alias("face_id"),
        pl.col("t_s").cast(pl.Float64).alias("timestamp"),
        ok.cast(pl.Float64).alias("confidence"),
        ok.cast(pl.Int64).alias("success"),
    ]
    if "gaze_yaw_deg" in rows.columns:
        yaw, pitch = (pl.col(f"gaze_{axis}_deg").cast(pl.Float64) * radians for axis in ("yaw", "pitch"))
        columns += [yaw.alias("gaze_angle_x"), pl.arctan2(pitch.sin(), pitch.cos() * yaw.cos()).alias("gaze_angle_y")]
    for name, source, sign in (("pose_Rx", "pitch_deg", 1), ("pose_Ry", "yaw_deg", -1), ("pose_Rz", "roll_deg", -1)):
        columns.append((pl.col(source).cast(pl.Float64) * (sign * radians)).alias(name))
    columns += [pl.col(f"au{n:02}").cast(pl.Float64).alias(f"AU{n:02}_r") for n in INTENSITIES]
    columns += [(pl.col(f"au{n:02}") >= PRESENT).cast(pl.Int64).alias(f"AU{n:02}_c") for n in PRESENCES]
    return rows.select(columns)


def table_of(table: pl.DataFrame) -> pl.DataFrame:
    """The rows of pictures, by time and face."""
    return table.sort(["t_s", "face_id"], nulls_last=True, maintain_order=True)


def _landmarks(session: Session) -> Mapping[tuple[int, int], list[float]]:
    """(t_ns, face) -> x of the 68 points, then y, in pixels; nothing where no mesh was recorded."""
    if MESH.name not in session.topics:
        return {}
    sizes: dict[int, tuple[int, int]] = {}
    for _, said in session.reader.messages([FACE.name]):
        seen = cast(FaceObservation, said)
        sizes[seen.frame_seq] = seen.width, seen.height
    return dict(_points(session, sizes))


def _points(session: Session, sizes: dict[int, tuple[int, int]]) -> Iterator[tuple[tuple[int, int], list[float]]]:
    for _, said in session.reader.messages([MESH.name]):
        mesh = cast(FaceMesh, said)
        width, height = sizes.get(mesh.frame_seq, (0, 0))
        if mesh.landmarks is None or not width:
            continue
        for face, points in zip(mesh.ids, np.asarray(mesh.landmarks, np.float64), strict=False):
            chosen = points[list(POINTS)]
            yield (mesh.t_ns, face), [*(chosen[:, 0] * width).tolist(), *(chosen[:, 1] * height).tolist()]
