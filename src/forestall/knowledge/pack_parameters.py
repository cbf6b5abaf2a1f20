"""A pack's types of tumor as parameters of the model."""

from __future__ import annotations

import math
from collections.abc import Mapping

from forestall.knowledge.pack_file import Pack
from forestall.knowledge.provenance import Quantity, Status

_STANDARD_DEVIATIONS_IN_90_PERCENT = 3.289707253902945
_OF_METASTATIC_DISEASE = ("mortality.burden_rate", "mortality.burden_exponent", "mortality.brain_multiplier")
"""What packs take over from the fit to metastatic breast cancer: how death follows the burden."""


def parameters_of_types(pack: Pack, shared: Mapping[str, Quantity]) -> dict[str, Quantity]:
    """What the types of tumor say, as parameters by the names that the model reads.

    Args:
        pack: The disease.
        shared: Parameters of the catalog.
    """
    found: dict[str, Quantity] = {
        "growth.metastasis_speedup": _exactly(1.0, "the pack's growth is that of its lesions")
    }
    found["tumor.occult_lesions_mean"] = shared["tumor.occult_lesions_mean"]
    found["death.signal_log_sd"] = shared["death.signal_log_sd_in_packs"]
    found["prior.sensitivity_per_line_log_sd"] = _exactly(
        0.0, "patients of packs differ in their tumors' rates alone"
    )
    found["death.turnover_share"] = _exactly(0.0, "as in the models that rates of decline come from")
    found |= {name: shared[f"{name}_in_packs"] for name in _OF_METASTATIC_DISEASE}
    found["prevalence.brain_at_entry"] = _brain_at_entry(pack)
    for name, kind in pack.types.items():
        found[f"growth.doubling_time.{name}"] = kind.doubling_time
        found[f"growth.doubling_time_log_sd.{name}"] = _log_sd(kind.doubling_time)
        found[f"tumor.primary_diameter.{name}"] = (
            kind.diameter or shared["tumor.primary_diameter.er_positive"]
        )
        found |= {
            f"site.{site}.{name}": kind.sites.get(site, _exactly(0.0, "not listed")) for site in pack.sites
        }
    sized = next((kind.diameter for kind in pack.types.values() if kind.diameter is not None), None)
    if sized is not None:
        found |= {"tumor.lesion_diameter_median": sized, "tumor.lesion_diameter_log_sd": _log_sd(sized)}
    return found


def _brain_at_entry(pack: Pack) -> Quantity:
    """Share of patients with brain metastases in a trial that allows them: the types' shares, by how frequent each type is."""
    frequency = sum(kind.share.value for kind in pack.types.values()) or 1.0
    shares = [
        kind.share.value * kind.sites["brain"].value for kind in pack.types.values() if "brain" in kind.sites
    ]
    return _exactly(sum(shares) / frequency, "the share of patients with a lesion there, of all types")


def _log_sd(quantity: Quantity) -> Quantity:
    low, high = quantity.interval or (quantity.value, quantity.value)
    value = math.log(high / low) / _STANDARD_DEVIATIONS_IN_90_PERCENT
    status = quantity.status if quantity.status is Status.ASSUMED else Status.DERIVED
    note = "standard deviation of the natural logarithm, from the 90% interval"
    return Quantity(
        value=value, unit="1", interval=(value, value), source=quantity.source, status=status, note=note
    )


def _exactly(value: float, note: str) -> Quantity:
    return Quantity(value=value, unit="1", interval=(value, value), status=Status.ASSUMED, note=note)
