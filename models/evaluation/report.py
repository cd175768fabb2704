"""What an evaluation found: measures with intervals, what was missing, and the matrices behind the pictures."""

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from liveaffect.models.circumplex import EMOTIONS
from liveaffect.models.evaluation import metrics

FloatArray = npt.NDArray[np.float64]

_WORDS = {
    "ccc": "concordance (CCC)", "pearson_r": "Pearson r", "rmse": "RMSE", "sign_agreement": "sign agreement",
    "coverage_90": "coverage of 90 % interval", "accuracy": "accuracy", "uar": "UAR", "macro_f1": "macro F1",
    "calibration_error_label": "calibration error, label", "kl_nats": "KL from votes (nats)",
    "calibration_error_share": "calibration error, share",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """One number with its 95 % interval; NaN where it is not defined."""

    kind: str
    """What is measured: valence, arousal, category or votes."""
    key: str
    value: float
    low: float
    high: float
    n: int
    """Labels it rests on."""


@dataclass(frozen=True, slots=True)
class Points:
    """Pairs behind a scatter plot, (n,) each."""

    truth: FloatArray
    estimate: FloatArray


@dataclass(slots=True)
class Block:
    """All that was found for one set of labels: all of them, or one group."""

    name: str
    labels: int
    unanswered: int
    """Labels for which there is no row of predictions at all."""
    measures: list[Measure] = field(default_factory=list[Measure])
    used: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    """Per kind: used; unlabelled (the label says nothing of it); missing (labelled, but no number was given)."""
    noise_scale: dict[str, float] = field(default_factory=dict[str, float])
    """Per dimension: factor on the standard deviations for a coverage of 90 %."""
    confusion: npt.NDArray[np.int64] | None = None
    """(8, 8) counts, truth in rows."""
    reliability: dict[str, FloatArray] = field(default_factory=dict[str, FloatArray])
    """Against "label" or "vote share": (3, 15) sums of count, confidence and share right per bin."""
    points: dict[str, Points] = field(default_factory=dict[str, Points])

    def use(self, kind: str, labelled: npt.NDArray[np.bool_], answered: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Indices of the labels that are labelled and answered; the others are counted."""
        both = labelled & answered
        self.used[kind] = {
            "used": int(both.sum()),
            "missing": int((labelled & ~answered).sum()),
            "unlabelled": int((~labelled).sum()),
        }
        return np.flatnonzero(both)

    def value(self, kind: str, key: str) -> float:
        """A measure's value; KeyError where it was not taken."""
        for measure in self.measures:
            if (measure.kind, measure.key) == (kind, key):
                return measure.value
        raise KeyError(f"{kind} {key} was not measured in {self.name}")


@dataclass(slots=True)
class EvaluationReport:
    """The result of `evaluate_tables`; `blocks[0]` is over all labels."""

    blocks: list[Block]
    notes: dict[str, str]
    """How rows were matched, and what was resampled."""

    def table(self) -> str:
        """Plain text for a terminal: what was missing, every measure with its interval, per-category recalls."""
        lines = [f"matched by      {self.notes['matching']}", f"resampled by    {self.notes['resampled']}"]
        for block in self.blocks:
            lines += ["", f"{block.name}: {block.labels} labels, {block.unanswered} of them without any prediction"]
            for kind, counts in block.used.items():
                said = ", ".join(f"{count} {what}" for what, count in counts.items())
                lines.append(f"  {kind:<17} {said}")
            lines += ["", f"  {'':<44}{'value':>8}   {'95 % interval':<18}{'n':>7}"]
            for measure in block.measures:
                what = f"{measure.kind:<10}{_WORDS[measure.key]}"
                interval = f"[{_number(measure.low)}, {_number(measure.high)}]"
                lines.append(f"  {what:<44}{_number(measure.value):>8}   {interval:<18}{measure.n:>7}")
            for dimension, scale in block.noise_scale.items():
                lines.append(f"  {dimension:<10}{'scale of sd that covers 90 %':<34}{_number(scale):>8}")
            if block.confusion is not None and block.confusion.sum():
                lines += ["", *_confusion_lines(block.confusion)]
        return "\n".join(lines) + "\n"

    def as_dict(self) -> dict[str, Any]:
        """Everything but the scatter's points, undefined numbers as None."""
        return {"notes": self.notes, "emotions": list(EMOTIONS), "blocks": [_block_dict(b) for b in self.blocks]}

    def to_json(self) -> str:
        """`as_dict` as indented JSON (no NaN in it)."""
        return json.dumps(self.as_dict(), indent=2, allow_nan=False)


def _number(x: float) -> str:
    return f"{x:.3f}" if math.isfinite(x) else "-"


def _confusion_lines(confusion: npt.NDArray[np.int64]) -> list[str]:
    """Counts with truth in rows, and each row's recall."""
    recalls = metrics.recalls_of(confusion.astype(np.float64).reshape(-1))
    lines = ["  truth \\ estimate" + "".join(f"{name[:8]:>10}" for name in EMOTIONS) + f"{'recall':>9}"]
    for name, row, recall in zip(EMOTIONS, confusion, recalls, strict=True):
        lines.append(f"  {name:<16}" + "".join(f"{count:>10}" for count in row) + f"{_number(float(recall)):>9}")
    return lines


def _known(x: float) -> float | None:
    return float(x) if math.isfinite(x) else None


def _measure_dict(m: Measure) -> dict[str, Any]:
    interval = {"value": _known(m.value), "low": _known(m.low), "high": _known(m.high)}
    return {"kind": m.kind, "key": m.key, **interval, "n": m.n}


def _block_dict(block: Block) -> dict[str, Any]:
    out: dict[str, Any] = {
        "name": block.name,
        "labels": block.labels,
        "unanswered": block.unanswered,
        "used": block.used,
        "measures": [_measure_dict(measure) for measure in block.measures],
        "noise_scale": {dimension: _known(scale) for dimension, scale in block.noise_scale.items()},
    }
    if block.confusion is not None:
        recalls = metrics.recalls_of(block.confusion.astype(np.float64).reshape(-1))
        out["confusion"] = block.confusion.tolist()
        out["recall"] = {name: _known(float(recall)) for name, recall in zip(EMOTIONS, recalls, strict=True)}
    for against, sums in block.reliability.items():
        count, confidence, right = sums
        filled = count > 0
        out[f"reliability_{against.replace(' ', '_')}"] = {
            "n": count[filled].astype(int).tolist(),
            "confidence": (confidence[filled] / count[filled]).tolist(),
            "right": (right[filled] / count[filled]).tolist(),
        }
    return out
