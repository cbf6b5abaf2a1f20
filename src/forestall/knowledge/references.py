"""The sources that the knowledge files cite."""

from __future__ import annotations

from pydantic import RootModel

from forestall.errors import KnowledgeError
from forestall.knowledge.provenance import Reference
from forestall.knowledge.reading import DATA, locate, read_yaml, validate
from forestall.knowledge.scope import catalog


class ReferenceFile(RootModel[dict[str, Reference]]):
    """One file of references, by key."""


@catalog("references")
def load_references() -> dict[str, Reference]:
    """Every reference of the catalog, by key.

    Raises:
        KnowledgeError: if two files give the same key.
    """
    references: dict[str, Reference] = {}
    for path in sorted((DATA / "references").glob("*.yaml")):
        document = read_yaml(path)
        for key, reference in validate(ReferenceFile, document).root.items():
            if key in references:
                line = locate(document, (key,))
                raise KnowledgeError("another file has this reference", file=path, line=line, field=key)
            references[key] = reference
    return references
