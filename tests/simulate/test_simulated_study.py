"""The simulated study folder: determinism, what is in it, what must not be in it."""

from __future__ import annotations

import filecmp
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import chi2_contingency
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict

from tumorcast.cli.main import main
from tumorcast.cohort.simulate import simulate_study
from tumorcast.cohort.simulate.planted import (
    INTERFERON_GENES,
    PLANTED_GENES,
    PROGRAMME_GENES,
    REPAIR_GENES,
    TERMS,
)
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.study import Study
from tumorcast.slides.store import feature_digest, read_features

TABLES = ("*.txt", "*.csv", "*.json", "case_lists/*.txt", "truth/*")


@pytest.fixture(scope="module")
def study(feature_study: Path) -> Study:
    return read_study(feature_study)


def _tables(folder: Path) -> list[str]:
    return sorted({str(p.relative_to(folder)) for pattern in TABLES for p in folder.glob(pattern)})


def _small(out: Path, seed: int, **settings: bool) -> Path:
    return simulate_study(out, n_patients=25, seed=seed, features_only=True, progress=False, **settings)


def test_same_seed_same_bytes_other_seed_other_study(tmp_path: Path):
    first, again, other = (_small(tmp_path / name, seed) for name, seed in (("a", 1), ("b", 1), ("c", 2)))
    names = _tables(first)
    assert names == _tables(again)
    assert len(names) > 10
    same, different, errors = filecmp.cmpfiles(first, again, names, shallow=False)
    assert (len(same), different, errors) == (len(names), [], [])
    bags = sorted((first / "slides").iterdir())
    assert [feature_digest(p) for p in bags] == [feature_digest(again / "slides" / p.name) for p in bags]
    assert (first / "truth/patients.csv").read_bytes() != (other / "truth/patients.csv").read_bytes()


def test_study_is_read_and_says_that_it_is_simulated(study: Study, truth: pd.DataFrame):
    assert study.origin == "simulated"
    assert len(study.patients) == truth["patient_id"].nunique()
    assert study.variants is not None
    assert study.expression is not None
    assert study.copy_number is not None
    assert set(PROGRAMME_GENES) <= set(study.expression.columns)
    assert study.expression.shape[1] >= 500
    assert all(Path(path).is_file() for path in study.slides["path"])
    assert set(study.sequenced_mb) == set(study.sequenced)


def test_truth_is_not_among_the_studys_tables(feature_study: Path, study: Study):
    assert not [name for name in study.digests if "truth" in name]
    words = ("probability", "linear_predictor", "term_", "adds_", "is_planted")
    for path in feature_study.glob("*"):
        if path.is_file() and path.name != "simulation.json":
            head = path.read_text(encoding="utf-8")[:20_000].lower()
            assert not [word for word in words if word in head], path.name


def test_courses_of_the_truth_are_those_of_the_timeline(study: Study, truth: pd.DataFrame):
    courses = study.treatments.drop_duplicates(["patient_id", "line"]).sort_values(
        ["patient_id", "start_day"]
    )
    number = courses.groupby("patient_id").cumcount() + 1
    ids = courses["patient_id"] + "-L" + number.astype(str)
    assert sorted(ids) == sorted(truth.index)
    assert 0.02 < (number == 2).sum() / len(study.patients) < 0.15
    response = pd.Series(courses["BEST_RESPONSE"].isin(["CR", "PR"]).to_numpy(), index=ids)
    assert (response.reindex(truth.index) == truth["is_response"]).all()
    progressed_early = courses.loc[courses["BEST_RESPONSE"] == "PD", "PFS_MONTHS"].astype(float).max()
    responders = courses[courses["BEST_RESPONSE"].isin(["CR", "PR"])]
    assert progressed_early < responders["PFS_MONTHS"].astype(float).median()


def test_modalities_are_missing_at_realistic_rates(study: Study, truth: pd.DataFrame):
    counting = {f"{patient}-T1" for patient in truth["patient_id"]}
    assert study.expression is not None
    present = {
        "slide": counting & set(study.slides["sample_id"]),
        "mutations": counting & study.sequenced,
        "expression": counting & set(study.expression.index),
    }
    for name, rate in (("slide", 0.10), ("mutations", 0.20), ("expression", 0.25)):
        assert 1 - len(present[name]) / len(counting) == pytest.approx(rate, abs=0.07), name
        is_there = truth["patient_id"].add("-T1").isin(present[name])
        assert chi2_contingency(pd.crosstab(is_there, truth["is_response"])).pvalue > 1e-3, name
    for column in ("AGE", "ECOG", "ALBUMIN", "NLR"):
        assert 0 < study.patients[column].isna().mean() < 0.2


