"""The parse layer: a YAML file in, a validated model out, and errors that name file, line and field.

YAML is read by its 1.2 rules: `1:1` is text (not 61), `010` is ten, `yes` is a word, `2026-01-01` is text.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from forestall.errors import InputError, KnowledgeError
from forestall.knowledge.complaints import Keys, complaint

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # PyYAML without libyaml: slower, same result
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]

DATA = Path(__file__).parent / "data"
"""The files that ship with the package: read without a limit on size or a search for hostile content."""
MAX_BYTES = 1_000_000
MAX_DEPTH = 20
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_TAB_INDENT = re.compile(r"^ *\t\s*[^\s#]", re.MULTILINE)
_MAX_DIGITS = 300

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Document:
    """A YAML file: where it came from, its text, and its content."""

    path: Path
    text: str
    data: dict[str, Any]

    @property
    def is_packaged(self) -> bool:
        """Whether the file ships with the package."""
        return _is_packaged(self.path)


def _content_error(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


class _Loader(_SafeLoader):
    """A safe loader with the scalar rules of YAML 1.2, text keys, and no repeated key."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping with text keys; a key that comes twice is an error."""
        mapping: dict[Hashable, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(
                    None, None, "a key must be a word", key_node.start_mark
                )
            if key_node.value in mapping:
                raise _content_error(f"'{key_node.value}' is given twice", key_node)
            mapping[key_node.value] = self.construct_object(value_node, deep=True)
        return mapping


def _construct_int(loader: _Loader, node: yaml.ScalarNode) -> int:
    if len(node.value) > _MAX_DIGITS:
        raise yaml.constructor.ConstructorError(
            None, None, "this number has too many digits", node.start_mark
        )
    return int(node.value)


def _construct_map(loader: _Loader, node: yaml.MappingNode) -> dict[Hashable, Any]:
    return loader.construct_mapping(node, deep=True)


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_map)
_SCALARS = (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        list("-+.0123456789"),
    ),
)
for _kind, _pattern, _first in _SCALARS:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first)
SCALAR_RULES = _Loader.yaml_implicit_resolvers
"""What text without quotes is read as, by its first character, in the form of PyYAML."""


def read_yaml(path: str | Path) -> Document:
    """Read a YAML file whose top level is a mapping.

    Args:
        path: The file.

    Returns:
        The document. Keys are text.

    Raises:
        InputError: if the file cannot be read, is too large, is no text, is no YAML, repeats a key, is
            indented with tabs, uses aliases or tags, nests too deeply, or is not a mapping.
    """
    packaged = _is_packaged(Path(path))
    text = _read_text(Path(path), limit=None if packaged else MAX_BYTES)
    if not packaged:
        _refuse_hostile(text, path)
    data = _construct(text, path)
    if data is None:
        raise InputError("the file is empty", file=path, allowed="lines such as 'key: value'")
    if not isinstance(data, dict):
        raise InputError(f"expected 'key: value' lines, not a {_kind_of(data)}", file=path, line=1)
    return Document(Path(path), text, data)


def validate(model: type[Model], document: Document) -> Model:
    """The model instance that a document describes.

    Args:
        model: A pydantic model.
        document: What `read_yaml` returned.

    Raises:
        InputError: naming file, line, field, the value seen, what is allowed and the likely fix.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        keys, found = complaint(model, document.data, error)
    except InputError as error:
        keys, found = (), error
    kind = KnowledgeError if document.is_packaged else InputError
    raise kind(
        found.message,
        file=document.path,
        line=locate(document, keys),
        field=found.field,
        value=found.value,
        allowed=found.allowed,
        fix=found.fix,
    ) from None


def locate(document: Document, key_path: Keys) -> int | None:
    """The line, counted from 1, of the deepest key of `key_path` that the document has.

    Args:
        document: What `read_yaml` returned.
        key_path: Keys and list positions from the top, for example ("arms", "control", 0).
    """
    node = yaml.compose(document.text, Loader=_Loader)
    line = None
    for key in key_path:
        child = _child(node, key)
        if child is None:
            break
        line, node = child
    return line


def _child(node: yaml.Node | None, key: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(key):
                return key_node.start_mark.line + 1, value_node
    if isinstance(node, yaml.SequenceNode) and str(key).isdigit() and int(key) < len(node.value):
        item: yaml.Node = node.value[int(key)]
        return item.start_mark.line + 1, item
    return None


def _is_packaged(path: Path) -> bool:
    return DATA in path.parents


def _read_text(path: Path, limit: int | None) -> str:
    try:
        if path.is_dir():
            raise InputError("this is a folder, not a file", file=path)
        if not path.exists():
            raise InputError("there is no such file", file=path, fix="check the path")
        if not path.is_file():
            raise InputError("this is not a regular file", file=path)
        size = path.stat().st_size
        if limit is not None and size > limit:
            raise InputError(
                "the file is too large", file=path, value=f"{size} bytes", allowed=f"up to {limit} bytes"
            )
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read the file: {error.strerror or error}", file=path) from None
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise InputError("the file is not UTF-8 text", file=path, line=line, fix="save it as UTF-8") from None


def _refuse_hostile(text: str, path: str | Path) -> None:
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError("the file holds control characters; is it a binary file?", file=path, line=line)
    if found := _TAB_INDENT.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError("a tab is used for indentation", file=path, line=line, fix="use spaces")
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_Loader):  # a flat stream, so depth cannot exhaust the stack
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if problem := _problem_with(event, depth):
                mark: Any = event.start_mark
                raise InputError(problem, file=path, line=mark.line + 1)
    except yaml.YAMLError as error:
        raise _syntax_error(error, path) from None


def _problem_with(event: yaml.Event, depth: int) -> str | None:
    if depth > MAX_DEPTH:
        return f"nested more than {MAX_DEPTH} levels deep"
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        return "anchors (&) and aliases (*) are not allowed; write the value out"
    if (tag := getattr(event, "tag", None)) is not None:
        return f"tags ({tag}) are not allowed"
    return None


def _construct(text: str, path: str | Path) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        raise _syntax_error(error, path) from None


def _syntax_error(error: yaml.YAMLError, path: str | Path) -> InputError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or str(error)
    hints = {
        "mapping values are not allowed": "put the text in quotes if it holds a colon",
        "could not find expected ':'": "write 'key: value', with a space after the colon",
        "did not find expected key": "check the indentation, and quotes around the text",
        "cannot start any token": "put the text in quotes",
        "expected a single document": "keep one document: remove the '---' line",
    }
    fix = next((hint for words, hint in hints.items() if words in problem), None)
    repeated = isinstance(error, yaml.constructor.ConstructorError)
    message = problem if repeated else f"this is not valid YAML: {problem}"
    return InputError(message, file=path, line=None if mark is None else mark.line + 1, fix=fix)


def _kind_of(data: object) -> str:
    return "list" if isinstance(data, list) else "single value"
