"""Every format says what the model says, and a model that is written and read again is the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forestall.errors import InputError
from forestall.interop.logical.compile import CompiledModel
from forestall.interop.logical.expressions import (
    FALSE,
    TRUE,
    Expression,
    Number,
    Operation,
    Operator,
    Symbol,
    evaluate,
    operation,
    symbols_of,
)
from forestall.interop.logical.files import load_network, save_network
from forestall.interop.logical.levels import Species, nodes_of
from forestall.interop.logical.model import (
    LogicalModel,
    Node,
    Start,
    fixed_start,
    input_or_rule,
    random_start,
)
from forestall.studies.logical import run_network
from forestall.studies.logical_plan import Plan

from .networks import shared

NAMES = ("A", "B2", "c_d")
EXPRESSIONS = st.recursive(
    st.sampled_from([Symbol(name) for name in NAMES] + [TRUE, FALSE]),
    lambda parts: st.one_of(
        parts.map(lambda one: operation(Operator.NOT, one)),
        st.builds(
            lambda operator, both: operation(operator, *both),
            st.sampled_from([Operator.AND, Operator.OR, Operator.XOR]),
            st.tuples(parts, parts),
        ),
    ),
    max_leaves=12,
)


def _truth(rule: Expression) -> list[bool]:
    index = np.arange(8)
    states = {name: (index >> place & 1).astype(float) for place, name in enumerate(NAMES)}
    return np.broadcast_to(evaluate(rule, states, {}, {}) != 0.0, 8).tolist()


@pytest.mark.parametrize("suffix", [".bnet", ".txt", ".bnd", ".sbml"])
@settings(max_examples=60, deadline=None)
@given(rules=st.tuples(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS))
def test_property_a_written_rule_is_read_as_the_same_function(
    suffix: str, rules: tuple[Expression, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    file = tmp_path_factory.mktemp("round") / f"net{suffix}"
    model = LogicalModel(
        tuple(Node(name, input_or_rule(name, rule)) for name, rule in zip(NAMES, rules, strict=True))
    )
    assert save_network(model, file) == ()
    again = load_network(file)
    assert again.names == NAMES
    for node, rule in zip(again.nodes, rules, strict=True):
        assert _truth(Symbol(node.name) if node.rule is None else node.rule) == _truth(rule)


def test_property_maboss_files_keep_rates_starts_and_settings(tmp_path: Path) -> None:
    (tmp_path / "a.bnd").write_text(
        """// a comment
        Node A { logic = B AND NOT C; rate_up = @logic ? $u_A : 0; rate_down = @logic ? 0 : $d_A; }
        node B { rate_up = (C > 0) ? 2.5e-1 * $u_A : @low; low = $d_A / 4; rate_down = 1 - 0.5; }
        Node C { description = "an input"; rate_up = 0; rate_down = 0; }
        Node D { logic = (A ? B : !C) ^ (A | B); }"""
    )
    (tmp_path / "a.cfg").write_text(
        """$u_A = 2; $d_A = $u_A / 2; /* several
        lines */ [A, B].istate = 1 [0, 1], 3 [1, 0]; C.istate = 1; D.istate = -1; D.is_internal = 1;
        max_time = 7.5; time_tick = 0.5; sample_count = 321; thread_count = 4; discrete_time = 0;"""
    )
    model = load_network(tmp_path / "a.bnd")
    assert model.parameters == {"u_A": 2.0, "d_A": 1.0}
    assert model.starts[0] == Start(("A", "B"), ((0.25, (0, 1)), (0.75, (1, 0))))
    assert set(model.starts[1:]) == {fixed_start("C", 1), random_start("D")}
    assert (model.time, model.tick, model.trajectories) == (7.5, 0.5, 321)
    assert model.inputs() == ("C",)
    assert model.outputs() == ("A", "B", "C")
    events = CompiledModel(model).events
    assert set(events.rates) == {0.0, 0.25, 0.5, 1.0, 2.0}
    save_network(model, tmp_path / "b.bnd")
    assert load_network(tmp_path / "b.bnd") == model


def test_unit_settings_give_rates_to_networks_of_other_formats(tmp_path: Path) -> None:
    (tmp_path / "a.bnet").write_text("A, B\nB, A\nC, C\n")
    (tmp_path / "a.cfg").write_text("$u_A = 3; $d_B = 0; B.istate = 1;")
    rates = CompiledModel(load_network(tmp_path / "a.bnet", settings=tmp_path / "a.cfg")).rule_rates
    assert rates.tolist() == [[3.0, 1.0], [1.0, 0.0], [0.0, 0.0]]
    assert load_network(tmp_path / "a.bnet").starts == ()


def test_unit_what_a_format_cannot_hold_is_said(tmp_path: Path) -> None:
    model = LogicalModel((Node("A", Symbol("B"), internal=True), Node("B", None))).with_rates({"A": 2.0})
    model = model.starting([fixed_start("A", 1), random_start("B", 0.2)])
    assert save_network(model, tmp_path / "a.bnet") == (
        "not written: rates of A", "not written: internal mark of A", "not written: initial states of A, B",
    )  # fmt: skip
    assert save_network(model, tmp_path / "a.txt")[-1] == "not written: joint or uneven initial states of B"
    assert save_network(model, tmp_path / "a.sbml")[-1] == "not written: initial states of B"
    assert save_network(model, tmp_path / "a.bnd") == ()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("A | B2 & !c_d", "A | (B2 & (!c_d))"),
        ("!A & B2", "(!A) & B2"),
        ("A and not B2 or c_d", "(A & !B2) | c_d"),
        ("NOT(A) OR 1", "(!A) | 1"),
        ("A xor B2 and c_d", "A ^ (B2 & c_d)"),
        ("true & ~FALSE & A", "A"),
    ],
)
def test_unit_precedence(text: str, wanted: str, tmp_path: Path) -> None:
    for name, rule in (("x", text), ("y", wanted)):
        (tmp_path / f"{name}.bnet").write_text(f"{NAMES[0]}, {rule}\nB2, B2\nc_d, c_d\n")
    one, other = (load_network(tmp_path / f"{name}.bnet").nodes[0] for name in "xy")
    truths = [_truth(Symbol("A") if node.rule is None else node.rule) for node in (one, other)]
    assert truths[0] == truths[1]


def test_unit_names_as_published_files_have_them(tmp_path: Path) -> None:
    file = tmp_path / "a.bnet"
    file.write_text("targets, factors\nCyclin-D/CDK4, p38.MAPK & !NF+kB\np38.MAPK, 14-3-3\nNF+kB, NF+kB\n")
    model = load_network(file)
    assert model.names == ("Cyclin-D/CDK4", "p38.MAPK", "NF+kB", "14-3-3")
    assert model.inputs() == ("NF+kB", "14-3-3")
    assert model.notes == ("without a rule, and therefore inputs: 14-3-3",)
    with pytest.raises(InputError, match="MaBoSS cannot hold this name"):
        save_network(model, tmp_path / "a.bnd")


@pytest.mark.parametrize(
    "header", ["targets, factors", "Target,Factor", "GENES ,\tRULES", "target, boolean functions", ""]
)
def test_unit_the_first_line_may_name_the_columns_in_several_ways(header: str, tmp_path: Path) -> None:
    (tmp_path / "a.bnet").write_text(f"# comment\n\n{header}\nA, B\nB, A\n")
    assert load_network(tmp_path / "a.bnet").names == ("A", "B")
    (tmp_path / "b.bnet").write_text("A, B\nB, A\ntarget, factor\n")
    assert load_network(tmp_path / "b.bnet").names == ("A", "B", "target", "factor")


def test_unit_names_and_rules_may_stand_in_quotes(tmp_path: Path) -> None:
    (tmp_path / "a.bnet").write_bytes(
        b'"targets","factors"\r\n"A-1", "B.2 & !C"\r\nB.2,"(A-1 or not C)"  # "why"\r\n"C", 1\r\n'
    )
    (tmp_path / "b.bnet").write_text("A-1, B.2 & !C\nB.2, A-1 | !C\nC, 1\n")
    assert load_network(tmp_path / "a.bnet") == load_network(tmp_path / "b.bnet")


def test_unit_truths_of_maboss_in_words(tmp_path: Path) -> None:
    """As the examples that come with MaBoSS write them."""
    (tmp_path / "a.bnd").write_text(
        "node A { logic = A | TRUE; }\nnode B { logic = A; }\nnode C { logic = B; }"
    )
    (tmp_path / "a.cfg").write_text(
        "A.istate = FALSE; B.istate=True; B.is_internal=TRUE; C.is_internal = False;\n"
        "use_glibcrandgen = True; use_physrandgen = FALSE; discrete_time = false; sample_count = 1000.0;"
    )
    model = load_network(tmp_path / "a.bnd")
    assert model.starts == (fixed_start("A", 0), fixed_start("B", 1))
    assert model.outputs() == ("A", "C")
    assert model.trajectories == 1000
    final = run_network(model, Plan(engine="sync", time=3.0, tick=1.0, trajectories=1)).final()
    assert final == {"A": 1.0, "B": 1.0, "C": 1.0}


def test_oracle_levels_climb_and_fall_one_by_one() -> None:
    """All states of a species of three levels, against the rule stated for levels."""
    species, up = Species("X", 3), Symbol("U")
    nodes = nodes_of(species, [(3, up), (2, operation(Operator.NOT, Symbol("V")))], 0, 1)
    for level in range(4):
        for u, v in np.ndindex(2, 2):
            target = 3 if u else 2 if not v else 0
            states = {"U": np.asarray(float(u)), "V": np.asarray(float(v))}
            states |= {
                node: np.asarray(float(on))
                for node, on in zip(species.nodes, species.states(level), strict=True)
            }
            moves = [
                int(evaluate(node.rule or Symbol(node.name), states, {}, {}) != states[node.name])
                for node in nodes
            ]
            expected = [0, 0, 0]
            if target > level:
                expected[level] = 1
            elif target < level:
                expected[level - 1] = 1
            assert moves == expected


QUAL = """<sbml xmlns="http://www.sbml.org/sbml/level3/version1/core" level="3" version="1" qual:required="true"
 xmlns:qual="http://www.sbml.org/sbml/level3/version1/qual/version1"><model id="m">
