"""Published samples that the oracles use, and a simulated one."""

from types import SimpleNamespace

import numpy as np
import pytest

# Remission times (weeks) on 6-mercaptopurine and on placebo: Freireich EJ et al. Blood 1963;21:699-716.
MERCAPTOPURINE = np.array(
    [6, 6, 6, 7, 10, 13, 16, 22, 23, 6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35], float
)
MERCAPTOPURINE_RELAPSE = np.arange(21) < 9
PLACEBO = np.array([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23], float)


# Months to cosmetic deterioration of the breast after radiotherapy, and after radiotherapy with chemotherapy:
# Finkelstein DM, Wolfe RA. Biometrics 1985;41:933-945. An open end: not seen by then.
RADIOTHERAPY = """
    45- 6-10 0-7 46- 46- 7-16 17- 7-14 37-44 0-8 4-11 15- 11-15 22- 46- 46- 25-37 46- 26-40 46-
    27-34 36-44 46- 36-48 37- 40- 17-25 46- 11-18 38- 5-12 37- 0-5 18- 24- 36- 5-11 19-35 17-25 24-
    32- 33- 19-26 37- 34- 36-
"""
CHEMORADIOTHERAPY = """
    8-12 0-22 24-31 17-27 17-23 24-30 16-24 13- 11-13 16-20 18-25 17-26 32- 23- 44-48 14-17 0-5 5-8
    12-20 11- 33-40 31- 13-39 19-32 34- 13- 16-24 35- 15-22 11-17 22-32 10-35 30-34 13- 10-17 8-21
    4-9 11- 14-19 4-8 34- 30-36 18-24 16-60 35-39 21- 11-20 48-
"""


def _intervals(text):
    ends = (interval.split("-") for interval in text.split())
    return np.array([(float(left), float(right or "inf")) for left, right in ends])


@pytest.fixture(scope="session")
def freireich():
    """Times (weeks), events, arm, and the two arms alone."""
    return SimpleNamespace(
        time=np.concatenate((MERCAPTOPURINE, PLACEBO)),
        event=np.concatenate((MERCAPTOPURINE_RELAPSE, np.ones(21, bool))),
        treated=np.arange(42) < 21,
        mercaptopurine=(MERCAPTOPURINE, MERCAPTOPURINE_RELAPSE),
        placebo=(PLACEBO, np.ones(21, bool)),
    )


@pytest.fixture(scope="session")
def cosmesis():
    """Intervals (months) of the two arms, together and alone."""
    first, second = _intervals(RADIOTHERAPY), _intervals(CHEMORADIOTHERAPY)
    left, right = np.concatenate((first, second)).T
    return SimpleNamespace(
        radiotherapy=first, chemoradiotherapy=second, left=left, right=right, chemotherapy=np.arange(94) >= 46
    )


def _censored_sample(seed, patients=200, *, ratio=0.6, digits=None):
    """Exponential times of two equal arms with uniform censoring; `digits` rounds them, which makes ties."""
    rng = np.random.default_rng(seed)
    treated = rng.permutation(patients) < patients // 2
    time = rng.exponential(300 / np.where(treated, ratio, 1.0))
    censoring = rng.uniform(50, 900, patients)
    event = time <= censoring
    observed = np.minimum(time, censoring)
    return (observed if digits is None else np.round(observed, digits)), event, treated


@pytest.fixture(scope="session")
def censored_sample():
    """The function that simulates a two-arm sample from a seed."""
    return _censored_sample
