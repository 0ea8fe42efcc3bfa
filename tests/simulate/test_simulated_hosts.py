"""Simulated hosts: what is planted, what the study tells, and that nothing else changes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.simulate import simulate_study
from tumorcast.cohort.simulate.hosts import draw_hosts, with_hosts
from tumorcast.cohort.simulate.oracle import oracle_figures
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.treatments import THREE
from tumorcast.config.models import DataConfig
from tumorcast.readers.cbioportal import read_study

LAYERS = ("pharmacogenes", "polygenic_scores", "clocks", "exposures")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hosts") / "study"
    return simulate_study(
        out, n_patients=60, seed=3, tiles_per_slide=4, features_only=True, progress=False, host=True
    )


def test_what_is_planted_is_in_the_truth_and_not_in_the_study(folder: Path):
    truth = pd.read_csv(folder / "truth" / "patients.csv")
    stated = json.loads((folder / "truth" / "formula.json").read_text(encoding="utf-8"))
    added = truth.filter(like="adds_")
    assert {"adds_smoking", "adds_dpd_deficiency"} <= set(added)
    start = truth["regimen_class"].map(dict(zip(stated["regimen_classes"], stated["intercept"], strict=True)))
    assert (start + added.sum(axis=1)).to_numpy() == pytest.approx(truth["linear_predictor"], abs=1e-4)
    assert (truth.loc[truth["regimen_class"] == "chemotherapy", "adds_smoking"] == 0).all()
    assert stated["auroc"]["modalities"].keys() >= {"exposures", "pharmacogenes"}
    assert not [name for name in read_study(folder).digests if "truth" in name]


def test_every_layer_is_there_for_most_and_later_weights_never_enter(folder: Path):
    study = read_study(folder)
    assert not [note for note in study.report if note.kind in ("exposure", "sample", "host")]
    cohort = assemble(study, DataConfig(study=folder, modalities=LAYERS), ["response"])
    assert (cohort.is_present.mean() > 0.6).all()
    assert (cohort.is_present.mean() < 1).all()
    bmi = study.host.exposures.query("exposure == 'bmi'")
    first = cohort.courses.index[~cohort.courses["patient_id"].duplicated()]
    days = cohort.courses.loc[first].set_index("patient_id")["start_day"]
    known = bmi[bmi["day"] <= bmi["patient_id"].map(days)].set_index("patient_id")["value"]
    assert len(bmi) == 2 * len(known)
    used = (
        cohort.layers["exposures"].loc[first, "BMI (kg/m2)"].set_axis(cohort.courses.loc[first, "patient_id"])
    )
    assert used.dropna().to_dict() == pytest.approx(known.to_dict())


def test_chemotherapies_have_a_fluoropyrimidine_and_deficiency_ends_some_early(folder: Path):
    study = read_study(folder)
    treated = study.treatments.groupby(["patient_id", "start_day"])["agent"].agg(set)
    platin = treated[treated.map(lambda drugs: bool(drugs & {"Cisplatin", "Carboplatin", "Oxaliplatin"}))]
    assert platin.map(lambda drugs: bool(drugs & {"Fluorouracil", "Capecitabine"})).all()
    early = study.treatments[study.treatments["stop_day"] - study.treatments["start_day"] == 14]
    deficient = pd.read_csv(folder / "truth" / "patients.csv").query("term_dpd_deficiency == 1")
    assert set(early["patient_id"])
    assert set(early["patient_id"]) <= set(deficient["patient_id"])


def test_settings_without_hosts_are_recorded_as_before_and_null_has_no_effect():
    assert "host" not in SimulationSettings(5, 1).recorded()
    assert SimulationSettings(5, 1, host=True).recorded()["host"] is True
    assert oracle_figures(null=True, n=500, host=True)["oracle"] == 0.5
    assert set(with_hosts(THREE).coefficients) - set(THREE.coefficients) == {"smoking", "dpd_deficiency"}
    hosts = draw_hosts(np.random.default_rng(0), 4000)
    assert (hosts.pack_years[hosts.status == 0] == 0).all()
    assert abs(hosts.terms()["smoking"].mean()) < 0.3
