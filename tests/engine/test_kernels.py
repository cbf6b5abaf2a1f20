"""Machine code is kept per version of the sources that it was made from."""

from __future__ import annotations

from pathlib import Path

import pytest
from numba import config

import forestall.engine.growth
import forestall.engine.random
from forestall.engine import kernels

GROWTH = Path(forestall.engine.growth.__file__)
RANDOM = Path(forestall.engine.random.__file__)


def test_property_a_change_in_an_imported_module_changes_the_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    """growth.py imports counts.py only through other modules; random.py does not import it at all."""
    before = kernels.source_hash(GROWTH), kernels.source_hash(RANDOM)
    original = kernels._module_text
    monkeypatch.setattr(
        kernels, "_module_text", lambda name: original(name) + b"#" * (name == "forestall.engine.counts")
    )
    after = kernels.source_hash(GROWTH), kernels.source_hash(RANDOM)
    assert after[0] != before[0]
    assert after[1] == before[1]


def test_property_a_change_in_the_file_changes_the_folder(tmp_path: Path) -> None:
    source = tmp_path / "kernel.py"
    source.write_text("from forestall.engine.random import mix\n")
    before = kernels.source_hash(source)
    source.write_text("from forestall.engine.random import mix  # changed\n")
    assert kernels.source_hash(source) != before


def test_unit_code_typed_at_a_prompt_has_a_folder_too() -> None:
    assert len(kernels.source_hash(Path("<stdin>"))) == 16


def test_unit_the_setting_of_numba_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    def double(x: float) -> float:
        return 2.0 * x

    monkeypatch.setattr(config, "CACHE_DIR", "")
    assert kernels.kernel(double)(1.5) == 3.0
    assert config.CACHE_DIR == ""


def test_unit_the_folder_follows_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert kernels.cache_folder(RANDOM).parent == tmp_path / "forestall" / "kernels"
