"""Survival curves of a patient: through the guards, only with overlap, nothing known later or past the horizon."""

from __future__ import annotations

import json
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.clinic.curves.record import PatientCurves, curves_of
from tumorcast.clinic.curves.write import table_of, text_of, write_curves
from tumorcast.cohort.baseline import LINE
from tumorcast.cohort.courses import course_table
from tumorcast.domain.errors import BundleError, InputError
from tumorcast.evaluation.causal.overlap import fit_overlap
from tumorcast.evaluation.survival_curves import SurvivalRecord, fit_survival
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.curves import CurvesRequest, _crossing, make_curves, parse_regimen
from tumorcast.serve.landmark_check import check_at_risk
from tumorcast.serve.population import TreatmentCount
from tumorcast.serve.request import Request


def _record() -> SurvivalRecord:
    random = np.random.default_rng(0)
    risk = random.standard_normal(300)
    time = random.exponential(250 * np.exp(-0.4 * risk)) + 1
    held = pd.DataFrame(
        {"patient_id": [f"t{i}" for i in range(300)], "risk": risk, "time_days": time, "is_event": 1.0}
    )
    made = fit_survival(held, "PFS")
    assert made is not None
    return made


@pytest.fixture(scope="module")
def opened(toy_lab) -> tuple[Bundle, Study]:
    """The toy bundle as if its 300 training patients had survival and two treatments, given by line."""
    random = np.random.default_rng(1)
    lines = random.choice([1.0, 2.0], 300)
    given = np.where(
        random.random(300) < np.where(lines == 1, 0.6, 0.3), "PD-1/PD-L1 inhibitor", "chemotherapy"
    )
    numbers = pd.DataFrame({LINE: lines, "AGE": random.normal(60, 9, 300)})
    overlap = fit_overlap(numbers, given.tolist(), [f"t{i}" for i in range(300)])
    bundle = replace(load_bundle(toy_lab.bundle), survival=_record(), overlap=overlap)
    study = read_study(toy_lab.study)
    followed = study.treatments.assign(PFS_MONTHS=12.0, PFS_STATUS="1:PROGRESSION")
    return _trained_on(bundle, nivolumab=90, pembrolizumab=60, docetaxel=19), replace(
        study, treatments=followed
    )


def _trained_on(bundle: Bundle, **counts: int) -> Bundle:
    """As if so many patients with melanoma had trained it."""
    told = tuple(TreatmentCount(cancer="Melanoma", agents=(name,), n=n) for name, n in counts.items())
    population = bundle.manifest.population.model_copy(update={"treatments": told})
    return replace(bundle, manifest=bundle.manifest.model_copy(update={"population": population}))


def _curves(opened: tuple[Bundle, Study], folder: Path, features: Path, **asked: object) -> PatientCurves:
    bundle, study = opened
    request = CurvesRequest(Request(cache=folder, features=features), **{"cancer": "MEL", **asked})  # type: ignore[arg-type]
    return make_curves(bundle, study, "P0", request)


def test_recorded_and_supported_regimens_have_curves_others_a_reason(opened, toy_lab, tmp_path):
    asked = tuple(parse_regimen(text) for text in ("pembrolizumab", "Olaparib", "nivolumab"))
    made = _curves(opened, tmp_path, toy_lab.features, regimens=asked)
    own, like, parp = made.curves
    assert (own.regimen, own.given, like.given) == ("nivolumab", "recorded", "asked")
    assert own.survival[0] == 1
    assert own.days[-1] <= made.horizon_day
    assert like.days
    assert (like.n_here, own.n_here) == (60, 90)
    assert like.overlap.startswith("PD-1/PD-L1 inhibitor: ")
    assert "received it" in like.overlap
    assert parp.days == ()
    assert "treatment unlike any of training" in parp.reason
    assert all(low <= s <= high for low, s, high in zip(own.low, own.survival, own.high, strict=True))
    assert made.watermark
    assert curves_of(json.loads(made.to_json())) == made


