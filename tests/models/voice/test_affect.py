"""The voice model through its API: live equals offline, silence is no number, order of arousal on real speech."""

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from made.voices import live

from liveaffect.models.circumplex import COORDINATES, EMOTIONS
from liveaffect.models.errors import BadInput
from liveaffect.models.voice.affect import VoiceAffectModel, VoiceAffectResult
from liveaffect.models.voice.baseline import HALF_S, Piece, VoiceBaseline
from liveaffect.models.voice.descriptors import NAMES
from liveaffect.models.voice.encoder import ENCODED
from liveaffect.models.voice.mel import log_mel
from liveaffect.models.voice.window import SUMMARY_NAMES, SpeechWindow

pytestmark = pytest.mark.long

NUMBERS = ("valence", "arousal", "valence_sd", "arousal_sd")


@pytest.fixture(scope="module")
def actor(shared: Path) -> dict[str, list[np.ndarray]]:
    """Utterances of one RAVDESS actor by label."""
    found: dict[str, list[np.ndarray]] = {}
    with zipfile.ZipFile(shared / "data" / "speech" / "ravdess_actors_01_18.zip") as archive:
        for line in archive.read("manifest.csv").decode().splitlines()[1:]:
            file, label, _, _, speaker, _ = line.split(",")
            if speaker == "16" and label in ("neutral", "calm", "angry"):
                samples, rate = soundfile.read(io.BytesIO(archive.read(file)), dtype="float32")
                assert rate == 16000
                found.setdefault(label, []).append(samples)
    return found


def table(result: VoiceAffectResult) -> np.ndarray:
    return np.column_stack([getattr(result, name) for name in NUMBERS] + [result.emotions])


def mean_arousal(result: VoiceAffectResult) -> float:
    return float(np.nanmean(result.arousal))


