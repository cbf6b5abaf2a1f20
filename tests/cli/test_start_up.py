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
LIMIT_SECONDS = 0.5


def _best_of_five(command: list[str]) -> float:
    best = float("inf")
    for _ in range(5):
        begin = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        best = min(best, time.perf_counter() - begin)
    return best


@pytest.mark.parametrize(
    "arguments", [["-c", "import forestall"], ["-m", "forestall", "--help"]], ids=["import", "--help"]
)
def test_unit_start_takes_less_than_half_a_second(arguments: list[str]) -> None:
    assert _best_of_five([sys.executable, *arguments]) < LIMIT_SECONDS


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
