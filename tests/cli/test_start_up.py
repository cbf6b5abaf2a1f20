"""Starting is quick: `import forestall` and `forestall --help` load none of the heavy libraries."""

from __future__ import annotations

import subprocess
import sys
import time

import pytest

HEAVY = (
    "numba",
    "numpy",
    "scipy",
    "polars",
    "pyarrow",
    "matplotlib",
    "pint",
    "pydantic",
    "rich",
    "jinja2",
    "yaml",
)
LIMIT = 5.0
"""Times that of importing the library of the command line alone, which takes about a tenth of a second."""


def _seconds(arguments: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
    return time.perf_counter() - begin


@pytest.mark.parametrize(
    "arguments", [["-c", "import forestall"], ["-m", "forestall", "--help"]], ids=["import", "--help"]
)
def test_unit_start_takes_little_more_than_the_library_of_the_command_line(arguments: list[str]) -> None:
    turns = [(_seconds(arguments), _seconds(["-c", "import typer"])) for _ in range(5)]
    own, library = (min(times) for times in zip(*turns, strict=True))
    assert own < LIMIT * library


@pytest.mark.parametrize("statement", ["import forestall", "import forestall.cli.main"])
def test_unit_start_loads_no_heavy_library(statement: str) -> None:
    code = f"{statement}; import sys; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.split() == []


def test_unit_every_public_name_loads() -> None:
    import forestall

    assert [name for name in forestall.__all__ if getattr(forestall, name, None) is None] == []


def test_unit_unknown_name_is_an_attribute_error() -> None:
    import forestall

    with pytest.raises(AttributeError, match="no attribute 'Trail'"):
        forestall.Trail  # noqa: B018
