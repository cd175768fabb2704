"""The running mean of a voice: what it holds, how far it is believed, what it forgets."""

import numpy as np
import pytest

from liveaffect.models.voice.usual import HALF_S, MOST_S, Usual

RNG = np.random.default_rng(5)


def test_it_is_the_mean_of_what_was_heard():
    heard = RNG.normal(size=(40, 6)).astype(np.float32)
    usual = Usual(6)
    for row in heard:
        usual.add(row, 0.5)
    np.testing.assert_allclose(usual.mean, heard.mean(axis=0), atol=1e-5)
    assert usual.weight == pytest.approx(20.0 / (20.0 + HALF_S))


def test_nothing_heard_is_not_believed():
    usual = Usual(3)
    assert usual.weight == 0.0
    usual.add(np.ones(3, np.float32), 0.5)
    usual.reset()
    assert usual.weight == 0.0
    np.testing.assert_array_equal(usual.mean, np.zeros(3))


def test_after_minutes_it_follows_another_voice():
    usual = Usual(1)
    for value in (0.0, 1.0):
        for _ in range(int(MOST_S)):
            usual.add(np.full(1, value, np.float32), 1.0)
    assert usual.seconds == pytest.approx(MOST_S)
    assert 0.6 < float(usual.mean[0]) < 0.65, "1 - 1/e after as long again"
