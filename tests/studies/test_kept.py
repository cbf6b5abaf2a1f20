"""Work on threads whose results are kept on disk."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from forestall.errors import StudyError
from forestall.knowledge.parameter_sets import ParameterSet, in_use, using
from forestall.studies.kept import as_finished, as_finished_apart, load_arrays, save_arrays


@pytest.mark.parametrize("workers", [1, 3])
def test_property_every_item_is_done_once_with_the_callers_parameters(workers: int) -> None:
    with using(ParameterSet("mine")):
        found = dict(as_finished(lambda item: (item**2, in_use().name), range(20), workers))
    assert found == {item: (item**2, "mine") for item in range(20)}


def test_property_processes_do_every_item_once() -> None:
    done = dict(as_finished_apart(os.path.basename, [f"folder/{number}" for number in range(9)], 2))
    assert done == {f"folder/{number}": str(number) for number in range(9)}
    ((_, elsewhere),) = as_finished_apart(operator.call, [os.getpid], 1)
    assert elsewhere != os.getpid()


def test_unit_a_process_that_dies_is_an_error_that_says_so() -> None:
    with pytest.raises(StudyError, match="ended before its work was done"):
        list(as_finished_apart(os._exit, [3], 1))


def test_unit_nothing_is_taken_from_the_queue_before_a_thread_needs_it() -> None:
    taken = []

    def queue() -> Iterator[int]:
        for item in range(100):
            taken.append(item)
            yield item

    finished = as_finished(str, queue(), 2)
    next(finished)
    finished.close()  # type: ignore[attr-defined]
    assert len(taken) == 4


def test_property_a_file_that_was_cut_anywhere_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "one.npz"
    save_arrays(path, {"a": np.arange(5.0), "b": np.array(["x", "y"])})
    whole = path.read_bytes()
    found = load_arrays(path, ("a", "b"))
    assert found is not None
    assert found["a"].tolist() == [0, 1, 2, 3, 4]
    assert load_arrays(path, ("a", "c")) is None
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        assert load_arrays(path, ("a", "b")) is None


def test_unit_a_file_that_could_not_be_written_leaves_nothing(tmp_path: Path) -> None:
    class Broken:
        def __array__(self, *_: object, **__: object) -> np.ndarray:
            raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        save_arrays(tmp_path / "one.npz", {"a": Broken()})  # type: ignore[dict-item]
    assert list(tmp_path.iterdir()) == []
