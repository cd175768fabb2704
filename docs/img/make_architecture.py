"""Draws docs/img/architecture.svg from the imports: floors, their rooms, and who stands on whom.

python docs/img/make_architecture.py
"""

from collections import Counter
from html import escape
from pathlib import Path

import grimp

FLOORS = ("cli", "offline", "nodes", "stream", "models")
WORDS = {
    "cli": "the command: one thin file a verb",
    "offline": "scoring, verifying, tables, reports, as a library",
    "nodes": "messages in, messages out: no sockets, no clock",
    "stream": "transport, messages, clock, hosts, sessions on disk",
    "models": "arrays in, arrays out: nets, filters, descriptors",
}
TINTS = {"cli": "#f6e7d8", "offline": "#e9e4f3", "nodes": "#dcefe6", "stream": "#dfeaf6", "models": "#f7e3e6"}
INK, DIM = "#1b1f27", "#59616e"
WIDE, HALF, ROOM_H, PAD, TITLE = 1160, 570, 34, 14, 46
STYLE = "font-family:system-ui,-apple-system,'Segoe UI',sans-serif"


def main() -> None:
    """Writes the picture beside this file."""
    graph = grimp.build_graph(*(f"liveaffect.{floor}" for floor in FLOORS), cache_dir=None)
    rooms: dict[str, Counter[str]] = {floor: Counter() for floor in FLOORS}
    between: Counter[tuple[str, str]] = Counter()
    for module in graph.modules:
        _, floor, *rest = module.split(".")
        if rest:
            rooms[floor][rest[0]] += 1
        for other in graph.find_modules_directly_imported_by(module):
            if (below := other.split(".")[1]) != floor:
                between[floor, below] += 1
    Path(__file__).with_name("architecture.svg").write_text(drawn(rooms, between), "utf-8")


def drawn(rooms: dict[str, Counter[str]], between: Counter[tuple[str, str]]) -> str:
    """The picture: three floors over two that stand side by side, with the number of imports beside each arrow."""
    parts: list[str] = []
    y = 20
    for floor in ("cli", "offline", "nodes"):
        height = _floor(parts, floor, rooms[floor], 20, y, WIDE)
        below = {"cli": ("offline",), "offline": ("nodes",), "nodes": ("stream", "models")}[floor]
        for place, other in enumerate(below):
            x = 20 + WIDE / 2 if len(below) == 1 else 20 + HALF * (place + 0.5) + place * (WIDE - 2 * HALF)
            _arrow(parts, x, y + height, between[floor, other])
        y += height + 40
    heights = [_floor([], floor, rooms[floor], 0, 0, HALF) for floor in ("stream", "models")]
    for place, floor in enumerate(("stream", "models")):
        _floor(parts, floor, rooms[floor], 20 + place * (WIDE - HALF), y, HALF, max(heights))
    y += max(heights)
    further = [
        f"{above} to {other}: {count}"
        for (above, other), count in sorted(between.items())
        if (above, other) not in {("cli", "offline"), ("offline", "nodes"), ("nodes", "stream"), ("nodes", "models")}
    ]
    parts.append(_text(20, y + 28, f"Arrows count imports between files. Past a floor: {', '.join(further)}.", 13, DIM))
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE + 40} {y + 48}" style="{STYLE}">'
    return "\n".join([head, f'<rect width="100%" height="{y + 48}" fill="#ffffff"/>', *parts, "</svg>"]) + "\n"


def _floor(parts: list[str], floor: str, found: Counter[str], x: int, y: int, width: int, least: int = 0) -> int:
    """A floor with its rooms (folders first, then single files); gives its height."""
    made: list[str] = []
    at_x, at_y = x + PAD, y + TITLE
    for name, files in sorted(found.items(), key=lambda pair: (pair[1] == 1, pair[0])):
        label = name if files == 1 else f"{name}  {files}"
        wide = 22 + round(7.6 * len(label))
        if at_x + wide > x + width - PAD:
            at_x, at_y = x + PAD, at_y + ROOM_H + 8
        fill = "#ffffff" if files > 1 else "none"
        made.append(
            f'<rect x="{at_x}" y="{at_y}" width="{wide}" height="{ROOM_H}" rx="7" fill="{fill}" stroke="#00000022"/>'
        )
        made.append(_text(at_x + 11, at_y + 22, label, 14, INK if files > 1 else DIM))
        at_x += wide + 8
    height = max(least, at_y + ROOM_H + PAD - y)
    parts.append(f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="12" fill="{TINTS[floor]}"/>')
    parts.append(_text(x + PAD, y + 29, floor, 18, INK, bold=True))
    parts.append(_text(x + PAD + 24 + 10 * len(floor), y + 29, WORDS[floor], 14, DIM))
    parts.extend(made)
    return height


def _arrow(parts: list[str], x: float, y: float, count: int) -> None:
    parts.append(f'<path d="M{x} {y + 5} v22 m-6 -7 l6 7 l6 -7" fill="none" stroke="{DIM}" stroke-width="1.6"/>')
    parts.append(_text(x + 14, y + 24, str(count), 13, DIM))


def _text(x: float, y: float, words: str, size: int, ink: str, *, bold: bool = False) -> str:
    weight = ' font-weight="650"' if bold else ""
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{ink}"{weight}>{escape(words)}</text>'


if __name__ == "__main__":
    main()
