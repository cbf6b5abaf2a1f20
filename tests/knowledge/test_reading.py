"""Reading YAML: what comes in is what was written, and what is wrong is named by file, line and field."""

from __future__ import annotations

import math
import os
import string
import time
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pydantic import Field

from forestall.errors import InputError, KnowledgeError
from forestall.knowledge import reading
from forestall.knowledge.complaints import rethrown
from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import MAX_BYTES, MAX_DEPTH, locate, read_yaml, validate
from forestall.knowledge.writing import as_yaml


class Wheel(Entry):
    size: int = Field(strict=True, gt=0)
    kind: Literal["steel", "wood"] = "steel"


class Cart(Entry):
    name: str
    wheels: list[Wheel]
    spare: Wheel | None = None


CART = "name: hay\nwheels:\n  - size: 4\n  - size: 5\n    kind: wood\n"


def write(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def complaint_of(folder: Path, text: str | bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        validate(Cart, read_yaml(write(folder, text)))
    return caught.value


def test_unit_scalars_follow_yaml_1_2(tmp_path: Path) -> None:
    text = "a: 1:1\nb: 2026-01-01\nc: yes\nd: 010\ne: 1e5\nf: .nan\n1: -.inf\nnull: ~\nh: '7'\ni: 0x1F\n"
    data = read_yaml(write(tmp_path, text)).data
    assert math.isnan(data.pop("f"))
    assert data == {
        "a": "1:1",
        "b": "2026-01-01",
        "c": "yes",
        "d": 10,
        "e": 1e5,
        "1": -math.inf,
        "null": None,
        "h": "7",
        "i": "0x1F",
    }


@given(
    st.dictionaries(
        st.text(string.ascii_letters, min_size=1),
        st.one_of(
            st.text(string.printable.replace("\x0b", "").replace("\x0c", "")),
            st.integers(-(10**20), 10**20),
            st.floats(allow_nan=False),
            st.booleans(),
            st.none(),
            st.lists(st.text(string.ascii_letters)),
        ),
        min_size=1,
    )
)
@example(
    {
        "leading": "08",
        "float": "1e5",
        "word": "yes",
        "octal": "010",
        "clock": "1:1",
        "nothing": "~",
        "day": "2026-01-01",
    }
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
def test_property_what_is_written_reads_back(tmp_path: Path, data: dict[str, object]) -> None:
    assert read_yaml(write(tmp_path, as_yaml(data))).data == data


@given(st.one_of(st.binary(max_size=200), st.text(string.printable, max_size=200).map(str.encode)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=300)
def test_property_any_bytes_are_read_or_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    words = "file.yaml"
    try:
        validate(Cart, read_yaml(write(tmp_path, content)))
    except InputError as error:
        words = str(error)
    assert "file.yaml" in words
    assert "\n" not in words


@pytest.mark.parametrize(
    ("keys", "line"),
    [
        (("name",), 1),
        (("wheels",), 2),
        (("wheels", 0), 3),
        (("wheels", 1, "size"), 4),
        (("wheels", 1, "kind"), 5),
        (("wheels", 1, "nothing"), 4),
        (("wheels", 9), 2),
        (("nothing",), None),
    ],
)
def test_unit_locate_finds_the_deepest_key_there_is(
    tmp_path: Path, keys: tuple[str | int, ...], line: int
) -> None:
    assert locate(read_yaml(write(tmp_path, CART)), keys) == line


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: a\nwheels:\n  x: 1\n  x: 2\n", 4, "'x' is given twice"),
        ("name: a\nwheels:\n\tsize: 1\n", 3, "a tab is used for indentation"),
        ("name: a\nwheels: &w [1]\n", 2, "anchors (&) and aliases (*) are not allowed"),
        ("name: a\nwheels: !!python/name:os.system x\n", 2, "tags"),
        ("name: a\n---\nname: b\n", 2, "not valid YAML"),
        ("name: a\nwheels: 'open\n", 3, "not valid YAML"),
        ("name: a: b\n", 1, "put the text in quotes"),
        ("name: a\n? [1, 2]\n: 3\n", 2, "a key must be a word"),
        ("name: a\nwheels: 1" + "0" * 400 + "\n", 2, "too many digits"),
        ("- 1\n- 2\n", 1, "expected 'key: value' lines, not a list"),
        ("just words\n", 1, "not a single value"),
        ("", None, "the file is empty"),
        ("# nothing but a comment\n", None, "the file is empty"),
        (b"name: a\nwheels: \x00\n", 2, "control characters"),
        (b"name: caf\xe9\n", 1, "not UTF-8"),
        ("name: a\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_unit_bad_yaml_is_named_by_line(
    tmp_path: Path, text: str | bytes, line: int | None, words: str
) -> None:
    error = complaint_of(tmp_path, text)
    assert words in str(error)
    assert error.line == line
    assert error.file == str(tmp_path / "file.yaml")


def test_unit_nesting_is_allowed_to_the_limit_and_not_beyond(tmp_path: Path) -> None:
    inside = "a: " + "[" * (MAX_DEPTH - 1) + "]" * (MAX_DEPTH - 1)
    assert read_yaml(write(tmp_path, inside)).data
    for levels in (MAX_DEPTH, 500, 200_000):
        error = complaint_of(tmp_path, "a: " + "[" * levels + "]" * levels)
        assert "deep" in error.message or "nesting" in error.message


def test_unit_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 30)]
    start = time.perf_counter()
    assert "aliases" in complaint_of(tmp_path, "\n".join(lines)).message
    assert time.perf_counter() - start < 1


def test_unit_a_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    error = complaint_of(tmp_path, b"name: " + b"x" * (10 * MAX_BYTES))
    assert error.message == "the file is too large"


def test_unit_paths_that_hold_no_file(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    cases: list[tuple[str | Path, str]] = [
        (tmp_path, "folder"),
        (tmp_path / "none.yaml", "no such file"),
        (pipe, "not a regular file"),
        (tmp_path / ("x" * 5000), "cannot read the file"),
    ]
    for path, words in cases:
        with pytest.raises(InputError, match=words):
            read_yaml(path)


def test_unit_files_of_the_package_may_be_large_and_their_errors_are_knowledge_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DATA", tmp_path)
    path = write(tmp_path, "name: a\nwheels: []\n#" + "x" * (2 * MAX_BYTES))
    assert validate(Cart, read_yaml(path)).name == "a"
    with pytest.raises(KnowledgeError, match=r"file.yaml:2: wheels"):
        validate(Cart, read_yaml(write(tmp_path, "name: a\nwheels: 3\n")))


@pytest.mark.parametrize(
    ("change", "line", "field", "words"),
    [
        (("size: 5", "size: 5.5"), 4, "wheels[1].size", "expected a whole number (got 5.5)"),
        (("size: 5", "size: true"), 4, "wheels[1].size", "expected a whole number (got True)"),
        (("size: 5", "size: 2026-01-01"), 4, "wheels[1].size", "expected a whole number (got '2026-01-01')"),
        (("size: 5", "size: 0"), 4, "wheels[1].size", "allowed: above 0"),
        (("kind: wood", "kind: glass"), 5, "wheels[1].kind", "allowed: 'steel' or 'wood'"),
        (("kind: wood", "knid: wood"), 5, "wheels[1].knid", "unknown field; did you mean 'kind'?"),
        (("name: hay", "nam: hay"), 1, "nam", "did you mean 'name'?"),
        (("name: hay", "name: [hay]"), 1, "name", "expected text"),
        (("- size: 4", "- 4"), 3, "wheels[0]", "expected 'key: value' lines (got 4)"),
        (("size: 5\n", "{}\n#"), 4, "wheels[1].size", "this field is missing"),
    ],
)
def test_unit_a_wrong_field_is_named(
    tmp_path: Path, change: tuple[str, str], line: int, field: str, words: str
) -> None:
    error = complaint_of(tmp_path, CART.replace(*change))
    assert (error.line, error.field) == (line, field)
    assert words in str(error)


def test_unit_further_problems_are_counted(tmp_path: Path) -> None:
    error = complaint_of(tmp_path, "nam: hay\nwheels:\n  - size: a\n  - size: b\n")
    assert error.fix is not None
    assert error.fix.endswith("and 3 more problems")


def test_unit_an_input_error_inside_a_model_gains_file_line_and_field(tmp_path: Path) -> None:
    from typing import Annotated, Any

    from pydantic import BeforeValidator

    def even(value: Any) -> int:
        if value % 2:
            raise InputError("odd", value=value, allowed="even numbers", fix="add one")
        return int(value)

    class Pair(Entry):
        number: Annotated[int, BeforeValidator(rethrown(even))]

    path = write(tmp_path, "# first\nnumber: 3\n")
    with pytest.raises(InputError) as caught:
        validate(Pair, read_yaml(path))
    assert str(caught.value) == f"{path}:2: number: odd (got 3); allowed: even numbers; add one"
