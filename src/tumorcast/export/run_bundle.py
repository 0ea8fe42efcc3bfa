"""What a training run concluded -> its bundle."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.evaluation.operating_point import choose_threshold
from tumorcast.evaluation.size import residuals_of
from tumorcast.evaluation.trust import Trust, held_out_probabilities
from tumorcast.export.bundle import export_bundle
from tumorcast.export.encoder_facts import encoder_of
from tumorcast.export.facts import BundleFacts
from tumorcast.export.population import population_of
from tumorcast.export.training_comparison import training_comparison
from tumorcast.export.training_effects import training_effects
from tumorcast.export.training_overlap import training_overlap
from tumorcast.export.training_reference import training_reference, training_spreads
from tumorcast.export.training_survival import training_survival
from tumorcast.serve.manifest import Manifest, SizeResiduals
from tumorcast.training.fold import FUSED
from tumorcast.training.reliance import trust_of
from tumorcast.training.run import Conclusion
from tumorcast.training.tracking import git_commit

_COURSES_COMPARED = 8


def export_conclusion(conclusion: Conclusion, folder: Path) -> Manifest:
    """Write the bundle of a run: the `Export` that `training.run.run_experiment` asks for.

    Torch and ONNX Runtime are compared on some of the run's own courses beside made-up ones.
    """
    fitted = conclusion.fitted
    return export_bundle(
        folder, fitted.ensemble, fitted.prepared, facts_of(conclusion), _some_courses(conclusion)
    )


def facts_of(conclusion: Conclusion) -> BundleFacts:
    """Facts for manifest and model card."""
    work, fitted = conclusion.work, conclusion.fitted
    cohort, inner = work.cohort, fitted.inner
    training = list(dict.fromkeys(inner["course_id"]))
    encoder, encoder_file = None, None
    courses, trust = _arrays(conclusion, training), trust_of(inner)
    reference = training_reference(fitted.prepared, courses, work.config.seed)
    if fitted.prepared.tiles is not None:
        paths = cohort.slides.loc[cohort.slides["course_id"].isin(training), "feature_path"]
        encoder, encoder_file = encoder_of(paths, fitted.prepared.tile_dim)
    return BundleFacts(
        name=work.config.name,
        origin=cohort.origin,
        study_id=cohort.study_id,
        n_patients=inner["patient_id"].nunique(),
        n_courses=len(training),
        heads=work.config.model.heads,
        data=work.config.data,
        tile_encoder=encoder,
        tile_encoder_onnx=encoder_file,
        thresholds={work.config.model.heads[0]: threshold_of(inner)},
        metrics=conclusion.metrics,
        subsets=conclusion.subsets,
        n_held_out=conclusion.predictions["patient_id"].nunique(),
        is_refit=conclusion.is_refit,
        population=population_of(
            cohort,
            training,
            fitted.modalities,
            _held_out(conclusion),
            conclusion.subsets,
            unseen(inner, trust),
        ),
        provenance={"git_commit": git_commit(), "data_sha256": cohort.digest},
        trust=trust,
        reference=reference,
        size=_size_of(inner),
        spreads=training_spreads(fitted.prepared, reference, courses),
        comparison=training_comparison(fitted, courses, trust),
        survival=training_survival(cohort, fitted, courses, work.config),
        overlap=training_overlap(cohort, fitted.prepared, courses, work.config.seed),
        effects=training_effects(cohort, fitted.prepared, courses, work.config),
    )


def threshold_of(inner: pd.DataFrame) -> float:
    """The cut chosen on the members' inner validation courses.

    Of a probability: where sensitivity + specificity - 1 is largest (Youden 1950); 0.5 where there is one
    class alone. Of a risk: the median.
    """
    if "risk" in inner:
        return float(inner["risk"].median())
    known = inner.dropna(subset=["label", "probability"])
    if known["label"].nunique() < 2:
        return 0.5
    return choose_threshold(known["label"].to_numpy(), known["probability"].to_numpy())


def _size_of(inner: pd.DataFrame) -> SizeResiduals | None:
    """How far the members were off on the courses of their inner folds."""
    found = residuals_of(inner)
    return None if found is None else SizeResiduals(**found.to_json())


def unseen(inner: pd.DataFrame, trust: Trust | None) -> pd.DataFrame | None:
    """The inner folds' predictions, calibrated as the bundle does it but without their own fold; None of risks."""
    if "probability" not in inner or trust is None:
        return None
    return inner.assign(probability=held_out_probabilities(inner, trust.calibration.method))


def _held_out(conclusion: Conclusion) -> pd.DataFrame:
    """The fused model's test predictions."""
    return conclusion.predictions[conclusion.predictions["model"] == FUSED]


def _some_courses(conclusion: Conclusion) -> list[CourseArrays]:
    return _arrays(conclusion, list(dict.fromkeys(conclusion.fitted.inner["course_id"]))[:_COURSES_COMPARED])


def _arrays(conclusion: Conclusion, course_ids: list[str]) -> list[CourseArrays]:
    work, prepared = conclusion.work, conclusion.fitted.prepared
    return prepared.all_arrays(work.cohort, course_ids, work.bags)
