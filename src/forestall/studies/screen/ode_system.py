"""The screened model of an SBML file: drugs move parameters or initial values, and the response is one of its observables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np

from forestall.biology.culture import Treatments
from forestall.errors import InputError
from forestall.interop.sbml_changes import Change
from forestall.interop.sbml_simulation import Runs, SbmlModel, read_sbml
from forestall.studies.screen.model_drugs import ModelDrug, drug_from_text, genotype_from_text, share_table
from forestall.studies.screen.system import Array, Panel

MOST_RUNS = 300_000
_LEAST = 1e-12
"""Responses are ratios; an output that falls to nothing keeps this share of the untreated one."""


@dataclass(frozen=True)
class OdeSystem:
    """An SBML model under drugs."""

    panel: Panel
    drugs: tuple[ModelDrug, ...]
    models: tuple[SbmlModel, ...]
    """One for each genotype."""
    output: str
    until: float
    measure: Literal["cells", "output"] = "output"

    @cached_property
    def _runs(self) -> list[Runs]:
        return [Runs(model, self.output, self.until) for model in self.models]

    def log_response(self, treatments: Treatments) -> Array:
        """(n,) natural logarithm of the output at the end.

        Raises:
            InputError: if there are too many runs, or the untreated output is not positive.
        """
        if treatments.line.size > MOST_RUNS:
            raise InputError(
                "too many runs of an SBML model", value=treatments.line.size, allowed=f"up to {MOST_RUNS}"
            )
        known: dict[tuple[Any, ...], float] = {}
        rest = [run.at({}) for run in self._runs]
        for line, value in enumerate(rest):
            if not value > 0:
                raise InputError(
                    "the untreated output is not positive",
                    field="--output",
                    value=f"{self.output} = {value:g} in {self.panel.lines[line]}",
                )
        result = np.empty(treatments.line.size)
        for i, (line, drugs, doses) in enumerate(zip(*(rows.tolist() for rows in treatments), strict=True)):
            key = (line, *((d, s) for d, s in zip(drugs, doses, strict=True) if s > 0))
            if key not in known:
                known[key] = self._runs[line].at(self._values(line, drugs, doses))
            result[i] = max(known[key], _LEAST * rest[line])
        return np.log(result)

    def _values(self, line: int, drugs: Sequence[int], doses: Sequence[float]) -> dict[str, float]:
        """Where the drugs take their targets; two drugs on one target act one after the other."""
        values: dict[str, float] = {}
        for drug, share in zip(drugs, doses, strict=True):
            for name, full in self.drugs[drug].targets:
                now = values.get(name, self._runs[line].start(name))
                values[name] = now + share * (full - now)
        return values

    def explain(self, base: Treatments, added: Treatments) -> list[str]:
        """What each drug leaves of the output; the inside of a model of others is not interpreted."""
        both = Treatments(
            base.line,
            np.hstack([base.drug, added.drug]),
            np.hstack([base.concentration, added.concentration]),
        )
        rest = np.log([run.at({}) for run in self._runs])[base.line]
        left = [np.exp(self.log_response(each) - rest) for each in (base, added, both)]
        names = self.panel.drugs
        return [
            f"{' + '.join(names[d] for d in base.drug[i])} leaves {left[0][i]:.0%} of {self.output}, "
            f"{names[added.drug[i, 0]]} {left[1][i]:.0%}, all together {left[2][i]:.0%}."
            for i in range(base.line.size)
        ]

    def notes(self) -> tuple[str, ...]:
        """Nothing: what its file notes is told by `forestall network simulate`."""
        return ()

    def about(self) -> dict[str, object]:
        """Settings that results rest on."""
        return {
            "model": self.models[0].name,
            "file": str(self.models[0].path),
            "output": self.output,
            "until": self.until,
            "drugs": [{"name": drug.name, "targets": dict(drug.targets)} for drug in self.drugs],
            "notes": list(self.models[0].notes),
        }


def ode_system(
    path: Path,
    drugs: Sequence[str],
    doses: Sequence[str] | None,
    genotypes: Sequence[str],
    order: int,
    output: str,
    until: float,
) -> OdeSystem:
    """The model that the options of the command line describe.

    Args:
        path: The SBML file.
        drugs: "[LABEL:]PARAMETER[=VALUE]".
        doses: Shares.
        genotypes: "PARAMETER=VALUE", or "wild type".
        order: Most drugs at once.
        output: The observable that is the response.
        until: Time at which it is read.

    Raises:
        InputError: naming what is unknown or out of range.
    """
    parsed = tuple(drug_from_text(text) for text in drugs)
    models = tuple(
        read_sbml(
            path, [Change("set", name, value) for name, value in genotype_from_text(text)], promoted=True
        )
        for text in genotypes
    )
    panel = Panel(
        tuple(genotypes), tuple(drug.name for drug in parsed), share_table(parsed, doses), "share", order
    )
    return OdeSystem(panel, parsed, models, models[0].observable(output), until)
