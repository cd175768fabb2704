"""The speech encoder as committed: against a plain computation with its own weights, and what must not move it."""

import numpy as np
import onnx
import pytest
import scipy  # its parts are loaded where they are used
from onnx import numpy_helper

from liveaffect.models import registry
from liveaffect.models.files.net import Net

pytestmark = pytest.mark.long

RNG = np.random.default_rng(3)
WIDTH, HEADS = 384, 6
FIRST_OF_LAYERS, PER_LAYER = 13, 19
"""Where the constants of the layers begin, in the order the graph names them, and how many a layer has."""


@pytest.fixture(scope="module")
def encoder() -> Net:
    return registry.load("voice-encoder").net


@pytest.fixture(scope="module")
def speech() -> np.ndarray:
    """Rows (300, 80) with the shape of speech: a spectrum that falls, syllables, some noise."""
    t, band = np.arange(300)[:, None], np.arange(80)[None]
    level = -30.0 - 0.4 * band + 12.0 * np.sin(t / 7.0) + 6.0 * np.sin(band / 3.0 + t / 11.0)
    return (level + RNG.normal(0, 3, (300, 80))).astype(np.float32).round(1)


def constants(encoder: Net) -> list[np.ndarray]:
    """In the order of their numbers; eight-bit ones multiplied out."""
    held = {t.name: numpy_helper.to_array(t) for t in onnx.load(encoder.path).graph.initializer}
    found: list[np.ndarray] = []
    for k in range(FIRST_OF_LAYERS + 3 * PER_LAYER):
        whole = held.get(f"c{k}")
        if whole is None:
            whole = held[f"c{k}_quantized"].astype(np.float64) * held[f"c{k}_scale"]
        found.append(whole.astype(np.float64))
    return found


def gelu(x: np.ndarray) -> np.ndarray:
    return 0.5 * x * (1.0 + scipy.special.erf(x / np.sqrt(2.0)))


def norm(x: np.ndarray, gamma: np.ndarray, beta: np.ndarray) -> np.ndarray:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * gamma + beta


def convolved(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    padded = np.pad(x, ((1, 1), (0, 0)))
    rows = [sum(weight[:, :, j] @ padded[i + j] for j in range(3)) + bias for i in range(0, len(x), stride)]
    return gelu(np.array(rows))


def twin(c: list[np.ndarray], rows: np.ndarray) -> np.ndarray:
    """The means (1152,) of a window, in double precision."""
    x = np.maximum(rows.astype(np.float64) - rows.max(), c[1]) * c[2] + c[3]
    x = convolved(convolved(x, c[4], c[5], 1), c[6], c[7], 2)
    x = x + c[10][: len(x)]
    means = []
    for first in range(FIRST_OF_LAYERS, FIRST_OF_LAYERS + 3 * PER_LAYER, PER_LAYER):
        k = c[first : first + PER_LAYER]
        inner = norm(x, k[0], k[1])
        q, key, value = ((inner @ k[i] + k[i + 1]).reshape(len(x), HEADS, -1).transpose(1, 0, 2) for i in (3, 5, 7))
        score = q @ key.transpose(0, 2, 1)
        score = np.exp(score - score.max(-1, keepdims=True))
        seen = score / score.sum(-1, keepdims=True) @ value
        x = x + seen.transpose(1, 0, 2).reshape(len(x), WIDTH) @ k[10] + k[11]
        x = x + gelu(norm(x, k[12], k[13]) @ k[14] + k[15]) @ k[16] + k[17]
        means.append(x.mean(axis=0))
    return np.concatenate(means)


def encoded(encoder: Net, rows: np.ndarray) -> np.ndarray:
    return encoder.run({"rows": rows[None]})[0][0]


@pytest.mark.parametrize("n", [40, 151, 300])
def test_the_net_computes_what_a_plain_computation_does(encoder: Net, speech: np.ndarray, n: int):
    """Within what eight bits leave: the answer's own deviation is 0.5 to 0.9."""
    expected, got = twin(constants(encoder), speech[:n]), encoded(encoder, speech[:n])
    assert got.shape == (3 * WIDTH,)
    for layer in np.split(np.arange(3 * WIDTH), 3):
        assert np.corrcoef(expected[layer], got[layer])[0, 1] > 0.998
        assert np.sqrt(np.mean((expected[layer] - got[layer]) ** 2)) < 0.06 * expected[layer].std()


@pytest.mark.parametrize("gain_db", [-26.0, 26.0])
def test_the_level_moves_nothing(encoder: Net, speech: np.ndarray, gain_db: float):
    same, moved = encoded(encoder, speech), encoded(encoder, speech + np.float32(gain_db))
    np.testing.assert_allclose(moved, same, atol=0.01)


def test_the_same_rows_give_the_same_bits(encoder: Net, speech: np.ndarray):
    first = encoded(encoder, speech)
    encoded(encoder, speech[:77])
    np.testing.assert_array_equal(encoded(encoder, speech), first)
