"""What the documentation tells readers to type works.

A block below `<!-- run -->` is run (console, python); one below `<!-- file: NAME -->` is saved as NAME.
The blocks of a page run in order, in one empty folder; its python blocks make one script.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^<!-- (run|file: (\S+)) -->\n+```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A block that a reader saves or runs."""

    file: str
    kind: str
    body: str


def _blocks(page: Path) -> list[Block]:
    return [
        Block(file, kind, body) for _, file, kind, body in BLOCK.findall(page.read_text(encoding="utf-8"))
    ]


def _pages() -> list[Path]:
    return [page for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))] if _blocks(page)]


def _commands(body: str) -> list[str]:
    return [line[2:] for line in body.splitlines() if line.startswith("$ ")]


def _run(command: list[str], folder: Path) -> None:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "MPLBACKEND": "Agg"}
    done = subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_unit_the_tutorials_have_blocks_that_run() -> None:
    pages = {page.relative_to(ROOT).as_posix() for page in _pages()}
    assert {"README.md", "docs/tutorials/first-trial.md", "docs/tutorials/one-patient.md"} <= pages


@pytest.mark.slow
@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.stem)
def test_unit_what_a_page_tells_to_type_works(page: Path, tmp_path: Path) -> None:
    script = ""
    for block in _blocks(page):
        if block.file:
            (tmp_path / block.file).write_text(block.body, encoding="utf-8")
        elif block.kind == "python":
            script += block.body
        else:
            for command in _commands(block.body):
                _run(["bash", "-c", command], tmp_path)
    if script:
        _run([sys.executable, "-c", script], tmp_path)
