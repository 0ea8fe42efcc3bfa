"""A population chosen by cancer and drugs: the one whose patients had this cancer and exactly these drugs, or none."""

from __future__ import annotations

from pathlib import Path

from tumorcast.biology.drugs import normalise_agents
from tumorcast.biology.dynamics.population import populations
from tumorcast.biology.regimens.cancers import are_related, check_code, code_of, name_of
from tumorcast.biology.regimens.regimen import key_of
from tumorcast.clinic.twin.bank import FORMS
from tumorcast.clinic.twin.population import TwinPopulation
from tumorcast.clinic.twin.published import from_published
from tumorcast.clinic.twin.record_json import read_population
from tumorcast.domain.errors import InputError

_NO_FORM = "its model counts exposure a cycle, which the twin does not have"


def chosen_population(cancer: str, treatment: str, folder: Path | None = None) -> TwinPopulation:
    """Among the published populations and those of a folder of `tumorcast twin fit`.

    Args:
        cancer: OncoTree code or name.
        treatment: drugs joined by +, "" unknown.
        folder: with files .json; None: the published ones alone.

    Raises:
        InputError: a cancer that is not known; no population of both, or several.
    """
    code = check_code(cancer)
    drugs = treatment_key(treatment)
    if not drugs:
        raise InputError(
            "a population is chosen by cancer and drugs", got=f"{code}, no treatment",
            expected="the patient's drugs: a column `arm`, --treatment, or a study",
            fix="a drug does to a tumour what it does; cancer alone chooses no population",
        )  # fmt: skip
    told, found = [], []
    for one, why in _candidates(folder):
        why = why or _against(one, code, drugs)
        told.append(f"{one.name}: {why or 'fits'}")
        found += [] if why else [one]
    if len(found) == 1:
        return found[0]
    what = "several populations are" if found else "no population is"
    raise InputError(
        f"{what} of {name_of(code)} under {treatment.strip()}", got="; ".join(told),
        fix="name one with --population, or learn one from such patients (`tumorcast twin fit`)",
    )  # fmt: skip


def _candidates(folder: Path | None) -> list[tuple[TwinPopulation, str]]:
    """Populations, each with why it cannot be used at all."""
    made = [
        (from_published(entry), "") if entry.model in FORMS
        else (TwinPopulation(entry.name, "", (), (), (0.0, 1.0)), _NO_FORM)
        for entry in populations().values()
    ]  # fmt: skip
    paths = sorted(folder.glob("*.json")) if folder is not None else []
    return [*made, *((read_population(path), "") for path in paths)]


def _against(one: TwinPopulation, code: str, drugs: str) -> str:
    theirs = code_of(one.cancer)
    if theirs is None:
        return "its cancer is not recorded"
    if not are_related(theirs, code):
        return f"of {theirs}"
    if drugs not in {treatment_key(arm) for arm in one.arms}:
        return f"under {', or '.join(one.arms) or 'what is not recorded'}"
    return ""


def treatment_key(treatment: str) -> str:
    """The drugs of a text, in one order and by one name; "" none."""
    return key_of(agent.name for agent in normalise_agents(treatment)) if treatment.strip() else ""
