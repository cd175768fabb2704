"""What a score table depends on besides its file, and how that is written down."""

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from liveaffect.models.face.baseline import FaceBaseline
from liveaffect.offline.scoring.default import DEFAULT_GRAPH
from liveaffect.stream.errors import UsageError


@dataclass(frozen=True)
class ScoreSettings:
    """All that a table depends on besides its file."""

    launch: Path = DEFAULT_GRAPH
    overrides: tuple[str, ...] = ()
    smooth_lag_s: float | None = None
    """Look-ahead of the smoothed columns; None for a table without them."""
    baseline: FaceBaseline | None = None
    rate_hz: float | None = None
    """So many frames a second are measured; None for all of them."""
    split_s: float | None = None
    """A film is scored in segments of this length; None for as a whole."""
    sequence_hz: float | None = None
    """A folder of images is one film of so many images a second; None where it is so many photographs."""

    def __post_init__(self) -> None:
        if self.launch.exists() and not self.launch.is_file():  # a pipe would hang whoever reads it
            raise UsageError(f"{self.launch} (--launch) is no file: give a launch file")
        for name, least, most in (("rate_hz", 0.01, 1000), ("split_s", 10, 86_400), ("sequence_hz", 0.001, 1000)):
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                option = f"--{name.partition('_')[0]}"
                raise UsageError(f"{name} ({option}) is {value:g}: give {least:g} to {most:g}")

    def told(self) -> dict[str, object]:
        """As the metadata of a table say them: whatever changes a number is in here."""
        return {
            "launch": tomllib.loads(self.launch.read_text("utf-8")),
            "set": list(self.overrides),
            **({} if self.smooth_lag_s is None else {"smooth_lag_s": self.smooth_lag_s}),
            **({} if self.baseline is None else {"baseline": msgspec.to_builtins(self.baseline)}),
            **{k: v for k in ("rate_hz", "split_s", "sequence_hz") if (v := getattr(self, k)) is not None},
        }

    @classmethod
    def of(cls, given: "ScoreSettings | Mapping[str, Any] | None") -> "ScoreSettings":
        """Settings as they are, the default ones, or node settings such as `{"face.max_faces": 4}`.

        Raises UsageError for a value that a launch file cannot hold; what the nodes refuse is told when they are made.
        """
        if isinstance(given, ScoreSettings):
            return given
        return cls(overrides=tuple(f"{key}={as_toml(value)}" for key, value in (given or {}).items()))


def check_overrides(settings: ScoreSettings) -> None:
    """Raises UsageError where a node's setting would undo what the verb sets itself: a film under another's name."""
    stretches = [f"{node}.{key}" for node in ("camera", "microphone") for key in ("from_s", "to_s", "lean_s")]
    sources = ["camera.source", "microphone.source"]
    theirs = dict.fromkeys(sources, "what is scored is named as an argument")
    if settings.rate_hz is not None:
        theirs["camera.measure_hz"] = "--rate says so already"
    if settings.split_s is not None:
        theirs |= dict.fromkeys(stretches, "--split divides the film by its own times")
    for word in settings.overrides:
        key = word.partition("=")[0].strip()
        if key in theirs:
            raise UsageError(f"--set {word}: leave it out, {theirs[key]}")


def as_toml(value: Any) -> str:
    """A value as a launch file writes it, whatever a text holds. Raises UsageError for what TOML does not know."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | Path):
        return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else ("nan" if math.isnan(value) else f"{value:+}")
    if isinstance(value, list | tuple):
        return f"[{', '.join(as_toml(item) for item in value)}]"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{as_toml(str(key))} = {as_toml(item)}" for key, item in value.items()) + "}"
    raise UsageError(f"{value!r} cannot be a setting: give text, numbers, true or false, or lists of them")


def footer(told: Mapping[str, Any]) -> dict[str, str]:
    """The metadata of a Parquet file: version, models with hashes, settings (`ScoreSettings.told`, or a graph)."""
    graph: dict[str, Any] = told.get("launch", told)
    named = [
        table["model"] for table in graph.values() if isinstance(table, dict) and isinstance(table.get("model"), str)
    ]
    named += [word.partition("=")[2].strip("\"'") for word in told.get("set", ()) if ".model=" in word]
    return {
        "liveaffect_version": version("liveaffect"),
        "liveaffect_models": json.dumps(model_hashes(named), sort_keys=True),
        "liveaffect_settings": json.dumps(told, sort_keys=True),
    }


def model_hashes(named: Sequence[str] = ()) -> dict[str, dict[str, str]]:
    """Name -> version and sha256 of the models that a run uses unless told otherwise, and of those it was told to."""
    from liveaffect.models.files.manifest import entries

    used = {"face-landmarker", "silero-vad", "face-affect", "voice-encoder", "voice-together", "voice-affect", *named}
    return {
        name: {"version": entry.version, "sha256": entry.sha256} for name, entry in entries().items() if name in used
    }
