"""The Python interface: studies that can also draw and report themselves.

import forestall as fs

result = fs.Trial.load("cleopatra").run(seed=1)
print(result.summary())
result.plot()
"""

from forestall.api.patients import PatientCourse, SampledPatient, Why, simulate, why
from forestall.api.trials import Trial, TrialResult
from forestall.studies.patient import Patient

__all__ = ["Patient", "PatientCourse", "SampledPatient", "Trial", "TrialResult", "Why", "simulate", "why"]
