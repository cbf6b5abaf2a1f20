"""What a file format cannot hold of a model."""

from __future__ import annotations

from forestall.interop.logical.model import LogicalModel

_SHOWN = 5


def losses(model: LogicalModel, *, starts: bool, joint_starts: bool = False) -> tuple[str, ...]:
    """What a format without rates cannot hold.

    Args:
        model: The model that is written.
        starts: Whether initial states are lost as well.
        joint_starts: Whether only those are lost that are drawn at random.

    Returns:
        One line per kind.
    """
    rates = [node.name for node in model.nodes if node.rate_up is not None or node.rate_down is not None]
    internal = [node.name for node in model.nodes if node.internal]
    lost = [("rates of", rates), ("internal mark of", internal)]
    if starts or joint_starts:
        named = [name for start in model.starts if starts or len(start.outcomes) > 1 for name in start.nodes]
        lost.append(("initial states of", named))
    return tuple(f"not written: {kind} {_some(names)}" for kind, names in lost if names)


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN} more nodes"
