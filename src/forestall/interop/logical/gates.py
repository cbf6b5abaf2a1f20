"""Boolean rules as two-input gates with inverters, which the engines run on bits or on words of bits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from forestall.engine.boolean.network import Gates
from forestall.interop.logical.expressions import Expression, Number, Operator, Symbol

_ONES = 2**64 - 1
Signal = tuple[int, bool]
"""A row, and whether it is to be inverted."""


@dataclass
class _Builder:
    number_of: Mapping[str, int]
    gates: list[tuple[Signal, Signal, int]] = field(default_factory=list)
    scratch: int = 0
    most_scratch: int = 0

    @property
    def zero_row(self) -> int:
        return len(self.number_of)

    def signal(self, rule: Expression) -> Signal:
        if isinstance(rule, Symbol):
            return self.number_of[rule.name], False
        if isinstance(rule, Number):
            return self.zero_row, rule.value != 0.0
        parts = [self.signal(part) for part in rule.operands]  # type: ignore[union-attr]
        operator = rule.operator  # type: ignore[union-attr]
        if operator is Operator.NOT:
            return _inverted(parts[0])
        result = parts[0]
        for part in parts[1:]:
            result = self._join(operator, result, part)
        return result

    def _join(self, operator: Operator, left: Signal, right: Signal) -> Signal:
        if operator is Operator.AND:
            return self._both(left, right)
        if operator is Operator.OR:
            return _inverted(self._both(_inverted(left), _inverted(right)))
        neither = self._both(_inverted(left), _inverted(right))
        return self._both(_inverted(neither), _inverted(self._both(left, right)))

    def _both(self, left: Signal, right: Signal) -> Signal:
        row = self.zero_row + 1 + self.scratch
        self.scratch += 1
        self.most_scratch = max(self.most_scratch, self.scratch)
        self.gates.append((left, right, row))
        return row, False


def _inverted(signal: Signal) -> Signal:
    return signal[0], not signal[1]


def gates_of(rules: Sequence[Expression | None], number_of: Mapping[str, int]) -> Gates:
    """Gates of the rules of all nodes.

    Args:
        rules: Boolean rule of each node, None for an input.
        number_of: Number of each node by name.
    """
    builder = _Builder(number_of)
    starts, results = [0], []
    for node, rule in enumerate(rules):
        builder.scratch = 0
        results.append((node, False) if rule is None else builder.signal(rule))
        starts.append(len(builder.gates))
    first, second = (
        np.array([gate[side] for gate in builder.gates], np.int64).reshape(-1, 2) for side in (0, 1)
    )
    return Gates(
        start=np.array(starts, np.int64),
        first=first[:, 0].astype(np.int32),
        second=second[:, 0].astype(np.int32),
        into=np.array([gate[2] for gate in builder.gates], np.int32),
        first_mask=_masks(first[:, 1]),
        second_mask=_masks(second[:, 1]),
        result=np.array([row for row, _ in results], np.int32),
        result_mask=_masks(np.array([inverted for _, inverted in results])),
        rows=builder.zero_row + 1 + builder.most_scratch,
    )


def _masks(inverted: np.ndarray) -> np.ndarray:
    return np.where(inverted.astype(bool), np.uint64(_ONES), np.uint64(0))
