"""A calibration of the xenograft model: derived parameters only, with where they came from."""

from __future__ import annotations

import functools
from pathlib import Path

from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

DIRECTORY = DATA / "pdx_fits"
SHIPPED = DIRECTORY / "gao2015_breast.yaml"


class PdxProvenance(Entry):
    """What a calibration was made from and how."""

    data: dict[str, str]
    """File -> SHA-256."""
    command: str
    seed: int
    software: str
    sources: tuple[str, ...]


class PdxArm(Entry):
    """What one mouse under one treatment told."""

    slope: float
    """Mean growth of the log volume, 1/day, by least squares."""
    days: float
    """Days from the first to the last measurement."""


class PdxModel(Entry):
    """One xenograft model."""

    start_volume: float
    """Median first volume, mm^3."""
    longest: float
    """Days of its longest arm."""
    context: str
    """Tumor type in the network."""
    alterations: tuple[str, ...] = ()
    """Alterations of the network that all its cells carry."""
    biomarkers: dict[str, float]
    """Standardized biomarkers; 0 is the mean of the models."""
    network: dict[str, float]
    """Effect of each compound with a node in the network, as a share of untreated growth."""
    arms: dict[str, PdxArm]
    """By treatment; empty for a model that was only profiled."""


class PdxRemoval(Entry):
    """When a mouse leaves the study."""

    interval: float
    """Days between measurements."""
    first_day: float
    """No mouse leaves before, unless its tumor is large."""
    volumes: tuple[float, ...]
    """Upper ends of the volume classes but the last, mm^3."""
    early: tuple[float, ...]
    """Probability to leave at a visit before `first_day`, by volume class."""
    late: tuple[float, ...]
    """The same from `first_day` on."""
    error_sd: float
    """Standard deviation of the log volume around a straight line."""


class PdxFit(Entry):
    """A calibration."""

    provenance: PdxProvenance
    scale: float
    """Growth rates r (1/day) are modeled as asinh(r / scale): linear near zero, logarithmic far from it."""
    intercept: float
    """Mean of the transformed growth rates."""
    variances: dict[str, float]
    """Component -> variance, on the transformed scale."""
    log_likelihood: float
    removal: PdxRemoval
    models: dict[str, PdxModel]


def read_fit(path: Path) -> PdxFit:
    """A calibration from a file.

    Raises:
        InputError: naming file, line and field if it is no calibration.
    """
    return validate(PdxFit, read_yaml(path))


@functools.cache
def load_pdx_fits() -> dict[str, PdxFit]:
    """Every calibration that ships with the package, by name."""
    return {path.stem: read_fit(path) for path in sorted(DIRECTORY.glob("*.yaml"))}