def test_a_landmark_starts_there_and_only_for_a_patient_at_risk(opened, toy_lab, tmp_path):
    made = _curves(opened, tmp_path, toy_lab.features, landmark=100.0)
    assert made.curves[0].days[0] == 100
    assert made.curves[0].survival[0] == 1
    assert all(one.day > 100 for one in made.curves[0].milestones)
    bundle, study = opened
    records = study.treatments.assign(PFS_MONTHS=3.0, PFS_STATUS="1:PROGRESSION")
    gone = (bundle, replace(study, treatments=records))
    with pytest.raises(InputError, match="not known to be at risk on day 100"):
        _curves(gone, tmp_path, toy_lab.features, landmark=100.0)
    with pytest.raises(InputError, match="outside of the follow-up"):
        _curves(opened, tmp_path, toy_lab.features, landmark=1e5)


@pytest.mark.parametrize(
    ("counts", "cancer"),
    [
        ({"nivolumab": 90}, "MEL"),
        ({"nivolumab": 90, "pembrolizumab": 19}, "MEL"),
        ({"nivolumab": 90, "pembrolizumab": 60}, "LUAD"),
        ({"nivolumab": 90, "pembrolizumab": 60}, None),
    ],
)
def test_what_nobody_of_this_cancer_received_has_no_curve(opened, toy_lab, tmp_path, counts, cancer):
    bundle, study = opened
    asked = (parse_regimen("pembrolizumab"),)
    given = (_trained_on(bundle, **counts), study)
    made = _curves(given, tmp_path, toy_lab.features, regimens=asked, cancer=cancer)
    assert made.curves[1].days == ()
    assert "not given to 20 training patients of this cancer" in made.curves[1].reason
    assert made.curves[0].days
    assert made.curves[0].evidence in text_of(made)


@pytest.mark.parametrize(
    ("columns", "is_at_risk", "is_at_risk_as_told"),
    [
        (
            {"PFS_MONTHS": 2.0, "PFS_STATUS": "1:PROGRESSION", "OS_MONTHS": 30.0, "OS_STATUS": "0:LIVING"},
            False,
            False,
        ),
        ({"PFS_MONTHS": None, "PFS_STATUS": None, "OS_MONTHS": 30.0, "OS_STATUS": "0:LIVING"}, False, True),
        ({"PFS_MONTHS": None, "PFS_STATUS": None, "OS_MONTHS": 1.0, "OS_STATUS": "1:DECEASED"}, False, False),
        ({"PFS_MONTHS": 2.0, "PFS_STATUS": "0:CENSORED"}, False, True),
        ({"PFS_MONTHS": 30.0, "PFS_STATUS": "0:CENSORED"}, True, True),
    ],
)
def test_a_landmark_is_checked_by_the_endpoint_of_the_bundle(
    opened, toy_lab, columns, is_at_risk, is_at_risk_as_told
):
    study = replace(opened[1], treatments=opened[1].treatments.assign(**columns))
    course = str(course_table(study.keep(["P0"])).index[-1])
    for is_told, fine in ((False, is_at_risk), (True, is_at_risk_as_told)):
        with nullcontext() if fine else pytest.raises(InputError, match="not known to be at risk on day 100"):
            check_at_risk(study, "P0", course, "PFS", 100.0, is_told)


def test_outcomes_in_the_study_change_no_curve(opened, toy_lab, tmp_path):
    """What happened later (best response, times, statuses, late samples) does not reach the curve."""
    bundle, study = opened
    before = _curves(opened, tmp_path, toy_lab.features).curves[0]
    records = study.treatments.assign(BEST_RESPONSE="CR", PFS_MONTHS=90.0, PFS_STATUS="0:CENSORED")
    patients = study.patients.assign(OS_MONTHS=99.0, OS_STATUS="0:LIVING", RESPONSE_DAY=60.0)
    after = _curves(
        (bundle, replace(study, treatments=records, patients=patients)), tmp_path, toy_lab.features
    )
    assert after.curves[0] == before


def test_without_a_record_or_overlap_nothing_is_drawn(opened, toy_lab, tmp_path):
    bundle, study = opened
    with pytest.raises(BundleError, match="draws no survival curves"):
        _curves((replace(bundle, survival=None), study), tmp_path, toy_lab.features)
    like = (parse_regimen("pembrolizumab"),)
    made = _curves((replace(bundle, overlap=None), study), tmp_path, toy_lab.features, regimens=like)
    assert made.curves[0].days
    assert "does not say who received what" in made.curves[1].reason
    assert bundle.overlap is not None
    others = replace(bundle.overlap, counts={"chemotherapy": 100})
    made = _curves((replace(bundle, overlap=others), study), tmp_path, toy_lab.features, regimens=like)
    assert made.curves[1].days == ()
    assert made.curves[1].reason == "no overlap: PD-1/PD-L1 inhibitor: no training patients received it"
    with pytest.raises(InputError, match="no regimen"):
        parse_regimen("nivolumab + snake oil")


