"""The bundle's word for the twin's prior: through the guards, with the error of patients that it had not seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.cli.twin import _course
from tumorcast.clinic.twin.published import named_population
from tumorcast.clinic.twin.record_json import read_record
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.size_series import SeriesTables, SizeSeries
from tumorcast.serve import size_prior as module
from tumorcast.serve.bundle import Bundle, load_bundle
from tumorcast.serve.findings import Finding
from tumorcast.serve.manifest import SizeResiduals
from tumorcast.serve.report import ReportRequest, make_report
from tumorcast.serve.report_panels import PanelRequest, TwinAsked, with_panels
from tumorcast.serve.request import Request
from tumorcast.serve.rows import PredictionRow
from tumorcast.serve.size_prior import IN_TRAINING, calibrated, distrust, size_prior

SIZE = SizeResiduals(
    bias=0.1, sd=0.3, n_patients=50, n_courses=50, median=-0.1, mean=-0.1, spread=0.4, slope=0.5, slope_error=0.1,
    line_sd=0.3,
)  # fmt: skip


def with_head(bundle: Bundle) -> Bundle:
    """As if it had been trained with the head `size`."""
    told = bundle.manifest.model_copy(update={"heads": ("response", "survival", "size"), "size": SIZE})
    return replace(bundle, manifest=told)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[PredictionRow]:
    """What the bundle predicts in place of its graph."""
    rows: list[PredictionRow] = []

    class Predictions:
        def __init__(self) -> None:
            self.rows = tuple(rows)

    monkeypatch.setattr(module, "predict_with", lambda *words: Predictions())
    return rows


def row(status: str = "predicted", size: float | None = -0.5, *codes: str) -> PredictionRow:
    found = tuple(Finding(code, "x", level="warning") for code in codes)
    return PredictionRow("P0", "P0-L1", status, "why", size_log_ratio=size, findings=found)


def test_the_line_of_held_out_patients_calibrates_a_prediction(lab, tmp_path: Path, said) -> None:
    said.append(row())
    bundle, study = with_head(load_bundle(lab.bundle)), read_study(lab.study)
    found = size_prior(bundle, study, "P0", Request(tmp_path))
    assert found.said is not None
    assert found.said.log_ratio == pytest.approx(-0.1 + 0.5 * (1 - 0.04) * -0.4)
    assert found.said.sd == pytest.approx(np.sqrt(0.09 * 1.02 + (0.1 * -0.4) ** 2))
    assert (found.said.mean, found.said.spread, found.said.day) == (-0.1, 0.4, 56.0)


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (row("refused", None), "refused: why"),
        (row("not_predicted", None), "not_predicted"),
        (row("predicted_partly", -0.5, "unlike_training"), "out_of_domain"),
    ],
)
def test_who_is_refused_or_out_of_domain_gets_no_shift(lab, tmp_path: Path, said, one, code: str) -> None:
    said.append(one)
    found = size_prior(with_head(load_bundle(lab.bundle)), read_study(lab.study), "P0", Request(tmp_path))
    assert found.said is None
    assert found.refused.startswith(code)


def test_scans_of_one_course_are_not_weighed_by_the_word_on_another(lab, tmp_path: Path, said) -> None:
    said += [row(), replace(row(), course_id="P0-L2", size_log_ratio=0.4)]
    bundle, study = with_head(load_bundle(lab.bundle)), read_study(lab.study)
    assert size_prior(bundle, study, "P0", Request(tmp_path)).refused.startswith("course_not_named")
    first, second = (
        size_prior(bundle, study, "P0", Request(tmp_path), course_id=one).said for one in ("P0-L1", "P0-L2")
    )
    assert first is not None
    assert second is not None
    assert first.log_ratio < SIZE.mean < second.log_ratio
    other = size_prior(bundle, study, "P0", Request(tmp_path), course_id="P0-L1", arm="docetaxel")
    assert other.refused.startswith("other_treatment")


def test_of_several_courses_one_has_to_be_named(lab) -> None:
    study = read_study(lab.study)
    rows = study.treatments[study.treatments["patient_id"] == "P0"]
    later = rows.assign(line=2.0, start_day=300.0, agent="docetaxel", regimen="docetaxel")
    two = replace(study, treatments=pd.concat([rows.assign(line=1.0), later], ignore_index=True))
    with pytest.raises(InputError, match="which course"):
        _course(two, "P0", None)
    assert [_course(two, "P0", line)[0] for line in (1, 2)] == ["P0-L1", "P0-L2"]
    assert _course(two, "P0", 2)[1] == "docetaxel"


def test_a_word_on_the_training_study_is_marked(lab, tmp_path: Path, said) -> None:
    said.append(row())
    bundle, study = with_head(load_bundle(lab.bundle)), read_study(lab.study)
    for name, is_marked in ((bundle.manifest.study_id, True), ("elsewhere", False)):
        found = size_prior(bundle, replace(study, study_id=name), "P0", Request(tmp_path))
        assert (IN_TRAINING in found.watermark) == is_marked


def test_the_slope_is_no_more_than_one_and_its_error_draws_to_the_mean() -> None:
    def moved(slope: float, error: float) -> float:
        return (
            calibrated(SIZE.model_copy(update={"slope": slope, "slope_error": error}), -0.5).log_ratio + 0.1
        )

    assert moved(1.8, 0.0) == pytest.approx(-0.4)
    assert -0.4 * 0.8 < moved(0.8, 0.4) < moved(0.8, 0.6) < 0
    assert moved(0.8, 1.0) == 0


def test_few_patients_need_more_than_many() -> None:
    few = SIZE.model_copy(update={"n_patients": 10, "slope": 0.8, "slope_error": 0.8 / 1.75})
    assert distrust(few).startswith("tells_nobody_apart")
    assert not distrust(few.model_copy(update={"n_patients": 200}))


def test_the_panel_of_a_report_tells_the_source_of_the_prior(lab, tmp_path: Path, said) -> None:
    bundle, study = load_bundle(lab.bundle), read_study(lab.study)
    predict = Request(tmp_path / "cache", lab.features)
    made = make_report(bundle, study, "P0", ReportRequest(predict))
    said.append(row())
    sizes = np.array([80.0, 70, 66])
    series = SizeSeries("P0", np.array([-7.0, 42, 84]), sizes, sizes.copy())
    asked = TwinAsked(SeriesTables((series,), ()), named_population("motesanib_nsclc"), predict=predict)
    (report,) = with_panels(made, with_head(bundle), study, PanelRequest(twin=asked))
    assert report.twin is not None
    assert report.twin.shift == bundle.manifest.model_id
    (plain,) = with_panels(made, bundle, study, PanelRequest(twin=asked))
    assert plain.twin.prior is None
    assert report.twin.prior.fan == plain.twin.fan

    from tumorcast.clinic.report.panel_twin import twin_panel

    panel = twin_panel(report.twin)
    assert any("expects" in line and bundle.manifest.model_id in line for line in panel.lines)
    assert [one.title for one in panel.tables][1].startswith("The same without")


def test_the_command_asks_the_bundle_also_for_a_patient_without_scans(lab, tmp_path: Path, capsys) -> None:
    words = ["twin", "--patient", "P0", "--population", "motesanib_nsclc", "--out", str(tmp_path / "out")]
    told = ["--bundle", str(lab.bundle), "--study", str(lab.study), "--features", str(lab.features)]
    assert main([*words, *told]) == 0
    record = read_record(tmp_path / "out" / "twin.json")
    assert record.kind == "population_simulation"
    assert record.prior is not None
    assert record.prior.refused.startswith("no_size_head")
    assert "prior_not_moved" in capsys.readouterr().out
    assert main([*words, "--bundle", str(lab.bundle)]) == 2
    assert "--study" in capsys.readouterr().err
    table = tmp_path / "sizes.csv"
    table.write_text("patient_id,day,size_mm\np0,-7,80\np0,42,70\n", encoding="utf-8")
    assert main([words[0], str(table), *words[1:], *told]) == 2
    assert "did you mean 'p0'" in capsys.readouterr().err
    assert main([*words, *told, "--line", "7"]) == 2
    assert "--line N" in capsys.readouterr().err
    assert main([*words]) == 2
    assert "no scans" in capsys.readouterr().err
