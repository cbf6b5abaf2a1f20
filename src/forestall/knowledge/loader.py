"""Every file of the catalog read, and checked against the others."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel

from forestall.errors import InputError
from forestall.knowledge.alterations import AlterationFile
from forestall.knowledge.conditions import ConditionFile
from forestall.knowledge.cross_checks import CheckedFile, Known, faults, load_genes
from forestall.knowledge.drugs import Drug
from forestall.knowledge.evidence import Evidence
from forestall.knowledge.mechanisms import MechanismFile
from forestall.knowledge.networks import Network
from forestall.knowledge.parameters import ParameterFile
from forestall.knowledge.pdx_fits import PdxFit
from forestall.knowledge.pdx_treatments import PdxTreatmentFile
from forestall.knowledge.reading import DATA, read_yaml, validate
from forestall.knowledge.references import ReferenceFile
from forestall.knowledge.regimens import RegimenFile
from forestall.knowledge.trials import TrialSpec

MODELS: dict[str, type[BaseModel]] = {
    "references": ReferenceFile,
    "networks": Network,
    "mechanisms": MechanismFile,
    "drugs": Drug,
    "alterations": AlterationFile,
    "conditions": ConditionFile,
    "regimens": RegimenFile,
    "parameters": ParameterFile,
    "evidence": Evidence,
    "trials": TrialSpec,
    "pdx": PdxTreatmentFile,
    "pdx_fits": PdxFit,
}
"""What the files of each folder hold."""
NO_GENE = frozenset({"DNA"})


def check_knowledge(data: Path = DATA) -> list[InputError]:
    """Every fault of the knowledge files.

    Args:
        data: The folder that holds one folder per kind of entry.

    Returns:
        Errors that name file, line and field; none if all is well.
    """
    files: list[CheckedFile] = []
    errors: list[InputError] = []
    for folder, model in MODELS.items():
        for path in sorted((data / folder).glob("*.yaml")):
            try:
                document = read_yaml(path)
                files.append(CheckedFile(document, validate(model, document)))
            except InputError as error:
                errors.append(error)
    known = _known(files, load_genes(data))
    return errors + [fault for file in files for fault in faults(file, known)]


def _known(files: list[CheckedFile], genes: frozenset[str]) -> Known:
    contents = [file.content for file in files]
    return Known(
        references=frozenset(
            key for file in contents if isinstance(file, ReferenceFile) for key in file.root
        ),
        genes=genes | NO_GENE,
        nodes=frozenset(node for file in contents if isinstance(file, Network) for node in file.nodes),
        drugs=frozenset(file.name for file in contents if isinstance(file, Drug)),
        mechanisms=frozenset(
            key for file in contents if isinstance(file, MechanismFile) for key in file.mechanisms
        ),
        alterations=frozenset(
            entry.id for file in contents if isinstance(file, AlterationFile) for entry in file.alterations
        ),
    )
