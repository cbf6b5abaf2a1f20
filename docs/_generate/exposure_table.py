"""The page on exposure: what dosing records mean, and the published exposures beside the simulated ones."""

from __future__ import annotations

from collections.abc import Iterable

from forestall.biology.exposure.labels import LARGEST_FACTOR, LEAST_FACTOR, Comparison, comparisons
from forestall.knowledge.drugs import Drug, load_drugs
from forestall.knowledge.provenance import Quantity

_INTRODUCTION = """# Exposure

Concentrations are closed-form sums of exponentials: one, two or three compartments, first-order absorption
with lag and bioavailability, boluses and infusions, superposed. A dosing history in NM-TRAN records (`TIME`,
`AMT`, `EVID` 0-4, `II`, `ADDL`, `SS`, `RATE`, `CMT`) means what it means in NONMEM:

- **`CMT`**: with absorption 1 is the depot and 2 the central compartment, otherwise 1 is the central
  compartment. 0 means 1.
- **`AMT`**: mg, multiplied by the bioavailability F of its compartment.
- **`RATE`**: above 0 an infusion at that rate, for F · AMT / RATE; -2 an infusion over the duration that the
  compartment has.
- **Lag**: delays every dose of a record, also those that a steady state implies. With `SS` it may not exceed
  `II`.
- **`ADDL`, `II`**: that many further doses, `II` apart. They are plain doses, also after `SS` and `EVID` 4.
- **`SS`**: equal doses every `II` since ever; 1 forgets what was there, 2 adds to it. `II` may be shorter than
  the infusion.
- **`SS` with `AMT` 0 and `RATE` above 0**: an infusion that ran since ever and stops at this record, without
  lag and F.
- **`EVID`**: 3 empties all compartments, 4 does so and doses, 0 and 2 do nothing here.

A reset (`EVID` 3 or 4, `SS` 1) also cancels what earlier records still have to give: running infusions, doses
that wait for their lag, and additional doses. NONMEM's help says so of `SS` 1, and its output shows it for lagged
doses; mrgsolve stops the infusions but still gives the additional and lagged doses.

The tests compare every scenario with differential equations (relative error up to 1e-6), and 29 scenarios with
[NONMEM's output that the authors of mrgsolve published](https://github.com/mrgsolve/nmtests) (five digits).

## Labels and papers

"""

_NOTE = f"""A typical patient (reference weight, median clearance and volume) takes the printed regimen.
**Accepted** is the printed interval; where none is printed, one standard deviation between patients, at least a
factor of {LEAST_FACTOR:g} and at most {LARGEST_FACTOR:g} either way. **Same source** says that the drug's
clearance, volumes or absorption were read in the source of the exposure, too: agreement then shows that the
conversion is right, not that the kinetics predict anything.

"""

_RETENTION = """## What cells hold

Cytotoxic drugs stay in cells and tumors long after plasma is free of them. For each of them the catalog holds the
half-life of what cells hold (`retention`) and, where it was read, the ratio of total drug in the tumor to that around it
(`accumulation`). The model takes the half-life: such a drug acts through a site that follows the free concentration in plasma
with that delay ([limits](../explanation/limits-and-credibility.md#how-strong-chemotherapy-is)).

Two traps for whoever uses them:

- A potency from cell culture is the concentration *of the medium*. The cells in it accumulated the drug, too, so the
  accumulation must not multiply the concentration that is compared with that potency; the model does not use it.
- A linear site preserves the area under the curve. It spreads a peak and adds nothing; uptake that is faster than release
  would need saturable binding, and a source for it.

Sources, places and notes are with each drug among the [drugs](knowledge/drugs.md).

"""

_MEASURES = {
    "half_life": "half-life",
    "trough_ss": "trough at steady state",
    "cmax_ss": "peak at steady state",
    "cavg_ss": "average at steady state",
    "auc_ss": "area under one interval at steady state",
}

_HEADER = (
    "| Drug | Measure | Regimen | Published | Accepted | Simulated | Ratio | Agrees | Same source | Source |\n"
    "| --- | --- | --- | ---: | ---: | ---: | ---: | --- | --- | --- |"
)


def page() -> str:
    """The page as Markdown."""
    drugs = sorted(load_drugs().items())
    found = [each for _, drug in drugs for each in comparisons(drug)]
    missing = ", ".join(name for name, drug in drugs if not drug.published)
    count = f"{sum(each.agrees for each in found)} of {len(found)} published exposures agree."
    parts = [
        _INTRODUCTION + _NOTE + count,
        "\n".join([_HEADER, *map(_row, found)]),
        _disagreements(found),
        f"### Not compared\n\nNo exposure that could be simulated was found in a source that could be read: "
        f"{missing or 'none'}.",
        _RETENTION + "\n".join(_held(drug) for _, drug in drugs if drug.retention is not None),
    ]
    return "\n\n".join(parts) + "\n"


def _held(drug: Drug) -> str:
    """What is known of how long, and how strongly, cells hold a drug."""
    words = [f"half-life {_number(drug.retention)}"] if drug.retention is not None else []
    if drug.accumulation is not None:
        words.append(f"accumulation {_number(drug.accumulation)}")
    return f"- **{drug.name}**: {'; '.join(words)}"


def _number(quantity: Quantity) -> str:
    unit = "" if quantity.unit == "1" else f" {quantity.unit}"
    low, high = quantity.interval or (quantity.value, quantity.value)
    return f"{quantity.value:g}{unit} ({low:g} to {high:g}, {quantity.status.value})"


def _row(each: Comparison) -> str:
    cells = [
        each.drug,
        _MEASURES[each.measure],
        each.regimen,
        f"{each.published.value:.3g} {each.published.unit}",
        f"{each.accepted[0]:.3g} to {each.accepted[1]:.3g}",
        f"{each.simulated:.3g}",
        f"{each.ratio:.2f}",
        "yes" if each.agrees else "**no**",
        "yes" if each.same_source else "no",
        _source(each),
    ]
    return f"| {' | '.join(cells)} |"


def _source(each: Comparison) -> str:
    key, where = each.published.source, each.published.where
    link = "" if key is None else f"[{key}](knowledge/references.md#{key.lower()})"
    return ", ".join(part for part in (link, _plain(where or "")) if part)


def _disagreements(found: Iterable[Comparison]) -> str:
    lines = [
        f"- **{each.drug}**, {_MEASURES[each.measure]}, {each.ratio:.2f} of the published value: {each.exception}"
        for each in found
        if not each.agrees
    ]
    return "\n".join(["### What does not agree, and why", "", *(lines or ["Nothing."])])


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")
