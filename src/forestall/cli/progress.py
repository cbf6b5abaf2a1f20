"""A progress bar on stderr for long work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from forestall.studies.progress import Progress


@contextmanager
def progress_on_stderr(*, silent: bool) -> Iterator[Progress]:
    """A progress bar that leaves no trace when it ends.

    Args:
        silent: Draw nothing.

    Yields:
        The function to call with every step. On anything but a terminal it prints each stage's name once.
    """
    if silent:
        yield _nothing
    elif sys.stderr.isatty():
        with _bar() as progress:
            yield progress
    else:
        yield _stage_names()


def _nothing(stage: str, done: int, total: int) -> None:
    """Draw nothing."""


def _stage_names() -> Progress:
    seen: set[str] = set()

    def progress(stage: str, done: int, total: int) -> None:
        if stage not in seen:
            seen.add(stage)
            print(f"{stage} ...", file=sys.stderr, flush=True)

    return progress


@contextmanager
def _bar() -> Iterator[Progress]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TaskID,
        TaskProgressColumn,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        known: dict[str, TaskID] = {}

        def progress(stage: str, done: int, total: int) -> None:
            if stage not in known:
                for task in known.values():
                    bar.update(task, visible=False)
                known[stage] = bar.add_task(stage, total=total or None)
            bar.update(known[stage], completed=done)

        yield progress
