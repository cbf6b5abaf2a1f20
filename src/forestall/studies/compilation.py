"""Telling the user that the first run compiles the model."""

from __future__ import annotations

from collections.abc import Callable

from forestall.kernel_cache import mark, remove_old_folders
from forestall.studies.progress import Progress

COMPILING = "compiling the model for this machine (first run only, a minute or two)"


def announce_compilation(progress: Progress, warm_up: Callable[[], object]) -> None:
    """Run the smallest job once, saying so if the compiled code is not in the cache yet.

    Args:
        progress: Called with the stage.
        warm_up: A job that needs every kernel.
    """
    compiled = mark()
    new = compiled is None or not compiled.is_file()
    progress(COMPILING if new else "loading the compiled model", 0, 0)
    warm_up()
    if compiled is not None and compiled.parent.is_dir():
        compiled.touch()
        if new:
            remove_old_folders()
