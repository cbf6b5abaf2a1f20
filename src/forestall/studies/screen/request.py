"""From a user's words to a screen of our own network: tumor type, genotypes, drugs and doses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from forestall.biology.culture import CellLine, culture_of, fates_in_culture
from forestall.biology.signaling.compile import Compiled, compile_network, compiled
from forestall.clinic.usual_exposure import average_free_concentration
from forestall.errors import InputError, did_you_mean
from forestall.knowledge.alterations import Alteration, load_alterations
from forestall.knowledge.cell_line import read_cell_line
from forestall.knowledge.drugs import NEEDS_HOST, Drug, find_drug, load_drugs
from forestall.knowledge.networks import load_networks, read_network
from forestall.knowledge.receptor_status import context_named
from forestall.studies.screen.culture_system import CultureSystem
from forestall.studies.screen.system import Array, Panel
from forestall.units import quantity_in

WILD_TYPE = "wild type"
MOST_DOSES = 30
MOST_HOURS = 24 * 365.0
_MULTIPLE = re.compile(r"^\s*([0-9.]+(?:[eE][-+]?\d+)?)\s*x\s*$")


@dataclass(frozen=True)
class ScreenRequest:
    """What to screen, in the words of the command line."""

    drugs: Sequence[str]
    """Names of drugs; "all" for every drug with an effect in culture and a usual dose."""
    context: str
    """A tumor type such as "HER2+/ER+", or the path of a cell-line file."""
    doses: Sequence[str] = ("0.1x,0.3x,1x,3x",)
    """Doses for all drugs, or "DRUG=doses" for one: "10nM", or "0.3x" for a multiple of the usual average free exposure."""
    genotypes: Sequence[str] = (WILD_TYPE,)
    """Alterations joined by "+"; "all" for each alteration that matters in the tumor type."""
    order: int = 2
    hours: float = 72.0
    doubling_hours: float | None = None
    """Untreated doubling time; the catalog's if absent."""
    network: str = "breast"
    """A network of the catalog, or the path of a network file (YAML)."""
    ligands: Mapping[str, float] = field(default_factory=dict)


def culture_system(request: ScreenRequest) -> CultureSystem:
    """The model that a request describes.

    Raises:
        InputError: naming what is unknown or out of range.
    """
    if not 0 < request.hours <= MOST_HOURS:
        raise InputError(
            "the assay's length is out of range",
            value=request.hours,
            allowed=f"above 0, up to {MOST_HOURS:g} hours",
        )
    network = network_named(request.network)
    lines = cell_lines(request, network)
    drugs = screened_drugs(request.drugs)
    doses = dose_table([drug.name for drug in drugs], request.doses, nanomolar)
    panel = Panel(
        tuple(line.name for line in lines),
        tuple(drug.name for drug in drugs),
        doses,
        "nM",
        order_of(request.order, len(drugs)),
    )
    doubling = None if request.doubling_hours is None else request.doubling_hours / 24.0
    culture = culture_of(lines, drugs, fates_in_culture(doubling), network)
    return CultureSystem(panel, culture, lines, request.hours / 24.0)


def order_of(order: int, drugs: int) -> int:
    """The largest combination, which cannot hold more drugs than there are."""
    if not 1 <= order <= 3:
        raise InputError("the order is out of range", field="order", value=order, allowed="1, 2 or 3")
    return min(order, drugs)


def network_named(name: str) -> Compiled:
    """A network of the catalog, or of a file.

    Raises:
        InputError: if there is none.
    """
    if name in load_networks():
        return compiled(name)
    if Path(name).suffix in (".yaml", ".yml"):
        return compile_network(read_network(Path(name)))
    known = did_you_mean(name, load_networks())
    raise InputError("unknown network", field="network", value=name, fix=f"{known}, or give a file")


def cell_lines(request: ScreenRequest, network: Compiled) -> list[CellLine]:
    """The cell lines of a request: one for each genotype, on the background of the context."""
    background = _background(request.context, network)
    ligands = tuple((dict(background.ligands) | dict(request.ligands)).items())
    lines = []
    for text in _genotypes(request.genotypes, background.context):
        carried = _alterations(text)
        name = " + ".join(carried) or WILD_TYPE
        if background.name != background.context:
            name = f"{background.name} {name}" if carried else background.name
        alterations = tuple(dict.fromkeys((*background.alterations, *carried)))
        lines.append(background._replace(name=name, alterations=alterations, ligands=ligands))
    if len({line.name for line in lines}) < len(lines):
        raise InputError("a genotype is given twice", field="genotypes", value=", ".join(request.genotypes))
    return lines


def _background(context: str, network: Compiled) -> CellLine:
    contexts = network.network.contexts
    if Path(context).suffix in (".yaml", ".yml"):
        line = read_cell_line(Path(context), network.network)
        return CellLine(
            line.name,
            context_named(line.context, contexts),
            tuple(line.alterations),
            tuple(line.expression.items()),
            tuple(line.ligands.items()),
            tuple(line.traits.items()),
        )
    name = context_named(context, contexts)
    return CellLine(name, name)


