"""Machine code is kept in a folder of its own for every state of the source."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from forestall import kernel_cache
from forestall.kernel_cache import VARIABLE, fingerprint, remove_old_folders, use_own_folder
from forestall.studies.compilation import COMPILING, announce_compilation


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package with a kernel and a report."""
    for name in ("__init__.py", "engine/kernels.py", "report/html.py", "api/trials.py"):
        path = tmp_path / "package" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("one = 1\n")
    return tmp_path / "package"


@pytest.mark.parametrize(
    ("file", "changes"),
    [
        ("engine/kernels.py", True),
        ("engine/new.py", True),
        ("report/html.py", False),
        ("api/trials.py", False),
    ],
)
def test_unit_only_source_that_kernels_see_gives_a_new_folder(
    file: str, changes: bool, package: Path
) -> None:
    before = fingerprint(str(package))
    (package / file).write_text("another = 2\n")
    assert (fingerprint(str(package)) != before) is changes


def test_unit_the_same_size_at_another_time_is_another_state(package: Path) -> None:
    before = fingerprint(str(package))
    os.utime(package / "engine" / "kernels.py", (1, 1))
    assert fingerprint(str(package)) != before


def _folder(**environment: str) -> str:
    code = "import forestall, os; print(os.environ.get('NUMBA_CACHE_DIR', ''))"
    full = {name: word for name, word in os.environ.items() if name not in (VARIABLE, "XDG_CACHE_HOME")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=full | environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()


def test_unit_the_folder_lies_in_the_users_cache(tmp_path: Path) -> None:
    name = f"kernels-{fingerprint(kernel_cache.PACKAGE)}"
    assert _folder(XDG_CACHE_HOME=str(tmp_path)) == str(tmp_path / "forestall" / name)
    assert _folder(HOME=str(tmp_path)) == str(tmp_path / ".cache" / "forestall" / name)
    assert list(tmp_path.iterdir()) == []


def test_unit_without_a_home_the_folder_is_a_private_temporary_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder can be made below a file")
    folder = Path(_folder(HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path)))
    assert folder.parent == tmp_path / f"forestall-{os.getuid()}"
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_unit_a_temporary_folder_that_others_can_write_is_not_trusted(tmp_path: Path) -> None:
    planted = tmp_path / f"forestall-{os.getuid()}"
    planted.mkdir()
    planted.chmod(0o777)
    (tmp_path / "file").write_text("no folder can be made below a file")
    assert _folder(HOME=str(tmp_path / "file"), TMPDIR=str(tmp_path)) == ""


def test_unit_a_folder_that_the_user_has_chosen_stays(tmp_path: Path) -> None:
    assert _folder(NUMBA_CACHE_DIR=str(tmp_path)) == str(tmp_path)


def test_unit_a_folder_inherited_from_an_older_source_does_not(tmp_path: Path) -> None:
    old = tmp_path / "forestall" / "kernels-0123456789abcdef"
    assert Path(_folder(NUMBA_CACHE_DIR=str(old), XDG_CACHE_HOME=str(tmp_path))).name != old.name


def test_unit_old_folders_go_and_recent_ones_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    use_own_folder()
    home = tmp_path / "forestall"
    day = 86_400
    for index, age in enumerate([0, 0.5, 2, 2, 2, 2, 2, 2, 2, 2, 5, 29, 31]):
        folder = home / f"kernels-{index:02d}"
        folder.mkdir(parents=True)
        os.utime(folder, (time.time() - age * day,) * 2)
    remove_old_folders()
    assert sorted(path.name for path in home.iterdir()) == [f"kernels-{index:02d}" for index in range(10)]


def test_unit_compiling_is_announced_until_it_was_once_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    stages: list[str] = []

    def progress(stage: str, done: int, total: int) -> None:
        stages.append(stage)

    def killed() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        announce_compilation(progress, killed)
    for _ in range(2):
        announce_compilation(progress, lambda: None)
    assert stages == [COMPILING, COMPILING, "loading the compiled model"]
