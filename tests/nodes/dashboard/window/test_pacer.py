"""Under overload the picture slows first, then the plots, and it is said; calm brings both back."""

from liveaffect.nodes.dashboard.window.pacer import CALM_ROUNDS, LEVELS, Pacer

LATE, CALM = [80.0] * 15, [1.0] * 15


def test_everything_is_painted_and_nothing_is_said_while_there_is_time() -> None:
    pacer = Pacer()
    assert not pacer.judge(CALM)
    assert (pacer.image_hz, pacer.plot_hz, pacer.words) == (30, 15, "")


def test_the_picture_slows_first_then_the_plots() -> None:
    pacer = Pacer()
    paces = [(pacer.image_hz, pacer.plot_hz)]
    while pacer.judge(LATE):
        paces.append((pacer.image_hz, pacer.plot_hz))
    assert paces == list(LEVELS)
    first_plots = next(i for i, (_, plots) in enumerate(paces) if plots < 15)
    assert all(image < 30 for image, _ in paces[1:])
    assert paces[first_plots - 1][0] < 30


def test_it_says_what_it_paints() -> None:
    pacer = Pacer()
    pacer.judge(LATE)
    assert pacer.words == "busy computer: picture 15 a second"
    for _ in range(3):
        pacer.judge(LATE)
    assert pacer.words == "busy computer: picture 4, plots 4 a second"


def test_calm_brings_it_back_step_by_step() -> None:
    pacer = Pacer()
    for _ in LEVELS:
        pacer.judge(LATE)
    for _ in range(CALM_ROUNDS * (len(LEVELS) - 1)):
        pacer.judge(CALM)
    assert pacer.level == 0


def test_one_late_timer_is_no_overload() -> None:
    pacer = Pacer()
    assert not pacer.judge([*CALM[:-1], 90.0])
    assert pacer.level == 0


def test_a_window_that_did_nothing_is_not_judged() -> None:
    assert not Pacer().judge([])
