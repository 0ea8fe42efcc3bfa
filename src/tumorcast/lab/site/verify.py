"""Go-live verification: a bundle on a site's own cases, against criteria that were fixed before anyone looked."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.domain.timestamp import utc_now
from tumorcast.evaluation.looks import outcome_digest
from tumorcast.evaluation.prediction_table import is_survival
from tumorcast.lab.site.criteria import Criteria, Measure
from tumorcast.lab.site.figures import Own, outcome_figures, own_figures, technical_figures
from tumorcast.lab.site.ledger import Standing, looked, note_look, standing
from tumorcast.lab.site.verdicts import Cases, Judged, Verdict, judge, overall
from tumorcast.metrics.intervals import Interval
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.external import MODEL, predictions_with_outcomes
from tumorcast.serve.predict import Request, StudyPredictions, predict_with

_REPEATED = 3
"""Patients who are predicted a second time, from their slides on."""


@dataclass(frozen=True)
class Verification:
    """What was found.

    Attributes:
        kind: "clinical" with outcomes, "technical" without.
        recalibrated: as in the bundle's manifest; empty for a bundle as it was exported.
        own: the bundle's figures of training; None where it tells none.
        judged: each criterion.
        predictions: every course as in `predictions.csv`.
        scored: those with outcomes, beside the burden; empty without.
        watermark: "" or across everything.
    """

    kind: str
    model_id: str
    seal: str
    training_data: str
    recalibrated: dict[str, str]
    study_id: str
    when: str
    criteria: Criteria
    standing: Standing
    own: Own | None
    figures: dict[Measure, Interval]
    cases: Cases
    judged: tuple[Judged, ...]
    predictions: pd.DataFrame
    scored: pd.DataFrame
    watermark: str

    @property
    def verdict(self) -> Verdict:
        """Over all required criteria."""
        return overall(self.judged)

    @property
    def is_confirmatory(self) -> bool:
        """Whether every look of this bundle here was under these criteria."""
        return self.standing.changed is None


def verify(
    bundle_folder: Path,
    study_folder: Path,
    request: Request,
    criteria: Criteria,
    ledger: Path,
    reference: Path | None = None,
    with_outcomes: bool = True,
) -> Verification:
    """Predict the study's cases and judge them. The look is written down before its result is returned.

    Args:
        ledger: `ledger.ledger_of`; the criteria are fixed there, now where they were not before.
        reference: predictions of the same study that the bundle's maker computed (course_id, probability).
        with_outcomes: False: outcomes are not read, though they be there.

    Raises:
        BundleError, InputError: as `predict_study`; a model of survival alone cannot be verified with outcomes.
        LeakageError: outcomes are read, and the bundle's tile encoder was fine-tuned on some of the patients.
    """
    bundle, study = load_bundle(bundle_folder), read_study(study_folder)
    manifest = bundle.manifest
    names = manifest.model_id, manifest.seal
    before = standing(ledger, criteria, names)
    made = predict_with(bundle, study, request)
    if made.table.empty:
        raise InputError("the study has no course", got=study.study_id, expected="at least one local case")
    scored = pd.DataFrame()
    if with_outcomes:
        scored = predictions_with_outcomes(bundle, study, made.table, request)
    if is_survival(scored):
        raise InputError(
            "risks cannot be verified here",
            got="a model of survival",
            fix="`tumorcast evaluate --bundle` scores it; --technical verifies the rest",
        )
    figures = technical_figures(made.table, confidence=criteria.confidence)
    figures |= _repeated(bundle, study, request, made.table)
    figures |= {} if reference is None else _agreement(made.table, reference)
    cases = Cases(len(made.table))
    if len(scored):
        figures |= outcome_figures(scored, criteria.confidence)
        cases = _counted(scored, len(made.table))
        note_look(ledger, looked(names, criteria, outcome_digest(scored), len(scored)))
    own = own_figures(bundle.trust)
    return Verification(
        "clinical" if len(scored) else "technical", *names, manifest.training_data, dict(manifest.recalibrated),
        study.study_id, utc_now(), criteria,
        before, own, figures, cases, judge(criteria, figures, own, cases), made.table, scored, made.watermark,
    )  # fmt: skip


def _counted(scored: pd.DataFrame, courses: int) -> Cases:
    own = scored[scored["model"] == MODEL]
    kinds = own.groupby("label")["patient_id"].nunique()
    return Cases(courses, int(kinds.get(1.0, 0)), int(kinds.get(0.0, 0)))


def _repeated(bundle: Bundle, study: Study, request: Request, table: pd.DataFrame) -> dict[Measure, Interval]:
    """Largest change in probability of some patients who are predicted again, their slides encoded anew."""
    known = table[table["probability"].notna()]
    with_slide = known.sort_values("n_tiles", ascending=False)["patient_id"].drop_duplicates()
    chosen = [str(name) for name in with_slide[:_REPEATED]]
    if not chosen:
        return {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        again = replace(
            request, cache=Path(folder), overlays=None, with_attention=False, with_occlusion=False
        )
        second: StudyPredictions = predict_with(bundle, study.keep(chosen), again)
    return {"repeatability": _largest(known, second.table)}


def _agreement(table: pd.DataFrame, reference: Path) -> dict[Measure, Interval]:
    """Largest difference to the maker's predictions of the same courses."""
    try:
        other = pd.read_csv(reference, dtype={"course_id": str, "patient_id": str})
        other = other[other["probability"].notna()][["course_id", "probability"]]
    except (OSError, KeyError, ValueError) as error:
        raise InputError(
            f"{reference.name} is no table of predictions",
            got=str(error),
            expected="columns course_id, probability",
        ) from None
    return {"reference": _largest(table[table["probability"].notna()], other)}


def _largest(table: pd.DataFrame, other: pd.DataFrame) -> Interval:
    """Largest absolute difference of probabilities of the same courses; exact, so its interval is itself."""
    pairs = table.merge(other, on="course_id", suffixes=("", "_other"))
    if pairs.empty:
        return Interval(float("nan"), float("nan"), float("nan"))
    value = float(np.abs(pairs["probability"] - pairs["probability_other"]).max())
    return Interval(value, value, value)
