"""Feeds the toy lab a study with something wrong in it, and says whether the refusal holds everywhere."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from toy_lab import ToyLab, toy_study
from tumorcast.clinic.report.record import PatientReport
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle
from tumorcast.serve.policy import STRICT, Policy
from tumorcast.serve.predict import Request, StudyPredictions, predict_with
from tumorcast.serve.report import ReportRequest, make_report
from tumorcast.serve.session import BundlePredictor


@dataclass(frozen=True)
class Guarded:
    """The toy lab's bundle, with another manifest where a test says so.

    Attributes:
        predictor: open once for all tests.
        folder: for what a prediction writes.
    """

    lab: ToyLab
    bundle: Bundle
    predictor: BundlePredictor
    folder: Path

    def of(self, training_data: str = "", attention: dict[str, float] | None = None, **population) -> Guarded:
        """The same model with another training population."""
        manifest = self.bundle.manifest
        told = manifest.population.model_copy(update=population)
        checked = manifest.attention_check if attention is None else attention
        update = {"population": told, "attention_check": checked}
        if training_data:
            update["training_data"] = training_data
        bundle = replace(self.bundle, manifest=manifest.model_copy(update=update))
        return replace(self, bundle=bundle)

    def study(self, **fields: object) -> Study:
        """The toy study; columns of the sample table in capitals, fields of the study in small letters."""
        study = toy_study(self.lab.study)
        columns = {name: value for name, value in fields.items() if name.isupper()}
        rest = {name: value for name, value in fields.items() if not name.isupper()}
        samples = rest.pop("samples", study.samples)
        return replace(study, samples=samples.assign(**columns), **rest)

    def ask(self, study: Study | None = None, policy: Policy = STRICT, **asked: object) -> StudyPredictions:
        """Predictions with attention; `pictures=True` asks for all that there is."""
        request = self._request(policy, asked)
        given = self.study() if study is None else study
        return predict_with(self.bundle, given, request, predictor=self.predictor)

    def report(
        self, study: Study, patient_id: str, policy: Policy = STRICT, **asked: object
    ) -> PatientReport:
        """The record of a patient's first course."""
        request = ReportRequest(self._request(policy, asked), predictor=self.predictor)
        return make_report(self.bundle, study, patient_id, request)[0]

    def _request(self, policy: Policy, asked: dict) -> Request:
        given = {"features": self.lab.features, "with_attention": True, **asked}
        if given.pop("pictures", False):
            given |= {"overlays": self.folder / "pictures", "with_occlusion": True}
        return Request(self.folder / "cache", policy=policy, **given)


def row_of(made: StudyPredictions, patient_id: str = "P0") -> pd.Series:
    """The patient's row."""
    (index,) = made.table.index[made.table["patient_id"] == patient_id]
    return made.table.loc[index]


def assert_refused(here: Guarded, study: Study, code: str, patient_id: str = "P0", **asked: object) -> str:
    """No number of the patient anywhere: table, attention, occlusion, pictures, report; the reason, with its code."""
    made = here.ask(study, **asked)
    row = row_of(made, patient_id)
    assert row["status"] in ("refused", "not_predicted")
    assert f"refusal:{code}" in row["flags"].split()
    assert row["reason"]
    assert np.isnan([row["probability"], row["risk"], row["like_training"]]).all()
    assert (row["answers"], row["modalities"], row["n_tiles"]) == ("", "", 0)
    for table in (made.attention, made.occlusion):
        assert row["course_id"] not in set(table["course_id"])
    own = study.samples.index[study.samples["patient_id"] == patient_id]
    slides = study.slides[study.slides["sample_id"].isin(own)]["slide_id"]
    assert not any((here.folder / "pictures" / f"{name}.png").exists() for name in slides)
    record = here.report(study, patient_id, **asked)
    assert record.status in ("refused", "not_predicted")
    assert (record.response, record.survival) == (None, None)
    for name in ("contributions", "missing", "genes", "programmes", "tiles", "slides"):
        assert getattr(record, name) == ()
    flag = next(flag for flag in record.flags if flag.code == code)
    assert flag.level == "refusal"
    assert flag.sentence
    return str(row["reason"])


def assert_passes(here: Guarded, study: Study, code: str, patient_id: str = "P0", **asked: object) -> None:
    """The neighbour: a number, and no word of this."""
    row = row_of(here.ask(study, **asked), patient_id)
    assert row["status"] in ("predicted", "predicted_partly")
    assert code not in row["flags"]
    assert 0 < row["probability"] < 1


def assert_left_out(
    here: Guarded, study: Study, code: str, layer: str, patient_id: str, **asked: object
) -> str:
    """A number that does not rest on the layer, and the reason beside it."""
    row = row_of(here.ask(study, **asked), patient_id)
    assert row["status"] == "predicted_partly"
    assert f"warning:{code}" in row["flags"].split()
    assert layer not in row["modalities"].split("+")
    assert 0 < row["probability"] < 1
    return str(row["reason"])
