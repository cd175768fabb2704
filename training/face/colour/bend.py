"""PReLU and its gradients as one pass each over memory: torch's own take a fifth of a training step."""

from typing import Any

import numba
import numpy as np
import torch


class Bend(torch.autograd.Function):
    """`Bend.apply(x, slope)`: PReLU of (n, c, h, w) with slopes (c,)."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
        x = x.contiguous(memory_format=torch.channels_last)
        ctx.save_for_backward(x, slope)
        return bend(x, slope)

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        x, slope = ctx.saved_tensors
        wanted = given[0].contiguous(memory_format=torch.channels_last)
        back, of_slope = torch.empty_like(x), np.zeros(len(slope), np.float32)
        _back(_rows(x), slope.detach().numpy(), _rows(wanted), _rows(back), of_slope)
        return back, torch.from_numpy(of_slope)


def bend(x: torch.Tensor, slope: torch.Tensor) -> torch.Tensor:
    """The same without gradients; `x` in channels_last."""
    out = torch.empty_like(x)
    _ahead(_rows(x), slope.detach().numpy(), _rows(out))
    return out


def _rows(x: torch.Tensor) -> np.ndarray:
    return x.detach().permute(0, 2, 3, 1).numpy().reshape(-1, x.shape[1])


@numba.njit(cache=True, nogil=True, fastmath=True)
def _ahead(x, slope, out):
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            v = x[i, c]
            out[i, c] = max(v, np.float32(0)) + slope[c] * min(v, np.float32(0))


@numba.njit(cache=True, nogil=True, fastmath=True)
def _back(x, slope, wanted, back, of_slope):
    for i in range(x.shape[0]):
        for c in range(x.shape[1]):
            v, g = x[i, c], wanted[i, c]
            back[i, c] = g if v > 0 else g * slope[c]
            of_slope[c] += g * min(v, np.float32(0))
