"""Imports run one way, and the check that says so would notice if they did not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINT = "from importlinter.cli import lint_imports; import sys; sys.exit(lint_imports(no_cache=True))"


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    return subprocess.run(
        [sys.executable, "-c", LINT], cwd=root, env=environment, check=False, capture_output=True, text=True
    )


def test_unit_imports_run_one_way() -> None:
    done = _lint(ROOT)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(
    ("module", "statement", "contract"),
    [
        ("engine/__init__.py", "from forestall.knowledge import provenance", "The numerics know no biology"),
        ("biology/__init__.py", "import forestall.studies", "One direction"),
        ("knowledge/__init__.py", "import numba", "Compiled kernels"),
        ("statistics/__init__.py", "import matplotlib", "Only the report draws"),
        ("errors.py", "import forestall.units", "One direction"),
    ],
)
def test_unit_an_import_against_the_direction_is_found(
    module: str, statement: str, contract: str, tmp_path: Path
) -> None:
    shutil.copytree(ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / "src" / "forestall" / module).open("a") as file:
        file.write(f"\n{statement}\n")
    done = _lint(tmp_path)
    broken = [line for line in done.stdout.splitlines() if line.endswith("BROKEN")]
    assert done.returncode != 0
    assert any(contract in line for line in broken)