def test_rows_come_every_100_ms_and_are_whole_or_nan(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    result = model.predict(actor["angry"][0])
    np.testing.assert_allclose(np.diff(result.t_s), 0.1)
    rows = table(result)
    defined = np.isfinite(rows).all(axis=1)
    assert defined.any()
    assert np.isnan(rows[~defined]).all()
    assert result.undefined == (~defined).sum()
    np.testing.assert_allclose(result.emotions[defined].sum(axis=1), 1.0, atol=1e-5)
    assert (np.abs(rows[defined, :2]) <= 1).all()
    assert (rows[defined, 2:4] > 0).all()


def test_contempt_has_no_data_and_no_probability(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    emotions = model.predict(actor["angry"][0]).emotions
    assert np.nanmax(emotions[:, EMOTIONS.index("contempt")]) < 1e-6


def test_the_live_stream_gives_the_numbers_of_the_whole_signal(
    model: VoiceAffectModel, actor: dict[str, list[np.ndarray]], shared: Path
):
    sound = actor["angry"][0]
    said = live(model, sound, shared)
    whole = model.predict(sound)
    assert any(said)
    for one, valence, emotions in zip(said, whole.valence, whole.emotions, strict=False):
        if one is None:
            assert np.isnan(valence)
        else:
            assert one.valence == pytest.approx(valence, abs=1e-6)
            np.testing.assert_allclose(one.emotions, emotions, atol=1e-6)


def test_two_runs_are_identical(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    first, second = (table(model.predict(actor["calm"][0])) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize("what", ["digital silence", "hiss", "tone"])
def test_what_is_no_speech_gives_no_number(model: VoiceAffectModel, what: str):
    n = np.arange(3 * 16000)
    sound = {
        "digital silence": np.zeros(len(n)),
        "hiss": np.random.default_rng(0).normal(0, 0.01, len(n)),
        "tone": 0.3 * np.sin(2 * np.pi * 440 * n / 16000),
    }[what]
    result = model.predict(sound.astype(np.float32))
    assert len(result) == result.undefined > 25
    assert np.isnan(table(result)).all()


def test_a_sound_shorter_than_a_step_has_no_rows(model: VoiceAffectModel):
    assert len(model.predict(np.zeros(100, np.float32))) == 0


def test_anger_is_more_aroused_than_neutral(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    angry = [mean_arousal(model.predict(sound)) for sound in actor["angry"]]
    calm = [mean_arousal(model.predict(sound)) for sound in actor["neutral"]]
    assert np.mean([a > c for a in angry for c in calm]) >= 0.9


def test_half_a_second_is_judged_less_surely_than_a_sentence(
    model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]
):
    tops = []
    for sound in actor["angry"]:
        emotions = model.predict(sound).emotions
        tops.append(emotions[np.isfinite(emotions[:, 0])].max(axis=1))
    assert np.mean([top[0] for top in tops]) < np.mean([top[-1] for top in tops]) - 0.1


def test_other_rates_and_channels_say_the_same(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    import soxr

    sound = actor["angry"][0]
    there = soxr.resample(sound, 16000, 48000)
    stereo = np.column_stack([there, there])
    assert mean_arousal(model.predict(stereo, 48000)) == pytest.approx(mean_arousal(model.predict(sound)), abs=0.1)


@pytest.mark.parametrize("gain", [0.05, 20.0])
def test_u6_the_volume_moves_nothing(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]], gain: float):
    """Of one window; which hops are speech is the detector's word, and softer sound has fewer of them."""
    rng = np.random.default_rng(2)
    mel = log_mel(actor["neutral"][0])[-200:]
    louder = log_mel(np.float32(gain) * actor["neutral"][0])[-200:]
    said = []
    for rows in (mel, louder):
        window = SpeechWindow()
        for row in rows:
            window.push(rng.normal(size=len(NAMES)), row, 1.0)
        said.append(model.run(window, None))
    assert said[1].arousal == pytest.approx(said[0].arousal, abs=0.02)
    assert said[1].valence == pytest.approx(said[0].valence, abs=0.02)
    np.testing.assert_allclose(said[1].emotions, said[0].emotions, atol=0.03)


def test_what_comes_later_changes_no_earlier_row(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    sound = actor["angry"][0]
    changed = sound.copy()
    changed[24000:] = 0.0
    kept = slice(0, 12)  # descriptors and detector look ahead by less than 300 ms
    np.testing.assert_array_equal(table(model.predict(sound))[kept], table(model.predict(changed))[kept])


def test_the_model_is_asked_twice_a_second(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    rows = table(model.predict(np.concatenate([actor["angry"][0]] * 2)))
    spoken = rows[np.isfinite(rows).all(axis=1)]
    new = 1 + int((np.diff(spoken[:, 0]) != 0).sum())
    assert len(spoken) / 7 <= new <= len(spoken) / 3


def test_valence_is_near_the_place_of_the_distribution(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    for sounds in actor.values():
        said = model.predict(sounds[0])
        place = said.emotions @ COORDINATES
        away = np.abs(np.column_stack([said.valence, said.arousal]) - place)
        assert np.nanmax(away) <= 0.31


def test_a_baseline_counts_the_calm_speech_it_heard(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    baseline = model.baseline(actor["calm"][:4])
    assert 2.0 < baseline.seconds < sum(len(s) for s in actor["calm"][:4]) / 16000
    assert baseline.weight == pytest.approx(baseline.seconds / (baseline.seconds + HALF_S))
    with_it = model.predict(actor["neutral"][0], baseline=baseline)
    assert np.isfinite(with_it.valence).sum() == np.isfinite(model.predict(actor["neutral"][0]).valence).sum()


def test_an_empty_baseline_changes_nothing(model: VoiceAffectModel, actor: dict[str, list[np.ndarray]]):
    empty = model.baseline([np.zeros(16000, np.float32)])
    assert empty.seconds == empty.weight == 0.0
    sound = actor["calm"][0]
    np.testing.assert_array_equal(table(model.predict(sound, baseline=empty)), table(model.predict(sound)))


def test_shouting_does_not_enter_a_baseline():
    n = len(SUMMARY_NAMES)
    calm = Piece(np.zeros(n, np.float32), np.zeros(ENCODED, np.float32), 200, 0.0)
    shout = Piece(np.ones(n, np.float32), np.full(ENCODED, 200.0, np.float32), 200, 0.8)
    baseline = VoiceBaseline.of([calm, calm, calm, shout])
    assert (baseline.seconds, baseline.left_out_s) == (6.0, 2.0)
    np.testing.assert_array_equal(baseline.functionals, 0.0)
    np.testing.assert_array_equal(baseline.encoded, np.zeros(ENCODED))


def test_more_than_one_voice_does_not_enter_a_baseline():
    n = len(SUMMARY_NAMES)
    calm = Piece(np.zeros(n, np.float32), np.zeros(ENCODED, np.float32), 200, 0.1)
    both = Piece(np.ones(n, np.float32), np.full(ENCODED, 200.0, np.float32), 300, 0.1, more_voices=True)
    baseline = VoiceBaseline.of([calm, both, calm])
    assert (baseline.seconds, baseline.left_out_s) == (4.0, 3.0)
    np.testing.assert_array_equal(baseline.encoded, np.zeros(ENCODED))
    nobody = VoiceBaseline.of([both, both])
    assert (nobody.seconds, nobody.left_out_s, nobody.weight, nobody.encoded) == (0.0, 6.0, 0.0, None)


def test_a_lively_voice_has_calm_speech_too():
    row, encoded = np.zeros(len(SUMMARY_NAMES), np.float32), np.zeros(ENCODED, np.float32)
    pieces = [Piece(row, encoded, 300, arousal) for arousal in (0.5, 0.55, 0.62, 0.9)]
    baseline = VoiceBaseline.of(pieces)
    assert (baseline.seconds, baseline.left_out_s) == (9.0, 3.0)


def test_a_short_piece_counts_by_its_length_in_a_baseline():
    n = len(SUMMARY_NAMES)
    pieces = [
        Piece(np.full(n, v, np.float32), np.full(ENCODED, v, np.float32), k, 0.0) for v, k in ((0, 300), (1, 100))
    ]
    baseline = VoiceBaseline.of(pieces)
    assert baseline.functionals is not None
    np.testing.assert_allclose(baseline.functionals, 0.25)
    assert baseline.encoded is not None
    np.testing.assert_allclose(baseline.encoded, np.full(ENCODED, 0.25))


def test_a_baseline_made_by_rules_is_no_baseline_for_the_net(model: VoiceAffectModel):
    by_rules = VoiceBaseline.of([Piece(np.zeros(len(SUMMARY_NAMES), np.float32), None, 300, 0.0)])
    assert by_rules.encoded is None
    with pytest.raises(BadInput, match="made by rules"):
        model.stream(by_rules)


def test_a_baseline_comes_back_from_its_file(tmp_path: Path):
    rng = np.random.default_rng(0)
    functionals = rng.normal(size=len(SUMMARY_NAMES)).astype(np.float32)
    functionals[3] = np.nan
    there = VoiceBaseline(functionals, rng.normal(size=ENCODED).astype(np.float32), 12.5, 1.0)
    there.save(tmp_path / "b.json")
    back = VoiceBaseline.load(tmp_path / "b.json")
    np.testing.assert_array_equal(back.functionals, functionals)
    np.testing.assert_array_equal(back.encoded, there.encoded)
    assert (back.seconds, back.left_out_s) == (12.5, 1.0)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", json.dumps({"functionals": {"x": 1}, "encoded": [], "seconds": 1})]
)
def test_a_file_that_is_no_baseline_is_named(tmp_path: Path, content: str):
    path = tmp_path / "b.json"
    path.write_text(content)
    with pytest.raises(BadInput, match=r"b\.json"):
        VoiceBaseline.load(path)


def test_a_log_mel_row_of_another_length_is_refused(model: VoiceAffectModel):
    with pytest.raises(BadInput, match="80"):
        model.stream().push(np.zeros(len(NAMES)), np.zeros(39), 0.9)
