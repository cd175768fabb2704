"""Multinomial logistic regression whose examples may allow few categories, or be known to be one of several."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
_NEVER = np.float32(-1e4)


def fit_softmax(x: Floats, wanted: Bools, allowed: Bools, weight: Floats, l2: float, rounds: int = 40) -> Floats:
    """Weights (m + 1, k), the last row the biases, that minimise the weighted surprise plus `l2` times their squares.

    x (n, m) standardised; wanted (n, k): the categories an example may be of; allowed (n, k): those it is told apart
    from, which hold the wanted ones; weight (n,), made to sum to one. The biases are free.
    """
    m = x.shape[1]
    k = wanted.shape[1]
    weight = (weight / weight.sum()).astype(np.float32)
    l2 = l2 / 384  # per weight of a layer; the same for however many directions are kept
    inside, among = np.where(wanted, np.float32(0), _NEVER), np.where(allowed, np.float32(0), _NEVER)

    def cost(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        w = flat.reshape(m + 1, k).astype(np.float32)
        z = x @ w[:-1] + w[-1]
        all_p, all_log = _softmax(z + among)
        own_p, own_log = _softmax(z + inside)
        pull = (all_p - own_p) * weight[:, None]
        slope = np.empty((m + 1, k))
        slope[:-1] = x.T @ pull + 2 * l2 * w[:-1]
        slope[-1] = pull.sum(axis=0)
        return float((all_log - own_log) @ weight + l2 * np.square(w[:-1]).sum()), slope.ravel()

    found = minimize(cost, np.zeros((m + 1) * k), jac=True, method="L-BFGS-B", options={"maxiter": rounds})
    return found.x.reshape(m + 1, k).astype(np.float32)


def _softmax(z: Floats) -> tuple[Floats, Floats]:
    """Probabilities (n, k) and the logarithm (n,) of their sum before division."""
    top = z.max(axis=1, keepdims=True)
    e = np.exp(z - top)
    total = e.sum(axis=1, keepdims=True)
    return e / total, (np.log(total) + top)[:, 0]
