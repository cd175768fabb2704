"""Compiled likelihoods of affect that moves as an Ornstein-Uhlenbeck process and is seen with noise of its own memory.

One person, in units of the process's variance (Kalman 1960; means by generalised least squares, so that the likelihood
is the restricted one of Harville 1974): a value is the mean over its block of

    m + x(t) + e(t) + w      x, e: Ornstein-Uhlenbeck processes, w: new in every block

`x` is the affect, `e` the passing error of a net, which lasts some tenths of a second. Means over blocks are taken
exactly (a block's mean and the process at its end are jointly normal given the process at its start): taken as points,
their smoothness would pass for inertia.
"""
# pyright: basic

import math

import numpy as np

from liveaffect.models.dynamics.jit import kernel


@kernel
def ou_sums(y, steps, noise, lag, jitter, ratio, white, lag_error):
    """Filters one series for every row of the grid.

    Parameters
    ----------
    y: means of blocks (n,), finite; steps: blocks since the value before, 1 for neighbours (n,); the first is ignored.
    noise: relative variance of each value's error (n,), mean about 1.
    lag, ratio: block length over the time constant of `x`, and variance of the error over that of `x` (g,).
    jitter: what the mean over a block's few frames varies beyond the mean over the whole block, of the variance of `x`.
    white: share of the error's variance that is new in every block (g,).
    lag_error: block length over the time constant of the rest.

    Returns
    -------
    (g, 4): sum of log variances, and the sums of y y, y 1 and 1 1 in the metric of the innovations.
    """
    grid = lag.shape[0]
    n = y.shape[0]
    sums = np.empty((grid, 4))
    b, d1, own1, both1 = _block(lag_error)
    for g in range(grid):
        a, d0, own0, both0 = _block(lag[g])
        s = (1.0 - white[g]) * ratio[g]
        r = white[g] * ratio[g]
        m0 = 0.0  # means of x and e at the end of the last block given y, and given a series of ones
        m1 = 0.0
        u0 = 0.0
        u1 = 0.0
        p00 = 1.0
        p01 = 0.0
        p11 = s
        logs = 0.0
        yy = 0.0
        y1 = 0.0
        ones = 0.0
        for k in range(n):
            if k > 0 and steps[k] > 1:  # to the start of this block
                f, h = a ** (steps[k] - 1), b ** (steps[k] - 1)
                m0 *= f
                u0 *= f
                m1 *= h
                u1 *= h
                p00 = f * f * p00 + 1.0 - f * f
                p01 = f * h * p01
                p11 = h * h * p11 + (1.0 - h * h) * s
            c = math.sqrt(noise[k])
            c1 = c * d1
            i0 = d0 * p00 + c1 * p01
            i1 = d0 * p01 + c1 * p11
            var = d0 * i0 + c1 * i1 + own0 + jitter[g] + c * c * (s * own1 + r)
            v = y[k] - d0 * m0 - c1 * m1
            d = 1.0 - d0 * u0 - c1 * u1
            i0 = a * i0 + both0
            i1 = b * i1 + c * s * both1
            g0 = i0 / var
            g1 = i1 / var
            m0 = a * m0 + g0 * v
            m1 = b * m1 + g1 * v
            u0 = a * u0 + g0 * d
            u1 = b * u1 + g1 * d
            p00 = a * a * p00 + 1.0 - a * a - g0 * i0
            p01 = a * b * p01 - g0 * i1
            p11 = b * b * p11 + (1.0 - b * b) * s - g1 * i1
            logs += math.log(var)
            yy += v * v / var
            y1 += v * d / var
            ones += d * d / var
        sums[g, 0] = logs
        sums[g, 1] = yy
        sums[g, 2] = y1
        sums[g, 3] = ones
    return sums


@kernel
def _block(lag):
    """Over one block of a process of unit variance: its correlation, the weight of its start in the block's mean, the
    variance of that mean given the start, and its covariance with the process at the end given the start."""
    a = math.exp(-lag)
    if lag < 1e-3:  # series: differences of numbers near 1 lose their digits
        weight = 1.0 - lag / 2.0 + lag * lag / 6.0
        own = lag * (2.0 / 3.0 - lag / 2.0)
    else:
        weight = -math.expm1(-lag) / lag
        own = 2.0 * (lag + math.expm1(-lag)) / (lag * lag) - weight * weight
    return a, weight, own, weight * (1.0 - a)
