"""From one media file to its table: the graph of launch.toml on the lockstep host, in a process of its own."""

import os
import tomllib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from liveaffect.nodes import FACE_NODES, VOICE_NODES
from liveaffect.nodes.fusion import FusionNode
from liveaffect.offline.scoring.ahead import AheadHost
from liveaffect.offline.scoring.default import DEFAULT_GRAPH, require_models
from liveaffect.offline.scoring.endings import images_of
from liveaffect.offline.scoring.heard import read_heard, write_heard
from liveaffect.offline.scoring.segments import Part, Places
from liveaffect.offline.scoring.settings import ScoreSettings, footer, model_hashes
from liveaffect.offline.scoring.smoothed import Smoothing
from liveaffect.offline.tables.files import Parts, notices, parts_of, write_table
from liveaffect.offline.tables.numbers import number
from liveaffect.offline.tables.relative import Relative
from liveaffect.offline.tables.score import TableBuilder
from liveaffect.stream.capture.media import MediaInfo, probe
from liveaffect.stream.errors import InputError
from liveaffect.stream.graph import Graph, build_graph
from liveaffect.stream.lockstep import LockstepHost
from liveaffect.stream.messages import Message, VideoFrame
from liveaffect.stream.topics import TICK_NS, Topic

__all__ = ["DEFAULT_GRAPH", "FileRun", "ScoreSettings", "footer", "model_hashes", "require_models"]
SEQUENCE = "liveaffect.nodes.camera.sequence:ImageSequenceNode"
PROGRESS_NS = 250_000_000


@dataclass(frozen=True)
class Written:
    """What a table holds."""

    rows: int
    seen: int
    """Rows with a face that gave numbers."""


def look_at(path: Path, settings: ScoreSettings) -> MediaInfo:
    """What an input holds; a folder is a film of its images. Raises InputError."""
    if not path.is_dir():
        return probe(path)
    if settings.sequence_hz is None:
        raise InputError(f"{path} is a folder: name a file in it, or say how many of its images make a second")
    count = len(images_of(path))
    if not count:
        raise InputError(f"the folder {path} holds no image")
    hz = settings.sequence_hz
    return MediaInfo(str(path), "images", has_video=True, fps=hz, duration_s=count / hz)


def offline_graph(info: MediaInfo, settings: ScoreSettings, part: Part | None = None) -> Graph:
    """The nodes of the launch graph that this file can feed, its sources set to the file."""
    table = tomllib.loads(settings.launch.read_text("utf-8"))
    seen = (*FACE_NODES, "attention") if info.has_video else ()
    wanted = [*seen, *(VOICE_NODES if info.has_audio else ()), "fusion"]
    kept: dict[str, Any] = {name: dict(table[name]) for name in wanted if name in table}
    for name in ("camera", "microphone"):
        if name in kept:
            kept[name]["source"] = info.path if os.sep in info.path else f".{os.sep}{info.path}"
    if info.format == "images" and "camera" in kept:
        kept["camera"] |= {"type": SEQUENCE, "fps": info.fps, "images": [p.name for p in images_of(Path(info.path))]}
    if settings.rate_hz is not None and "camera" in kept:
        kept["camera"]["measure_hz"] = settings.rate_hz
    for name in ("camera", "microphone"):
        if part is not None and name in kept:
            kept[name] |= {"from_s": part.begin_s, "to_s": part.end_s}
    if part is not None and "camera" in kept:
        kept["camera"]["lean_s"] = part.lean_s
    applied = [word for word in settings.overrides if word.partition(".")[0] in kept]
    return build_graph(kept, applied, origin=str(settings.launch))


