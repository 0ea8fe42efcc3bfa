"""Real public data from the source's files to figures and predictions, as a user would go."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cli.main import main
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.readers.write_study import write_study

ROOT = Path(__file__).resolve().parents[2]
EXPERIMENTS = ROOT / "configs" / "experiment"
QUICK = (
    "tracking.enabled=false", "evaluation.bootstrap=100", "evaluation.subsets=false", "split.inner_folds=2",
    "training.max_epochs=4", "training.singles=false", "training.rivals=[]", "training.threads=1",
)  # fmt: skip
WATERMARK = "SIMULATED MODEL - NOT A PREDICTION"


def command(*words: object) -> int:
    return main([str(word) for word in words])


def train(experiment: str, study: Path, runs: Path, *more: str) -> Path:
    """The folder of a quick run of `configs/experiment/EXPERIMENT.yaml`."""
    words = (f"data.study={study}", f"runs={runs}", "name=real", *QUICK, *more)
    assert command("train", ROOT / "configs" / "base.yaml", EXPERIMENTS / f"{experiment}.yaml", *words) == 0
    return runs / "real"


@pytest.fixture(scope="module")
def wide_study(tmp_path_factory) -> Path:
    """40 simulated patients with bags widened to 512 channels; the narrow ones lie beside, in `narrow`."""
    folder = tmp_path_factory.mktemp("wide")
    command("simulate", folder / "narrow", "--patients", 40, "--seed", 7, "--features-only")
    widen_study(folder / "narrow", folder / "wide")
    return folder / "wide"


@pytest.fixture(scope="module")
def model(wide_study) -> Path:
    """A bundle of the 512-wide experiment."""
    return train("mopadi_bags", wide_study, wide_study.parent / "runs") / "bundle"


def widen_study(study: Path, out: Path) -> None:
    import runpy
    import sys

    words, sys.argv = sys.argv, ["wide_bags.py", str(study), str(out), "--width", "512"]
    try:
        runpy.run_path(str(ROOT / "benchmarks" / "wide_bags.py"), run_name="__main__")
    finally:
        sys.argv = words


def predictions(model: Path, study: Path, out: Path, *more: object) -> pd.DataFrame:
    assert command("predict", model, study, "--out", out, *more) == 0
    return pd.read_csv(out)


def test_the_widening_of_bags_keeps_distances(wide_study):
    """Of tiles, up to float16: what was planted in the narrow bags is in the wide ones."""
    from scipy.spatial.distance import pdist

    from tumorcast.slides.store import read_features

    study = wide_study.parent / "narrow"
    narrow = next(iter(sorted(study.rglob("*.h5"))))
    wide = read_features(wide_study / narrow.relative_to(study)).features
    assert wide.shape[1] == 512
    np.testing.assert_allclose(pdist(wide), pdist(read_features(narrow).features), rtol=0.01, atol=0.02)


@pytest.mark.heavy
def test_a_real_patient_with_all_three_modalities(shared_data, model, tmp_path):
    study = tmp_path / "mopadi"
    assert command("import", "mopadi", shared_data / "MoPaDi_tiles", "--out", study) == 0
    (refused,) = predictions(model, study, tmp_path / "refused.csv").itertuples()
    assert (refused.status, refused.training_data) == ("refused", "simulated")
    assert np.isnan(refused.probability)

    asked = ("--demonstrate", "--trust-features")
    (shown,) = predictions(model, study, tmp_path / "shown.csv", *asked).itertuples()
    assert 0 < shown.probability < 1
    assert (shown.watermark, shown.status) == (WATERMARK, "predicted_partly")
    assert (shown.modalities, shown.n_tiles) == ("slide+mutations+clinical", 777)
    assert "z-scores, the model was trained on log2(TPM + 1)" in shown.reason
    assert "too few of the features that the model reads" in shown.reason


@pytest.mark.heavy
@pytest.mark.parametrize("experiment", ["transneo", "porpoise"])
def test_the_experiments_of_real_tables_run(shared_data, tmp_path, experiment):
    """One fold, four epochs: above chance already, and the figures have intervals."""
    study = tmp_path / "study"
    if experiment == "transneo":
        words: tuple[object, ...] = ("transneo", shared_data / "TransNEO")
        metric, n_patients = "auroc", 147
    else:
        porpoise = shared_data / "TCGA_PORPOISE"
        words = ("porpoise", porpoise, "--cancer", "blca", "--splits", porpoise / "splits" / "tcga_blca")
        metric, n_patients = "c_index", 373
    assert command("import", *words, "--out", study) == 0
    assert len(read_study(study).patients) == n_patients
    run = train(experiment, study, tmp_path / "runs", "split.max_folds=1")
    metrics = json.loads((run / "metrics.json").read_text())
    fused = metrics["fused"][metric]
    assert 0 < fused["low"] < fused["value"] < fused["high"] < 1
    assert fused["value"] > 0.5
    assert metrics["clinical_linear"][metric]["value"] > 0.5
    assert json.loads((run / "bundle" / "manifest.json").read_text())["training_data"] == "real"


def test_no_label_is_among_the_inputs(shared_data, tmp_path):
    """The columns of the outcome are not among the clinical ones, nor is a score that knows it."""
    from tumorcast.cohort.assemble import assemble
    from tumorcast.config.models import DataConfig
    from tumorcast.metrics.discrimination import auroc

    study = tmp_path / "study"
    assert command("import", "transneo", shared_data / "TransNEO", "--out", study) == 0
    names = ("clinical", "dna_scores", "immune_scores", "expression_scores")
    cohort = assemble(
        read_study(study), DataConfig(study=study, modalities=names, endpoint="pcr"), ("response",)
    )
    label = cohort.courses["response"].to_numpy(float)
    tables = [cohort.clinical.select_dtypes("number"), *(cohort.layers[name] for name in names[1:])]
    for column, values in pd.concat(tables, axis=1).items():
        known = values.notna().to_numpy() & np.isfinite(label)
        reached = auroc(label[known], values.to_numpy(float)[known])
        assert 0.15 < reached < 0.85, f"{column} tells the outcome: AUROC {reached:.2f}"


@pytest.mark.heavy
def test_real_slides_without_a_pixel_size_are_named_and_the_others_encoded(shared_data, tmp_path, capsys):
    out = tmp_path / "features"
    assert command("encode", shared_data / "WSI", "--out", out, "--overlay") == 0
    report = pd.read_csv(out / "slides_report.csv", index_col="slide_id")
    assert dict(report["status"]) == {
        "CMU-1-Small-Region": "ok",
        "ihc_1065626": "failed",
        "kidney-48-5": "failed",
    }
    assert report.loc["ihc_1065626", "reason"].startswith("not_he")
    assert report.loc["kidney-48-5", "reason"].startswith("mpp_missing")
    assert "--slide-mpp" in report.loc["kidney-48-5", "reason"]
    assert {path.name for path in out.glob("*.png")} == {
        "CMU-1-Small-Region.overlay.png", "ihc_1065626.refused.png",
    }  # fmt: skip
    assert "kidney-48-5: mpp_missing" in capsys.readouterr().out


@pytest.mark.heavy
def test_a_real_patient_without_a_slide_that_fits_is_predicted_from_the_rest(shared_data, model, tmp_path):
    """A lab's folder with an image and a model of ready bags: the slide's reason is told, no patient is lost."""
    study = lab_study(tmp_path / "lab", shared_data / "WSI" / "CMU-1-Small-Region.svs")
    (row,) = predictions(model, study, tmp_path / "shown.csv", "--demonstrate").itertuples()
    assert (row.status, row.modalities) == ("predicted_partly", "mutations+clinical")
    assert "slide cmu" in row.reason
    assert row.watermark == WATERMARK


def lab_study(folder: Path, slide: Path) -> Path:
    """A hospital's folder: one patient, a real slide, two mutations."""
    sample = pd.Index(["P1-T"], name="sample_id")
    variants = {
        "sample_id": "P1-T",
        "gene": ["TP53", "KRAS"],
        "variant_class": "Missense_Mutation",
        "vaf": 0.3,
    }
    course = {
        "patient_id": ["P1"], "start_day": 10.0, "stop_day": 100.0, "agent": "Pembrolizumab", "regimen": "",
        "line": 1.0, "treatment_type": "Medical Therapy",
    }  # fmt: skip
    study = Study(
        study_id="lab",
        origin="real",
        folder=folder,
        patients=pd.DataFrame({"AGE": [61.0]}, index=pd.Index(["P1"], name="patient_id")),
        samples=pd.DataFrame(
            {"patient_id": ["P1"], "collected_day": 0.0, "procedure": "biopsy"}, index=sample
        ),
        treatments=pd.DataFrame(course),
        variants=pd.DataFrame(variants).assign(impact="missense", protein_change=["p.R175H", "p.G12D"]),
        sequenced=frozenset(sample),
    )
    slides = pd.DataFrame({"slide_id": ["cmu"], "sample_id": ["P1-T"], "path": [str(slide)], "mpp": [np.nan]})
    write_study(replace(study, slides=slides), folder)
    return folder
