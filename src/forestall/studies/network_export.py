"""Our network, in the words of a user, as an SBML document."""

from __future__ import annotations

from collections.abc import Sequence

from forestall.biology.culture import culture_of, fates_in_culture
from forestall.errors import InputError
from forestall.interop.sbml_network import Layout, network_sbml
from forestall.studies.screen.request import (
    ScreenRequest,
    cell_lines,
    nanomolar,
    network_named,
    screened_drugs,
)


def exported_network(
    network: str, context: str, genotype: str, drugs: Sequence[str], layout: Layout = "functions"
) -> str:
    """The SBML document of a network under constant drugs.

    Args:
        network: A network of the catalog, or the path of a network file.
        context: A tumor type, or the path of a cell-line file.
        genotype: Alterations joined by "+", or "wild type".
        drugs: "DRUG=DOSE", with doses such as "50nM" or "1x".
        layout: See `network_sbml`.

    Raises:
        InputError: naming what is unknown.
    """
    net = network_named(network)
    given = dict(_drug_and_dose(text) for text in drugs)
    entries = screened_drugs(list(given)) if given else []
    doses = {
        entry.name: nanomolar(entry.name, dose) for entry, dose in zip(entries, given.values(), strict=True)
    }
    lines = cell_lines(ScreenRequest(list(given), context, genotypes=(genotype,)), net)
    return network_sbml(culture_of(lines, entries, fates_in_culture(), net), 0, doses, layout)


def _drug_and_dose(text: str) -> tuple[str, str]:
    name, equals, dose = text.rpartition("=")
    if not (equals and name.strip() and dose.strip()):
        raise InputError("expected DRUG=DOSE", field="--drug", value=text, allowed="such as trastuzumab=50nM")
    return name.strip(), dose.strip()
