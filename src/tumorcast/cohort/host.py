"""The host's layers of a course: pharmacogenes, polygenic scores, clocks, exposures, as known on its first day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tumorcast.biology.pgx.levels import pharmacogene_numbers
from tumorcast.cohort.exposures import exposure_table
from tumorcast.cohort.first_day import known_on_first_day, newest
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.host import YEARS, Host
from tumorcast.readers.study import Study

_DAYS_PER_YEAR = 365.25
_AGE, _ADJUSTED = "AGE", " z"
OF_HOST = " of the host"
"""After a counter's or score's name where the sample is declared to be the host's."""


def host_layer(study: Study, name: str, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """course x feature of one of `HOST_LAYERS`, float32, NaN not measured.

    What has a day counts up to the course's first day, and of repeats the newest before it. Without a day: a genotype
    counts (it is the same on any day), a methylome does not, an exposure where it was declared to be from before the
    treatment. What does not count is reported.
    """
    made = HOST_LAYERS[name].make(study, courses, report)
    if not made.notna().any(axis=None):
        report.append(
            Exclusion("layer", name, "not_measured", "nothing of it is known on the first day of any course")
        )
    return made.reindex(courses.index).astype(np.float32).rename_axis(index=None, columns=None)


def _pharmacogenes(study: Study, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """`biology.pgx.levels.pharmacogene_numbers` of every gene; a withheld phenotype is not measured."""
    rows = study.host.pharmacogenes
    made = []
    for row in rows.to_dict("records"):
        score = None if pd.isna(row["activity_score"]) else float(row["activity_score"])
        numbers = pharmacogene_numbers(str(row["gene"]), score, str(row["phenotype"]))
        own = (row["patient_id"], row["sample_id"], row["day"])
        made += [(*own, feature, value) for feature, value in numbers.items()]
    return _germline(made, courses, "pharmacogenes", report)


def _polygenic_scores(study: Study, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """`SCORE`, the weighted sum, which depends on the ancestry too, and `SCORE z`, adjusted for it; each where it is
    known of the patient, whoever else is in the study. A refused score is not measured. Where training has the second,
    it does not use the first (`_without_raw_sums`)."""
    made = []
    for row in study.host.polygenic_scores.to_dict("records"):
        for column, feature in (("sum", str(row["score"])), ("z", f"{row['score']}{_ADJUSTED}")):
            if pd.notna(row[column]):
                made.append((row["patient_id"], row["sample_id"], row["day"], feature, float(row[column])))
    return _germline(made, courses, "polygenic_scores", report)


def _without_raw_sums(features: Sequence[str]) -> list[str]:
    """Of the features of `polygenic_scores`, those to learn from: no `SCORE` beside its `SCORE z`."""
    known = set(features)
    return [name for name in features if f"{name}{_ADJUSTED}" not in known]


def _germline(
    rows: Sequence[tuple[object, ...]], courses: pd.DataFrame, layer: str, report: list[Exclusion]
) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["patient_id", "sample_id", "day", "feature", "value"])
    near = known_on_first_day(table, courses, layer, report, does_undated_count=True)
    differs = near.groupby(["patient_id", "feature"])["value"].nunique() > 1
    for patient in sorted({str(patient) for patient, _ in differs.index[differs]}):
        told = f"{layer}: samples of one patient differ; the newest counts. Are they of one person?"
        report.append(Exclusion("host", patient, "germline_differs", told))
    return newest(near)


def _clocks(study: Study, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """`CLOCK` as it was read, and of ages `CLOCK minus age`: the difference from the age on the sample's day, from the
    patient table's AGE, which is that at day 0. What is no age is another number in the host's blood than in a tumour:
    `CLOCK of the host` there. A refused clock is not measured, nor is an age of a tumour."""
    rows = _without_ages_of_tumours(study.host.clocks, report)
    rows = rows.astype({"day": float, "value": float})
    is_of_host = ~rows["is_tissue"].astype(bool) & (rows["unit"] != YEARS)
    names = rows["clock"].astype(str).where(~is_of_host, rows["clock"].astype(str) + OF_HOST)
    made = rows[["patient_id", "sample_id", "day"]].assign(feature=names, value=rows["value"])
    ages = study.patients.get(_AGE, pd.Series(np.nan, study.patients.index))
    of_patient = rows["patient_id"].map(pd.to_numeric(ages, errors="coerce")).astype(float)
    age = of_patient + rows["day"] / _DAYS_PER_YEAR
    apart = made.assign(feature=rows["clock"].astype(str) + " minus age", value=rows["value"] - age)
    apart = apart[rows["unit"] == YEARS]
    table = pd.concat([made, apart], ignore_index=True)
    table = table[table["value"].notna()]
    return newest(known_on_first_day(table, courses, "clocks", report, does_undated_count=False))


def _without_ages_of_tumours(rows: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    """The clocks, but ages of samples that are not declared to be the host's."""
    may_be_tumour = rows["is_tissue"].astype(bool) & (rows["unit"] == YEARS)
    for sample in sorted(set(rows.loc[may_be_tumour & rows["value"].notna(), "sample_id"])):
        why = "clocks: not declared to be blood, normal, saliva or buccal: no age of what may be a tumour"
        report.append(Exclusion("host", str(sample), "age_of_tumour", why))
    return rows[~may_be_tumour]


def _exposures(study: Study, courses: pd.DataFrame, report: list[Exclusion]) -> pd.DataFrame:
    return exposure_table(study.host.exposures, courses, report)


@dataclass(frozen=True)
class HostLayer:
    """A modality of the host.

    Attributes:
        make: of a study, courses and the report of what is left out: course x feature.
        is_germline: nothing is told of it that was not asked for.
        to_learn: of the features that vary in training, those to learn from.
    """

    make: Callable[[Study, pd.DataFrame, list[Exclusion]], pd.DataFrame]
    is_germline: bool = False
    to_learn: Callable[[Sequence[str]], list[str]] = list


HOST_LAYERS: dict[str, HostLayer] = {
    "pharmacogenes": HostLayer(_pharmacogenes, is_germline=True),
    "polygenic_scores": HostLayer(_polygenic_scores, is_germline=True, to_learn=_without_raw_sums),
    "clocks": HostLayer(_clocks),
    "exposures": HostLayer(_exposures),
}
"""By the modality's name."""
GERMLINE_LAYERS = tuple(name for name, layer in HOST_LAYERS.items() if layer.is_germline)


def to_learn(layer: str, features: Sequence[str]) -> list[str]:
    """Of a layer's features that vary in training, those to learn from; all of them where the layer says nothing."""
    own = HOST_LAYERS.get(layer)
    return list(features) if own is None else own.to_learn(features)


def host_patients(host: Host, name: str) -> set[str]:
    """Patients of whom the study has anything for a layer, whether it counts or not."""
    return set(getattr(host, name)["patient_id"].astype(str))
