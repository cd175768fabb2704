"""What a first run does before anything runs: the voice kernels are compiled, and how far that is can be seen."""

from collections.abc import Callable

import pytest

from liveaffect.offline.scoring import default
from liveaffect.stream.capture.media import MediaInfo


def test_u8_kernels_are_compiled_with_progress_where_there_is_sound_and_they_are_not_yet(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiled: list[float] = []

    def build(progress: Callable[[str, float], None]) -> None:
        for share in (0.0, 0.5, 1.0):
            progress(f"voice kernels: {share}", share)
            compiled.append(share)

    monkeypatch.setattr("liveaffect.models.voice.descriptors.build_cache", build)
    monkeypatch.setattr("liveaffect.models.voice.descriptors.is_built", lambda: bool(compiled))
    monkeypatch.setattr(default, "model_path", lambda name: name)
    default.require_models(MediaInfo("", "", has_video=True))
    assert compiled == []
    told: list[str] = []
    default.require_models(MediaInfo("", "", has_audio=True), told.append)
    assert [line.partition(": ")[0] for line in told] == ["Once, for this processor"] * 2
    assert "voice kernels: 0.5" in told[1], "a window without a terminal shows how far it is too"
    said = capsys.readouterr().err
    assert compiled == [0.0, 0.5, 1.0]
    assert "once, half a minute on a quiet machine" in said
    assert "voice kernels: 1.0" in said
    default.require_models(MediaInfo("", "", has_audio=True))
    assert capsys.readouterr().err == ""
