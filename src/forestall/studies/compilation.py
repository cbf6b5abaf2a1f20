"""Telling the user that the first run compiles the model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

_MARK = "compiled"


def announce_compilation(progress: Callable[[str, int, int], None], warm_up: Callable[[], object]) -> None:
    """Run the smallest job once, saying so if the compiled code is not in the cache yet.

    Args:
        progress: Called with the stage.
        warm_up: A job that needs every kernel.
    """
    mark = Path(os.environ.get("NUMBA_CACHE_DIR", "")) / _MARK
    if mark.is_file():
        progress("loading the compiled model", 0, 0)
        warm_up()
        return
    progress("compiling the model for this machine (first run only, a minute or two)", 0, 0)
    warm_up()
    if mark.parent.is_dir() and mark.parent != Path():
        mark.touch()
