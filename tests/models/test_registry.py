"""The registry: paths without downloads, profiles, and models of the user's own."""

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from liveaffect.models import registry
from liveaffect.models.circumplex import CIRCUMPLEX, EMOTIONS, distribution_at
from liveaffect.models.errors import FetchFailed, LicenceRefused, ManifestError, ModelError, ModelMissing, WrongHash
from liveaffect.models.face.custom import CustomFaceModel
from liveaffect.models.files import fetch, manifest
from liveaffect.models.files.manifest import Entry

# a 4 x 4 net whose logits are (red, green, blue) sums: a red crop is happy, a green one sad, a blue one left out
COLOUR_WEIGHTS = np.kron(np.eye(3), np.full((16, 1), 1.0))
HEAVY = ("onnxruntime", "cv2", "mediapipe", "numba")
LABELS = ["happy", "sadness", ""]


@pytest.fixture
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LIVEAFFECT_MODELS", raising=False)
    monkeypatch.setattr(fetch, "cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def users_net(tmp_path: Path, affine_net: Callable[..., Path]) -> Callable[..., Path]:
    """Writes a net and its manifest, and returns the manifest's path."""

    def make(
        *,
        weights: np.ndarray = COLOUR_WEIGHTS,
        meaning: str = "logits",
        rows: int | str = "n",
        labels: list[str] = LABELS,
        extra: str = "",
    ) -> Path:
        net = affine_net(tmp_path / "mine.onnx", weights, np.zeros(weights.shape[1]), [rows, 3, 4, 4])
        manifest = tmp_path / "manifest.toml"
        manifest.write_text(f"""
            [model.mine]
            kind = "face-affect"
            file = "mine.onnx"
            sha256 = "{hashlib.sha256(net.read_bytes()).hexdigest()}"
            labels = {labels}
            normalisation = {{ size = [4, 4], colour = "RGB", layout = "NCHW" }}
            outputs = [{{ name = "out", shape = [-1, {weights.shape[1]}], meaning = "{meaning}" }}]
            {extra}
        """)
        return manifest

    return make


def crops(*colours: tuple[int, int, int]) -> np.ndarray:
    return np.stack([np.full((8, 8, 3), colour, np.uint8) for colour in colours])


def test_a_missing_file_names_the_command_and_is_not_fetched(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> Path:
        raise AssertionError("a download was begun")

    monkeypatch.setattr(fetch, "fetch", refuse)
    with pytest.raises(ModelMissing, match="liveaffect models pull silero-vad"):
        registry.path("silero-vad")


def test_silero_is_loaded_as_a_session_and_hears_no_speech_in_silence(
    shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MODELS", str(shared / "models"))
    vad = registry.load("silero-vad")
    state = np.zeros((2, 1, 128), np.float32)
    probability, _ = vad.run({"input": np.zeros((1, 576), np.float32), "state": state, "sr": np.array(16000)})
    assert probability[0, 0] < 0.1


def test_pull_replaces_a_damaged_file_of_the_cache(
    empty_cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty_cache.mkdir()
    (empty_cache / "silero_vad_16k_op15.onnx").write_bytes(b"half a fi")
    with pytest.raises(WrongHash, match="liveaffect models pull silero-vad"):
        registry.path("silero-vad")
    asked: list[str] = []
    monkeypatch.setattr(fetch, "fetch", lambda entry, _progress: asked.append(entry.name) or tmp_path)
    registry.pull(["silero-vad"])
    assert asked == ["silero-vad"]


def test_a_pull_of_all_goes_on_without_an_optional_model_and_says_so(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(entry: Entry, _progress: object) -> Path:
        if entry.name == "face-far":
            raise FetchFailed("no network")
        return Path(entry.file)

    monkeypatch.setattr(fetch, "fetch", offline)
    said: list[str] = []
    places = registry.pull(without=said.append)
    assert "face-landmarker" in places
    assert "face-far" not in places
    [text] = said
    assert "without model `face-far`: no network" in text
    with pytest.raises(FetchFailed):
        registry.pull(["face-far"])


def test_status_says_what_is_missing_without_raising(empty_cache: Path) -> None:
    by_name = {status.entry.name: status for status in registry.status()}
    assert by_name["face-landmarker"].state == "missing"
    assert "liveaffect models pull" in by_name["face-landmarker"].detail


def test_a_commercial_profile_refuses_research_weights_and_names_the_stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = Entry(
        kind="face-affect", file="a", sha256="0" * 64, name="net", licence="research use", fallback="face-rules"
    )
    registry.check_profile(entry)
    monkeypatch.setenv("LIVEAFFECT_PROFILE", "commercial")
    with pytest.raises(LicenceRefused, match=r"research use.*`face-rules`"):
        registry.check_profile(entry)


def test_a_commercial_profile_refuses_a_users_net_that_does_not_allow_it(
    users_net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(users_net()))
    monkeypatch.setenv("LIVEAFFECT_PROFILE", "commercial")
    with pytest.raises(LicenceRefused):
        registry.load("mine")
    assert {s.entry.name: s.state for s in registry.status()}["mine"] == "refused"


def test_an_unknown_profile_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIVEAFFECT_PROFILE", "commercail")
    with pytest.raises(ModelError, match="commercail"):
        registry.path("silero-vad")


def test_the_rules_need_no_file_and_stand_in_under_every_profile(
    empty_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_PROFILE", "commercial")
    smile = np.zeros((1, 52), np.float32)
    smile[0, [44, 45]] = 0.9  # mouthSmileLeft, mouthSmileRight
    said = registry.load("face-rules").predict(None, geometry=smile)
    assert EMOTIONS[int(said.emotions[0].argmax())] == "happiness"
    assert {s.entry.name: s.state for s in registry.status()}["face-rules"] == "ready"
    with pytest.raises(ModelError, match="has no file"):
        registry.path("face-rules")


def test_every_stand_in_exists_and_is_allowed_where_the_model_is_not() -> None:
    known = manifest.read(manifest.BUILT_IN)
    for entry in known.values():
        if entry.fallback is not None:
            assert "commercial" in known[entry.fallback].uses


def test_lower_quality_widens_what_a_users_net_says(
    users_net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(users_net()))
    net = registry.load("mine")
    sharp, poor = (net.predict(crops((255, 0, 0)), quality=np.array([q], np.float32)) for q in (1.0, 0.2))
    assert sharp.valence_sd[0] == pytest.approx(0.4)
    assert poor.valence_sd[0] > 0.5


def test_every_model_of_the_package_can_be_loaded_by_its_name() -> None:
    for entry in manifest.read(manifest.BUILT_IN).values():
        if entry.file and not entry.sources:
            loaded = registry.load(entry.name)
            assert getattr(loaded, "net", loaded).name == entry.name
            assert type(loaded).__name__.lower() == entry.kind.replace("-", "") + "model"


def test_the_landmarker_is_not_opened_in_this_process() -> None:
    with pytest.raises(ModelError, match="child process"):
        registry.load("face-landmarker")


def test_a_users_net_gives_the_eight_categories_in_the_projects_order(
    users_net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(users_net()))
    net = registry.load("mine")
    assert isinstance(net, CustomFaceModel)
    out = net.predict(crops((255, 0, 0), (0, 255, 0)))
    assert [EMOTIONS[k] for k in out.emotions.argmax(axis=1)] == ["happiness", "sadness"]
    np.testing.assert_allclose(out.emotions.sum(axis=1), 1.0, rtol=1e-6)
    np.testing.assert_allclose(out.valence, (out.emotions @ CIRCUMPLEX)[:, 0], rtol=1e-5)
    np.testing.assert_allclose(out.valence_sd, 0.4)


def test_a_users_net_with_a_fixed_batch_of_one_takes_any_number_of_crops(
    users_net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(users_net(rows=1)))
    out = registry.load("mine").predict(crops((255, 0, 0), (0, 255, 0), (255, 0, 0)))
    assert list(out.emotions.argmax(axis=1)) == [1, 3, 1]


def test_a_users_net_of_arousal_and_valence_is_read_in_that_order_and_kept_in_range(
    users_net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    weights = np.zeros((48, 2))
    weights[:16, 0] = 0.5 / 16  # arousal: half of red
    weights[16:32, 1] = 4.0 / 16  # valence: four times green, out of range
    path = users_net(weights=weights, meaning="arousal_valence", labels=[], extra="sd = [0.2, 0.3]")
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(path))
    out = registry.load("mine").predict(crops((255, 255, 0)))
    np.testing.assert_allclose(out.emotions, distribution_at(out.valence, out.arousal), rtol=1e-5)
    np.testing.assert_allclose([out.valence[0], out.arousal[0]], [1.0, 0.5], rtol=1e-5)
    np.testing.assert_allclose([out.valence_sd[0], out.arousal_sd[0]], [0.2, 0.3], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"labels": ["happy", "sadness", "bored"]}, "bored"),
        ({"labels": ["happy", "sadness"]}, "3 classes"),
        ({"labels": []}, "labels"),
        ({"meaning": "mood"}, "mood"),
        ({"meaning": ""}, "no output"),
    ],
)
def test_a_users_entry_that_does_not_describe_its_net_is_refused(
    users_net: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, options: dict, word: str
) -> None:
    monkeypatch.setenv("LIVEAFFECT_MANIFEST", str(users_net(**options)))
    with pytest.raises(ManifestError, match=word):
        registry.load("mine").predict(crops((1, 2, 3)))


@pytest.mark.processes
def test_importing_the_registry_is_light() -> None:
    code = f"import sys, liveaffect.models.registry; print(*[m for m in {HEAVY} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == ""
