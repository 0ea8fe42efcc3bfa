"""Whether a patient may be a draw of a population: cancer, treatment, or somebody's word for it."""

from __future__ import annotations

import re

from tumorcast.biology.regimens.cancers import are_related, code_of
from tumorcast.clinic.twin import words
from tumorcast.clinic.twin.population import TwinPopulation

_JOINING = {"and", "plus", "with", "or"}


def belonging(
    population: TwinPopulation, arm: str, cancer: str, is_declared: bool
) -> tuple[str, tuple[str, ...]]:
    """Why there is no forecast, "" where there may be one, and what is said beside it.

    Another cancer is refused whoever chose the population; where neither cancer nor treatment is known to be the
    population's own, somebody has to have chosen it for the patient.

    Args:
        arm: the patient's treatment, "" unknown.
        cancer: OncoTree code or name, "" unknown.
        is_declared: the population was named for this patient.
    """
    theirs, own = code_of(population.cancer), code_of(cancer)
    if theirs and own and not are_related(theirs, own):
        return words.OTHER_CANCER.format(own=own, theirs=theirs, name=population.name), ()
    is_cancer, is_arm = bool(theirs and own), _is_among(arm, population.arms)
    arms = ", ".join(population.arms) or "not recorded"
    told: tuple[str, ...] = ()
    if arm and not is_arm:
        told = (words.OTHER_TREATMENT.format(arm=arm[:60], arms=arms),)
    if is_cancer or is_arm:
        return "", told
    if not is_declared:
        return words.UNMATCHED.format(name=population.name, arms=arms), told
    return "", (words.DECLARED.format(name=population.name), *told)


def _is_among(arm: str, arms: tuple[str, ...]) -> bool:
    """Whether a treatment is one of the arms, or of their drugs alone."""
    if not arm:
        return False
    if arm.strip().casefold() in {one.strip().casefold() for one in arms}:
        return True
    drugs = _drugs(arm)
    return bool(drugs) and any(drugs <= _drugs(one) for one in arms)


def _drugs(text: str) -> set[str]:
    return set(re.findall(r"[a-z0-9][a-z0-9_.-]*", text.casefold())) - _JOINING
