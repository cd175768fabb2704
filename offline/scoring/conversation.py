"""Two films of one conversation, such as a call recorded as two files, as one table of two people."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from liveaffect.models.dynamics.offset import Offset, offset
from liveaffect.models.errors import BadInput
from liveaffect.nodes.microphone.sound import Sound
from liveaffect.stream.capture.media import probe
from liveaffect.stream.errors import InputError


def find_offset(first: Path, second: Path) -> Offset:
    """When the second film begins within the first, by their sound.

    Raises InputError where one has no sound, or where it is not the same conversation beyond doubt.
    """
    try:
        found = offset(loudness(first), loudness(second))
    except BadInput as error:
        raise InputError(f"{first.name} and {second.name}: {error}; say with --offset when the second begins") from None
    if not found.sure:
        raise InputError(
            f"{first.name} and {second.name} do not sound like one conversation (best correlation "
            f"{found.correlation:.2f}, {found.ratio:.1f} times the next): say with --offset how many seconds into the "
            "first the second begins"
        )
    return found


def loudness(path: Path) -> npt.NDArray[np.float64]:
    """Mean square of every 10 ms of a film's sound, by media time (n,). Raises InputError."""
    info = probe(path)
    if not info.has_audio:
        raise InputError(f"{path} has no sound: say with --offset how many seconds into the first film it begins")
    powers: list[tuple[int, float]] = [
        (hop.t_ns // 10_000_000, float(np.mean(hop.samples.astype(np.float64) ** 2))) for hop in Sound(str(path), info)
    ]
    if not powers:
        return np.zeros(0)
    line = np.zeros(max(at for at, _ in powers) + 1)
    for at, power in powers:
        line[max(at, 0)] = power
    return line


def one_conversation(first: pl.DataFrame, second: pl.DataFrame, offset_s: float) -> pl.DataFrame:
    """One score table of two: the face seen longest in each is person 0 and 1, on the first film's time.

    offset_s: time in the first at which the second begins. Raises InputError where a film shows and holds nobody.
    """
    early_ns = max(-round(offset_s * 1e9), 0)
    parts = []
    for who, (table, begin_ns) in enumerate(((first, 0), (second, round(offset_s * 1e9)))):
        mine = _main(table).with_columns(
            pl.lit(who, pl.Int64).alias("face_id"), (pl.col("t_ns") + begin_ns + early_ns).alias("t_ns")
        )
        parts.append(mine)
    name = " + ".join(str(table["file"][0]) for table in (first, second))
    joined = pl.concat(parts, how="diagonal_relaxed").sort("t_ns", maintain_order=True)
    return joined.with_columns(pl.lit(name).alias("file"), (pl.col("t_ns") / 1e9).alias("t_s"))


def _main(table: pl.DataFrame) -> pl.DataFrame:
    """Rows of the face that is clear for longest; of the voice, where there is no face."""
    clear = table.filter((pl.col("face_state") == "ok") & pl.col("face_id").is_not_null())
    if clear.height:
        who = clear.group_by("face_id").len().sort(["len", "face_id"], descending=[True, False])["face_id"][0]
        return table.filter(pl.col("face_id") == who)
    heard = table.filter(pl.col("voice_state") == "ok")
    if not heard.height:
        raise InputError(f"{table['file'][0]}: there is nobody to be seen or heard in it")
    return table.filter(pl.col("face_id").is_null())
