"""The one door to model files: `path(name)` where a file lies, `load(name)` a model ready to run."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from liveaffect.models.errors import FetchFailed, LicenceRefused, ManifestError, ModelError, ModelMissing
from liveaffect.models.files import fetch, manifest
from liveaffect.models.files.manifest import Entry
from liveaffect.models.files.net import Net, Provider

if TYPE_CHECKING:
    from liveaffect.models.voice.activity import VoiceActivity

State = Literal["ready", "missing", "wrong hash", "refused"]


class Status(NamedTuple):
    """Where a model stands on this machine."""

    entry: Entry
    state: State
    path: Path | None
    detail: str
    """What to do, where the state is not `ready`."""


def path(name: str, *, download: bool = False, progress: fetch.Progress | None = None) -> Path:
    """The verified file of a model. Nothing is downloaded unless `download` is true.

    Raises UnknownModel, LicenceRefused, WrongHash, ModelMissing (not here), FetchFailed (no source gave it).
    """
    entry = manifest.entry(name)
    check_profile(entry)
    if entry.kind == "rules":
        raise ModelError(f"`{name}` has no file: registry.load({name!r}) gives it")
    found = fetch.find(entry)
    if found is not None:
        return found
    if download and entry.sources:
        return fetch.fetch(entry, progress)
    looked = ", ".join(str(place) for place in fetch.candidates(entry))
    remedy = f"run `liveaffect models pull {name}`" if entry.sources else "put it there or correct the manifest"
    raise ModelMissing(f"the file of model `{name}` is not at {looked}; {remedy}")


def load(name: str, *, provider: Provider = "cpu") -> Any:
    """A model ready to run: `FaceAffectModel`, `VoiceAffectModel`, rules, a user's `CustomFaceModel`, Silero's `Net`.

    The face landmarker is no ONNX net: it is opened by its own process from `path("face-landmarker")`.
    Raises what `path` raises, and ModelBroken, RuntimeMissing, ManifestError.
    """
    entry = manifest.entry(name)
    if entry.kind == "landmarker":
        raise ModelError(f"`{name}` is not opened here: hand registry.path({name!r}) to MediaPipe in a child process")
    if entry.kind == "rules":
        check_profile(entry)
        if name == "voice-rules":
            from liveaffect.models.voice.rules import VoiceRulesModel

            return VoiceRulesModel(_speech_detector)
        from liveaffect.models.face.rules import FaceRulesModel

        return FaceRulesModel()
    file = path(name)
    net = Net(file, name=name, provider=provider)
    net.check(entry)
    if entry.kind == "speech":
        return net
    if entry.is_users:
        if entry.kind != "face-affect":
            raise ManifestError(f"{entry.origin}: model `{name}`: a user's model is of kind `face-affect`")
        from liveaffect.models.face.custom import CustomFaceModel

        return CustomFaceModel(net, entry)
    if entry.kind == "face-identity":
        from liveaffect.models.face.identity import FaceIdentityModel

        return FaceIdentityModel(net)
    if entry.kind == "face-far":
        from liveaffect.models.face.far import FarFaceModel

        return FarFaceModel(net)
    if entry.kind == "face-affect":
        from liveaffect.models.face.affect import FaceAffectModel

        return FaceAffectModel(net)
    if entry.kind == "voice-encoder":
        from liveaffect.models.voice.encoder import VoiceEncoderModel

        return VoiceEncoderModel(net)
    if entry.kind == "voice-together":
        from liveaffect.models.voice.together import VoiceTogetherModel

        return VoiceTogetherModel(net)
    if entry.kind == "voice-affect":
        from liveaffect.models.voice.affect import VoiceAffectModel

        encoder = load("voice-encoder", provider=provider)
        return VoiceAffectModel(net, encoder, _speech_detector, _if_there("voice-together"))
    raise ModelError(f"model `{name}` is of kind `{entry.kind}`, which nothing here opens; install liveaffect again")


def _if_there(name: str) -> Any:
    """The model, or None where the profile forbids it or its file is not here: what uses it goes on without."""
    try:
        return load(name)
    except (LicenceRefused, ModelMissing):
        return None


def _speech_detector() -> "VoiceActivity":
    from liveaffect.models.voice.activity import VoiceActivity

    return VoiceActivity(load("silero-vad"))


def pull(
    names: list[str] | None = None,
    *,
    progress: fetch.Progress | None = None,
    without: Callable[[str], None] | None = None,
) -> dict[str, Path]:
    """Fetches what is not here yet: the named models, or all that have a source. Returns where each lies.

    A file in the cache with other bytes is replaced; one in `LIVEAFFECT_MODELS` or of a user's own is refused. Where
    all are asked for, an optional one that no source gives, or the profile forbids, is left out, and `without` is told.
    """
    wanted = names or [name for name, entry in manifest.entries().items() if entry.sources]
    done: dict[str, Path] = {}
    for name in wanted:
        try:
            done[name] = _pulled(name, progress)
        except (FetchFailed, LicenceRefused) as error:
            if names or not manifest.entry(name).optional:
                raise
            if without is not None:
                without(f"going on without model `{name}`: {error}")
    return done


def _pulled(name: str, progress: fetch.Progress | None) -> Path:
    entry = manifest.entry(name)
    check_profile(entry)
    first = next((place for place in fetch.candidates(entry) if place.is_file()), None)
    if entry.sources and first is not None and _is_cached(first) and not _is_right(entry, first):
        return fetch.fetch(entry, progress)
    return path(name, download=True, progress=progress)


def status() -> list[Status]:
    """Where every known model stands; nothing is fetched or opened."""
    return [_status(entry) for entry in manifest.entries().values()]


def profile() -> str:
    """The profile in force: `research`, or what `LIVEAFFECT_PROFILE` names. Raises ModelError for an unknown one."""
    name = os.environ.get("LIVEAFFECT_PROFILE", "").strip().lower() or "research"
    if name not in ("research", "commercial"):
        raise ModelError(f"LIVEAFFECT_PROFILE is {name!r}; it can be `research` or `commercial`")
    return name


def check_profile(entry: Entry) -> None:
    """Raises LicenceRefused where the profile in force forbids these weights, naming what to use instead."""
    if (use := profile()) not in entry.uses:
        instead = f"use `{entry.fallback}` instead" if entry.fallback else "there is no stand-in for it"
        raise LicenceRefused(
            f"LIVEAFFECT_PROFILE={use} forbids model `{entry.name}`: its weights ({entry.licence}) or the data it "
            f"learned from ({entry.data}) do not allow that use; {instead}"
        )


def _status(entry: Entry) -> Status:
    if entry.kind == "rules":
        return Status(entry, "ready", None, "")
    try:
        found = path(entry.name)
    except LicenceRefused as error:
        return Status(entry, "refused", None, str(error))
    except ModelMissing as error:
        return Status(entry, "missing", None, str(error))
    except ModelError as error:
        return Status(entry, "wrong hash", None, str(error))
    return Status(entry, "ready", found, "")


def _is_cached(file: Path) -> bool:
    return file.parent == fetch.cache_folder()


def _is_right(entry: Entry, file: Path) -> bool:
    try:
        fetch.verify(entry, file)
    except ModelError:
        return False
    return True
