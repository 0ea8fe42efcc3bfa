"""Screens of patient-derived xenografts: tables of models, volumes and drugs -> arms with curves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.compressed import open_text
from tumorcast.readers.files import need_columns
from tumorcast.readers.importers.tables import read_source

Floats = NDArray[np.float64]

UNTREATED = "untreated"
PUBLISHED = {
    "best": ("best.response_published", "best.response"),
    "best_day": ("time.best.response_published", "best.response.time"),
    "average": ("best.avg.response_published", "best.average.response"),
    "call": ("mRECIST_published", "mRECIST"),
}
"""Columns of published responses; the second where there is no first."""
_UNTREATED_WORDS = ("untreated", "vehicle", "control", "uned")
_UNKNOWN_TARGETS = ("", "UNKNOWN", "UNTREATED")


@dataclass(frozen=True, eq=False)
class XenograftArm:
    """One mouse: a tumour under a treatment.

    Attributes:
        model, tumour, drug, tissue: names; `drug` is "untreated" where nothing was given, combinations are `A + B`.
        days: [T] rising from 0. volumes: [T] as the table has them, the first above zero.
        published: published responses by name of `PUBLISHED`, where there are any.
    """

    model: str
    tumour: str
    drug: str
    tissue: str
    days: Floats
    volumes: Floats
    published: dict[str, float | str]


@dataclass(frozen=True)
class XenograftScreen:
    """Arms (one a tumour and drug), targets by drug where known, and what was left out."""

    arms: tuple[XenograftArm, ...]
    targets: dict[str, frozenset[str]]
    report: tuple[Exclusion, ...]


def read_screen(
    models: Path, volumes: Path, drugs: Path | None = None, sensitivity: Path | None = None
) -> XenograftScreen:
    """The screen in the form of Xeva's tables of Gao et al. 2015.

    An arm's drug is the column `drug` of the models or of the published responses; where neither has it, the code that
    ends `model.id` (`X.1004.BG98`), spelt out with the table of drugs where there is one.

    Args:
        models: `model.id`, `patient.id`; `tissue`, `drug`. volumes: `model.id`, `time` (days), `volume`.
        drugs: `drug.id`, `treatment.target`. sensitivity: `model.id`, columns of `PUBLISHED`; `drug`.

    Raises:
        InputError: a column is missing, a model stands twice, or no curve belongs to a model.
    """
    report: list[Exclusion] = []
    table = read_source(models, ("model.id", "patient.id"), report, text=("model.id", "patient.id"))
    table = _indexed(table, models)
    known = _published(sensitivity, report)
    targets = _targets(drugs, report)
    named = _one_spelling(_drugs_of(table, known, list(targets), report))
    curves = _curves(volumes, report)
    tissues = table["tissue"].fillna("unknown") if "tissue" in table else pd.Series("unknown", table.index)
    arms: dict[tuple[str, str], XenograftArm] = {}
    for model in table.index.intersection(list(curves)):
        place = (str(table["patient.id"][model]), named[model])
        if place in arms:
            report.append(
                Exclusion("arm", model, "second_mouse", f"{place[1]} in {place[0]}: the first is used")
            )
            continue
        published = known.loc[model].to_dict() if model in known.index else {}
        arms[place] = XenograftArm(model, *place, str(tissues[model]), *curves[model], _responses(published))
    if not arms:
        raise InputError(
            "no curve belongs to a model", got=volumes.name, expected="`model.id` of both tables"
        )
    lacking = len(table) - len(table.index.intersection(list(curves)))
    if lacking:
        report.append(Exclusion("models", models.name, "without_curve", f"{lacking} of {len(table)}"))
    return XenograftScreen(tuple(arms.values()), targets, tuple(report))


def parts_of(drug: str) -> frozenset[str]:
    """Drugs of a combination, `A + B`."""
    return frozenset(part.strip() for part in drug.split("+") if part.strip())


def code_of(drug: str) -> str:
    """The code of a treatment in `model.id`: first and last two characters of each drug (`BY19.LE11`)."""
    return ".".join(part.strip()[:2] + part.strip()[-2:] for part in drug.split("+"))


def _indexed(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    twice = table["model.id"][table["model.id"].duplicated() | table["model.id"].isna()]
    if len(twice):
        raise InputError(f"{path.name}: not one row a model", got=", ".join(map(str, twice[:5])))
    return table.set_index("model.id")


def _published(path: Path | None, report: list[Exclusion]) -> pd.DataFrame:
    if path is None:
        return pd.DataFrame()
    return _indexed(read_source(path, ("model.id",), report, text=("model.id", "drug")), path)


def _responses(row: dict[str, object]) -> dict[str, float | str]:
    found = {
        name: next((row[column] for column in columns if column in row), None)
        for name, columns in PUBLISHED.items()
    }
    return {
        name: value
        for name, value in found.items()
        if isinstance(value, float | int | str) and value == value
    }


def _targets(path: Path | None, report: list[Exclusion]) -> dict[str, frozenset[str]]:
    """Targets by drug, without words that name none."""
    if path is None:
        return {}
    table = read_source(path, ("drug.id", "treatment.target"), report, text=("drug.id", "treatment.target"))
    table = table.dropna(subset=["drug.id"])
    made = {}
    for drug, text in zip(table["drug.id"], table["treatment.target"].fillna("")):
        words = {word.strip() for word in text.split(",")}
        made[_plain(drug)] = frozenset(word for word in words if word.upper() not in _UNKNOWN_TARGETS)
    return made


def _drugs_of(
    table: pd.DataFrame, known: pd.DataFrame, drugs: list[str], report: list[Exclusion]
) -> dict[str, str]:
    for source in (table, known):
        if "drug" in source:
            named = source["drug"].dropna()
            if table.index.isin(named.index).all():
                return {str(model): _plain(drug) for model, drug in named.items()}
    spelt = {code_of(drug): drug for drug in drugs}
    made = {}
    for model, patient in table["patient.id"].items():
        code = str(model)[len(str(patient)) :].lstrip("._-") or str(model)
        pieces = code.split(".")
        joined = " + ".join(pieces) if all(len(piece) > 2 for piece in pieces) else code
        made[str(model)] = spelt.get(code, _plain(joined))
    report.append(
        Exclusion("drugs", "model.id", "from_codes", "no column `drug`: the codes that end model.id")
    )
    return made


def _plain(drug: str) -> str:
    """As it is written, without white space around it; "untreated" for every word for it."""
    return UNTREATED if drug.strip().lower() in _UNTREATED_WORDS else drug.strip()


def _one_spelling(drugs: dict[str, str]) -> dict[str, str]:
    """`B + A` as `A + B` where that was met first."""
    met: dict[frozenset[str], str] = {}
    return {model: met.setdefault(parts_of(drug), drug) for model, drug in drugs.items()}


def _curves(path: Path, report: list[Exclusion]) -> dict[str, tuple[Floats, Floats]]:
    """Days and volumes by model; a curve that cannot be read is left out by name."""
    try:
        with open_text(path) as file:
            table = pd.read_csv(file, dtype={"model.id": str}, low_memory=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, ValueError) as error:
        raise InputError(f"{path.name} is not a table", got=str(error).splitlines()[0]) from None
    need_columns(table, ("model.id", "time", "volume"), path)
    for column in ("time", "volume"):
        table[column] = pd.to_numeric(table[column], errors="coerce")
    made = {}
    for model, rows in table.groupby("model.id", sort=False):
        rows = rows.dropna(subset=["time", "volume"])
        days, volumes = rows["time"].to_numpy(float), rows["volume"].to_numpy(float)
        reason = _wrong(days, volumes)
        if reason:
            report.append(Exclusion("curve", str(model), *reason))
        else:
            made[str(model)] = (days, volumes)
    return made


def _wrong(days: Floats, volumes: Floats) -> tuple[str, str] | None:
    if len(days) < 2:
        return "too_short", "fewer than two measurements"
    if (np.diff(days) < 0).any():
        return "days_unsorted", "the days go back"
    if (np.diff(days) == 0).any():
        return "day_twice", f"day {days[:-1][np.diff(days) == 0][0]:g} twice"
    if days[0] != 0:
        return "no_first_day", f"begins on day {days[0]:g}, not on 0"
    if (volumes < 0).any():
        return "negative_volume", f"{volumes.min():g}"
    if volumes[0] == 0:
        return "no_first_volume", "the first volume is zero: no change can be told from it"
    return None
