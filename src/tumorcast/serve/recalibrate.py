"""A bundle brought to a new hospital: its probabilities corrected with the hospital's first labelled cases."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import BundleError, InputError
from tumorcast.domain.timestamp import utc_now
from tumorcast.evaluation.trust import Trust, with_local
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.files import replaced_folder
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.external import check_encoder
from tumorcast.serve.manifest import CARD_NAME, MANIFEST_NAME, TRUST_NAME, file_entries, roles_of, sealed_text
from tumorcast.serve.predict import Request, predict_with

FEWEST_CASES = 20
_UNSIGNED = (
    "unsigned: the original's signatures do not hold for this copy, sign it anew (`tumorcast bundle sign`)"
)


@dataclass(frozen=True)
class Recalibration:
    """What was learned at the new hospital; `cases` has patient_id, course_id, label, before, after."""

    trust: Trust
    cases: pd.DataFrame
    had_signatures: bool = False

    def lines(self) -> list[str]:
        """For the screen and the model card."""
        local, cases = self.trust.local, self.cases
        assert local is not None
        brier = {name: float(((cases[name] - cases["label"]) ** 2).mean()) for name in ("before", "after")}
        alone = local.intercept_alone
        rule = (
            "learned anew here" if self.trust.local_conformal else "still those of training (too few cases)"
        )
        return [
            f"{cases['patient_id'].nunique()} patients, {len(cases)} courses with a response, "
            f"{int(cases['label'].sum())} responses",
            f"chosen: {local.chosen.replace('_', ' ')} (slope {local.slope:.2f}, intercept {local.intercept:+.2f}, "
            f"shrinkage {local.shrinkage:.2f}; likelihood ratio p {local.p_any:.3g})",
            f"log-odds of response here less predicted: {alone.value:+.2f} [{alone.low:+.2f}, {alone.high:+.2f}]",
            f"Brier score on these cases, before {brier['before']:.3f}, after {brier['after']:.3f} (the same cases: "
            "flatters the correction)",
            f"sets of answers and operating points: {rule}",
            *([_UNSIGNED] if self.had_signatures else []),
        ]


def recalibrate_bundle(bundle_folder: Path, study_folder: Path, out: Path, request: Request) -> Recalibration:
    """Write to `out` a copy of the bundle that is corrected for the study's hospital.

    The network is not touched: a slope and an intercept of its log-odds at most, and only where the likelihood says
    so. A bundle that was corrected before is corrected from its original. The copy is unsigned: it is another model.

    Raises:
        BundleError: damaged, or exported without calibration.
        InputError: fewer than 20 cases with a response, one answer only, or the model may not predict the study.
        LeakageError: the bundle's tile encoder was fine-tuned on some of the patients.
    """
    bundle = load_bundle(bundle_folder)
    if bundle.trust is None:
        raise BundleError(
            "the bundle cannot be recalibrated",
            got="no calibration from training",
            expected="a model of response from at least ten responders and ten others",
        )
    study = read_study(study_folder)
    cases = _labelled(bundle, study, request)
    trust = with_local(bundle.trust, cases["raw"], cases["label"], cases["patient_id"])
    cases = cases.assign(
        before=bundle.trust.probability(cases["raw"]), after=trust.probability(cases["raw"])
    ).drop(columns="raw")
    made = Recalibration(trust, cases, bool(bundle.signatures))
    _write(bundle, out, made, study.study_id)
    return made


def _labelled(bundle: Bundle, study: Study, request: Request) -> pd.DataFrame:
    """patient_id, course_id, label, raw: the model's own probability."""
    table = predict_with(replace(bundle, trust=None), study, request).table
    courses = course_table(study, bundle.manifest.rules.endpoint)
    table["label"] = courses["response"].reindex(table["course_id"]).to_numpy(float)
    known = table.dropna(subset=["label", "probability"]).rename(columns={"probability": "raw"})
    check_encoder(bundle, known, request, study.study_id)
    if len(known) < FEWEST_CASES:
        reasons = table.loc[table["probability"].isna(), "reason"].value_counts().index.tolist()
        raise InputError(
            "too few labelled cases",
            got=f"{len(known)} with a prediction and a response" + (f" ({reasons[0]})" if reasons else ""),
            expected=f"at least {FEWEST_CASES}",
        )
    return known[["patient_id", "course_id", "label", "raw"]].reset_index(drop=True)


def _write(bundle: Bundle, out: Path, made: Recalibration, study_id: str) -> None:
    told = {
        "study_id": study_id,
        "patients": str(made.cases["patient_id"].nunique()),
        "created": utc_now(),
        "original_seal": bundle.manifest.recalibrated.get("original_seal", bundle.manifest.seal),
    }
    with replaced_folder(out) as work:
        for name in bundle.manifest.files:
            shutil.copyfile(bundle.folder / name, work / name)
        (work / TRUST_NAME).write_text(json.dumps(made.trust.to_json(), allow_nan=False), encoding="utf-8")
        card = (work / CARD_NAME).read_text(encoding="utf-8").split(_HEADING)[0]
        lines = "\n".join(f"- {line}" for line in replace(made, had_signatures=False).lines())
        (work / CARD_NAME).write_text(
            f"{card}{_HEADING}On study `{study_id}`, {told['created']}:\n\n{lines}\n", encoding="utf-8"
        )
        files = file_entries(work)
        changes = {"files": files, "roles": roles_of(files), "recalibrated": told}
        manifest = bundle.manifest.model_copy(update=changes)
        (work / MANIFEST_NAME).write_text(sealed_text(manifest), encoding="utf-8")


_HEADING = "\n## Recalibrated at a new hospital\n\n"
