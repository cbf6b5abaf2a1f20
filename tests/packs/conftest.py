"""A pack that nobody ships: the one of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "write-a-disease-pack.md"


def documented_pack() -> str:
    """The complete pack of the how-to page."""
    found = re.search(r"```yaml\n(disease: gist\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.fixture
def gist(tmp_path: Path) -> Path:
    """The documented pack as a file."""
    path = tmp_path / "gist.yaml"
    path.write_text(documented_pack(), encoding="utf-8")
    return path
