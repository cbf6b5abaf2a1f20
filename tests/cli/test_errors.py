"""Whatever goes wrong, the user sees one line, the right exit code, and no traceback."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from forestall.cli.errors import DEBUG_VARIABLE, ExitCode, exit_code_of
from forestall.cli.main import run
from forestall.errors import InputError, StudyError


def _raising(error: BaseException) -> int:
    def command() -> None:
        raise error

    return exit_code_of(command)


@pytest.mark.parametrize(
    ("error", "code", "line"),
    [
        (
            InputError("must be positive", field="dose", value=-1),
            2,
            "forestall: error: dose: must be positive (got -1)",
        ),
        (StudyError("two\nlines"), 2, "forestall: error: two lines"),
        (KeyboardInterrupt(), 130, "forestall: interrupted"),
        (
            FileNotFoundError(2, "No such file", "x.yaml"),
            1,
            "forestall: error: No such file: 'x.yaml'",
        ),
        (ZeroDivisionError("oops"), 1, "forestall: unexpected error: ZeroDivisionError: oops"),
    ],
)
def test_unit_an_error_is_one_line_and_an_exit_code(
    error: BaseException, code: int, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _raising(error) == code
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith(line)
    assert printed.err.count("\n") == 1


def test_unit_the_traceback_is_shown_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _raising(ZeroDivisionError("oops")) == ExitCode.FAILED
    assert f"{DEBUG_VARIABLE}=1" in (quiet := capsys.readouterr().err)
    assert "Traceback" not in quiet
    monkeypatch.setenv(DEBUG_VARIABLE, "1")
    _raising(ZeroDivisionError("oops"))
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (["trail"], "'trial'"),
        (["--nope"], "--nope"),
        (["trial"], "NAME_OR_FILE"),
        (["trial", "cleopatra", "--patients", "0"], "--patients"),
        (["trial", "cleopatra", "--patients", "many"], "--patients"),
        (["trial", "cleopatra", "--replicates", "0"], "--replicates"),
        (["trial", "cleopatra", "--workers", "0"], "--workers"),
        (["trial", "cleopatra", "--seed", "-1"], "--seed"),
        (["trial", "cleopatra", "--seed", str(2**63)], "--seed"),
        (["trial", "cleopatra", "two"], "two"),
        (["simulate", "patient.yaml"], "--regimen"),
        (["rerun"], "DIR"),
        (["schema", "tumor"], "tumor"),
    ],
)
def test_unit_a_wrong_command_line_is_one_line_that_names_the_word(
    arguments: list[str], names: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.err.startswith("forestall: error: ")
    assert printed.err.count("\n") == 1
    assert names in printed.err
    assert "--help'" in printed.err


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["-h"], ["--version"], ["version"], ["trial", "--help"]]
)
def test_unit_help_and_version_go_to_stdout(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == ExitCode.OK
    printed = capsys.readouterr()
    assert "forestall" in printed.out
    assert printed.err == ""


def test_unit_a_reader_that_leaves_is_no_error() -> None:
    script = (
        "import sys; from forestall.cli.errors import exit_code_of; "
        "sys.exit(exit_code_of(lambda: print(chr(120) * 10**6)))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(1)
        process.stdout.close()
        assert process.stderr.read() == b""


def test_unit_ctrl_c_is_one_line() -> None:
    script = (
        "import sys, time; from forestall.cli.errors import exit_code_of; print('ready', flush=True); "
        "sys.exit(exit_code_of(lambda: time.sleep(30)))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=20)
    assert process.returncode == ExitCode.INTERRUPTED
    assert complaint == "forestall: interrupted\n"
