"""Pitch track: the cheapest path through the candidates of successive hops, decided after a fixed look-ahead."""
# pyright: basic

import numpy as np

from liveaffect.models.voice.descriptors.constants import CANDIDATES
from liveaffect.models.voice.descriptors.jit import kernel

UNVOICED = CANDIDATES
STATES = CANDIDATES + 1


class Costs:
    """Weights of the path's cost, fitted to the reference's decisions on development speakers."""

    THRESHOLD = 0.698
    """Voicing strength at which voiced and unvoiced cost the same."""
    STRENGTH = 40.0
    """Cost per unit of voicing strength away from the threshold."""
    RANK = 12.0
    """Cost per unit of strength a candidate lacks to the best one."""
    SWITCH = 0.5
    """Cost of going from voiced to unvoiced or back."""
    JUMP = 2.0
    """Cost per octave between successive pitches."""


_THRESHOLD = Costs.THRESHOLD
_STRENGTH = Costs.STRENGTH
_RANK = Costs.RANK
_SWITCH = Costs.SWITCH
_JUMP = Costs.JUMP


@kernel
def extend(cost, log2_hz, strength, found, before_log2_hz, before_found, first, back, work):
    """Extend every path by one hop.

    cost: float64 (7,), running cost of the best path into each state (0..5 candidates, 6 unvoiced), updated;
    log2_hz, strength, found: this hop's `pitch.candidates`; before_*: those of the hop before; first: no hop before;
    back: int8 (7,) output, the state each path came from; work: float64 (7,) scratch.
    """
    best = strength[0] if found > 0 else 0.0
    for s in range(STATES):
        voiced = s < UNVOICED
        if voiced and s >= found:
            work[s] = np.inf
            back[s] = UNVOICED
            continue
        if voiced:
            local = _STRENGTH * max(_THRESHOLD - strength[s], 0.0) + _RANK * (best - strength[s])
        else:
            local = _STRENGTH * max(best - _THRESHOLD, 0.0)
        if first:
            work[s] = local
            back[s] = UNVOICED
            continue
        low = cost[UNVOICED] + (_SWITCH if voiced else 0.0)
        origin = UNVOICED
        for p in range(before_found):
            step = _JUMP * abs(log2_hz[s] - before_log2_hz[p]) if voiced else _SWITCH
            if cost[p] + step < low:
                low = cost[p] + step
                origin = p
        work[s] = low + local
        back[s] = origin
    # Only differences matter: taking the least one off keeps hours of audio within range.
    least = np.inf
    for s in range(STATES):
        least = min(least, work[s])
    for s in range(STATES):
        cost[s] = work[s] - least


@kernel
def cheapest(cost):
    """State with the least running cost."""
    state = UNVOICED
    for s in range(CANDIDATES):
        if cost[s] < cost[state]:
            state = s
    return state
