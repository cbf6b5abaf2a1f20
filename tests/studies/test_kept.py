"""Work on threads and processes whose results are kept on disk."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from forestall.errors import StudyError
from forestall.knowledge.packs import find_disease
from forestall.knowledge.parameter_sets import ParameterSet, in_use, using
from forestall.knowledge.scope import in_scope
from forestall.studies.kept import as_finished, batches, load_arrays, save_arrays


@pytest.mark.parametrize("workers", [1, 3])
def test_property_every_item_is_done_once_with_the_callers_parameters(workers: int) -> None:
    with using(ParameterSet("mine")):
        found = dict(as_finished(lambda item: (item**2, in_use().name), range(20), workers))
    assert found == {item: (item**2, "mine") for item in range(20)}


def test_property_processes_do_every_item_once() -> None:
    items = [f"folder/{number}" for number in range(9)]
    assert dict(as_finished(os.path.basename, items, 2, apart=True)) == {item: item[-1] for item in items}


def test_unit_processes_are_used_where_nothing_of_the_context_matters() -> None:
    def places(workers: int, *, apart: bool) -> set[int]:
        return {place for _, place in as_finished(operator.call, [os.getpid] * 3, workers, apart=apart)}

    here = {os.getpid()}
    assert not places(2, apart=True) & here
    assert places(2, apart=False) == here
    assert places(1, apart=True) == here
    with in_scope(find_disease("cml")):
        assert places(2, apart=True) == here


def test_unit_a_process_that_dies_is_an_error_that_says_so() -> None:
    with pytest.raises(StudyError, match="ended before its work was done"):
        list(as_finished(os._exit, [3], 2, apart=True))


def test_property_batches_hold_every_item_once_in_order() -> None:
    found = batches(range(100), 40)
    assert [len(part) for part in found] == [40, 40, 20]
    assert [item for part in found for item in part] == list(range(100))
    assert batches([], 40) == []


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
