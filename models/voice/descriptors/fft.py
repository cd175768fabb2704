"""Fourier transform of real frames whose length is a power of two (numba has none)."""
# pyright: basic

from liveaffect.models.voice.descriptors.jit import kernel


@kernel
def power_spectrum(frame, twiddle, work, out):
    """Write |FFT(frame)|^2 of bins 0..n/2 into `out`.

    frame: float64 (n,), n a power of two >= 8; twiddle: `constants.twiddles(n)`; work: float64 (4, n/2) scratch;
    out: float64 (n/2 + 1,). The even samples become the real and the odd ones the imaginary part of one complex
    transform of n/2 points (Stockham autosort, radix 4), then the two halves are untangled.
    """
    n = frame.shape[0]
    half = n // 2
    for k in range(half):
        work[0, k] = frame[2 * k]
        work[1, k] = frame[2 * k + 1]
    a = _stockham(work, half, twiddle)
    re = work[a]
    im = work[a + 1]
    out[0] = (re[0] + im[0]) ** 2
    out[half] = (re[0] - im[0]) ** 2
    cos = twiddle[0]
    sin = twiddle[1]
    for k in range(1, half):
        er = 0.5 * (re[k] + re[half - k])
        ei = 0.5 * (im[k] - im[half - k])
        fr = 0.5 * (im[k] + im[half - k])
        fi = -0.5 * (re[k] - re[half - k])
        xr = er + cos[k] * fr - sin[k] * fi
        xi = ei + cos[k] * fi + sin[k] * fr
        out[k] = xr * xr + xi * xi


@kernel
def _stockham(work, size, twiddle):
    """Complex transform of rows 0 (real) and 1 (imaginary); returns the row where the result's real part lies."""
    cos = twiddle[0]
    sin = twiddle[1]
    scale = twiddle.shape[1] // size
    a = 0
    left = size
    stride = 1
    while left >= 4:
        m = left // 4
        b = 2 - a
        xr = work[a]
        xi = work[a + 1]
        yr = work[b]
        yi = work[b + 1]
        for p in range(m):
            k = p * stride * scale
            w1r = cos[k]
            w1i = sin[k]
            w2r = cos[2 * k]
            w2i = sin[2 * k]
            w3r = cos[3 * k]
            w3i = sin[3 * k]
            i0 = stride * p
            i1 = i0 + stride * m
            i2 = i1 + stride * m
            i3 = i2 + stride * m
            o = 4 * i0
            for q in range(stride):
                ar = xr[i0 + q] + xr[i2 + q]
                ai = xi[i0 + q] + xi[i2 + q]
                br = xr[i0 + q] - xr[i2 + q]
                bi = xi[i0 + q] - xi[i2 + q]
                cr = xr[i1 + q] + xr[i3 + q]
                ci = xi[i1 + q] + xi[i3 + q]
                dr = xr[i1 + q] - xr[i3 + q]
                di = xi[i1 + q] - xi[i3 + q]
                yr[o + q] = ar + cr
                yi[o + q] = ai + ci
                er = br + di
                ei = bi - dr
                yr[o + stride + q] = er * w1r - ei * w1i
                yi[o + stride + q] = er * w1i + ei * w1r
                er = ar - cr
                ei = ai - ci
                yr[o + 2 * stride + q] = er * w2r - ei * w2i
                yi[o + 2 * stride + q] = er * w2i + ei * w2r
                er = br - di
                ei = bi + dr
                yr[o + 3 * stride + q] = er * w3r - ei * w3i
                yi[o + 3 * stride + q] = er * w3i + ei * w3r
        a = b
        left = m
        stride *= 4
    if left == 2:
        b = 2 - a
        for q in range(stride):
            work[b, q] = work[a, q] + work[a, q + stride]
            work[b + 1, q] = work[a + 1, q] + work[a + 1, q + stride]
            work[b, q + stride] = work[a, q] - work[a, q + stride]
            work[b + 1, q + stride] = work[a + 1, q] - work[a + 1, q + stride]
        a = b
    return a
