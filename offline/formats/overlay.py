"""What was measured, drawn into the pictures of a film: a frame about each face, the circumplex, emotions, markers."""

from bisect import bisect_right
from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import polars as pl
from PIL import Image, ImageDraw, ImageFont

from liveaffect.models.circumplex import EMOTION_COLOURS, EMOTIONS
from liveaffect.models.fusion.told import not_told, told
from liveaffect.offline.tables.score import DIMENSIONS, PROBABILITIES
from liveaffect.offline.tables.session import Session
from liveaffect.stream.messages import SHORT_STATE_WORDS, FaceObservation
from liveaffect.stream.topics import FACE

Picture = npt.NDArray[np.uint8]
INK, SOFT, PANEL = (255, 255, 255, 255), (214, 219, 228, 255), (16, 19, 24, 178)
LINE, RAIL = (150, 156, 168, 255), (70, 76, 88, 255)
VALENCE = (90, 180, 234, 255)
TRAIL_S, MARK_S, STANDS_S = 2.0, 3.0, 0.5
"""How long the trail is, a marker stays, and a row stands without another."""
TOLD = 3
"""Emotions that are named."""


class Overlay:
    """Draws a session's rows into its pictures; call it with t_s and a picture uint8 RGB (height, width, 3)."""

    def __init__(self, session: Session) -> None:
        table = session.table().sort(["t_s", "face_id"], nulls_last=True)
        self._times = table["t_s"].unique(maintain_order=True).to_list()
        self._rows: dict[float, list[dict[str, Any]]] = {}
        names = ["t_s", "face_id", "state", "face_state", *DIMENSIONS, *PROBABILITIES]
        for row in table.select([*names, *(["name"] if "name" in table.columns else [])]).iter_rows(named=True):
            self._rows.setdefault(row["t_s"], []).append(row)
        counts = table.filter(pl.col("state") == "ok").drop_nulls("face_id").group_by("face_id").len()
        most = counts.sort(["len", "face_id"], descending=[True, False])["face_id"].to_list()
        self._main = most[0] if most else None
        self._boxes: dict[float, dict[int, tuple[float, float, float, float]]] = {}
        for t_s, said in session.messages(FACE.name) if FACE.name in session.topics else ():
            faces = cast(FaceObservation, said).faces
            self._boxes[t_s] = {face.id: face.box for face in faces if face.box is not None}
        marks = session.markers()
        self._marks = list(zip(marks["t_s"], marks["label"], strict=True))

    def __call__(self, t_s: float, picture: Picture) -> Picture:
        """The picture with what was known at t_s."""
        image = Image.fromarray(picture).convert("RGBA")
        layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
        draw = ImageDraw.Draw(layer)
        unit = max(min(image.size) / 480.0, 0.5)
        at = bisect_right(self._times, t_s + 1e-6) - 1
        now = self._times[at] if at >= 0 and t_s - self._times[at] <= STANDS_S else None
        rows = self._rows[now] if now is not None else []
        for row in rows:
            box = self._boxes.get(now, {}).get(row["face_id"]) if now is not None else None
            if box is not None:
                self._box(draw, row, box, image.size, unit)
        self._panel(draw, t_s, rows, image.size, unit)
        self._mark(draw, t_s, image.size, unit)
        return np.asarray(Image.alpha_composite(image, layer).convert("RGB"), np.uint8)

    def _box(self, draw: Any, row: dict[str, Any], box: tuple[float, ...], size: tuple[int, int], unit: float) -> None:
        x, y, w, h = (value * size[k % 2] for k, value in enumerate(box))
        clear = row["state"] == "ok"
        draw.rounded_rectangle(
            (x, y, x + w, y + h), 6 * unit, outline=INK if clear else LINE, width=max(round(2 * unit), 1)
        )
        text = row.get("name") or f"face {row['face_id']}"
        text += "" if clear else f", {SHORT_STATE_WORDS.get(row['state'], row['state'])}"
        font = _font(13 * unit)
        wide = draw.textlength(text, font=font)
        top = max(y - 20 * unit, 0.0)
        draw.rounded_rectangle((x, top, x + wide + 12 * unit, top + 18 * unit), 4 * unit, fill=PANEL)
        draw.text((x + 6 * unit, top + 2 * unit), text, INK, font=font)

    def _panel(self, draw: Any, t_s: float, rows: list[dict[str, Any]], size: tuple[int, int], unit: float) -> None:
        """Circumplex with its trail on the left, numbers and emotions beside it, along the lower edge."""
        row = next((one for one in rows if one["face_id"] == self._main), rows[0] if rows else None)
        side, pad = 92 * unit, 8 * unit
        wide = min(side + 246 * unit, size[0] - 2 * pad)
        left, top = pad, size[1] - side - 2 * pad
        draw.rounded_rectangle((left, top, left + wide, size[1] - pad / 2), 8 * unit, fill=PANEL)
        centre = left + pad + side / 2, top + pad / 2 + side / 2 + 2 * unit
        radius = side / 2 - 5 * unit
        ends = (centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius)
        draw.ellipse(ends, outline=LINE, width=max(round(1.2 * unit), 1))
        draw.line((centre[0] - radius, centre[1], centre[0] + radius, centre[1]), RAIL)
        draw.line((centre[0], centre[1] - radius, centre[0], centre[1] + radius), RAIL)
        for age, valence, arousal in self._trail(t_s, None if row is None else row["face_id"]):
            x, y = centre[0] + radius * valence, centre[1] - radius * arousal
            r = (2.0 if age > 0 else 4.6) * unit
            fill = INK if age == 0 else (*VALENCE[:3], round(200 * (1 - age / TRAIL_S)))
            draw.ellipse((x - r, y - r, x + r, y + r), fill=fill)
        at = left + side + 2 * pad
        if row is None or row["state"] != "ok" or row["valence"] is None:
            word = "nobody" if row is None else SHORT_STATE_WORDS.get(row["state"], row["state"])
            draw.text((at, centre[1] - 8 * unit), word, SOFT, font=_font(15 * unit))
            return
        font = _font(13 * unit)
        for k, name in enumerate(("valence", "arousal")):
            draw.text((at + k * 112 * unit, top + 6 * unit), f"{name} {row[name]:+.2f}", INK, font=font)
        if not told(row["valence_sd"], row["arousal_sd"]).emotions:
            word = not_told(0.0 if row["face_state"] == "ok" else 1.0)
            draw.text((at, centre[1] - 8 * unit), word, SOFT, font=font)
            return
        ranked = sorted(zip(EMOTIONS, (row[p] or 0.0 for p in PROBABILITIES), strict=True), key=lambda one: -one[1])
        for k, (name, p) in enumerate(ranked[:TOLD]):
            y = top + (28 + 22 * k) * unit
            long = 92 * unit
            draw.text((at, y), name, SOFT, font=font)
            x = at + 74 * unit
            draw.rounded_rectangle((x, y + 4 * unit, x + long, y + 13 * unit), 3 * unit, fill=RAIL)
            if p * long > 2:
                colour = EMOTION_COLOURS[name]
                draw.rounded_rectangle((x, y + 4 * unit, x + p * long, y + 13 * unit), 3 * unit, fill=colour)
            draw.text((x + long + 5 * unit, y), f"{p:.0%}", SOFT, font=font)

    def _trail(self, t_s: float, face: int | None) -> list[tuple[float, float, float]]:
        """Age, valence and arousal of the last two seconds, the newest (age 0) last."""
        begin, end = bisect_right(self._times, t_s - TRAIL_S), bisect_right(self._times, t_s + 1e-6)
        found: list[tuple[float, float, float]] = []
        for t in self._times[begin:end]:
            for row in self._rows[t]:
                if row["face_id"] == face and row["state"] == "ok" and row["valence"] is not None:
                    found.append((t_s - t, row["valence"], row["arousal"]))
        if found and found[-1][0] <= STANDS_S:
            found[-1] = (0, *found[-1][1:])
        return found

    def _mark(self, draw: Any, t_s: float, size: tuple[int, int], unit: float) -> None:
        shown = [label for at, label in self._marks if at <= t_s < at + MARK_S]
        if not shown:
            return
        font = _font(15 * unit)
        wide = draw.textlength(shown[-1], font=font)
        left = max((size[0] - wide) / 2, 4.0)
        draw.rounded_rectangle((left - 10 * unit, 8 * unit, left + wide + 10 * unit, 32 * unit), 6 * unit, fill=PANEL)
        draw.text((left, 11 * unit), shown[-1], INK, font=font)


@lru_cache(8)
def _font(size: float) -> Any:
    """DejaVu Sans, which matplotlib brings with it: the same letters on every machine."""
    from matplotlib import font_manager

    return ImageFont.truetype(font_manager.findfont("DejaVu Sans"), max(round(size), 8))
