"""Study + rules -> Cohort: courses, the tissue that counts for each, and masks of what was measured."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.burden import tmb_per_mb
from tumorcast.biology.variants import is_nonsynonymous
from tumorcast.cohort.clinical import clinical_table
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.derived import DERIVED, derive
from tumorcast.cohort.host import HOST_LAYERS, host_layer
from tumorcast.cohort.laboratory import LABORATORY, laboratory_table
from tumorcast.cohort.people import people_table
from tumorcast.cohort.tissue import eligible_samples, newest_with, samples_by_patient
from tumorcast.config.models import DataConfig
from tumorcast.domain.errors import InputError, did_you_mean
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.study import Study
from tumorcast.slides.discover import READY_SUFFIXES

STATED_TMB = "TMB_NONSYNONYMOUS"
_LABELS = {"response": "response", "ordinal": "ordinal", "survival": "time_days", "size": "size_change"}

_LATE = "progression-free survival is longer than overall survival: the time is not used"


def assemble(study: Study, data: DataConfig, heads: Sequence[str] = ()) -> Cohort:
    """The cohort of a study.

    For each course a layer comes from the newest eligible sample that has it (`tissue.eligible_samples`);
    slides are all those of the newest eligible sample with a slide. With `heads`, courses without a label
    for any of them are excluded and reported, and so are courses with no modality at all.

    Raises:
        InputError: a modality that the study does not have, or no course left.
    """
    _check_modalities(study, data)
    report = list(study.report)
    courses = course_table(study, data.endpoint if "response" in heads else "auto", data.survival)
    report += [Exclusion("label", name, "progression_after_death", _LATE) for name in courses.attrs["late"]]
    survival = str(courses.attrs["survival"])
    if data.lines is not None:
        courses = _keep_lines(courses, data.lines, report)
    layers_in = _numeric_layers(study, data, report)
    features = _feature_paths(study, data, report)
    chosen = _choose_samples(study, courses, data, layers_in, features, report)

    layers = {
        name: table.reindex(chosen[name].to_numpy()).set_axis(courses.index)
        for name, table in layers_in.items()
    }
    if LABORATORY in data.modalities:
        layers[LABORATORY] = laboratory_table(study.laboratory, courses, data.laboratory_days_before)
    for name in (name for name in HOST_LAYERS if name in data.modalities and name not in study.layers):
        layers[name] = host_layer(study, name, courses, report)
    variants = _variants_of(study, chosen["mutations"])
    n_nonsyn, tmb = _burden(study, variants, chosen["mutations"], courses)
    cohort = Cohort(
        study_id=study.study_id,
        origin=study.origin,
        courses=courses.join(chosen.add_prefix("sample_")),
        clinical=clinical_table(study, courses, data),
        layers=layers,
        variants=variants,
        tmb=tmb,
        n_nonsynonymous=n_nonsyn,
        slides=_slides_of(features, chosen["slide"]),
        is_present=pd.DataFrame(index=courses.index),
        people=people_table(study, courses, chosen),
        survival=survival,
        report=report,
        digest=_digest(study),
    )
    cohort = cohort.with_presence(_presence(cohort, data.modalities, chosen))
    return _with_labels(cohort, heads) if heads else cohort


def _check_modalities(study: Study, data: DataConfig) -> None:
    known = [
        *("slide", "mutations", "expression", "clinical", "copy_number", LABORATORY),
        *HOST_LAYERS, *study.layers, *DERIVED,
    ]  # fmt: skip
    for name in (*data.modalities, *data.graph.layers):
        if name not in known:
            raise InputError(
                f"the study has no layer '{name}'",
                got=f"data.{'modalities' if name in data.modalities else 'graph.layers'} names {name}",
                expected=", ".join(known),
                fix=did_you_mean(name, known),
            )


def _numeric_layers(study: Study, data: DataConfig, report: list[Exclusion]) -> dict[str, pd.DataFrame]:
    """Layers to carry: those asked for, and what the mutation graph uses (copy number in any case)."""
    tables = {"expression": study.expression, "copy_number": study.copy_number, **study.layers}
    wanted = {*data.modalities, "copy_number", *data.graph.layers}
    tables |= {name: derive(study, name, report) for name in sorted(wanted & set(DERIVED) - set(tables))}
    return {name: table for name, table in tables.items() if table is not None and name in wanted}


def _keep_lines(courses: pd.DataFrame, lines: Sequence[int], report: list[Exclusion]) -> pd.DataFrame:
    is_kept = courses["line"].isin(lines)
    for course_id, line in courses.loc[~is_kept, "line"].items():
        report.append(Exclusion("course", str(course_id), "line_not_wanted", f"line {line:g}"))
    return courses[is_kept]


def _feature_paths(study: Study, data: DataConfig, report: list[Exclusion]) -> pd.DataFrame:
    """slide_id, sample_id, feature_path, mpp of every slide that has stored features."""
    stored = _stored(data.features) if data.features else {}
    rows = []
    for slide in study.slides.itertuples(index=False):
        path = Path(str(slide.path))
        found = path if path.suffix in READY_SUFFIXES else stored.get(str(slide.slide_id))
        if found is not None and found.is_file():
            rows.append((str(slide.slide_id), str(slide.sample_id), str(found), float(str(slide.mpp))))
        elif "slide" in data.modalities:
            report.append(
                Exclusion("slide", str(slide.slide_id), "not_encoded", f"no features in {data.features}")
            )
    return pd.DataFrame(rows, columns=["slide_id", "sample_id", "feature_path", "mpp"])


def _stored(folder: Path) -> dict[str, Path]:
    """Slide id -> its bag below the folder; where one slide has several forms, HDF5."""
    order = reversed(READY_SUFFIXES)
    return {path.stem: path for suffix in order for path in sorted(folder.rglob(f"*{suffix}"))}


def _choose_samples(
    study: Study, courses: pd.DataFrame, data: DataConfig, layers: dict[str, pd.DataFrame],
    features: pd.DataFrame, report: list[Exclusion],
) -> pd.DataFrame:  # fmt: skip
    """course x layer -> the sample that the layer is taken from (None: not measured)."""
    has: dict[str, set[str]] = {name: set(table.index) for name, table in layers.items()}
    has["slide"], has["mutations"] = set(features["sample_id"]), set(study.sequenced)
    rows = {}
    seen = set()
    of_patient = samples_by_patient(study.samples)
    columns = (courses["patient_id"].tolist(), courses["start_day"].tolist())
    for course_id, patient_id, start_day in zip(courses.index, *columns, strict=True):
        samples, notes = eligible_samples(of_patient.get(patient_id, ()), start_day, data)
        report.extend(note for note in notes if note not in seen)
        seen.update(notes)
        rows[course_id] = {name: newest_with(samples, ids.__contains__) for name, ids in has.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=list(has)).astype(object)


def _variants_of(study: Study, chosen: pd.Series) -> pd.DataFrame:
    columns = ["course_id", "gene", "impact", "vaf"]
    if study.variants is None:
        return pd.DataFrame(columns=columns)
    link = pd.DataFrame({"course_id": chosen.index, "sample_id": chosen.to_numpy()}).dropna()
    return link.merge(study.variants, on="sample_id")[columns]


def _burden(
    study: Study, variants: pd.DataFrame, chosen: pd.Series, courses: pd.DataFrame
) -> tuple[pd.Series, pd.Series]:
    counted = variants[variants["impact"].map(is_nonsynonymous).astype(bool)]
    counts = counted.groupby("course_id").size()
    n_nonsyn = counts.reindex(chosen.index).fillna(0).astype(float).where(chosen.notna())
    covered = chosen.map(lambda sample: study.sequenced_mb.get(sample, np.nan)).astype(float)
    values = [tmb_per_mb(n, mb) for n, mb in zip(n_nonsyn, covered, strict=True)]
    tmb = pd.Series(values, index=chosen.index, dtype=float)
    return n_nonsyn, tmb.fillna(_stated_burden(study, courses))


def _stated_burden(study: Study, courses: pd.DataFrame) -> pd.Series:
    """TMB per Mb as the patient table states it (cBioPortal's TMB_NONSYNONYMOUS), where variants do not tell."""
    if STATED_TMB not in study.patients:
        return pd.Series(np.nan, index=courses.index)
    stated = pd.to_numeric(study.patients[STATED_TMB], errors="coerce")
    return courses["patient_id"].map(stated).astype(float)


def _slides_of(features: pd.DataFrame, chosen: pd.Series) -> pd.DataFrame:
    link = pd.DataFrame({"course_id": chosen.index, "sample_id": chosen.to_numpy()}).dropna()
    return link.merge(features, on="sample_id")[["course_id", "slide_id", "feature_path", "mpp"]]


def _presence(cohort: Cohort, modalities: Sequence[str], chosen: pd.DataFrame) -> pd.DataFrame:
    columns = {}
    for name in modalities:
        if name in {"slide", "mutations"}:
            columns[name] = chosen[name].notna()
        elif name == "clinical":
            columns[name] = cohort.clinical.notna().any(axis=1)
        elif name in cohort.layers:
            columns[name] = cohort.layers[name].notna().any(axis=1)
        else:
            columns[name] = pd.Series(False, index=cohort.courses.index)
    return pd.DataFrame(columns, index=cohort.courses.index).astype(bool)


def check_labels(cohort: Cohort, heads: Sequence[str], fewest: int) -> None:
    """Refuse a head that could not learn, whose numbers would come from nothing.

    Raises:
        InputError: a head with fewer than `fewest` patients that have a label for it.
    """
    for head in heads:
        is_known = cohort.courses[_LABELS[head]].notna()
        count = cohort.courses.loc[is_known, "patient_id"].nunique()
        if count < fewest:
            raise InputError(
                f"too few labels for the head '{head}'",
                got=f"{count} patients with a label",
                expected=f"at least {fewest} (model.fewest_labelled)",
                fix=f"take {head} out of model.heads, or check the label columns of the study",
            )


def _with_labels(cohort: Cohort, heads: Sequence[str]) -> Cohort:
    """Without the courses that have no label for any head, or nothing measured."""
    has_label = cohort.courses[[_LABELS[head] for head in heads]].notna().any(axis=1)
    has_layer = cohort.is_present.any(axis=1)
    notes = [
        Exclusion("course", str(cid), "label_missing", f"no label for {', '.join(heads)}")
        for cid in cohort.courses.index[~has_label]
    ] + [
        Exclusion("course", str(cid), "nothing_measured", "none of the modalities is present")
        for cid in cohort.courses.index[has_label & ~has_layer]
    ]
    kept = cohort.courses.index[has_label & has_layer]
    if kept.empty:
        raise InputError(
            "no course is left to learn from",
            got=f"{len(cohort.courses)} courses, {int(has_label.sum())} with a label for {', '.join(heads)}",
            expected="courses with a label and at least one modality",
            fix="check model.heads and data.endpoint, and the label columns of the study",
        )
    return cohort.keep([str(cid) for cid in kept], notes)


def _digest(study: Study) -> str:
    lines = [f"{name}:{digest}" for name, digest in sorted(study.digests.items())]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
