"""The one registry of what random numbers are drawn for.

Two draws that carry different purposes come from unrelated streams, so that a change in how many numbers one
part of the model uses never shifts the numbers of another. The engine gives the labels no meaning.
"""

from __future__ import annotations

from enum import IntEnum


class Purpose(IntEnum):
    """What a stream is used for. Values are part of every result: append, never renumber."""

    AGE = 1
    SEX = 2
    WEIGHT = 3
    HEIGHT = 4
    MENOPAUSE = 5
    BIOMARKERS = 6
    LESION_COUNT = 10
    LESION_SITES = 11
    LESION_SIZES = 12
    ALTERATIONS = 13
    BIOLOGY = 14
    MICROENVIRONMENT = 15
    KINETICS = 20
    ADHERENCE = 21
    GROWTH = 30
    COURSE = 31
    DISSEMINATION = 32
    DORMANCY = 33
    RANDOMIZATION = 40
    ENROLLMENT = 41
    VISIT_TIMING = 42
    MEASUREMENT = 43
    NEW_LESION = 44
    DROPOUT = 45
    DEATH = 46
    BACKGROUND_DEATH = 47
    TOXICITY = 48
    BIOPSY = 50
    LIQUID_BIOPSY = 51
    PARAMETERS = 60
    REPLICATE = 61
    BOOTSTRAP = 62
    LOGICAL_START = 70
    LOGICAL_EVENTS = 71
    LOGICAL_CLAMP = 72
    LOGICAL_SWEEP = 73
