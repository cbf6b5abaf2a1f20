"""Validation errors in the user's words: the field, the value seen, what is allowed, the likely fix."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from forestall.errors import InputError, did_you_mean

Keys = tuple[str | int, ...]
Parsed = TypeVar("Parsed")

_CARRIED = "forestall_input"
MISSING = "this field is missing"
_WORDS = {
    "missing": MISSING,
    "extra_forbidden": "unknown field",
    "string_type": "expected text",
    "literal_error": "unknown word",
    "enum": "unknown word",
    "finite_number": "expected a finite number",
    "greater_than": "too small",
    "greater_than_equal": "too small",
    "less_than": "too large",
    "less_than_equal": "too large",
    "int_type": "expected a whole number",
    "int_parsing": "expected a whole number",
    "int_parsing_size": "expected a whole number",
    "int_from_float": "expected a whole number",
    "float_type": "expected a number",
    "float_parsing": "expected a number",
    "bool_type": "expected true or false",
    "bool_parsing": "expected true or false",
    "list_type": "expected a list",
    "tuple_type": "expected a list",
    "dict_type": "expected 'key: value' lines",
    "model_type": "expected 'key: value' lines",
    "model_attributes_type": "expected 'key: value' lines",
    "string_too_short": "the text is empty or too short",
    "string_too_long": "the text is too long",
    "too_short": "too few entries",
    "too_long": "too many entries",
}
_BOUNDS = {"gt": "above {}", "ge": "at least {}", "lt": "below {}", "le": "at most {}"}


def rethrown(parse: Callable[[Any], Parsed]) -> Callable[[Any], Parsed]:
    """A parser for use inside a pydantic model: its `InputError` gains file, line and field.

    Args:
        parse: A function that raises `InputError` on a value that it cannot read.
    """

    def parse_field(value: Any) -> Parsed:
        try:
            return parse(value)
        except InputError as error:
            raise field_error(error) from None

    return parse_field


def field_error(error: InputError) -> PydanticCustomError:
    """An `InputError` in the form in which a pydantic validator may raise it."""
    words = {
        "message": error.message,
        "value": error.value,
        "allowed": error.allowed,
        "fix": error.fix,
        "field": error.field,
    }
    return PydanticCustomError(_CARRIED, "{message}", words)


def complaint(model: type[BaseModel], data: Any, error: ValidationError) -> tuple[Keys, InputError]:
    """The most telling of the errors that pydantic found.

    Args:
        model: The model.
        data: What was validated.
        error: What pydantic raised.

    Returns:
        The keys that lead to the fault, as far as the data has them, and the error in words.
    """
    found = error.errors(include_url=False)
    first = min(
        found, key=lambda details: details["type"] != "extra_forbidden"
    )  # a misspelled key explains the rest
    words = _reworded(model, first)
    path = (*first["loc"], *_keys_in(words.field))
    keys = _existing(data, path, missing=words.message == MISSING)
    others = None if len(found) == 1 else f"and {len(found) - 1} more problem" + "s" * (len(found) > 2)
    return keys, InputError(
        words.message,
        field=_dotted(keys) or None,
        value=words.value,
        allowed=words.allowed,
        fix="; ".join(filter(None, [words.fix, others])) or None,
    )


def _reworded(model: type[BaseModel], details: ErrorDetails) -> InputError:
    kind, context = details["type"], details.get("ctx", {})
    if kind == _CARRIED:
        return InputError(**context)
    if kind == "value_error":
        message, value = str(context["error"]), details["input"]
        return InputError(message, value=None if isinstance(value, Mapping) else value)
    if kind == "union_tag_invalid":
        allowed = context["expected_tags"]
        field = context["discriminator"].strip("'")
        fix = did_you_mean(context["tag"], re.findall(r"\w+", allowed))
        return InputError("unknown word", field=field, value=context["tag"], allowed=allowed, fix=fix)
    if kind == "missing":
        return InputError(_WORDS[kind])
    if kind == "extra_forbidden":
        return InputError(_WORDS[kind], fix=_fields_near(model, details["loc"]))
    message = _WORDS.get(kind) or details["msg"].replace("Input should be", "expected").rstrip(".")
    return InputError(message, value=_seen(details["input"]), allowed=_allowed(context))


def _seen(value: Any) -> Any:
    return "nothing" if value is None else value


def _allowed(context: Mapping[str, Any]) -> str | None:
    if "expected" in context:
        return str(context["expected"])
    limits = [text.format(context[key]) for key, text in _BOUNDS.items() if key in context]
    if "min_length" in context:
        limits.append(f"at least {context['min_length']}")
    if "max_length" in context:
        limits.append(f"at most {context['max_length']}")
    return " and ".join(limits) or None


def _fields_near(model: type[BaseModel], keys: Keys) -> str:
    owners = [model]
    for key in keys[:-1]:
        fields = [field for owner in owners for name, field in _fields(owner) if name == key]
        deeper = [inner for field in fields for inner in _models_in(field)]
        owners = deeper or owners
    names = {name for owner in owners for name, _ in _fields(owner)}
    guess = did_you_mean(str(keys[-1]), names)
    return guess if guess.startswith("known") else f"{guess} known: {', '.join(sorted(names))}"


def _fields(model: type[BaseModel]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        yield field.alias or name, field.annotation


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _existing(data: Any, keys: Keys, *, missing: bool) -> Keys:
    """The part of pydantic's path that is in the data (pydantic adds the names of union members to it)."""
    present: list[str | int] = []
    for position, key in enumerate(keys):
        if _has(data, key):
            data = data[key]
        elif not (missing and position == len(keys) - 1):
            continue
        present.append(key)
    return tuple(present)


def _has(data: Any, key: str | int) -> bool:
    if isinstance(data, list):
        return isinstance(key, int) and key < len(data)
    return isinstance(data, dict) and key in data


def _keys_in(field: str | None) -> Iterator[str | int]:
    for key in re.findall(r"[^.\[\]]+", field or ""):
        yield int(key) if key.isdecimal() else key


def _dotted(keys: Keys) -> str:
    return "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys).strip(".")