def _genotypes(texts: Sequence[str], context: str) -> list[str]:
    if [text.strip().casefold() for text in texts] == ["all"]:
        return [WILD_TYPE, *(key for key, entry in load_alterations().items() if entry.matters_in(context))]
    return list(texts)


def _alterations(text: str) -> tuple[str, ...]:
    if text.strip().casefold().replace("-", " ").replace("_", " ") in (WILD_TYPE, "wildtype", "wt"):
        return ()
    known: dict[str, Alteration] = load_alterations()
    folded = {name.casefold(): name for name in known}
    found = []
    for word in text.split("+"):
        name = folded.get(word.strip().casefold())
        if name is None:
            raise InputError(
                "unknown alteration",
                field="genotypes",
                value=word.strip(),
                fix=did_you_mean(word.strip(), known),
            )
        found.append(name)
    return tuple(dict.fromkeys(found))


def screened_drugs(names: Sequence[str]) -> list[Drug]:
    """Drugs by name or alias, each once, or all that act in culture."""
    if [name.strip().casefold() for name in names] == ["all"]:
        return [drug for drug in load_drugs().values() if _acts(drug) and _has_usual_dose(drug)]
    drugs = [find_drug(name) for name in names]
    for drug in drugs:
        if not _acts(drug):
            raise InputError(
                "this drug has no effect on cells in culture in the catalog", field="drugs", value=drug.name
            )
    if len({drug.name for drug in drugs}) < len(drugs):
        raise InputError("a drug is given twice", field="drugs", value=", ".join(names))
    if not drugs:
        raise InputError(
            "name at least one drug", field="drugs", fix="for example --drugs lapatinib,fulvestrant"
        )
    return drugs


def _acts(drug: Drug) -> bool:
    return any(action.kind not in NEEDS_HOST for action in drug.actions)


def _has_usual_dose(drug: Drug) -> bool:
    try:
        average_free_concentration(drug.name)
    except InputError:
        return False
    return True


def nanomolar(drug: str, text: str) -> float:
    """A dose in nmol/L.

    Args:
        drug: Name in the catalog.
        text: "10nM", or "0.3x" for a multiple of the usual average free exposure.

    Raises:
        InputError: if it is neither.
    """
    multiple = _MULTIPLE.match(text)
    try:
        if multiple:
            return float(multiple.group(1)) * average_free_concentration(drug)
        return quantity_in(text, "nmol/L")
    except (InputError, ValueError) as error:
        reason = error.message if isinstance(error, InputError) else "not a number"
        fix = getattr(error, "fix", None)
        raise InputError(
            reason, field=f"doses of {drug}", value=text, allowed="such as 10nM or 0.3x", fix=fix
        ) from None


def dose_table(drugs: Sequence[str], texts: Sequence[str], read: Any) -> Array:
    """Doses of every drug.

    Args:
        drugs: Names of the drugs.
        texts: Lists of doses joined by commas; "DRUG=doses" holds for that drug alone.
        read: Called with a drug and the text of one dose; returns the number.

    Returns:
        (drugs, m) ascending.

    Raises:
        InputError: if a dose is missing, not positive or given twice, or drugs differ in the number of doses.
    """
    general, own = _split(drugs, texts)
    rows = {}
    for drug in drugs:
        given = own.get(drug, general)
        if not given:
            raise InputError(
                "the doses are missing",
                field=f"doses of {drug}",
                fix=f"for example --doses '{drug}=1nM,10nM'",
            )
        rows[drug] = _ascending(drug, [read(drug, text) for text in given])
    counts = {drug: len(row) for drug, row in rows.items()}
    if len(set(counts.values())) > 1:
        shown = ", ".join(f"{drug} {count}" for drug, count in counts.items())
        raise InputError("every drug needs the same number of doses", field="doses", value=shown)
    return np.array(list(rows.values()))


def _split(drugs: Sequence[str], texts: Sequence[str]) -> tuple[list[str], dict[str, list[str]]]:
    general: list[str] = []
    own: dict[str, list[str]] = {}
    folded = {drug.casefold(): drug for drug in drugs}
    for text in texts:
        name, equals, doses = text.rpartition("=")
        listed = [dose.strip() for dose in (doses if equals else text).split(",") if dose.strip()]
        if not equals:
            general = listed
        elif name.strip().casefold() in folded:
            own[folded[name.strip().casefold()]] = listed
        else:
            raise InputError(
                "doses are given for a drug that is not screened",
                field="doses",
                value=name,
                fix=did_you_mean(name, drugs),
            )
    return general, own


def _ascending(drug: str, doses: list[float]) -> list[float]:
    field_ = f"doses of {drug}"
    if not all(np.isfinite(dose) and dose > 0 for dose in doses):
        raise InputError("a dose is positive; the untreated state is always added", field=field_, value=doses)
    if len(set(doses)) < len(doses):
        raise InputError("a dose is given twice", field=field_, value=doses)
    if len(doses) > MOST_DOSES:
        raise InputError("too many doses", field=field_, value=len(doses), allowed=f"up to {MOST_DOSES}")
    return sorted(doses)
