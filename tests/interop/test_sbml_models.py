"""SBML models of others: as in plain libRoadRunner, perturbed, and refused with file and line if they are not sound."""

from __future__ import annotations

import math
import os
import resource
from pathlib import Path

import numpy as np
import pytest

from forestall.errors import ForestallError, InputError
from forestall.interop.sbml_changes import Change
from forestall.interop.sbml_simulation import Runs, read_sbml, simulate_sbml

libsbml = pytest.importorskip("libsbml")
roadrunner = pytest.importorskip("roadrunner")

SHARED = (
    Path(os.environ.get("FORESTALL_SHARED", Path(__file__).parents[2].parent / "shared"))
    / "networks"
    / "sbml"
)
MODELS = ("BIOMD0000000019", "BIOMD0000000048", "BIOMD0000000175", "BIOMD0000000424")
FARATIAN = "BIOMD0000000424"

DECAY = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1">
  <model id="decay" timeUnits="second">
    <listOfCompartments><compartment id="cell" size="1" spatialDimensions="3" constant="true"/></listOfCompartments>
    <listOfSpecies>
      <species id="A" name="substrate" compartment="cell" initialConcentration="8"
               hasOnlySubstanceUnits="false" boundaryCondition="false" constant="false"/>
      <species id="B" compartment="cell" initialAmount="0" hasOnlySubstanceUnits="true" boundaryCondition="false" constant="false"/>
    </listOfSpecies>
    <listOfParameters>
      <parameter id="k" value="0.5" constant="true"/>
      <parameter id="half" constant="false"/>
      <parameter id="start" constant="true"/>
    </listOfParameters>
    <listOfInitialAssignments>
      <initialAssignment symbol="start"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><cn>2</cn><ci>k</ci></apply></math></initialAssignment>
    </listOfInitialAssignments>
    <listOfRules>
      <assignmentRule variable="half"><math xmlns="http://www.w3.org/1998/Math/MathML"><apply><divide/><ci>A</ci><cn>2</cn></apply></math></assignmentRule>
    </listOfRules>
    <listOfReactions>
      <reaction id="turn" reversible="false" fast="false">
        <listOfReactants><speciesReference species="A" stoichiometry="1" constant="true"/></listOfReactants>
        <listOfProducts><speciesReference species="B" stoichiometry="1" constant="true"/></listOfProducts>
        <kineticLaw>
          <math xmlns="http://www.w3.org/1998/Math/MathML"><apply><times/><ci>k</ci><ci>f</ci><ci>A</ci></apply></math>
          <listOfLocalParameters><localParameter id="f" value="1"/></listOfLocalParameters>
        </kineticLaw>
      </reaction>
    </listOfReactions>
  </model>
</sbml>
"""
EXACT = {"tolerance": 1e-10}


@pytest.fixture
def decay(tmp_path: Path) -> Path:
    path = tmp_path / "decay.xml"
    path.write_text(DECAY)
    return path


def end_of(path: Path, *changes: Change, observe: str = "A", until: float = 2.0) -> float:
    return float(simulate_sbml(read_sbml(path, changes), until, [observe], **EXACT).values[observe][-1])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", MODELS)
def test_oracle_published_models_run_as_in_plain_libroadrunner(name: str) -> None:
    """1e-6 of each species' range; Faratian marks all reactions fast, which libRoadRunner refuses until it is removed."""
    path = SHARED / f"{name}.xml"
    if not path.exists():
        pytest.skip("the published models are not there")
    plain = roadrunner.RoadRunner(path.read_text().replace('fast="true"', 'fast="false"'))
    course = simulate_sbml(read_sbml(path), 60.0)
    plain.timeCourseSelections = ["time", *(read_sbml(path).selections[key] for key in course.values)]
    expected = np.array(plain.simulate(0, 60.0, 101))
    np.testing.assert_array_equal(course.times, expected[:, 0])
    for k, (key, values) in enumerate(course.values.items()):
        scale = max(1e-9, float(np.abs(expected[:, k + 1]).max()))
        np.testing.assert_allclose(values / scale, expected[:, k + 1] / scale, atol=1e-6, err_msg=key)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ((), 8 * math.exp(-1)),
        ((Change("set", "k", 1.0),), 8 * math.exp(-2)),
        ((Change("scale", "k", 3.0),), 8 * math.exp(-3)),
        ((Change("set", "A", 2.0),), 2 * math.exp(-1)),
        ((Change("scale", "substrate", 0.5),), 4 * math.exp(-1)),
        ((Change("set", "turn.f", 0.0),), 8.0),
        ((Change("clamp", "A", 5.0),), 5.0),
        ((Change("set", "A", 2.0), Change("scale", "A", 2.0)), 4 * math.exp(-1)),
    ],
)
def test_oracle_changes_of_a_decay_with_a_closed_form(
    decay: Path, changes: tuple[Change, ...], expected: float
) -> None:
    assert end_of(decay, *changes) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    "start", ['<?xml version="1.0"?>', "", '\ufeff<?xml version="1.0" encoding="utf-8"?>\r']
)
def test_oracle_a_file_that_names_no_encoding_is_utf_8(start: str, tmp_path: Path) -> None:
    path = tmp_path / "decay.xml"
    path.write_text(start + DECAY.partition("?>")[2])
    assert end_of(path) == pytest.approx(8 * math.exp(-1.0), rel=1e-6)


