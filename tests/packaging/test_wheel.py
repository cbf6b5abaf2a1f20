"""What users install holds the whole package: code, knowledge and templates, and nothing else."""

from __future__ import annotations

import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import forestall

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
NOT_SHIPPED = {".pyc", ".nbi", ".nbc"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel built from this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "--wheel-dir", str(folder), str(ROOT)], check=True, capture_output=True)
    (path,) = folder.glob("forestall-*.whl")
    assert path.name.startswith(f"forestall-{forestall.__version__}-")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def test_property_the_wheel_holds_every_file_of_the_package(wheel: set[str]) -> None:
    files = (path for path in (SOURCE / "forestall").rglob("*") if path.is_file())
    wanted = {path.relative_to(SOURCE).as_posix() for path in files if path.suffix not in NOT_SHIPPED}
    assert len([name for name in wanted if name.endswith(".yaml")]) > 50
    assert wanted - wheel == set()


def test_property_the_wheel_holds_nothing_else(wheel: set[str]) -> None:
    roots = {name.split("/")[0] for name in wheel}
    assert roots == {"forestall", f"forestall-{forestall.__version__}.dist-info"}
    assert {name for name in wheel if Path(name).suffix in NOT_SHIPPED} == set()


def test_unit_the_wheel_holds_the_license_and_the_type_marker(wheel: set[str]) -> None:
    assert "forestall/py.typed" in wheel
    assert f"forestall-{forestall.__version__}.dist-info/licenses/LICENSE" in wheel


def test_unit_the_citation_and_the_changelog_name_this_version() -> None:
    assert f"version: {forestall.__version__}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"## [{forestall.__version__}]" in (ROOT / "CHANGELOG.md").read_text()


def test_unit_run_time_needs_nothing_that_only_tests_need() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    run_time = {name.split(">")[0] for name in project["dependencies"]}
    only_tests = {name.split(">")[0] for name in project["optional-dependencies"]["dev"]}
    assert run_time & only_tests == set()
