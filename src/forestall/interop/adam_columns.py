"""The columns of the analysis tables, with the names and labels of CDISC ADaM.

References:
    CDISC Analysis Data Model Team. Analysis Data Model Implementation Guide, version 1.3. 2021.
    CDISC Analysis Data Model Team. The ADaM Basic Data Structure for Time-to-Event Analyses, version 1.0.
        2012.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

TEXT, WHOLE, NUMBER = pl.String(), pl.Int32(), pl.Float64()


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an analysis table."""

    name: str
    """Its ADaM name."""
    label: str
    """Its label, at most 40 characters as SAS transport files allow."""
    type: pl.DataType
    """Type of its values."""
    note: str = ""
    """What a reader must know to use it."""


@dataclass(frozen=True, slots=True)
class TableLayout:
    """An analysis table."""

    name: str
    """Its ADaM name; the files have it in lower case."""
    label: str
    """Its label."""
    columns: tuple[Column, ...]
    """Its columns, in order."""


_STUDY = Column("STUDYID", "Study Identifier", TEXT)
_SUBJECT = Column("USUBJID", "Unique Subject Identifier", TEXT, "STUDYID, a hyphen, SUBJID; joins the tables")
_ARM_CODE = Column("ARMCD", "Planned Arm Code", TEXT, "A1, A2, ... in the order of the trial file")
_PARAM = Column("PARAM", "Parameter", TEXT)
_DAY = Column(
    "ADY", "Analysis Relative Day", WHOLE, "Study day: the day of randomization is 1, there is no day 0"
)
_VISIT = Column("AVISITN", "Analysis Visit (N)", WHOLE, "0 is the baseline")

ADSL = TableLayout(
    "ADSL",
    "Subject-Level Analysis Dataset",
    (
        _STUDY,
        _SUBJECT,
        Column(
            "SUBJID", "Subject Identifier for the Study", TEXT, "Number of the virtual patient in the study"
        ),
        Column("ARM", "Description of Planned Arm", TEXT, "Name of the arm in the trial file"),
        _ARM_CODE,
        Column("TRT01P", "Planned Treatment for Period 01", TEXT, "The regimen in words"),
        Column("AGE", "Age", NUMBER, "Years"),
        Column("AGEU", "Age Units", TEXT),
        Column("SEX", "Sex", TEXT),
        Column("WEIGHTBL", "Weight (kg) at Baseline", NUMBER),
        Column("BSABL", "Body Surface Area (m2) at Baseline", NUMBER),
        Column("NLESION", "Number of Lesions at Baseline", WHOLE),
        Column("TRTEDY", "Study Day of Last Treatment", WHOLE, "Empty while treatment went on"),
        Column("DTHFL", "Subject Death Flag", TEXT, "Y or empty"),
        Column("DTHDY", "Study Day of Death", WHOLE),
        Column("CAUSEPD", "Cause of Progression", TEXT, "Empty without progression"),
        Column(
            "GENOPD",
            "Genotype That Led Progression",
            TEXT,
            "Alterations joined by +; wild type if there is none",
        ),
        Column("SITEPD", "Site That Led Progression", TEXT),
        Column(
            "FAILFL", "Failed Simulation Flag", TEXT, "Y if the patient could not be simulated, otherwise N"
        ),
        Column("FAILREAS", "Reason for Failed Simulation", TEXT),
    ),
)
"""One row for each patient. The biomarkers of the trial follow as further columns."""

ADTTE = TableLayout(
    "ADTTE",
    "Time-to-Event Analysis Dataset",
    (
        _STUDY,
        _SUBJECT,
        _ARM_CODE,
        Column("TRTP", "Planned Treatment", TEXT, "The regimen in words"),
        Column("PARAMCD", "Parameter Code", TEXT, "PFS, OS, TTP or DOR"),
        _PARAM,
        Column("AVAL", "Analysis Value", NUMBER, "Months of 30.4375 days; empty for a failed patient"),
        Column("AVALU", "Analysis Value Unit", TEXT, "MONTHS"),
        Column(
            "ADY",
            "Analysis Relative Day",
            WHOLE,
            "Study day of the event or of the censoring; randomization is day 1",
        ),
        Column("CNSR", "Censor", WHOLE, "0 is an event, 1 a censoring; empty for a failed patient"),
        Column("EVNTDESC", "Event or Censoring Description", TEXT),
        Column(
            "LEFTDY",
            "Study Day Last Known Event-Free",
            WHOLE,
            "Left end of the interval that holds the event",
        ),
        Column(
            "RIGHTDY",
            "Study Day First Known With Event",
            WHOLE,
            "Right end of that interval; empty if censored",
        ),
    ),
)
"""One row for each patient and endpoint; DOR only for responders and failed patients."""

ADTR = TableLayout(
    "ADTR",
    "Tumor Results Analysis Dataset",
    (
        _STUDY,
        _SUBJECT,
        _ARM_CODE,
        Column("PARAMCD", "Parameter Code", TEXT, "LDIAM, SUMDIAM or BESTPCHG"),
        _PARAM,
        Column("TRLNKID", "Link ID", TEXT, "The lesion, L01, L02, ...; empty for sums"),
        _VISIT,
        _DAY,
        Column("AVAL", "Analysis Value", NUMBER, "mm, for BESTPCHG percent; rounded to 0.001"),
        Column("BASE", "Baseline Value", NUMBER, "mm; empty for a lesion that appeared later"),
        Column("CHG", "Change from Baseline", NUMBER, "mm; empty at baseline"),
        Column("PCHG", "Percent Change from Baseline", NUMBER, "Percent; empty at baseline"),
        Column("ABLFL", "Baseline Record Flag", TEXT, "Y or empty"),
    ),
)
"""One row for each measurement: lesions, their sum at each visit, and the best change of the sum."""

ADRS = TableLayout(
    "ADRS",
    "Disease Response Analysis Dataset",
    (
        _STUDY,
        _SUBJECT,
        _ARM_CODE,
        Column("PARAMCD", "Parameter Code", TEXT, "OVRLRESP or BOR"),
        _PARAM,
        Column("AVISITN", "Analysis Visit (N)", WHOLE, "Empty for BOR"),
        Column("ADY", "Analysis Relative Day", WHOLE, "Study day of the assessment; empty for BOR"),
        Column("AVALC", "Analysis Value (C)", TEXT, "CR, PR, SD, PD or NE; empty for a failed patient"),
    ),
)
"""One row for each assessment after baseline, and one with the best overall response."""

LAYOUTS = {layout.name: layout for layout in (ADSL, ADTTE, ADTR, ADRS)}
"""All tables, by name."""

PARAMETERS = {
    "PFS": "Progression-Free Survival",
    "OS": "Overall Survival",
    "TTP": "Time to Progression",
    "DOR": "Duration of Response",
    "LDIAM": "Longest Diameter (mm)",
    "SUMDIAM": "Sum of Diameters (mm)",
    "BESTPCHG": "Best Change in Sum of Diameters (%)",
    "OVRLRESP": "Overall Response",
    "BOR": "Best Overall Response",
}
"""PARAM for each PARAMCD."""
