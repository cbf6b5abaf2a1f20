"""The equations of one lane as formulas in SBML's infix notation; see `forestall.biology.signaling.kernel`.

The formulas are written over symbols (`activity_AKT1`, `slow_ERBB2`, `effect3`) and numbers. How a symbol is called in a lane, and
whether a number is written out or is itself a symbol, is for the two layouts to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forestall.biology.rates import ADCC, PAYLOAD, SIGNALING, CourseModel, PatientRates
from forestall.biology.signaling.actions import BLOCK, DEGRADE, INHIBIT
from forestall.biology.signaling.compile import HillArrays
from forestall.interop.sbml_document import SbmlDocument

FUNCTIONS = {
    "hill1": (("x", "bottom"), "(1 + bottom) * x / (x + bottom)"),
    "hill2": (("x", "bottom"), "(1 + bottom) * x * x / (x * x + bottom)"),
    "hill3": (("x", "bottom"), "(1 + bottom) * x * x * x / (x * x * x + bottom)"),
    "hill4": (("x", "bottom"), "(1 + bottom) * x * x * x * x / (x * x * x * x + bottom)"),
    "active": (("e", "f"), "e * f / (e * f + 1 - f)"),
    "positive": (("x",), "0.5 * (x + abs(x))"),
}
"""Functions that the formulas call. `positive` is max(0, x) without a case distinction, at which integrators would stop."""


def write_functions(document: SbmlDocument) -> None:
    """Define the functions that the formulas call."""
    for name, (arguments, formula) in FUNCTIONS.items():
        document.function(name, arguments, formula)


class Numbers(Protocol):
    """Numbers that may differ between lanes."""

    def number(self, table: NDArray[np.float64], row: int, name: str) -> float | str:
        """The number in a row of a (rows, lanes) table, or the symbol that stands for it.

        Args:
            table: One of the arrays of the lanes.
            row: The row.
            name: Symbol to use if the number is not the same for all.
        """
        ...


@dataclass(frozen=True)
class Equations:
    """Formulas of a lane."""

    model: CourseModel
    p: PatientRates
    nodes: Sequence[str]
    numbers: Numbers

    def sources(self, node: int) -> set[int]:
        """Nodes that a node reads."""
        net = self.model.network
        terms = range(net.term_start[node], net.term_start[node + 1])
        return {
            int(net.factor.node[f])
            for t in terms
            for f in range(net.factor_start[t], net.factor_start[t + 1])
        }

    def drivers(self, q: int) -> set[int]:
        """Nodes that drive a slow expression."""
        net = self.model.network
        return {int(net.driver.node[d]) for d in range(net.driver_start[q], net.driver_start[q + 1])}

    def slow(self, q: int) -> str:
        """Symbol of a slow expression."""
        return f"slow_{self.nodes[self.model.network.slow_node[q]]}"

    def expression(self, node: int) -> str:
        """Expression under the drugs."""
        q = int(self.model.network.slow_of_node[node])
        base = self.slow(q) if q >= 0 else _text(self._number("base", node))
        return base + self._left(DEGRADE, node)

    def activity(self, node: int) -> str:
        """Activity from those of the nodes that it reads."""
        net = self.model.network
        first, middle, last = net.term_start[node], net.inhibitor_start[node], net.term_start[node + 1]
        off = " * ".join([repr(1.0 - float(net.basal[node])), *self._unmet(first, middle)])
        drive = " * ".join([f"(1 - {off})", *self._unmet(middle, last)])
        floor = self._number("floor", node)
        if floor != 0:
            drive = f"{_text(floor)} + (1 - {_text(floor)}) * {drive}"
        return f"active({self.expression(node)}, {drive}){self._left(INHIBIT, node)}"

    def target(self, q: int) -> str:
        """Where a slow expression is heading."""
        net, lanes = self.model.network, self.p.lanes
        rest = lanes.base[net.slow_node[q]][None] / lanes.normalizer[q][None]
        factors = [_text(self.numbers.number(rest, 0, f"rest_{self.slow(q)}"))]
        for d in range(net.driver_start[q], net.driver_start[q + 1]):
            gain = _text(self._number("gain", d))
            factors.append(f"(1 + {gain} * {self._hill(net.driver, d)})")
        return " * ".join(factors)

    def kill(self, *, immune: bool) -> str:
        """Killing by cytotoxics at the reference division rate, or by effector cells, 1/day."""
        terms = []
        for a, kind in enumerate(self.model.action_kind):
            if kind == SIGNALING or (kind == ADCC) != immune or self._number("access", a) == 0:
                continue
            term = self._reaching(a)
            if kind >= PAYLOAD and self.model.antigen[a] >= 0:
                shown = self.expression(int(self.model.antigen[a]))
                half = float(self.model.adcc_half if immune else self.model.payload_half)
                term += f" * {shown} / ({half!r} + {shown})"
            terms.append(term)
        return " + ".join(terms) or "0"

    def _number(self, kind: str, row: int) -> float | str:
        return self.numbers.number(getattr(self.p.lanes, kind), row, f"{kind}{row}")

    def _reaching(self, a: int) -> str:
        """The effect of an action, as far as it reaches its target."""
        reach = self._number("access", a)
        return f"effect{a}" if reach == 1 else f"{_text(reach)} * effect{a}"

    def _left(self, code: int, position: int) -> str:
        """What drugs leave of a node or term: a product that starts with ' * '."""
        actions = self.model.actions
        factors = ""
        for a in np.flatnonzero(actions.code == code).tolist():
            for k in range(actions.target_start[a], actions.target_start[a + 1]):
                if actions.target[k] == position and self._number("access", a) != 0:
                    factors += f" * (1 - {self._reaching(a)})"
        return factors

    def _unmet(self, first: int, last: int) -> Iterator[str]:
        """For each term, 1 - weight * product of its factors."""
        net = self.model.network
        for t in range(first, last):
            weight = self._number("weight", t)
            if weight != 0:
                factors = range(net.factor_start[t], net.factor_start[t + 1])
                product = " * ".join(self._hill(net.factor, f) for f in factors)
                yield f"(1 - {_text(weight)}{self._left(BLOCK, t)} * {product})"

    def _hill(self, arrays: HillArrays, f: int) -> str:
        x = f"activity_{self.nodes[arrays.node[f]]}"
        value = f"hill{arrays.power[f]}({x}, {float(arrays.bottom[f])!r})"
        return f"(1 - {value})" if arrays.negated[f] else value


def _text(number: float | str) -> str:
    return number if isinstance(number, str) else repr(number)
