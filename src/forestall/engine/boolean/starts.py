"""Initial states, drawn per trajectory."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forestall.engine.boolean.network import Starts
from forestall.engine.kernels import kernel
from forestall.engine.random import next_uniform


@kernel
def draw_outcome(starts: Starts, group: int, stream: NDArray[np.uint64]) -> int:
    """Where the values of a drawn outcome of a group start; consumes one number."""
    uniform = next_uniform(stream)
    first = starts.outcome_start[group]
    last = starts.outcome_start[group + 1] - 1
    outcome = first
    while outcome < last and uniform >= starts.cumulative[outcome]:
        outcome += 1
    size = starts.node_start[group + 1] - starts.node_start[group]
    return int(starts.value_start[group] + (outcome - first) * size)
