"""Draw an evaluation: confusion, valence and arousal against truth, and a reliability diagram."""

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.evaluation import metrics
from liveaffect.models.evaluation.report import Block

_library: Any = matplotlib
"""Its types are half told."""
_INK, _MUTED, _GRID = "#1f2933", "#7b8794", "#e4e7eb"
_BLUE, _ORANGE = "#2166ac", "#d6604d"  # apart for colour-blind eyes
_STYLE: dict[Any, Any] = {
    "font.size": 9.5, "text.color": _INK, "axes.labelcolor": _INK, "axes.edgecolor": _MUTED, "axes.linewidth": 0.8,
    "xtick.color": _INK, "ytick.color": _INK, "xtick.major.width": 0.8, "ytick.major.width": 0.8,
    "axes.spines.top": False, "axes.spines.right": False, "figure.facecolor": "white", "svg.fonttype": "none",
}  # fmt: skip
_DENSITY = ListedColormap(matplotlib.colormaps["Blues"](np.linspace(0.2, 1.0, 128)))  # a single sample stays visible
_MANY = 1500  # points beyond which a scatter hides more than it shows


def draw(block: Block, path: Path) -> None:
    """Write a picture of the panels there is data for; the format follows the ending of `path`.

    Drawn without a display and without touching the program's own matplotlib settings.
    """
    panels: list[Any] = []
    if block.confusion is not None and block.confusion.sum():
        panels.append(_confusion)
    panels += [_scatter(d) for d in ("valence", "arousal") if d in block.points and len(block.points[d].truth)]
    if any(sums[0].sum() for sums in block.reliability.values()):
        panels.append(_reliability)
    with _library.rc_context(_STYLE):
        columns = 2 if len(panels) > 1 else 1
        rows = max(1, -(-len(panels) // columns))
        figure: Any = Figure(  # the library tells half of its types
            figsize=(5.6 * columns, 5.2 * rows + 0.5), layout=ConstrainedLayoutEngine(w_pad=0.18, h_pad=0.18)
        )
        answered = block.labels - block.unanswered
        figure.suptitle(
            f"{block.name}: {answered:,} of {block.labels:,} labels have predictions", x=0.02, ha="left", fontsize=12
        )
        for k, panel in enumerate(panels):
            panel(figure.add_subplot(rows, columns, k + 1), block)
        figure.savefig(path, dpi=150)


def _confusion(axes: Any, block: Block) -> None:
    """Rows as shares of the truth, so that rare categories are as legible as common ones."""
    assert block.confusion is not None
    kept = np.flatnonzero(block.confusion.sum(axis=1) + block.confusion.sum(axis=0))
    counts = block.confusion[np.ix_(kept, kept)]
    names = [EMOTIONS[i] for i in kept]
    totals = counts.sum(axis=1)
    shares = counts / np.maximum(totals, 1)[:, None]
    axes.imshow(shares, cmap="Blues", vmin=0.0, vmax=1.0, aspect="equal")
    for row, column in np.ndindex(*shares.shape):
        if counts[row, column]:
            share = shares[row, column]
            text = "<1" if share < 0.01 else f"{100 * share:.0f}"
            axes.text(column, row, text, ha="center", va="center", fontsize=9, color="white" if share > 0.55 else _INK)
    axes.set_xticks(range(len(kept)), names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(len(kept)), [f"{name}  {n:,}" for name, n in zip(names, totals, strict=True)])
    axes.tick_params(length=0)
    axes.set_xticks(np.arange(len(kept) + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(len(kept) + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="minor", length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel("estimated")
    axes.set_ylabel("labelled (number)")
    _title(axes, "Categories, % of each label", f"UAR {block.value('category', 'uar'):.2f}")


def _scatter(dimension: str) -> Any:
    def panel(axes: Any, block: Block) -> None:
        points = block.points[dimension]
        axes.plot([-1, 1], [-1, 1], color=_INK, linewidth=1.0, linestyle=(0, (4, 3)), zorder=3, alpha=0.7)
        axes.axhline(0, color=_GRID, linewidth=0.8, zorder=0)
        axes.axvline(0, color=_GRID, linewidth=0.8, zorder=0)
        if len(points.truth) > _MANY:
            extent = (-1, 1, -1, 1)
            axes.hexbin(points.truth, points.estimate, gridsize=36, extent=extent, bins="log", mincnt=1, cmap=_DENSITY)
            axes.text(0.98, 0.03, "darker: more, in logarithms", transform=axes.transAxes, ha="right", color=_MUTED)
        else:
            axes.scatter(points.truth, points.estimate, s=14, color=_BLUE, alpha=0.45, linewidth=0, zorder=2)
        axes.set(xlim=(-1.03, 1.03), ylim=(-1.03, 1.03), aspect="equal", xlabel="labelled", ylabel="estimated")
        axes.set_xticks([-1, -0.5, 0, 0.5, 1])
        axes.set_yticks([-1, -0.5, 0, 0.5, 1])
        measure = next(m for m in block.measures if (m.kind, m.key) == (dimension, "ccc"))
        interval = f" [{measure.low:.2f}, {measure.high:.2f}]" if np.isfinite(measure.low) else ""
        _title(axes, dimension.capitalize(), f"CCC {measure.value:.2f}{interval}, n = {measure.n:,}")

    return panel


def _reliability(axes: Any, block: Block) -> None:
    """Confidence against what it should be; the area of a point is the share of samples in its bin."""
    axes.plot([0, 1], [0, 1], color=_MUTED, linewidth=1.0, linestyle=(0, (4, 3)), zorder=1)
    notes: list[str] = []
    for (against, sums), colour in zip(sorted(block.reliability.items(), reverse=True), (_BLUE, _ORANGE), strict=False):
        count, confidence, right = (x[sums[0] > 0] for x in sums)
        axes.plot(confidence / count, right / count, color=colour, linewidth=1.2, alpha=0.6, zorder=2)
        area = 15 + 500 * count / count.sum()
        error = float(metrics.calibration_error_of(sums.reshape(-1)))
        axes.scatter(confidence / count, right / count, s=area, color=colour, alpha=0.75, linewidth=0, zorder=3)
        axes.plot([], [], "o", color=colour, label=f"against {against}")
        notes.append(f"{error:.3f} ({against})")
    axes.set(xlim=(0, 1.02), ylim=(0, 1.02), aspect="equal", xlabel="probability of the estimated category")
    axes.set_ylabel("share that agrees")
    axes.legend(frameon=False, loc="lower right")
    _title(axes, "Reliability", "calibration error " + ", ".join(notes))


def _title(axes: Any, title: str, note: str) -> None:
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", pad=20)
    axes.text(0.0, 1.02, note, transform=axes.transAxes, fontsize=9.5, color=_MUTED, va="bottom")
