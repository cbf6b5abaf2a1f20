"""`forestall screen`: every drug and combination over doses and genotypes."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.anticipate import At, CohortFile, Horizon, PatientFile, Tumors, answer, question_of, show
from forestall.cli.network_options import Initial, Settings
from forestall.cli.options import AsJson, OutputFolder, Quiet, Seed, Workers
from forestall.errors import InputError

if TYPE_CHECKING:
    from forestall.studies.screen.result import ScreenResult

Network = Annotated[
    str,
    typer.Option(
        metavar="NAME|FILE",
        help="'breast', a network file (.yaml), a logical model (.bnet, .bnd, SBML-qual) or an SBML model (.xml).",
    ),
]
Context = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE|FILE",
        help="Tumor type (HER2+/ER+, HER2+/ER-, ER+, triple negative) or a cell-line file (.yaml).",
        show_default=False,
    ),
]
Drugs = Annotated[
    str,
    typer.Option(
        metavar="A,B,...",
        help="Drugs of the catalog, or 'all'; for a FILE, its nodes or parameters, as NAME or DRUG=NAME.",
        show_default=False,
    ),
]
Doses = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[DRUG=]D1,D2,...",
        help="Doses such as 10nM, or 0.3x for 0.3 times the usual average free exposure; again with DRUG= for one drug. "
        "For a FILE, shares of the target that are inhibited.",
        show_default="0.1x,0.3x,1x,3x",
    ),
]
Order = Annotated[int, typer.Option(min=1, max=3, help="Most drugs in one combination.")]
Genotypes = Annotated[
    str | None,
    typer.Option(
        metavar="G1,G2,...",
        help="Alterations, joined by '+' within one genotype; 'wild type'; or 'all'. For a FILE, NODE=0, NODE=1 or PARAMETER=VALUE.",
        show_default="wild type",
    ),
]
Hours = Annotated[float, typer.Option(metavar="H", help="Length of the assay, hours.")]
Doubling = Annotated[
    float | None,
    typer.Option(
        "--doubling-time", metavar="H", min=1.0, help="Untreated doubling time, hours.", show_default="40"
    ),
]
Ligands = Annotated[
    list[str] | None,
    typer.Option(
        "--ligand",
        metavar="NODE=LEVEL",
        help="Level of a ligand from 0 to 1, for example NRG1=0.6.",
        show_default=False,
    ),
]
RankBy = Annotated[str, typer.Option("--rank-by", help="bliss, hsa, loewe, zip, or response.")]
Top = Annotated[int, typer.Option(min=1, help="Combinations that are printed.")]
Growth = Annotated[
    str | None,
    typer.Option(
        metavar="NODES",
        help="Of a logical FILE: nodes that stand for growth, joined by commas.",
        show_default=False,
    ),
]
Death = Annotated[
    str | None,
    typer.Option(metavar="NODES", help="Of a logical FILE: nodes that stand for death.", show_default=False),
]
Output = Annotated[
    str | None,
    typer.Option("--output", metavar="NAME", help="Of an SBML FILE: the response.", show_default=False),
]
Until = Annotated[
    float | None,
    typer.Option(
        metavar="T", help="Of a FILE: time at which it is read, in its own unit.", show_default=False
    ),
]

Settle = Annotated[
    float | None,
    typer.Option(
        metavar="T",
        min=0.0,
        help="Of a logical FILE: how long cells run before the drugs come, in the network's unit of time.",
        show_default="0",
    ),
]
Trajectories = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Of a logical FILE: trajectories per run.", show_default="10000"),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("screen", short_help="Screen drugs and combinations over doses and genotypes.")(screen)


def screen(
    drugs: Drugs,
    network: Network = "breast",
    context: Context = None,
    doses: Doses = None,
    order: Order = 2,
    genotypes: Genotypes = None,
    hours: Hours = 72.0,
    doubling: Doubling = None,
    ligands: Ligands = None,
    growth: Growth = None,
    death: Death = None,
    output: Output = None,
    until: Until = None,
    settings: Settings = None,
    initial: Initial = None,
    settle: Settle = None,
    trajectories: Trajectories = None,
    seed: Seed = 1,
    rank_by: RankBy = "bliss",
    top: Top = 10,
    patient: PatientFile = None,
    cohort: CohortFile = None,
    tumors: Tumors = 400,
    at: At = "2 years",
    horizon: Horizon = "10 years",
    workers: Workers = None,
    out: OutputFolder = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Screen every drug, pair and triple over doses and genotypes: viability, GR values, synergy, and why.

    --out keeps the tables (combinations.csv, single_agents.csv, points.parquet), figures and the record.

    With --patient or --cohort: every drug, pair and triple, together and in turn, on copies of an evolving tumor: how many are cured,
    how many are controlled, and which clones grow in the others.
    """
    from forestall.cli.screened_network import OF_NETWORKS, ScreenOptions, screened_system

    asked = ScreenOptions(
        network=network,
        drugs=_listed(drugs),
        order=order,
        hours=hours,
        seed=seed,
        context=context,
        doses=doses,
        genotypes=None if genotypes is None else _listed(genotypes),
        doubling=doubling,
        ligands=ligands,
        growth=growth,
        death=death,
        output=output,
        until=until,
        settings=settings,
        initial=initial,
        settle=settle,
        trajectories=trajectories,
    )
    if patient is not None or cohort is not None:
        asked.refuse(OF_NETWORKS, "for networks")
        question = question_of(order, tumors, at, horizon, seed, workers)
        found = answer(patient, cohort, asked.drugs, question, silent=quiet or as_json)
        show(found, top, out, as_json=as_json, quiet=quiet)
        return
    if workers is not None:
        raise InputError("--workers is only for patients and cohorts", value=workers)
    from forestall.studies.screen.result import run_screen

    _show(run_screen(screened_system(asked), rank_by), top, out, as_json=as_json, quiet=quiet)


def _show(result: ScreenResult, top: int, out: Path | None, *, as_json: bool, quiet: bool) -> None:
    """Print the result, and write it if a folder is given."""
    if out is not None:
        from forestall.report.screen import write_screen

        write_screen(result, out, shlex.join(["forestall", *sys.argv[1:]]))
    if as_json:
        typer.echo(result.to_json(top))
    elif not quiet:
        from forestall.report.screen import screen_text

        typer.echo(screen_text(result, top))
        if out is not None:
            typer.echo(f"\ntables, figures and record: {_slashed(out)}")


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _slashed(folder: Path) -> str:
    return f"{folder}/"
