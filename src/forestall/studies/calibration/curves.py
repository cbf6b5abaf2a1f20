"""Points of published curves of progression-free survival, from reconstructed patient-level times."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Final

from forestall.errors import InputError
from forestall.knowledge.reading import read_yaml
from forestall.studies.calibration.spec import SPECS

SUMMARY: Final = "arm_summary.csv"
_MONTHS: Final = (6, 12, 24, 36)
Points = tuple[tuple[float, float, int], ...]


def read_curves(folder: Path) -> dict[tuple[str, str], Points]:
    """Points of the curves that are known to belong to an arm of the evidence.

    Args:
        folder: With arm_summary.csv.

    Returns:
        Months, share free of progression and number of patients, by trial and arm.

    Raises:
        InputError: if the file cannot be read.
    """
    names = read_yaml(SPECS / "curves" / "arms.yaml").data["arms"]
    wanted = {(entry["curve"], entry["label"]): (entry["trial"], entry["arm"]) for entry in names}
    try:
        with (folder / SUMMARY).open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    except OSError as error:
        raise InputError("the curves cannot be read", file=folder / SUMMARY, value=str(error)) from None
    found = {}
    for row in rows:
        key = wanted.get((row["curve"], row["arm"]))
        if key is not None:
            found[key] = tuple(
                (float(month), float(row[f"S_{month}mo"]), int(row["n"]))
                for month in _MONTHS
                if row[f"S_{month}mo"]
            )
    return found
