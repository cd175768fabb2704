"""The face node on real clips and on a photograph held before the camera."""

from typing import Any

import pytest

pytestmark = pytest.mark.processes

EYES = (
    *("eye_yaw_deg", "eye_pitch_deg", "gaze_yaw_deg", "gaze_pitch_deg", "gaze_sd_deg", "gaze_pitch_sd_deg"),
    *("eye_open_left", "eye_open_right", "distance_m", "distance_sd_m"),
)
NUMBERS = ("blendshapes", "au", "yaw_deg", "pitch_deg", "roll_deg", "mouth_motion", *EYES)
GRID = "grid_f_brbk7n.mpg"
TWO = "intel_head-pose-face-detection-female-and-male.gif"
Said = dict[str, Any]


def states(run: Said) -> list[str]:
    return [o["state"] for o in run["observations"]]


def faces(run: Said) -> list[Said]:
    return [face for o in run["observations"] for face in o["faces"]]


def ids(run: Said) -> set[int]:
    return {face["id"] for face in faces(run)}


def test_mediapipe_is_loaded_only_when_the_node_is_opened(said: Said) -> None:
    assert said["mediapipe_before"] is False


def test_mediapipes_chatter_is_kept_off_the_terminal(said: Said) -> None:
    assert said["stderr"] == ""


def test_a_talking_face_is_ok_in_nine_frames_of_ten_though_its_width_is_not_aligned(clip: Said) -> None:
    found = states(clip[GRID])
    assert len(found) == 75
    assert found.count("ok") >= 0.9 * 75
    assert ids(clip[GRID]) == {0}


def test_the_first_four_frames_of_a_face_are_low_quality(clip: Said) -> None:
    for name in (GRID, TWO, "intel_head-pose-face-detection-male.gif"):
        assert states(clip[name])[:5] == ["low_quality"] * 4 + ["ok"]


def test_where_there_is_no_face_there_is_no_number(clip: Said) -> None:
    run = clip["pyfeat_face_noface.mov"]
    assert states(run).count("no_face") > 60
    assert states(run).count("ok") > 60
    for face in faces(run):
        present = [face[name] is not None for name in NUMBERS[:5]]
        assert all(present) if face["state"] == "ok" else not any(present)
    for mesh_of_frame, _, _ in run["meshes"]:
        assert states(run)[mesh_of_frame] == "ok"


def test_an_animal_cartoon_shows_no_face(clip: Said) -> None:
    run = clip["pyfeat_no_face_caminandes.mp4"]
    assert set(states(run)) == {"no_face"}
    assert faces(run) == []


def test_two_people_keep_two_ids_over_the_clip(clip: Said) -> None:
    assert ids(clip[TWO]) == {0, 1}
    for o in clip[TWO]["observations"]:
        left, right = sorted(o["faces"], key=lambda face: face["box"][0])
        assert (left["id"], right["id"]) == _first_order(clip[TWO])


def _first_order(run: Said) -> tuple[int, int]:
    left, right = sorted(run["observations"][0]["faces"], key=lambda face: face["box"][0])
    return left["id"], right["id"]


def test_one_face_is_followed_where_only_one_is_asked_for(said: Said, clip: Said) -> None:
    assert ids(said["alone"]) == {0}


def test_two_runs_are_identical_to_the_bit(said: Said, clip: Said) -> None:
    for name, again in said["again"].items():
        assert again["digest"] == clip[name]["digest"]


def test_reading_the_structs_gives_what_the_public_call_gives(said: Said, clip: Said) -> None:
    assert said["read_alike"] is True


def test_heads_that_look_away_from_each_other_have_opposite_yaws(clip: Said) -> None:
    """At the start the woman, on the left, looks out of the picture to the left, the man to the right."""
    left, right = sorted(clip[TWO]["observations"][4]["faces"], key=lambda face: face["box"][0])
    assert left["yaw_deg"] < -10
    assert right["yaw_deg"] > left["yaw_deg"] + 10


def test_heads_that_tilt_to_the_left_of_the_image_have_a_positive_roll(clip: Said) -> None:
    assert all(face["roll_deg"] > 20 for face in clip[TWO]["observations"][-1]["faces"])


