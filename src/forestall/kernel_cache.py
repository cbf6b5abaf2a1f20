"""Where numba keeps the machine code of the kernels: a folder of the user's cache, named after their source.

Numba notices a change of the file that a function stands in, but not of the functions that it calls in other
files, and would go on using the old ones. So every state of the source has a folder of its own. This module
runs when the package is imported, and must cost nothing: it looks at names, sizes and times of files only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import time
from collections.abc import Iterator
from importlib.machinery import PathFinder
from pathlib import Path

VARIABLE = "NUMBA_CACHE_DIR"
PACKAGE = os.path.dirname(__file__)
_PREFIX = "kernels-"
_ABOVE_THE_KERNELS = frozenset({"api", "cli", "interop", "report", "studies"})
"""Nothing in these is imported by a kernel."""
_KEPT_FOLDERS = 10
_DAY = 86_400.0
_KEPT_DAYS = 30


def use_own_folder() -> None:
    """Point numba to the folder of this source, unless the user has chosen one."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen and not _is_own(chosen):
        return
    home = _cache_home()
    if home is None:
        return
    folder = os.path.join(home, _PREFIX + fingerprint(PACKAGE))
    os.environ[VARIABLE] = folder
    numba = sys.modules.get("numba")
    if numba is not None and not numba.config.CACHE_DIR:
        numba.config.CACHE_DIR = folder


def fingerprint(package: str) -> str:
    """A short hash of names, sizes and times: of the source that kernels can see, of numba and of numpy."""
    states = sorted(_states(package, ""))
    states += [f"{name} {_library_state(name)}" for name in ("numba", "numpy")]
    text = "\n".join([sys.implementation.cache_tag or "", package, *states])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def mark() -> Path | None:
    """The file that says that all kernels of this source are compiled; None if they are kept nowhere."""
    folder = os.environ.get(VARIABLE)
    return Path(folder) / f"compiled-{fingerprint(PACKAGE)}" if folder else None


def remove_old_folders() -> None:
    """Remove folders of earlier states of the source: beyond the last ten, and those unused for a month."""
    current = Path(os.environ.get(VARIABLE, ""))
    if not _is_own(str(current)):
        return
    others = [path for path in current.parent.glob(f"{_PREFIX}*") if path != current]
    ages = sorted((time.time() - _last_use(path), path) for path in others)
    for rank, (age, path) in enumerate(ages):
        if age > _KEPT_DAYS * _DAY or (rank >= _KEPT_FOLDERS and age > _DAY):
            shutil.rmtree(path, ignore_errors=True)


def _is_own(folder: str) -> bool:
    """Whether a process of this package chose the folder; its child processes inherit the choice."""
    home, name = os.path.split(folder)
    return name.startswith(_PREFIX) and os.path.basename(home).startswith("forestall")


def _states(folder: str, prefix: str) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not prefix and entry.name in _ABOVE_THE_KERNELS:
                continue
            if entry.is_dir():
                yield from _states(entry.path, f"{prefix}{entry.name}/")
            elif entry.name.endswith(".py"):
                status = entry.stat()
                yield f"{prefix}{entry.name} {status.st_size} {status.st_mtime_ns}"


def _library_state(name: str) -> int:
    specification = PathFinder.find_spec(name)
    origin = None if specification is None else specification.origin
    return os.stat(origin).st_mtime_ns if origin and os.path.exists(origin) else 0


def _last_use(folder: Path) -> float:
    marks = [*folder.glob("compiled-*"), folder]
    return max((path.stat().st_mtime for path in marks if path.exists()), default=0.0)


def _cache_home() -> str | None:
    """The package's part of the user's cache, or a private temporary folder where there is none."""
    chosen = os.environ.get("XDG_CACHE_HOME", "")
    usual = os.path.expanduser("~/.cache")
    for home in (chosen, usual):
        if os.path.isabs(home) and _can_write(home):
            return os.path.join(home, "forestall")
    return _temporary_home()


def _can_write(folder: str) -> bool:
    """Whether the folder, or the nearest one above it that exists, can be written."""
    while not os.path.isdir(folder):
        if os.path.exists(folder) or os.path.dirname(folder) == folder:
            return False
        folder = os.path.dirname(folder)
    return os.access(folder, os.W_OK | os.X_OK)


def _temporary_home() -> str | None:
    """A temporary folder that nobody else can write: numba runs the code that it finds there."""
    from tempfile import gettempdir

    folder = os.path.join(gettempdir(), f"forestall-{os.getuid()}")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.lstat(folder)
    except OSError:
        return None
    return folder if status.st_uid == os.getuid() and status.st_mode & 0o777 == 0o700 else None
