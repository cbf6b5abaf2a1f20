"""`forestall spectrum`: which alterations cause resistance to a regimen."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Annotated

import typer

from forestall.cli.options import AsJson, DiseaseName, Seed

if TYPE_CHECKING:
    from forestall.studies.spectrum import Spectrum

RegimenName = Annotated[
    str,
    typer.Option("--regimen", "-r", metavar="REGIMEN", help="A regimen of the disease.", show_default=False),
]
Within = Annotated[
    str,
    typer.Option(
        "--within", metavar="TIME", help="Time in which a resistant clone must be found, with its unit."
    ),
]
Patients = Annotated[
    int, typer.Option(min=1, max=20_000, metavar="N", help="Virtual patients, who differ in exposure.")
]
Subtype = Annotated[
    str | None,
    typer.Option("--type", metavar="TYPE", help="Type of tumor (default: the first).", show_default=False),
]


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("spectrum", short_help="Which alterations cause resistance to a regimen.")(spectrum)


def spectrum(
    regimen: RegimenName,
    disease: DiseaseName = None,
    within: Within = "5 years",
    patients: Patients = 200,
    seed: Seed = 1,
    subtype: Subtype = None,
    as_json: AsJson = False,
) -> None:
    """Predict which alterations are found at resistance to a regimen, beside the published findings where there are any.

    All alterations of the disease are compared, from their probability per division and from the growth of their clones.
    """
    from forestall.knowledge.packs import find_disease
    from forestall.knowledge.scope import in_scope
    from forestall.studies.spectrum import spectrum as predict

    with in_scope(None if disease is None else find_disease(disease)):
        found = predict(regimen, within=within, patients=patients, seed=seed, subtype=subtype)
        typer.echo(json.dumps(dataclasses.asdict(found)) if as_json else "\n".join(_lines(found)))


def _lines(found: Spectrum) -> list[str]:
    width = max(len(row.alteration) for row in found.variants)
    lines = [
        f"Resistance to {found.regimen}, {found.subtype}, within {found.within}: a resistant clone is found in "
        f"{found.resistance:.0%} of {found.patients} virtual patients",
        f"{'alteration':<{width}}  per division  net growth/day  predicted  published",
    ]
    for row in found.variants:
        published = "-" if row.published is None else f"{row.published:.1%} ({row.count})"
        lines.append(
            f"{row.alteration:<{width}}  {row.probability:>12.1e}  {row.growth_per_day:>14.4f}  {row.share:>9.1%}  {published}"
        )
    if found.source is None:
        return [*lines, "No published findings of this regimen are in the knowledge."]
    return [*lines, f"Published findings: {found.source}; shares among the alterations listed here."]
