"""The record of a report says what `predict` says, and a refusal says no number."""

from __future__ import annotations

import numpy as np
import pytest

from tumorcast.clinic.report.record import PatientReport
from tumorcast.clinic.report.write import write_report
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.predict import Request, predict_study
from tumorcast.serve.report import ReportRequest, make_report


def reports(lab, who: str, **asked: object) -> list[PatientReport]:
    request = ReportRequest(Request(lab.features.parent / "cache", lab.features, **asked))
    return make_report(load_bundle(lab.bundle), read_study(lab.study), who, request)


def test_one_patients_report_says_what_the_table_of_all_says(lab, tmp_path):
    table = predict_study(lab.bundle, lab.study, Request(tmp_path, lab.features)).table
    for patient_id in ("P0", "P5", "P11"):
        (report,) = reports(lab, patient_id)
        (row,) = table[table["patient_id"] == patient_id].itertuples()
        assert report.subject.course_id == row.course_id
        assert report.response is not None
        assert report.response.probability == pytest.approx(row.probability, abs=1e-6)
        assert report.survival is not None
        assert report.survival.risk == pytest.approx(row.risk, abs=1e-5)


def test_contributions_add_up_to_the_models_own_logit(lab):
    (report,) = reports(lab, "P0")
    (row,) = predict_study(lab.bundle, lab.study, Request(lab.features.parent, lab.features)).table.query(
        "patient_id == 'P0'"
    )["probability"]
    total = sum(c.value for c in report.contributions if c.value is not None)
    assert 1 / (1 + np.exp(-total)) == pytest.approx(row, abs=1e-5)
    assert {c.modality for c in report.contributions if not c.is_present} == {
        c.modality for c in report.contributions if c.value is None
    }


def test_a_course_can_be_asked_for_and_strangers_are_named(lab):
    (report,) = reports(lab, "P3-L1")
    assert report.subject.patient_id == "P3"
    with pytest.raises(InputError, match="no patient or course 'P99'"):
        reports(lab, "P99")


def test_a_model_of_simulated_data_refuses_a_real_study_in_its_report_too(lab, changed_study, tmp_path):
    real = changed_study(origin="real")
    bundle, study = load_bundle(lab.bundle), read_study(real)
    (refused,) = make_report(bundle, study, "P0", ReportRequest(Request(tmp_path, lab.features)))
    assert refused.status == "refused"
    assert "SIMULATED" in refused.reason
    assert refused.watermark
    files = write_report(refused, tmp_path / "report")
    assert "valueQuantity" not in files.fhir.read_text(encoding="utf-8")
    assert "No prediction" in files.html.read_text(encoding="utf-8")
    (shown,) = make_report(
        bundle, study, "P0", ReportRequest(Request(tmp_path, lab.features, demonstrate=True))
    )
    assert shown.response is not None
    assert shown.watermark


def test_a_report_names_the_bundle_by_its_seal_and_says_that_nobody_signed(lab):
    (report,) = reports(lab, "P0")
    assert report.provenance.bundle_seal == load_bundle(lab.bundle).manifest.seal
    assert report.provenance.signature == "unsigned"
    assert report.sign_off.status == "preliminary"
    assert {name for name, _ in report.provenance.digests} >= {"data_mutations.txt", "tiles of S0"}
    assert all(len(digest) == 64 for _, digest in report.provenance.digests)
