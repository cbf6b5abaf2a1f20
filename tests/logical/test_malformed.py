"""A file that is wrong in any way gives one line that names file and line, exit code 2, and takes little memory."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from forestall.cli.errors import ExitCode
from forestall.cli.main import run
from forestall.interop.logical.expressions import MAX_DEPTH
from forestall.interop.logical.parsing import MAX_OPEN

_NODE = "Node {name} {{ logic = {rule}; }}\n"
_QUAL = """<?xml version="1.0" encoding="UTF-8"?>
{doctype}<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" qual:required="true"
 xmlns:qual="http://www.sbml.org/sbml/level3/version1/qual/version1"><model id="m">
<listOfCompartments><compartment id="c" constant="true"/></listOfCompartments>
<qual:listOfQualitativeSpecies>
<qual:qualitativeSpecies qual:id="A" qual:compartment="c" qual:constant="false" qual:maxLevel="1"/>
<qual:qualitativeSpecies qual:id="{second}" qual:compartment="c" qual:constant="false" qual:maxLevel="1"/>
</qual:listOfQualitativeSpecies>
<qual:listOfTransitions>{transitions}
</qual:listOfTransitions></model></sbml>
"""
_TRANSITION = """
<qual:transition qual:id="{name}"><qual:listOfOutputs>
<qual:output qual:qualitativeSpecies="A" qual:transitionEffect="assignmentLevel"/></qual:listOfOutputs>
<qual:listOfFunctionTerms><qual:defaultTerm qual:resultLevel="0"/>
<qual:functionTerm qual:resultLevel="{level}"><math xmlns="http://www.w3.org/1998/Math/MathML">{formula}</math>
</qual:functionTerm></qual:listOfFunctionTerms></qual:transition>"""
_ON = "<apply><eq/><ci>B</ci><cn type='integer'>1</cn></apply>"
_BOMB = '<!DOCTYPE s [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n'


def _qual(*transitions: str, doctype: str = "", second: str = "B") -> str:
    return _QUAL.format(doctype=doctype, second=second, transitions="".join(transitions))


def _transition(name: str = "t", formula: str = _ON, level: int = 1) -> str:
    return _TRANSITION.format(name=name, formula=formula, level=level)


def _nested(levels: int) -> str:
    return "<apply><not/>" * levels + _ON + "</apply>" * levels


WRONG = {
    "duplicate.bnet": ("A, B\nB, A\n\nA, !B\n", 4, "'A' has a rule already, in line 1"),
    "slip.bnet": ("ERK, MEK\nMEK, Erk\n", 2, "did you mean 'ERK'?"),
    "sign.bnet": ("A, B $ C\n", 1, "unknown symbol (got '$')"),
    "open.bnet": ("A, B\nB, (A & (B | A)\n", 2, "this '(' is never closed"),
    "close.bnet": ("A, B\nB, A)\n", 2, "this ')' has no '('"),
    "empty_parentheses.bnet": ("A, B & ()\n", 1, "nothing stands between"),
    "no_operator.bnet": ("A, B C\n", 1, "expected an operator"),
    "no_operand.bnet": ("A, B &\n", 1, "ends too early"),
    "quote.bnet": ('A, A\nB, "A & B\n', 2, "this '\"' is never closed"),
    "no_rule.bnet": ("A,\n", 1, "ends too early"),
    "no_comma.bnet": ("targets, factors\nA B\n", 2, "is the comma missing?"),
    "reserved.bnet": ("and, B\n", 1, "reserved"),
    "probabilities.bnet": ("A, B, 0.5\nB, A, 0.5\n", 1, "probabilities of rules"),
    "encoding.bnet": ("A, B\n\udce9, A\n", 2, "save it as UTF-8"),
    "empty.bnet": ("# nothing\n", None, "has no rule"),
    "include.bnet": ("A, B\ninclude other.bnet\n", 2, "files cannot be included"),
    "hash_include.bnet": ('#include "include.bnet"\nA, B\n', 1, "files cannot be included"),
    "deep.bnet": ("A, " + "(" * 20_000 + "B" + ")" * 20_000 + "\n", 1, f"{MAX_OPEN} levels"),
    "deep_rules.bnet": ("A, " + "(B | (A & " * 120 + "A" + "))" * 120 + "\n", 1, f"{MAX_DEPTH} operations"),
    "unknown.txt": ("A *= B\n", 1, "unknown symbol (got 'B')"),
    "duplicate.txt": ("A *= A\nA *= not A\n", 2, "has a rule already"),
    "rule.txt": ("A *= A\nB = A and B\n", 2, "a rule is written with '*='"),
    "start.txt": ("A = True\nA = False\nA *= A\n", 2, "given twice"),
    "unknown.bnd": (_NODE.format(name="A", rule="B"), 1, "unknown symbol in node 'A' (got 'B')"),
    "duplicate.bnd": (_NODE.format(name="A", rule="A") * 2, 2, "has a rule already"),
    "open.bnd": (_NODE.format(name="A", rule="(A"), 1, "this '(' is never closed"),
    "no_end.bnd": ("Node A { logic = A", 1, "the file ends where ';' is expected"),
    "no_semicolon.bnd": ("Node A {\n logic = A\n}\n", 3, "expected ';' before this"),
    "comment.bnd": ("Node A { logic = A; }\n/* no end", 2, "never closed"),
    "function.bnd": ("Node A {\n logic = A;\n rate_up = f(1.0, 2);\n}", 3, "expected an operator"),
    "circle.bnd": ("Node A { logic = A; rate_up = @x; x = @y; y = @x + 1; }", 1, "without end"),
    "attribute.bnd": ("Node A { logic = A; rate_up = @x; }", 1, "unknown attribute"),
    "parameter.bnd": ("Node A { logic = A; rate_up = @logic ? $u_A : 0; }", None, "with --settings FILE.cfg"),
    "include.bnd": ('#include "include.bnd"\nNode A { logic = A; }', 1, "files cannot be included"),
    "condition.bnd": ("Node A { logic = A; rate_up = @logic ? 1; }", 1, "this '?' has no ':'"),
    "entities.sbml": (_qual(doctype=_BOMB), 2, "document type"),
    "half.sbml": (_qual()[:400], 6, "this is no XML"),
    "species_twice.sbml": (_qual(second="A"), None, "A"),
    "rule_twice.sbml": (_qual(_transition("t"), _transition("u")), 16, "has a rule already"),
    "unknown.sbml": (_qual(_transition(formula=_ON.replace("B", "C"))), 13, "unknown symbol (got 'C')"),
    "level.sbml": (_qual(_transition(level=3)), 13, "outside of its levels"),
    "sum.sbml": (
        _qual(_transition(formula="<apply><plus/><ci>A</ci><ci>B</ci></apply>")),
        13,
        "not supported",
    ),
    "deep.sbml": (_qual(_transition(formula=_nested(100_000))), 13, "nested too deep"),
    "ode.sbml": (
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model/></sbml>',
        1,
        "no SBML-qual model",
    ),
    "include.xml": (
        '<a xmlns:xi="http://www.w3.org/2001/XInclude">\n<xi:include href="include.xml"/></a>',
        2,
        "files cannot be included",
    ),
    "comp.sbml": (
        _qual()
        .replace("</model>", "\n<comp:externalModelDefinition comp:source='comp.sbml'/></model>")
        .replace("<sbml ", "<sbml xmlns:comp='http://www.sbml.org/sbml/level3/version1/comp/version1' "),
        11,
        "files cannot be included",
    ),
    "suffix.doc": ("A, B\n", None, "the suffix names no known format"),
}


@pytest.mark.parametrize("name", WRONG)
def test_unit_one_line_names_the_file_and_the_line(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, line, says = WRONG[name]
    file = tmp_path / name
    file.write_bytes(content.encode(errors="surrogateescape"))
    assert run(["network", "run", str(file)]) == ExitCode.REFUSED
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    place = str(file) if line is None else f"{file}:{line}:"
    assert printed.err.startswith(f"forestall: error: {place}")
    assert says in printed.err
    assert len(printed.err) < 600


SETTINGS = {
    "unknown_node": ("B.istate = 1;", "no such node"),
    "schedule": ("A.schedule = 20:0.1;", "no such setting of a node"),
    "discrete": ("discrete_time = True;", "write 0 and use --engine async"),
    "unknown_setting": ("max_tim = 5;", "did you mean 'max_time'"),
    "half": ("A.istate = ", "the file ends where"),
    "no_value": ("A.istate = $x;", "has no value yet"),
    "twice": ("A.istate = 1;\nA.istate = 0;", "given twice"),
    "states": ("[A].istate = 1 [0, 1];", "wrong states"),
    "weights": ("[A].istate = 0 [0], 0 [1];", "must not be negative"),
    "parameter": ("$other = 1;", "has no value (got '$k')"),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_unit_wrong_settings_are_one_line_too(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    content, says = SETTINGS[name]
    (tmp_path / "net.bnd").write_text("Node A { logic = A; rate_up = $k; rate_down = 0; }")
    (tmp_path / "net.cfg").write_text(content)
    assert run(["network", "run", str(tmp_path / "net.bnd")]) == ExitCode.REFUSED
    printed = capsys.readouterr().err
    assert printed.startswith(f"forestall: error: {tmp_path / 'net.cfg'}")
    assert printed.count("\n") == 1
    assert says in printed


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize("suffix", [".bnet", ".txt", ".bnd", ".sbml"])
def test_unit_a_file_of_100_mb_is_refused_without_reading_it(suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"large{suffix}"
    with file.open("wb") as stream:
        stream.truncate(100_000_000)
    code = (
        "import pathlib, sys; from forestall.cli.main import run; code = run(['network', 'run', sys.argv[1]]);"
        "lines = pathlib.Path('/proc/self/status').read_text().splitlines();"
        "print(*(line.split()[1] for line in lines if line.startswith('VmHWM'))); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(file)], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == ExitCode.REFUSED
    assert done.stderr.startswith(f"forestall: error: {file}: the file is too large")
    assert done.stderr.count("\n") == 1
    assert int(done.stdout) * 1024 < 300_000_000


@pytest.mark.parametrize("name", ["/dev/zero", "."])
def test_unit_what_is_no_file_is_refused(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    link = tmp_path / "endless.bnet"
    link.symlink_to(Path(name).resolve())
    assert run(["network", "run", str(link)]) == ExitCode.REFUSED
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("wide.bnet", "A, " + "B|" * 2_400_000 + "B\n"),
        ("wide.bnd", "Node A { logic = " + "A|" * 2_400_000 + "A; }\n"),
        ("many.bnet", "".join(f"n{number}, n0\n" for number in range(300_000))),
        ("long.bnet", "".join(f"n{number}, {'n0|' * 1000}n1\n" for number in range(400))),
    ],
)
def test_unit_the_largest_text_that_is_read_takes_bounded_memory_and_time(
    name: str, content: str, tmp_path: Path
) -> None:
    file = tmp_path / name
    file.write_text(content)
    limit = 3_000_000_000
    done = subprocess.run(
        [sys.executable, "-m", "forestall", "network", "convert", str(file), str(tmp_path / "out.txt")],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )
    assert done.returncode == (ExitCode.OK if name == "long.bnet" else ExitCode.REFUSED)
    assert done.stderr.count("\n") <= 1
