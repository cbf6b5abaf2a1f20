"""Forestall simulates how a tumor escapes treatment, and explains why it escaped. For research use only.

    import forestall as fs

    result = fs.Trial.load("cleopatra").run(seed=1)
    print(result.summary())

The names below load at first use, so that `import forestall` takes no time.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from forestall import kernel_cache
from forestall.errors import ForestallError, InputError, KnowledgeError, StudyError

if TYPE_CHECKING:
    from forestall.api import Patient as Patient
    from forestall.api import Trial as Trial
    from forestall.api import simulate as simulate
    from forestall.api import why as why
    from forestall.knowledge.alterations import load_alterations as load_alterations
    from forestall.knowledge.drugs import load_drugs as load_drugs
    from forestall.knowledge.evidence import load_evidence as load_evidence
    from forestall.knowledge.mechanisms import load_mechanisms as load_mechanisms
    from forestall.knowledge.parameters import load_parameters as load_parameters
    from forestall.knowledge.regimens import Regimen as Regimen
    from forestall.knowledge.regimens import load_regimens as load_regimens
    from forestall.knowledge.trials import load_trials as load_trials

__version__ = "0.1.0"

_HOMES = {
    "Patient": "forestall.api",
    "Regimen": "forestall.knowledge.regimens",
    "Trial": "forestall.api",
    "load_alterations": "forestall.knowledge.alterations",
    "load_drugs": "forestall.knowledge.drugs",
    "load_evidence": "forestall.knowledge.evidence",
    "load_mechanisms": "forestall.knowledge.mechanisms",
    "load_parameters": "forestall.knowledge.parameters",
    "load_regimens": "forestall.knowledge.regimens",
    "load_trials": "forestall.knowledge.trials",
    "simulate": "forestall.api",
    "why": "forestall.api",
}

__all__ = [
    "ForestallError",
    "InputError",
    "KnowledgeError",
    "Patient",
    "Regimen",
    "StudyError",
    "Trial",
    "__version__",
    "load_alterations",
    "load_drugs",
    "load_evidence",
    "load_mechanisms",
    "load_parameters",
    "load_regimens",
    "load_trials",
    "simulate",
    "why",
]

kernel_cache.use_own_folder()


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'forestall' has no attribute '{name}'")
    value: object = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(__all__))
