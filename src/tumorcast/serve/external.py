"""A bundle on the patients of another hospital whose outcomes are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.biology.response_markers import mutation_markers
from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.leakage import check_unseen
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.predict import Request, predict_with
from tumorcast.slides.tuned_on import record_of

MODEL, BURDEN = "fused", "tmb"


def external_predictions(bundle: Bundle, study_folder: Path, request: Request) -> pd.DataFrame:
    """Predictions with outcomes in the form of a run's `predictions.csv`, one fold, named by the study.

    Beside the bundle stands the rank of the mutational burden, which orders patients and is no probability. Courses
    without a number or an outcome are left out.

    Raises:
        InputError: no course has both.
        LeakageError: the bundle's tile encoder was fine-tuned on some of the patients.
    """
    study = read_study(study_folder)
    table = predict_with(bundle, study, request).table
    made = predictions_with_outcomes(bundle, study, table, request)
    if made.empty:
        reasons = table["reason"].value_counts().index.tolist()
        raise InputError(
            f"no course of {study.study_id} has a prediction and an outcome",
            got=f"{len(table)} courses" + (f"; {reasons[0]}" if reasons else ""),
        )
    return made


def check_encoder(bundle: Bundle, made: pd.DataFrame, request: Request, where: str) -> None:
    """Refuse scored patients whom the bundle's tile encoder was fine-tuned on; LeakageError names the first few."""
    encoder = bundle.manifest.tile_encoder
    if encoder is None or made.empty:
        return
    record = record_of(encoder.id, filter(None, (request.features, request.cache)))
    if record is not None:
        check_unseen(record, made["patient_id"], where)


def predictions_with_outcomes(
    bundle: Bundle, study: Study, table: pd.DataFrame, request: Request
) -> pd.DataFrame:
    """As `external_predictions`, of a study and its predictions; empty where no course has both.

    Raises:
        LeakageError: the bundle's tile encoder was fine-tuned on some of the patients.
    """
    made = _joined(bundle, study, table)
    check_encoder(bundle, made, request, study.study_id)
    return made


def _joined(bundle: Bundle, study: Study, table: pd.DataFrame) -> pd.DataFrame:
    courses = course_table(study, bundle.manifest.rules.endpoint)
    ids = pd.Index(table["course_id"])
    base = pd.DataFrame(
        {"patient_id": table["patient_id"], "course_id": table["course_id"], "fold": study.study_id}
    )
    survival = bundle.manifest.heads[0] == "survival"
    outcome = ("time_days", "is_event") if survival else ("response",)
    told = courses.reindex(ids)[list(outcome)].reset_index(drop=True)
    known = told.notna().all(axis=1).to_numpy()
    known = known & table["risk" if survival else "probability"].notna().to_numpy()
    if not known.any():
        return pd.DataFrame()
    if survival:
        made = base.join(told).assign(model=MODEL, risk=table["risk"])
        return made[known].reset_index(drop=True)
    made = base.assign(label=told["response"].to_numpy(float), model=MODEL)
    made = made.assign(probability=table["probability"], answers=table["answers"])[known]
    burden = _burden(study).reindex(made["patient_id"]).to_numpy(float)
    if np.isfinite(burden).sum() >= len(burden) / 2:
        rank = pd.Series(burden).rank(pct=True).to_numpy(float)
        other = made.assign(model=BURDEN, probability=rank, answers=None)[np.isfinite(rank)]
        made = pd.concat([made, other])
    return made.reset_index(drop=True)


def _burden(study: Study) -> pd.Series:
    """log1p of nonsynonymous variants by sequenced patient."""
    if study.variants is None:
        return pd.Series(dtype=float)
    burden = mutation_markers(study.variants, study.sequenced)["log_burden"]
    return burden.groupby(study.samples["patient_id"].reindex(burden.index).to_numpy()).mean()
