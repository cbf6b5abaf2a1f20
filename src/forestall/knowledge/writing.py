"""YAML that the program writes for itself to read again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from forestall.knowledge.reading import SCALAR_RULES


class _Dumper(yaml.SafeDumper):
    """Quotes text that the reader would take for a number: PyYAML's own rules, of YAML 1.1, leave 08 and 1e5 bare."""

    yaml_implicit_resolvers = SCALAR_RULES


def as_yaml(content: Mapping[str, Any], *, short_lists_inline: bool = False) -> str:
    """Text from which `forestall.knowledge.reading.read_yaml` gives the same content.

    Args:
        content: Text, numbers, booleans, None, lists and mappings; keys are text.
        short_lists_inline: Write innermost lists and mappings on one line.
    """
    flow = None if short_lists_inline else False
    return yaml.dump(
        dict(content), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=130, default_flow_style=flow
    )