def test_oracle_a_clamped_species_goes_on_feeding_its_products(decay: Path) -> None:
    assert end_of(decay, Change("clamp", "A", 5.0), observe="B") == pytest.approx(5.0 * 0.5 * 2.0, rel=1e-7)


def test_oracle_initial_assignments_follow_what_they_read(decay: Path) -> None:
    assert end_of(decay, Change("set", "k", 3.0), observe="start") == pytest.approx(6.0)
    assert end_of(decay, Change("scale", "start", 10.0), observe="start") == pytest.approx(10.0)
    assert end_of(decay, Change("set", "start", 4.0), observe="start") == pytest.approx(4.0)


def test_oracle_a_clamp_replaces_a_rule(decay: Path) -> None:
    assert end_of(decay, Change("clamp", "half", 7.0), observe="half") == 7.0
    with pytest.raises(InputError, match=r"decay\.xml:19: --set: this value follows from a rule .*--clamp"):
        end_of(decay, Change("set", "half", 7.0))


def test_oracle_many_runs_are_single_runs(decay: Path) -> None:
    """Model with initial assignments (read anew) and without (parameters set in place); order must not matter."""
    without = decay.with_name("without.xml")
    first, last = DECAY.index("    <listOfInitialAssignments>"), DECAY.index("    <listOfRules>")
    without.write_text(
        (DECAY[:first] + DECAY[last:]).replace('<parameter id="start"', '<parameter id="start" value="1"')
    )
    for path in (decay, without):
        runs = Runs(read_sbml(path, promoted=True), "A", 2.0)
        assert runs.at({"turn.f": 0.0}) == pytest.approx(8.0)
        assert runs.at({"A": 2.0, "k": 1.0}) == pytest.approx(2 * math.exp(-2), rel=1e-4)
        assert runs.at({}) == pytest.approx(8 * math.exp(-1), rel=1e-4)


