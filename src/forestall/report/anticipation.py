"""What a screen of a patient or cohort prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO

from rich.console import Console
from rich.table import Table

from forestall.report.wording import shortened
from forestall.studies.anticipate.files import Anticipation
from forestall.studies.anticipate.run import Answer

_WIDTH = 110
_MOST_REMAINING = 3
_DAYS_PER_YEAR = 365.25


def anticipation_text(result: Anticipation, top: int) -> str:
    """The best regimens, and sentences that compare giving drugs together with giving them in turn."""
    question = result.question
    console = Console(file=StringIO(), width=_WIDTH, highlight=False, markup=False, emoji=False)
    subjects = "1 tumor" if len(result.subjects) == 1 else f"{len(result.subjects)} tumors"
    console.print(f"{result.name} · {subjects}, {question.tumors} copies per regimen · seed {question.seed}")
    console.print(
        _table(
            result.summary[:top], question.at_days / _DAYS_PER_YEAR, question.horizon_days / _DAYS_PER_YEAR
        )
    )
    if len(result.summary) > top:
        console.print(f"{len(result.summary) - top} further regimens; --top shows more")
    for line in _comparisons(result.summary, top):
        console.print(line)
    for note in dict.fromkeys(note for subject in result.subjects for note in subject.notes):
        console.print(note)
    file = console.file
    assert isinstance(file, StringIO), "made above"
    return file.getvalue().rstrip()


def _table(answers: Sequence[Answer], at: float, horizon: float) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("regimen", max_width=42)
    table.add_column(f"cured\n({horizon:.3g} y)", justify="right")
    table.add_column("±", justify="right")
    table.add_column(f"controlled\n({at:.3g} y)", justify="right")
    table.add_column("what grows otherwise", overflow="fold")
    for answer in answers:
        table.add_row(
            answer.regimen.name,
            f"{answer.cured:.1%}",
            f"{answer.error:.1%}",
            f"{answer.controlled:.1%}",
            _remaining(answer),
        )
    return table


def _remaining(answer: Answer) -> str:
    named = [f"{name} {share:.0%}" for name, share in answer.remaining[:_MOST_REMAINING]]
    rest = len(answer.remaining) - len(named)
    return ", ".join(named) + (f", {rest} others" if rest else "")


def _comparisons(answers: Sequence[Answer], top: int) -> Iterator[str]:
    """Each combination against the best sequence of the same drugs, and the single alterations that defeat it."""
    together = [
        answer for answer in answers if len(answer.regimen.drugs) > 1 and not answer.regimen.is_sequence
    ]
    for answer in together[:top]:
        in_turn = [
            other
            for other in answers
            if other.regimen.is_sequence and other.regimen.drugs == answer.regimen.drugs
        ]
        best = max(in_turn, key=lambda other: (other.cured, other.controlled))
        shared = f"; one alteration resists all: {', '.join(answer.singles)}" if answer.singles else ""
        yield shortened(
            f"{answer.regimen.name}: together cures {answer.cured:.1%}, in turn at most {best.cured:.1%}{shared}.",
            3 * _WIDTH,
        )
