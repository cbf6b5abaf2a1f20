"""Published probabilities that the branching engine is held to."""

from __future__ import annotations

import functools

from pydantic import Field

from forestall.knowledge.provenance import Entry
from forestall.knowledge.reading import DATA, read_yaml, validate

FILE = DATA / "engine" / "bozic2013.yaml"


class BurdenRow(Entry):
    """A patient of table 1."""

    cells: float = Field(gt=0)
    shared_one: float = Field(ge=0, le=1)
    """Probability that two drugs fail if one mutation resists both."""
    shared_none: float = Field(ge=0, le=1)
    """The same if none does."""


class BurdenTable(Entry):
    """Table 1."""

    where: str
    birth: float
    """1/day."""
    death: float
    """1/day, without treatment and of resistant cells."""
    treated_death: float
    """1/day, of cells that a drug reaches."""
    probability: float
    """Per site and division."""
    sites: int
    """Sites whose mutation resists one of the drugs."""
    rows: tuple[BurdenRow, ...] = Field(min_length=1)


class CostRow(Entry):
    """A line of table 2."""

    cells: float = Field(gt=0)
    birth: float
    """1/day; death is 0.01 less without treatment, 0.03 more under it."""
    shared: int
    """Sites whose mutation resists both drugs."""
    fails: tuple[float, ...]
    """For each cost."""


class CostTable(Entry):
    """Table 2."""

    where: str
    costs: tuple[float, ...]
    rows: tuple[CostRow, ...] = Field(min_length=1)


class BozicTables(Entry):
    """Both tables of Bozic and others 2013."""

    source: str
    alone: BurdenTable
    costly: CostTable


@functools.cache
def load_bozic() -> BozicTables:
    """The tables, as printed."""
    return validate(BozicTables, read_yaml(FILE))