class FileRun:
    """One file on the lockstep host.

    Parameters
    ----------
    path: video, sound or image file.
    name: what the column `file` says.
    settings: as in a live run, and which columns are asked for.
    progress: called with the media time reached and that of the whole file, in seconds.
    ahead: frames that the face net gets at once; 0 for what suits its device, 1 for every message in its turn.
    part: the segment that is scored; None for the whole.
    heard: what `listen` wrote, in place of the sound.
    """

    def __init__(
        self,
        path: Path,
        name: str,
        settings: ScoreSettings | None = None,
        *,
        progress: Callable[[float, float], None] = lambda *_: None,
        ahead: int = 0,
        part: Part | None = None,
        heard: Path | None = None,
    ) -> None:
        self._name, self._settings, self._progress = name, settings or ScoreSettings(), progress
        self.info = look_at(path, self._settings)
        self._notes: list[str] = []
        self._part, self._places = part, None if part is None else Places(part)
        self.frames = 0
        """Pictures measured so far."""
        self.graph = offline_graph(self.info, self._settings, part)
        given: dict[str, Any] = {}
        if heard is not None and part is not None:
            self.graph = self.graph.only(name for name in self.graph.entries if name not in VOICE_NODES)
            given["feeds"] = [read_heard(heard, round(part.begin_s * 1e9), round(part.end_s * 1e9))]
        if part is not None and part.number:
            given["ticks_from_ns"] = round(part.begin_s * 1e9) // TICK_NS * TICK_NS
        self.host = LockstepHost(self.graph, **given) if ahead == 1 else AheadHost(self.graph, ahead, **given)

    def messages(self) -> Iterator[tuple[Topic[Any], Message]]:
        """Every message of the run, in stream order; frames without the pixels that nobody wants any more."""
        begin_s = 0.0 if self._part is None else self._part.begin_s
        whole_s = self.info.duration_s or 0.0
        length_s = (self._part.end_s if self._part is not None and self._part.end_s else whole_s) - begin_s
        shown = round(begin_s * 1e9)
        for topic, message in self.host.run():
            self.frames += isinstance(message, VideoFrame)
            if message.t_ns - shown >= PROGRESS_NS:
                shown = message.t_ns
                done_s = shown / 1e9 - begin_s
                self._progress(done_s, length_s if length_s > 0 else done_s)
            yield topic, message

    def write(self, target: Path) -> Written:
        """Writes the score table as Parquet; the same file, settings and machine give the same bytes.

        Until it is whole its rows lie beside it (`parts_of`), so that memory does not grow with the file.
        """
        rows = seen = beyond = hidden = 0
        baseline = self._settings.baseline
        relative = None if baseline is None or self._part is not None else Relative(baseline)
        with Parts(parts_of(target)) as parts:
            for batch in self._batches():
                batch = batch if self._part is None else self._part.rows(batch)
                parts.add(batch)
                more, lost = self._crowd(batch)
                beyond, hidden = max(beyond, more), max(hidden, lost)
                rows, seen = rows + batch.height, seen + int((batch["face_state"] == "ok").sum())
                if relative is not None:
                    relative.add(batch)
            table = parts.scan()
            if relative is not None:
                table = relative.subtract(table)
                self._notes += [relative.warning] if relative.warning else []
            self._notes += self._crowd_words(beyond, hidden)
            about = footer(self._settings.told()) | notices({self._name: self._said()})
            write_table(table, target, about if self._places is None else about | self._places.told())
        return Written(rows, seen)

    def listen(self, target: Path, from_s: float) -> Written:
        """Writes what the voice says from a media time on, for the segments of a film (`heard.write_heard`)."""
        whole_s, shown = self.info.duration_s or 0.0, 0

        def told(t_ns: int) -> None:
            nonlocal shown
            if t_ns - shown >= PROGRESS_NS:
                shown = t_ns
                self._progress(shown / 1e9, whole_s or shown / 1e9)

        fusion = self.graph.entries.get("fusion")
        thin = fusion is not None and isinstance(fusion.node, FusionNode)  # it asks who speaks, and no more
        self.graph = self.graph.only(name for name in self.graph.entries if name in VOICE_NODES)
        self.host = LockstepHost(self.graph, ticks="inputs", ahead=0)
        write_heard(self.host.run(), target, from_ns=round(from_s * 1e9), thin=thin, told=told)
        return Written(0, 0)

    def _batches(self) -> Iterator[pl.DataFrame]:
        """The rows of the table in order; at least one batch, which may be empty."""
        lag_s = self._settings.smooth_lag_s
        sound_only = not self.info.has_video
        step_s = 1.0 / (self._settings.rate_hz or float("inf"))
        builder = TableBuilder(self._name, sound_only=sound_only, sound=self.info.has_audio, holes=False, step_s=step_s)
        smoothing = None if lag_s is None else Smoothing(self.graph, lag_s)
        for _, message in self.messages():
            builder.add(message)
            if self._places is not None:
                self._places.add(message)
            if smoothing is not None:
                smoothing.add(message)
            batch = builder.ready()
            if batch is not None:
                yield batch if smoothing is None else smoothing.join(batch)
        batch = builder.finish()
        self._notes += self._hole_words(builder.left_out)
        yield batch if smoothing is None else smoothing.finish(batch)

    def _said(self) -> list[str]:
        """`warnings` without the path, on which a table does not depend."""
        here = f".{os.sep}"
        return [text.removeprefix(here).removeprefix(f"{self.info.path}: ") for text in self.warnings()]

    def _most(self) -> int:
        """How many people at most are followed; 0 where that is not known."""
        from liveaffect.nodes.face.crowd import EVERYONE

        face = self.graph.entries.get("face")
        most = getattr(face.node, "max_faces", None) if face is not None else None
        return 0 if most is None else most or EVERYONE

    def _crowd(self, batch: pl.DataFrame) -> tuple[int, int]:
        """Faces in view at most that are not measured, in frames with as many people as are followed and in others."""
        left = batch.filter(pl.col("unmeasured") > 0)
        if left.is_empty() or not (most := self._most()):
            return 0, 0
        frames = left.group_by("t_s").agg(pl.col("unmeasured").max(), pl.col("face_id").count().alias("people"))
        full, others = frames.filter(pl.col("people") >= most), frames.filter(pl.col("people") < most)
        return int(number(full["unmeasured"].max(), 0)), int(number(others["unmeasured"].max(), 0))

    def _crowd_words(self, beyond: int, hidden: int) -> list[str]:
        """What to say where more people were in view than are measured."""
        from liveaffect.nodes.face.crowd import EVERYONE

        most, said = self._most(), list[str]()
        if beyond:
            words = f"up to {most + beyond} faces are in view and {most} at most are measured (column unmeasured)"
            more = f": --set face.max_faces={min(most + beyond, EVERYONE)} measures more"
            said.append(words + (more if most < EVERYONE else ""))
        if hidden:
            one = "1 face in view is" if hidden == 1 else f"{hidden} faces in view are"
            said.append(f"up to {one} too small, turned away or hidden to be measured (column unmeasured)")
        return said

    def _hole_words(self, holes: Sequence[tuple[int, int]]) -> list[str]:
        """What to say of stretches without picture and sound, which have no rows."""
        if not holes:
            return []
        where = f"from {holes[0][0] / 1e9:.1f} to {holes[0][1] / 1e9:.1f} s"
        more = "" if len(holes) == 1 else f" and in {len(holes) - 1} more stretches"
        if self._part is not None:  # a hole may have many segments
            where, more = "for a while", ""
        return [f"no picture and no sound {where}{more}: no rows there (is a time stamp damaged?)"]

    def warnings(self) -> list[str]:
        """What there is to say of the run, such as a truncated end, or a net that runs elsewhere than asked."""
        texts = list(self._notes)
        apart = VOICE_NODES if self._part is not None and not self._part.whole and self.info.has_video else ()
        entries = [e for e in self.graph.entries.values() if e.name not in apart]
        texts += [notice for e in entries if (notice := e.node.notice())]
        for node, context in self.host.contexts.items():
            if node in apart:
                continue
            said = [str(context.info[key]) for key in ("warning", "error") if context.info.get(key)]
            texts += said or [f"{node}: {n} messages of {topic} {cause}" for (topic, cause), n in context.drops.items()]
        return texts