def test_files_text_and_picture(opened, toy_lab, tmp_path):
    asked = tuple(parse_regimen(text) for text in ("pembrolizumab", "Olaparib"))
    made = _curves(opened, tmp_path, toy_lab.features, regimens=asked, landmark=30.0)
    assert write_curves(made, tmp_path / "out") == []
    assert {p.name for p in (tmp_path / "out").iterdir()} == {
        "curves.json",
        "curves.csv",
        "curves.svg",
        "curves.pdf",
    }
    table = table_of(made)
    assert set(table["watermark"]) == {made.watermark}
    assert set(table["regimen"]) == {"nivolumab", "pembrolizumab"}
    picture = (tmp_path / "out" / "curves.svg").read_text(encoding="utf-8")
    for said in (made.watermark, "landmark, day 30", "olaparib: no curve", "Not a cause, not advice"):
        assert said in picture
    told = text_of(made)
    assert told.startswith(made.watermark)
    assert "no promise for one patient" in told
    for word in ("best", "recommend", "will benefit"):
        assert word not in told.lower()


def test_the_command_says_what_is_missing(toy_lab, tmp_path, capsys):
    words = [
        "curves",
        str(toy_lab.bundle),
        str(toy_lab.study),
        "--patient",
        "P0",
        "--features",
        str(toy_lab.features),
    ]
    assert main([*words, "--out", str(tmp_path)]) == 2
    assert "draws no survival curves" in capsys.readouterr().err


def _both(slope: float = 1.0) -> SurvivalRecord:
    """Risk of PFS, and the same against OS, which comes later and hangs on it `slope` times as much."""
    own = _record()
    random = np.random.default_rng(2)
    risk = random.standard_normal(300)
    time = random.exponential(700 * np.exp(-0.4 * slope * risk)) + 1
    held = pd.DataFrame(
        {"patient_id": [f"t{i}" for i in range(300)], "risk": risk, "time_days": time, "is_event": 1.0}
    )
    overall = fit_survival(held, "OS")
    assert overall is not None
    return replace(own, further=(replace(overall, risk_of="PFS"),))


def test_one_risk_draws_both_endpoints(opened, toy_lab, tmp_path):
    bundle, study = opened
    both = replace(bundle, survival=SurvivalRecord.from_json(json.loads(json.dumps(_both().to_json()))))
    assert both.survival == _both()
    made = {
        name: _curves((both, study), tmp_path, toy_lab.features, endpoint=name)
        for name in (None, "PFS", "OS")
    }
    assert made[None] == made["PFS"]
    assert (made["PFS"].endpoint, made["PFS"].risk_of, made["PFS"].also) == ("PFS", "", ("OS",))
    overall = made["OS"]
    assert (overall.endpoint, overall.risk_of, overall.also) == ("OS", "PFS", ("PFS",))
    free, alive = (made[name].curves[0] for name in ("PFS", "OS"))
    assert (np.interp(free.days, alive.days, alive.survival)[5:] > np.array(free.survival)[5:]).all()
    assert "risk of PFS, set against OS" in text_of(overall)
    assert "--endpoint PFS" in text_of(overall)
    assert curves_of(json.loads(overall.to_json())) == overall
    with pytest.raises(InputError, match="no curves of DSS"):
        _curves((both, study), tmp_path, toy_lab.features, endpoint="DSS")
    with pytest.raises(InputError, match="no curves of OS"):
        _curves(opened, tmp_path, toy_lab.features, endpoint="OS")


def test_curves_that_cross_are_told() -> None:
    whole = _both(0.0)
    assert whole.further[0].slope < 0.2
    assert not _crossing(whole, whole, 0.0)
    assert "cross" in _crossing(whole, whole.further[0], -6.0)
    assert not _crossing(_record(), _record(), -6.0)
