"""A person at rest: the baseline made of a table's rows, and the columns relative to it."""

from collections import Counter

import polars as pl

from liveaffect.models.face.baseline import LEAST_ROWS, FaceBaseline, baseline_of
from liveaffect.models.face.eyes.looks import LIKE_THEN_DEG, STEEPEST_DEG, Axis, GazeFit
from liveaffect.offline.tables.read import Results, one_file
from liveaffect.offline.tables.score import AU_COLUMNS, CAL_COLUMNS, REL_COLUMNS
from liveaffect.stream.errors import InputError, UsageError


def make_baseline(
    results: Results, start: float, end: float, *, file: str | None = None, face: int | None = None
) -> FaceBaseline:
    """The means of one face between two times. Raises UsageError, or InputError where there is too little to see."""
    if not start < end:
        raise UsageError(f"--from {start:g} --to {end:g}: the end must come after the start")
    table = one_file(results, file)
    absent = [name for name in ("face_id", *AU_COLUMNS) if name not in table.columns]
    if absent:
        raise InputError(f"{results.path} has no column '{absent[0]}': a baseline needs a score table with faces")
    numbers = ["valence", "arousal", *AU_COLUMNS]
    rows = table.filter(pl.col("t_s").is_between(start, end) & pl.col("face_id").is_not_null())
    rows = rows.filter(pl.col("state") == "ok").drop_nulls(numbers)
    people = rows["face_id"].unique().sort().to_list()
    if face is None and len(people) > 1:
        raise UsageError(f"{results.path} shows faces {people} between {start:g} and {end:g} s: choose with --face")
    if face is not None:
        rows = rows.filter(pl.col("face_id") == face)
    if rows.height < LEAST_ROWS:
        whose = "a clear face" if face is None else f"face {face} clearly"
        raise InputError(
            f"{results.path} shows {whose} in only {rows.height} frames between {start:g} and {end:g} s: "
            f"a baseline needs at least {LEAST_ROWS}, better 5 seconds"
        )

    numbers = rows.select(pl.col(name).cast(pl.Float64) for name in numbers)
    return baseline_of(
        numbers["valence"].to_list(),
        numbers["arousal"].to_list(),
        numbers.select(AU_COLUMNS).rows(),
        face_id=int(rows["face_id"][0]),
        from_s=start,
        to_s=end,
        source=file or results.path.name,
        liveaffect=results.version,
        models=results.models,
    )


class Relative:
    """Columns relative to a baseline, for a table of one file that comes batch by batch.

    Where two faces are ever in view at once, only the one seen most has them: the baseline is one person's. Hence every
    batch is looked at first, and the columns are made at the end.
    """

    def __init__(self, baseline: FaceBaseline) -> None:
        self._gaze = baseline.gaze
        self._at_rest = {**baseline.au, "valence": baseline.valence, "arousal": baseline.arousal}
        self._rows: Counter[int] = Counter()
        self._last_s: float | None = None
        self._crowded = False

    def add(self, batch: pl.DataFrame) -> None:
        """Takes note of who is in view. Rows of one time stand side by side."""
        faces = batch.filter(pl.col("face_id").is_not_null())
        if not faces.height:
            return
        self._rows.update(faces["face_id"].to_list())
        times = faces["t_s"]
        self._crowded |= times[0] == self._last_s or bool((times.diff() == 0.0).any())
        self._last_s = times[-1]

    @property
    def _most(self) -> int | None:
        """The face seen most, where there is a choice."""
        return min(self._rows, key=lambda face: (-self._rows[face], face)) if self._crowded else None

    @property
    def warning(self) -> str:
        """What to tell the user; "" without anything."""
        face = self._most
        if face is None:
            return ""
        return f"several faces in view: the baseline is taken for face {face}, the one seen most"

    def subtract(self, table: pl.LazyFrame) -> pl.LazyFrame:
        """The table with `REL_COLUMNS` at its end, and `CAL_COLUMNS` after a calibration of the gaze."""
        face = self._most
        mine = pl.col("face_id").is_not_null() if face is None else pl.col("face_id") == face
        made = {f"{name}_rel": pl.col(name).cast(pl.Float64) - rest for name, rest in self._at_rest.items()}
        columns = [*REL_COLUMNS]
        if self._gaze is not None:
            like = _like_then(self._gaze)
            made |= _corrected(self._gaze.yaw, "gaze_yaw", "gaze_sd", like)
            made |= _corrected(self._gaze.pitch, "gaze_pitch", "gaze_pitch_sd", like)
            columns += CAL_COLUMNS
        return table.with_columns(pl.when(mine).then(made[name]).cast(pl.Float32).alias(name) for name in columns)


def _like_then(found: GazeFit) -> pl.Expr:
    """How much the head is held as it was at the dots, 0 to 1."""
    yaw, pitch = (pl.col(name).cast(pl.Float64).fill_null(0.0) for name in ("yaw_deg", "pitch_deg"))
    aside = (yaw - found.head_yaw_deg) ** 2 + (pitch - found.head_pitch_deg) ** 2
    return (-0.5 * aside / LIKE_THEN_DEG**2).exp()


def _corrected(axis: Axis, angle: str, sd: str, like: pl.Expr) -> dict[str, pl.Expr]:
    """What `liveaffect.models.face.eyes.looks.apply` makes of one axis, as columns."""
    told, wide = (pl.col(f"{name}_deg").cast(pl.Float64) for name in (angle, sd))
    value = (axis.offset_deg + axis.gain * told).clip(-STEEPEST_DEG, STEEPEST_DEG)
    scale = pl.max_horizontal(pl.lit(axis.sd_scale), 1.0 + like * (axis.sd_scale - 1.0))
    left = ((scale * wide) ** 2 + (axis.gain_sd * (told - axis.middle_deg)) ** 2).sqrt()
    return {f"{angle}_cal_deg": value, f"{sd}_cal_deg": left}