def test_a_toothy_smile_is_a_strong_lip_corner_puller(clip: Said) -> None:
    run = clip["intel_head-pose-face-detection-male.gif"]
    assert max(face["au"][8] for face in faces(run) if face["au"]) > 4


def test_a_blink_closes_the_eyes_for_a_moment(clip: Said) -> None:
    run = [o["faces"][0]["au"] for o in clip[GRID]["observations"] if o["faces"][0]["au"]]
    blink = [au[21] > 2 for au in run]
    assert 1 <= sum(blink) < 20
    assert all(au[20] > 2 for au, closed in zip(run, blink, strict=True) if closed)


def test_a_blink_closes_both_eyes_which_then_look_nowhere(clip: Said) -> None:
    run = [o["faces"][0] for o in clip[GRID]["observations"] if o["faces"][0]["state"] == "ok"]
    blink = [face["au"][21] > 2 for face in run]
    shut = [max(face["eye_open_left"], face["eye_open_right"]) for face, b in zip(run, blink, strict=True) if b]
    wide = [min(face["eye_open_left"], face["eye_open_right"]) for face, b in zip(run, blink, strict=True) if not b]
    assert max(shut) < sorted(wide)[len(wide) // 2]
    assert all((face["gaze_yaw_deg"] is None) == (face["gaze_sd_deg"] is None) for face in run)


def test_who_looks_into_the_camera_has_it_within_the_deviation_and_a_talkers_distance(clip: Said) -> None:
    run = [o["faces"][0] for o in clip[GRID]["observations"] if o["faces"][0]["state"] == "ok"]
    for axis, spread in (("gaze_yaw_deg", "gaze_sd_deg"), ("gaze_pitch_deg", "gaze_pitch_sd_deg")):
        said = [(face[axis], face[spread]) for face in run if face[axis] is not None]
        assert len(said) > 0.7 * len(run)
        assert sum(abs(angle) < 2 * sd for angle, sd in said) > 0.9 * len(said)
    assert all(0.2 < face["distance_m"] < 3 for face in run)
    assert all(0 < face["distance_sd_m"] < face["distance_m"] for face in run)


def test_a_talking_mouth_moves_more_than_a_smiling_one(clip: Said) -> None:
    def typical(name: str) -> float:
        found = sorted(f["mouth_motion"] for f in faces(clip[name]) if f["mouth_motion"] is not None)
        assert found
        assert found[0] >= 0
        return found[len(found) // 2]

    assert typical(GRID) > 3 * typical("intel_head-pose-face-detection-male.gif")


def test_a_flicker_of_one_frame_keeps_the_id_and_has_no_numbers(said: Said) -> None:
    run = said["portrait"]["flicker"]
    assert states(run) == ["low_quality"] * 4 + ["ok"] * 6 + ["no_face"] + ["low_quality"] * 4 + ["ok"] * 4
    assert ids(run) == {0}
    (missed,) = run["observations"][10]["faces"]
    assert all(missed[name] is None for name in NUMBERS)


def test_a_face_that_comes_back_after_more_than_a_second_is_known_again_once_it_was_looked_at(said: Said) -> None:
    run = said["portrait"]["away"]
    assert [o["faces"][0]["id"] if o["faces"] else None for o in run["observations"]] == (
        [0] * 8 + [0] * 30 + [None] * 6 + [1] * 4 + [0] * 4
    )
    assert states(run)[44:] == ["low_quality"] * 4 + ["ok"] * 4


def test_a_film_of_one_frame_in_ten_seconds_has_numbers_from_its_second_frame_on(said: Said) -> None:
    run = said["portrait"]["slow"]
    assert states(run) == ["low_quality"] + ["ok"] * 3 + ["no_face"] + ["ok"] * 3
    assert [[f["id"] for f in o["faces"]] for o in run["observations"]] == [[0]] * 4 + [[]] + [[1]] * 3
    third, fourth = (o["faces"][0] for o in run["observations"][2:4])
    assert third["blendshapes"] == fourth["blendshapes"]
    assert third["mouth_motion"] is None


def test_frames_far_apart_because_others_were_dropped_are_photographs_every_other_time(said: Said) -> None:
    """Were all of them, which take longest, a machine that once had no time would never find any again."""
    run = said["portrait"]["overload"]
    assert states(run) == ["low_quality", "ok"] * 3
    assert ids(run) == {0}


def test_after_a_pause_a_face_keeps_its_id_and_settles_again(said: Said) -> None:
    run = said["portrait"]["pause"]
    assert ids(run) == {0}
    assert states(run) == (["low_quality"] * 4 + ["ok"] * 4) + (["ok"] + ["low_quality"] * 3 + ["ok"] * 4)


def test_a_gap_starts_everything_anew(said: Said) -> None:
    assert [f["id"] for f in faces(said["portrait"]["gap"])] == [0] * 8 + [1] * 8


def test_frames_back_in_time_are_counted_and_answered_with_stale(said: Said) -> None:
    run = said["portrait"]["back"]
    assert states(run)[8:] == ["ok", "stale", "stale", "ok"]
    assert run["backwards"] == 2


def test_a_camera_without_pictures_is_told_as_such(said: Said) -> None:
    assert states(said["portrait"]["no_device"])[-1] == "no_device"


def test_rows_with_padding_are_read_as_if_there_were_none(said: Said) -> None:
    assert said["portrait"]["strided"]["digest"] == said["portrait"]["contiguous"]["digest"]


def test_a_face_in_the_dark_is_low_quality_and_says_why(said: Said) -> None:
    last = faces(said["portrait"]["dark"])[-1]
    assert last["state"] == "low_quality"
    assert "dark" in last["reason"]
    assert last["au"] is None


def test_a_face_cut_off_by_the_edge_is_occluded(said: Said) -> None:
    assert {f["state"] for f in faces(said["portrait"]["cut"])} == {"occluded"}


def test_a_face_that_lies_on_its_side_is_low_quality_and_says_why(said: Said) -> None:
    run = said["portrait"]["lying"]
    assert "ok" not in states(run)
    assert {face["reason"] for face in faces(run)[-10:]} == {"lying on its side"}


def test_a_masked_mouth_is_occluded_and_says_so(said: Said) -> None:
    run = said["portrait"]["masked"]
    assert states(run)[4:6] == ["ok", "ok"]
    assert states(run)[-4:] == ["occluded"] * 4
    last = faces(run)[-1]
    assert "mouth covered" in last["reason"]
    assert all(last[name] is None for name in NUMBERS)


def test_a_second_person_comes_and_goes_without_a_trace_on_the_first(said: Said) -> None:
    run = said["portrait"]["visit"]
    first = [next(f for f in o["faces"] if f["id"] == 0)["state"] for o in run["observations"]]
    assert first == ["low_quality"] * 4 + ["ok"] * 136
    second = [i for i, o in enumerate(run["observations"]) if any(f["id"] == 1 and f["box"] for f in o["faces"])]
    assert 20 <= second[0] <= 20 + 16 + 4
    assert second[-1] == 59
    assert ids(run) == {0, 1}


def test_each_photograph_is_settled_by_itself(said: Said) -> None:
    first, empty, second = said["stills"]["observations"]
    assert [first["state"], empty["state"], second["state"]] == ["ok", "no_face", "ok"]
    assert first["faces"][0]["blendshapes"] == second["faces"][0]["blendshapes"]
    assert first["faces"][0]["id"] != second["faces"][0]["id"]


@pytest.mark.parametrize("size", ["361 high", "722x601", "portrait", "8k"])
def test_a_frame_of_an_odd_size_shows_its_face(said: Said, size: str) -> None:
    assert states(said["sizes"][size])[-1] == "ok"


@pytest.mark.parametrize("size", ["1x1", "1 wide"])
def test_a_frame_too_small_for_a_face_shows_none(said: Said, size: str) -> None:
    assert set(states(said["sizes"][size])) == {"no_face"}


def test_every_face_has_its_row_of_crops(clip: Said) -> None:
    for run in (clip[TWO], clip["pyfeat_face_noface.mov"]):
        for (rows, crops, state), o in zip(run["crops"], run["observations"], strict=True):
            assert rows == crops == len(o["faces"])
            assert state == o["state"]