def test_oracle_faratian_pten_decides_whether_receptor_inhibition_lowers_pakt() -> None:
    """Faratian 2009: pAkt falls under the receptor inhibitor (Per = 3e5, the file's own value) unless PTEN is lost."""
    path = SHARED / f"{FARATIAN}.xml"
    if not path.exists():
        pytest.skip("the published models are not there")
    drug, loss = Change("set", "Per", 3e5), Change("set", "PTEN", 4.0)

    def left(*background: Change) -> float:
        return end_of(path, drug, *background, observe="pAkt", until=15.0) / end_of(
            path, *background, observe="pAkt", until=15.0
        )

    assert left() < 0.7
    assert left(loss) > 0.95


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DECAY.replace("</model>", ""), r"bad\.xml:32: this is no XML: mismatched tag"),
        (DECAY.replace("<ci>f</ci>", "<ci>unknown</ci>"), r"bad\.xml:\d+: .*unknown"),
        (
            DECAY.replace(
                "<model", '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="bad.xml"/><model', 1
            ),
            r"bad\.xml:\d+: files cannot be included",
        ),
        (DECAY.replace('species="B"', 'species="C"'), r"bad\.xml:\d+: "),
        (DECAY.replace('id="B"', 'id="A"'), r"bad\.xml:\d+: .*[Dd]uplicate"),
        (DECAY.replace('value="0.5"', 'value="a half"'), r"bad\.xml:\d+: "),
        (DECAY.replace('level="3"', 'level="1"'), r"bad\.xml:\d+: "),
        ("<html/>", r"bad\.xml"),
        ("", r"bad\.xml:1: this is no XML: no element found"),
        (
            '<?xml version="1.0"?>\n<!DOCTYPE sbml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>\n<sbml>&b;</sbml>',
            r"bad\.xml:2: a document type, which could define entities, is not accepted",
        ),
        (
            "\n" + "<a>\n" * 5000 + "</a>\n" * 5000,
            r"bad\.xml:152: the elements are nested too deep; allowed: 150 levels",
        ),
    ],
)
def test_unit_files_that_are_not_sound_are_refused_with_their_line(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "bad.xml"
    path.write_text(text)
    with pytest.raises(InputError, match=words):
        read_sbml(path)


def test_unit_an_unknown_symbol_has_a_line_in_old_levels_too(tmp_path: Path) -> None:
    """libSBML only warns of it in level 2 version 1."""
    published = SHARED / "BIOMD0000000048.xml"
    if not published.exists():
        pytest.skip(f"{published} is not there; set FORESTALL_SHARED")
    text = published.read_text()
    path = tmp_path / "old.xml"
    path.write_text(text.replace("<ci> R </ci>", "<ci> Rx </ci>", 1))
    with pytest.raises(InputError, match=r"old\.xml:\d+: .*'Rx'"):
        read_sbml(path)


def test_unit_a_rule_that_reads_itself_is_refused(decay: Path) -> None:
    decay.write_text(DECAY.replace("<ci>A</ci><cn>2</cn>", "<ci>half</ci><cn>2</cn>"))
    with pytest.raises(
        InputError, match=r"decay\.xml:\d+: rules or functions refer to themselves \(got 'half'\)"
    ):
        read_sbml(decay)


def test_unit_rules_that_expand_without_bounds_are_refused_before_they_do(tmp_path: Path) -> None:
    """Forty rules that double: 2^40 terms in libRoadRunner. Refused within a second and 100 MB."""
    parameters = "".join(f'<parameter id="x{i}" constant="false"/>' for i in range(1, 41))
    rules = "\n".join(
        f'<assignmentRule variable="x{i}"><math xmlns="http://www.w3.org/1998/Math/MathML">'
        f"<apply><plus/><ci>x{i - 1}</ci><ci>x{i - 1}</ci></apply></math></assignmentRule>"
        for i in range(1, 41)
    )
    path = tmp_path / "doubling.xml"
    path.write_text(
        '<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1"><model id="m"><listOfParameters>'
        f'<parameter id="x0" value="1" constant="true"/>{parameters}</listOfParameters>'
        f"<listOfRules>\n{rules}\n</listOfRules></model></sbml>"
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError, match=r"doubling\.xml:\d+: the formulas of the model become too large"):
        read_sbml(path)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_unit_a_file_of_100_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "large.xml"
    with path.open("wb") as stream:
        stream.truncate(100_000_000)
    with pytest.raises(
        InputError, match=r"large\.xml: the file is too large for a network \(got '100,000,000 bytes'\)"
    ):
        read_sbml(path)


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("set", "k", "expected NAME=NUMBER"),
        ("scale", "k=-1", "not negative"),
        ("set", "k=nan", "expected NAME=NUMBER"),
    ],
)
def test_unit_changes_are_name_and_number(kind: str, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        Change.from_text(kind, text)  # type: ignore[arg-type]


def test_unit_unknown_names_get_the_nearest(decay: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'substrate'"):
        end_of(decay, Change("set", "substrat", 1.0))
    with pytest.raises(InputError, match="no such observable"):
        end_of(decay, observe="C")


def test_unit_a_failing_integration_is_an_error_of_the_input(decay: Path) -> None:
    """A = 8 / (1 - t)-like blow-up: rate k A^2 with the product fed back has a pole."""
    blow_up = DECAY.replace("<ci>k</ci><ci>f</ci><ci>A</ci>", "<cn>-1</cn><ci>A</ci><ci>A</ci>")
    decay.write_text(blow_up)
    with pytest.raises(ForestallError, match="libRoadRunner stopped"):
        end_of(decay, until=10.0)


def test_property_a_model_that_was_read_holds_nothing_of_libsbml(decay: Path) -> None:
    """Its objects die with their document; a dangling one ends the process when it is shown."""
    model = read_sbml(decay)
    assert "libsbml" not in repr(model)
    assert model.targets.find("substrate") == "A"