<listOfCompartments><compartment id="c" constant="true"/></listOfCompartments>
<qual:listOfQualitativeSpecies>
<qual:qualitativeSpecies qual:id="X" qual:compartment="c" qual:constant="false" qual:maxLevel="2" qual:initialLevel="2"/>
<qual:qualitativeSpecies qual:id="Y" qual:compartment="c" qual:constant="false" qual:maxLevel="1"/>
</qual:listOfQualitativeSpecies>
<qual:listOfTransitions><qual:transition qual:id="t"><qual:listOfInputs>
<qual:input qual:id="theta" qual:qualitativeSpecies="X" qual:thresholdLevel="2" qual:transitionEffect="none"/>
</qual:listOfInputs><qual:listOfOutputs>
<qual:output qual:qualitativeSpecies="Y" qual:transitionEffect="assignmentLevel"/></qual:listOfOutputs>
<qual:listOfFunctionTerms><qual:defaultTerm qual:resultLevel="{default}"/>
<qual:functionTerm qual:resultLevel="{level}"><math xmlns="http://www.w3.org/1998/Math/MathML">
<apply><{sign}/>{sides}</apply></math></qual:functionTerm></qual:listOfFunctionTerms></qual:transition>
</qual:listOfTransitions></model></sbml>"""
_X, _THETA, _TWO = "<ci>X</ci>", "<ci>theta</ci>", '<cn type="integer">2</cn>'


@pytest.mark.parametrize(
    ("sign", "sides", "level", "holds"),
    [
        ("geq", _X + _TWO, 1, (False, False, True)),
        ("geq", _X + _THETA, 1, (False, False, True)),
        ("leq", _THETA + _X, 1, (False, False, True)),
        ("lt", _X + _TWO, 1, (True, True, False)),
        ("gt", _TWO + _X, 1, (True, True, False)),
        ("eq", _X + '<cn type="integer">1</cn>', 1, (False, True, False)),
        ("neq", _X + '<cn type="integer">1</cn>', 1, (True, False, True)),
        ("eq", _X + '<cn type="integer">1</cn>', 0, (True, False, True)),
    ],
)
def test_unit_sbml_qual_compares_levels(
    sign: str, sides: str, level: int, holds: tuple[bool, ...], tmp_path: Path
) -> None:
    file = tmp_path / "a.sbml"
    file.write_text(QUAL.format(sign=sign, sides=sides, level=level, default=1 - level))
    model = load_network(file)
    assert model.names == ("X", "X_2", "Y")
    assert model.starts == (Start(("X", "X_2"), ((1.0, (1, 1)),)),)
    rule = model.nodes[2].rule
    assert rule is not None
    states = {"X": np.array([0.0, 1.0, 1.0]), "X_2": np.array([0.0, 0.0, 1.0])}
    assert tuple(evaluate(rule, states, {}, {}) == 1.0) == holds


@pytest.mark.parametrize("network", ["id-033_var-19_in-5_BT474-BREAST-CELL-LINE-LONG-TERM",
    "id-038_var-21_in-4_SKBR3-BREAST-CELL-LINE-LONG-TERM", "id-096_var-19_in-1_ERBB-REGULATED-G1-S-TRANSITION"])  # fmt: skip
def test_oracle_bnet_and_sbml_of_one_published_network_agree(network: str) -> None:
    one, other = (load_network(shared(f"bbm/{network}/model.{suffix}")) for suffix in ("bnet", "sbml"))
    assert set(one.names) == set(other.names)
    for node in one.nodes:
        rule = other.nodes[other.number_of[node.name]].rule
        both = [Symbol(node.name) if part is None else part for part in (node.rule, rule)]
        names = symbols_of(*both)
        index = np.arange(1 << len(names))
        states = {name: (index >> place & 1).astype(float) for place, name in enumerate(names)}
        assert np.array_equal(
            *(np.broadcast_to(evaluate(part, states, {}, {}), index.shape) for part in both)
        )


def test_unit_a_highest_level_that_is_not_said_is_that_of_the_targets(tmp_path: Path) -> None:
    file = tmp_path / "a.sbml"
    text = QUAL.format(sign="geq", sides=_X + _TWO, level=3, default=0).replace(' qual:maxLevel="1"', "")
    file.write_text(text)
    assert load_network(file).names == ("X", "X_2", "Y", "Y_2", "Y_3")


def test_unit_fixed_genes_and_truths_as_boolnet_exports_them(tmp_path: Path) -> None:
    """Its function toSBML writes a gene fixed at 0 as a species of highest level 0, and a constant as a number."""
    text = QUAL.format(sign="and", sides='<cn type="integer">1</cn>' + _X, level=1, default=0)
    fixed = 'qual:constant="true" qual:maxLevel="0" qual:initialLevel="0"'
    file = tmp_path / "a.sbml"
    for start in (fixed, fixed.replace(' qual:initialLevel="0"', "")):
        file.write_text(text.replace('qual:constant="false" qual:maxLevel="2" qual:initialLevel="2"', start))
        model = load_network(file)
        assert model.names == ("X", "Y")
        assert model.inputs() == ("X",)
        assert model.starts == (fixed_start("X", 0),)
        assert model.nodes[1].rule == Symbol("X")


def test_unit_several_terms_of_one_level_are_alternatives(tmp_path: Path) -> None:
    term = '<qual:functionTerm qual:resultLevel="{}"><math xmlns="http://www.w3.org/1998/Math/MathML">{}</math></qual:functionTerm>'
    sides = "<apply><eq/>" + _X + '<cn type="integer">{}</cn></apply>'
    file = tmp_path / "a.sbml"
    text = QUAL.format(sign="eq", sides=_X + '<cn type="integer">0</cn>', level=1, default=0)
    file.write_text(
        text.replace("<qual:functionTerm", term.format(1, sides.format(2)) + "<qual:functionTerm")
    )
    rule = load_network(file).nodes[2].rule
    assert rule is not None
    states = {"X": np.array([0.0, 1.0, 1.0]), "X_2": np.array([0.0, 0.0, 1.0])}
    assert (evaluate(rule, states, {}, {}) == [1.0, 0.0, 1.0]).all()


def test_unit_rules_that_compare_serve_the_gates_too(tmp_path: Path) -> None:
    (tmp_path / "a.bnd").write_text(
        "Node A { logic = (B + C) >= 2 ; }\nNode B { logic = B; }\nNode C { logic = C; }\n"
    )
    model = load_network(tmp_path / "a.bnd").starting([fixed_start("A", 0), fixed_start("B", 1)])
    run = run_network(model, Plan(engine="sync", time=2.0, tick=1.0, trajectories=1000))
    assert run.probability[-1, 0] == run.probability[0, 2]


def test_unit_flat_sums_and_no_double_negation() -> None:
    a, b = Symbol("A"), Symbol("B")
    assert operation(Operator.OR, operation(Operator.OR, a, b), a) == Operation(Operator.OR, (a, b, a))
    assert operation(Operator.NOT, operation(Operator.NOT, a)) == a
    assert symbols_of(operation(Operator.AND, b, Number(1.0), a)) == ["B", "A"]