def test_second_course_begins_after_the_first_has_progressed(study: Study):
    courses = study.treatments.drop_duplicates(["patient_id", "line"]).sort_values(
        ["patient_id", "start_day"]
    )
    courses["next_start"] = courses.groupby("patient_id")["start_day"].shift(-1)
    first = courses.dropna(subset="next_start")
    assert len(first) > 3
    lag_days = first["next_start"] - first["start_day"]
    assert (first["PFS_MONTHS"] * 365.25 / 12 <= lag_days + 1).all()
    assert (first["stop_day"] <= first["next_start"]).all()
    living_days = study.patients["OS_MONTHS"].reindex(first["patient_id"]).to_numpy() * 365.25 / 12
    assert (living_days >= lag_days).all()


def test_some_samples_come_too_late_and_some_are_older(study: Study):
    start = study.treatments.groupby("patient_id")["start_day"].min()
    lag = study.samples["collected_day"] - study.samples["patient_id"].map(start)
    assert (lag > 0).any()
    assert (lag < -100).any()
    assert set(study.samples["procedure"]) == {"biopsy", "resection"}
    assert study.slides["sample_id"].duplicated().any()


def test_planted_alterations_and_programme_are_in_the_data(study: Study, truth: pd.DataFrame):
    assert study.variants is not None
    assert study.expression is not None
    altered = study.variants[study.variants["impact"] != "silent"]
    sample = truth["patient_id"] + "-T1"
    is_sequenced = sample.isin(study.sequenced)
    for term, genes in (("interferon_loss", INTERFERON_GENES), ("repair_loss", REPAIR_GENES)):
        carriers = set(altered.loc[altered["gene"].isin(genes), "sample_id"])
        found = sample.isin(carriers)[is_sequenced]
        assert (found == (truth.loc[is_sequenced, f"term_{term}"] == 1)).all()
    assert study.copy_number is not None
    assert study.copy_number[list(PLANTED_GENES)].abs().max().max() <= 1
    mean = study.expression[list(PROGRAMME_GENES)].mean(axis=1).reindex(sample).set_axis(truth.index)
    assert mean.corr(truth["term_programme"]) > 0.95


def test_mutation_burden_is_skewed_and_usual_genes_lead(study: Study):
    assert study.variants is not None
    per_sample = study.variants.groupby("sample_id").size()
    assert per_sample.max() > 4 * per_sample.median()
    share = study.variants.groupby("gene")["sample_id"].nunique() / len(study.sequenced)
    assert share.nlargest(1).index[0] == "TP53"
    assert {"TTN", "MUC16"} <= set(share[share > 0.05].index)


def test_bags_carry_the_density_and_the_sites(feature_study: Path, study: Study):
    tiles = pd.read_csv(feature_study / "truth" / "tiles.csv")
    features, density = [], []
    for slide_id, own in list(tiles.groupby("slide_id"))[:40]:
        bag = read_features(feature_study / "slides" / f"{slide_id}.h5")
        np.testing.assert_array_equal(bag.coords, own[["x", "y"]])
        features.append(bag.features)
        density.append(own["lymphocytes_per_mm2"])
    stacked, target = np.concatenate(features), np.concatenate(density)
    assert stacked.shape[1] == 64
    weights, *_ = np.linalg.lstsq(np.c_[stacked, np.ones(len(stacked))], target)
    assert np.corrcoef(np.c_[stacked, np.ones(len(stacked))] @ weights, target)[0, 1] > 0.9


def test_null_study_holds_no_signal(tmp_path: Path):
    out = simulate_study(
        tmp_path / "null",
        n_patients=300,
        seed=7,
        tiles_per_slide=8,
        features_only=True,
        null=True,
        progress=False,
    )
    truth = pd.read_csv(out / "truth/patients.csv")
    stated = json.loads((out / "truth/formula.json").read_text())
    assert (truth["probability"] == 0.5).all()
    assert stated["auroc"]["oracle"] == 0.5
    terms = truth[[f"term_{name}" for name in TERMS]].to_numpy()
    score = cross_val_predict(
        LogisticRegression(), terms, truth["is_response"], cv=5, method="decision_function"
    )
    assert abs(roc_auc_score(truth["is_response"], score) - 0.5) < 0.12


def test_command_leaves_a_finished_study_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["simulate", str(tmp_path / "s"), "--patients", "6", "--features-only", "--tiles-per-slide", "6"]
    assert main([*words, "--seed", "1"]) == 0
    made = (tmp_path / "s" / "simulation.json").stat().st_mtime_ns
    assert main([*words, "--seed", "1"]) == 0
    assert "already there" in capsys.readouterr().out
    assert (tmp_path / "s" / "simulation.json").stat().st_mtime_ns == made
    assert main([*words, "--seed", "2"]) == 2
    assert "--force" in capsys.readouterr().err
    assert main([*words, "--seed", "2", "--force"]) == 0
    assert json.loads((tmp_path / "s" / "simulation.json").read_text())["seed"] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["s"]


def test_other_folders_and_bad_settings_are_refused(tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep me")
    with pytest.raises(InputError, match="not a simulated study"):
        simulate_study(tmp_path / "mine", n_patients=5, seed=1, force=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "keep me"
    with pytest.raises(InputError, match="n_patients"):
        simulate_study(tmp_path / "new", n_patients=0, seed=1)
    assert not (tmp_path / "new").exists()
