"""A run on embeddings of whole slides: trained, exported, and served, one row a slide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.config import load_config
from tumorcast.export.run_bundle import export_conclusion
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.predict import Request, predict_study
from tumorcast.slides.store import read_features
from tumorcast.training.run import run_experiment


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A simulated study whose bags are replaced by their means, as embeddings of a made-up encoder."""
    folder = tmp_path_factory.mktemp("embeddings") / "study"
    simulate_study(folder, n_patients=60, seed=4, tiles_per_slide=10, features_only=True, progress=False)
    table = pd.read_csv(folder / "slides.csv")
    for row, path in table["path"].items():
        embedding = read_features(folder / path).features.mean(axis=0)
        other = Path(path).with_suffix(".npz")
        np.savez(folder / other, features=embedding, encoder="titan")
        table.loc[row, "path"] = other.as_posix()
    table.to_csv(folder / "slides.csv", index=False)
    return folder


@pytest.mark.heavy
def test_embeddings_are_trained_on_exported_and_served(study, tmp_path):
    words = (
        "tracking.enabled=false", "split.inner_folds=2", "training.max_epochs=2", "training.singles=false",
        "evaluation.bootstrap=100", "evaluation.baselines=[tmb]", "evaluation.subsets=false",
        "data.modalities=[slide,clinical]", "training.accelerator=cpu", "training.devices=1", "training.rivals=[abmil]",
    )  # fmt: skip
    config = load_config([f"data.study={study}", f"runs={tmp_path}", "name=r", *words])
    folder = run_experiment(config, export_conclusion)
    bundle = load_bundle(folder / "bundle")
    encoder = bundle.manifest.tile_encoder
    assert encoder is not None
    assert encoder.id == "slide:titan/conch_v15"
    found = predict_study(folder / "bundle", study, Request(cache=tmp_path / "cache"))
    table = found.table
    assert np.isfinite(table["probability"]).any()
    assert not table["reason"].str.contains("little_tissue").any()
