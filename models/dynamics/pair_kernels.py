"""Compiled filter of two people whose affect moves each other's: innovations of both, with their variances.

    d x = A x dt + L dW    A = [[-a1, c12], [c21, -a2]]

A value is the mean over its block of m + x(t) + e(t) + w, as for one person (`kernels`).
"""
# pyright: basic

import math

import numpy as np

from liveaffect.models.dynamics.jit import kernel


@kernel
def pair_innovations(y, noise, block_s, drift, diffusion, start, error, white, lasts_s):
    """Filters two series at once.

    Parameters
    ----------
    y, noise: (n, 2) means of blocks less the level, NaN where missing; relative variances of their errors.
    drift: A (2, 2) in 1/s; diffusion: L L' (2, 2) per second; start: variances before the first block (2,).
    error, white: variance of the error and its share that is new in every block (2,); lasts_s: time constant (2,).

    Returns
    -------
    (n, 4): the innovation of the first and of the second given the first, and their variances; 0 where missing.
    """
    n = y.shape[0]
    out = np.zeros((n, 4))
    step, cov = _over_block(drift, diffusion, block_s)
    # rows: x1 x2 e1 e2 at the block's end, then what the block's two means hold of them; columns: at its start
    f = np.zeros((6, 4))
    q = np.zeros((6, 6))
    for i in range(2):
        for j in range(2):
            f[i, j] = step[i, j]
            f[4 + i, j] = step[2 + i, j] / block_s
            q[i, j] = cov[i, j]
            q[i, 4 + j] = cov[i, 2 + j] / block_s
            q[4 + i, j] = cov[2 + i, j] / block_s
            q[4 + i, 4 + j] = cov[2 + i, 2 + j] / block_s**2
    p = np.zeros((4, 4))
    mean_weight = np.empty(2)
    mean_var = np.empty(2)
    mean_end = np.empty(2)
    for i in range(2):
        lag = block_s / lasts_s[i]
        keep = math.exp(-lag)
        s = error[i] * (1.0 - white[i])
        f[2 + i, 2 + i] = keep
        q[2 + i, 2 + i] = s * (1.0 - keep * keep)
        weight = -math.expm1(-lag) / lag
        mean_weight[i] = weight
        mean_var[i] = s * (2.0 * (lag + math.expm1(-lag)) / (lag * lag) - weight * weight)
        mean_end[i] = s * weight * (1.0 - keep)
        p[i, i] = start[i]
        p[2 + i, 2 + i] = s
    m = np.zeros(4)
    z = np.zeros(6)
    t = np.zeros((6, 4))
    c = np.zeros((6, 6))
    for k in range(n):
        for i in range(2):
            scale = math.sqrt(noise[k, i])
            f[4 + i, 2 + i] = scale * mean_weight[i]
            q[4 + i, 2 + i] = scale * mean_end[i]
            q[2 + i, 4 + i] = scale * mean_end[i]
        for i in range(6):
            z[i] = 0.0
            for j in range(4):
                z[i] += f[i, j] * m[j]
                total = 0.0
                for h in range(4):
                    if f[i, h] != 0.0:
                        total += f[i, h] * p[h, j]
                t[i, j] = total
        for i in range(6):
            for j in range(i + 1):
                total = q[i, j]
                for h in range(4):
                    if f[j, h] != 0.0:
                        total += t[i, h] * f[j, h]
                c[i, j] = total
                c[j, i] = total
        for i in range(2):
            c[4 + i, 4 + i] += noise[k, i] * mean_var[i]
        for i in range(2):
            if math.isnan(y[k, i]):
                continue
            o = 4 + i
            var = c[o, o] + noise[k, i] * error[i] * white[i]
            v = y[k, i] - z[o]
            out[k, i] = v
            out[k, 2 + i] = var
            for a in range(6):
                g = c[a, o] / var
                z[a] += g * v
                for b in range(6):
                    t_ab = g * c[o, b]
                    if b != o and a != o:
                        c[a, b] -= t_ab
            for a in range(6):  # the row and column of what was seen, last: the loop above reads them
                if a != o:
                    left = c[a, o] * (1.0 - c[o, o] / var)
                    c[a, o] = left
                    c[o, a] = left
            c[o, o] *= 1.0 - c[o, o] / var
        for i in range(4):
            m[i] = z[i]
            for j in range(4):
                p[i, j] = c[i, j]
    return out


@kernel
def _over_block(drift, diffusion, block_s):
    """Transition (4, 4) and covariance of x and its integral over a block: a series over a short time, doubled."""
    m = np.zeros((4, 4))
    d = np.zeros((4, 4))
    m[:2, :2] = drift
    m[2, 0] = 1.0
    m[3, 1] = 1.0
    d[:2, :2] = diffusion
    h = block_s / 64.0
    m2 = _product(m, m)
    step = np.eye(4) + m * h + m2 * (h * h / 2.0) + _product(m2, m) * (h**3 / 6.0)
    md = _product(m, d)
    mdm = _product(md, m.T)
    m2d = _product(m, md)
    cov = d * h + (md + md.T) * (h * h / 2.0) + (m2d + m2d.T + 2.0 * mdm) * (h**3 / 6.0)
    for _ in range(6):
        cov = _product(_product(step, cov), step.T) + cov
        step = _product(step, step)
    return step, cov


@kernel
def _product(a, b):
    c = np.zeros((4, 4))
    for i in range(4):
        for j in range(4):
            for k in range(4):
                c[i, j] += a[i, k] * b[k, j]
    return c
