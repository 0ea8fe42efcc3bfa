"""What a model is for and what it is not for, from its facts; manifest and model card say the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from tumorcast.serve.population import UNKNOWN, IntendedUse, Population

_USERS = (
    "Pathologists, oncologists and bioinformaticians who study how tumours respond to treatment; research use only.",
    "Not for use by patients, and not without a person who knows the limits stated in the model card.",
)
_PURPOSE = {
    "response": "Estimate the probability of response among patients who received the treatment, with its uncertainty.",
    "ordinal": "Estimate the level of response, and from it the probability of response, with its uncertainty.",
    "size": "Estimate the change of the sum of diameters near week 8 among patients who received the treatment.",
    "survival": "Order patients by the risk of progression or death.",
}
NOT_FOR = (
    "No decision about a patient: research use only, status preliminary until a named person signs a result off.",
    "No claim that a patient will benefit from a treatment: the model says which outcome was seen among patients "
    "who received it, not what the treatment caused. No choice between treatments, no dose.",
    "No input unlike the training data: another cancer type, regimen, stain (only haematoxylin and eosin of "
    "formalin-fixed tissue), scanner, or tissue taken after the treatment began.",
    "Attention over tiles and genes shows what the model weighed; it is not a cause and not a diagnosis.",
)
_MOST_NAMED = 12


def intended_use(
    heads: Sequence[str], population: Population, origin: Literal["simulated", "real"]
) -> IntendedUse:
    """Of a model with these heads, trained on these patients."""
    if origin == "simulated":
        patients = ["None: trained on simulated patients, for tests and demonstrations."]
    else:
        patients = [
            f"{what}: {_named(counts)}."
            for what, counts in (
                ("Cancer types of training", population.cancer_types),
                ("Treatments of training", population.agents),
                ("Tissue of training", population.procedures),
            )
        ]
    return IntendedUse(
        users=_USERS,
        purpose=tuple(_PURPOSE[head] for head in heads),
        patients=tuple(patients),
        not_for=NOT_FOR,
    )


def _named(counts: Mapping[str, int]) -> str:
    names = [name for name in counts if name != UNKNOWN]
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more if names else "not recorded in the training data"
