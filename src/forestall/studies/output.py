"""A folder of results that is either complete or not there."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from forestall.errors import StudyError


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """A folder beside the target that takes its place when the block ends well.

    What stood at the target before stays untouched until then and is replaced in one rename. If the block raises (Ctrl-C
    included) the staged folder is removed. What a killed process left is removed by the next one; two processes that write
    the same target at the same time use different staged folders, and the last to finish wins.

    Args:
        target: The folder to be.

    Yields:
        The staged folder, empty.

    Raises:
        StudyError: if the folder cannot be written, or is not one of Forestall's.
    """
    _check_target(target)
    staging = target.parent / f".{target.name}.partial-{os.getpid()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _remove_stale(target)
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
    except OSError as error:
        raise StudyError(f"cannot write to {target.parent}: {error.strerror or error}") from None
    try:
        yield staging
        _replace(staging, target)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def staged_file(target: Path) -> Iterator[TextIO]:
    """A text file beside the target that takes its place when the block ends well.

    Args:
        target: The file to be; its folder is made if it is not there.

    Yields:
        The open file, UTF-8 with plain line feeds.

    Raises:
        StudyError: if it cannot be written.
    """
    if target.is_dir():
        raise StudyError(f"{target} is a folder; choose another file")
    staging = target.parent / f".{target.name}.partial-{os.getpid()}"
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with staging.open("w", encoding="utf-8", newline="\n") as stream:
            yield stream
        staging.replace(target)
    except OSError as error:
        raise StudyError(f"cannot write {target}: {error.strerror or error}") from None
    finally:
        staging.unlink(missing_ok=True)


def _check_target(target: Path) -> None:
    if target.resolve() == Path.cwd():
        raise StudyError("the current folder cannot be replaced; choose another --out")
    if target.exists() and not target.is_dir():
        raise StudyError(f"{target} is a file; choose another --out")
    if target.is_dir() and any(target.iterdir()) and not (target / "record.json").is_file():
        raise StudyError(
            f"{target} holds files that Forestall did not write; choose another --out or empty it"
        )


def _remove_stale(target: Path) -> None:
    for old in target.parent.glob(f".{target.name}.partial-*"):
        if not _alive(old.name.rpartition("-")[2]):
            shutil.rmtree(old, ignore_errors=True)
    for old in target.parent.glob(f".{target.name}.old-*"):
        if _alive(old.name.rpartition("-")[2]):
            continue
        if target.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            old.rename(target)


def _alive(process: str) -> bool:
    if not process.isdigit():
        return False
    if int(process) == os.getpid():
        return False
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _replace(staging: Path, target: Path) -> None:
    old = target.parent / f".{target.name}.old-{os.getpid()}"
    with suppress(FileNotFoundError):
        target.rename(old)
    staging.rename(target)
    shutil.rmtree(old, ignore_errors=True)
