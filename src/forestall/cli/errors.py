"""What the command line does with an error: one clear line, an exit code, a traceback only if asked for."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Callable
from enum import IntEnum

import typer

from forestall.errors import ForestallError

DEBUG_VARIABLE = "FORESTALL_DEBUG"
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]


class ExitCode(IntEnum):
    """Exit codes of the command `forestall`."""

    OK = 0
    FAILED = 1
    """Something that the user did not cause, or a rerun that came out differently."""
    REFUSED = 2
    """An input or an option that the user can mend."""
    INTERRUPTED = 130
    """Ctrl-C."""


def exit_code_of(command: Callable[[], object]) -> int:
    """Run a command and translate what it raises into an exit code and one line on stderr.

    Args:
        command: Called without arguments; an integer that it returns is its exit code.

    Returns:
        The exit code.
    """
    try:
        code = command()
        sys.stdout.flush()
    except BrokenPipeError:
        return _leave_quietly()
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except Exception as error:
        _say(_line_for(error))
        _show_traceback_if_asked()
        return ExitCode.REFUSED if isinstance(error, ForestallError | _UsageError) else ExitCode.FAILED
    if code == ExitCode.INTERRUPTED:
        return _interrupted()
    return code if isinstance(code, int) else ExitCode.OK


def _line_for(error: Exception) -> str:
    if isinstance(error, ForestallError):
        return f"error: {error}"
    if isinstance(error, _UsageError):
        return f"error: {_usage_line(error)}"
    if isinstance(error, OSError) and error.strerror:
        return f"error: {error.strerror}" + (f": '{error.filename}'" if error.filename else "")
    kind = type(error).__name__
    return f"unexpected error: {kind}: {error} (set {DEBUG_VARIABLE}=1 to see the traceback)"


def _usage_line(error: Exception) -> str:
    message = error.format_message() if hasattr(error, "format_message") else str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "forestall"
    return f"{message} (see '{command} --help')"


def _interrupted() -> int:
    _say("interrupted")
    return ExitCode.INTERRUPTED


def _leave_quietly() -> int:
    """Whoever read our output is gone: say nothing, here or when the interpreter flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return ExitCode.FAILED


def _say(line: str) -> None:
    print("forestall: " + " ".join(line.split()), file=sys.stderr)


def _show_traceback_if_asked() -> None:
    if os.environ.get(DEBUG_VARIABLE, "0") not in ("", "0"):
        traceback.print_exc()
