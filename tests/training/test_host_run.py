"""A run on hosts with planted effects: the layers are learned from, exported, and read the same in the lab."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.config import load_config
from tumorcast.export.run_bundle import export_conclusion
from tumorcast.readers.cbioportal import read_study
from tumorcast.serve.predict import Request, predict_study
from tumorcast.training.run import run_experiment

_WORDS = (
    "tracking.enabled=false", "split.inner_folds=2", "split.test_fraction=0.35", "training.max_epochs=2",
    "training.singles=false", "training.rivals=[]", "training.accelerator=cpu", "training.devices=1",
    "evaluation.bootstrap=100", "evaluation.baselines=[tmb]", "data.modalities=[exposures,pharmacogenes]",
)  # fmt: skip


@pytest.mark.heavy
def test_planted_effects_of_the_host_are_learned_and_served(tmp_path: Path):
    study = tmp_path / "study"
    simulate_study(
        study, n_patients=300, seed=7, tiles_per_slide=4, features_only=True, progress=False, host=True
    )
    config = load_config([f"data.study={study}", f"runs={tmp_path}", "name=r", *_WORDS])
    folder = run_experiment(config, export_conclusion)
    subsets = json.loads((folder / "subsets.json").read_text(encoding="utf-8"))
    assert set(subsets) == {"exposures", "pharmacogenes", "exposures+pharmacogenes"}
    assert subsets["exposures"]["auroc"]["value"] > 0.58
    assert (folder / "figures" / "missing_modality_curve.png").is_file()

    request = Request(cache=tmp_path / "cache")
    with_host = predict_study(folder / "bundle", study, request).table.set_index("course_id")["probability"]
    truth = pd.read_csv(study / "truth" / "patients.csv").set_index("course_id").loc[with_host.index]
    assert with_host.notna().mean() > 0.8
    known = read_study(study).host
    smokers = known.exposures[known.exposures["exposure"] == "pack_years"].set_index("patient_id")["value"]
    years = truth["patient_id"].map(smokers)
    is_inhibitor = truth["regimen_class"] == "immunotherapy"
    heavy, never = with_host[is_inhibitor & (years > 30)], with_host[is_inhibitor & (years == 0)]
    assert heavy.mean() - never.mean() > 0.05

    (study / "meta_timeline_exposure.txt").unlink()
    without = predict_study(folder / "bundle", study, request).table.set_index("course_id")
    both = with_host.index[with_host.notna() & without["probability"].notna()]
    assert not without.loc[both, "modalities"].str.contains("exposures").any()
    assert (with_host[both] - without.loc[both, "probability"]).abs().mean() > 0.01
