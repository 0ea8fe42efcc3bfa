"""Simulated regimens: stated assignment, potential outcomes that agree with what was seen, no overlap where said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.cohort.simulate import simulate_study
from tumorcast.cohort.simulate.patients import draw_patients
from tumorcast.cohort.simulate.potential import stated_values
from tumorcast.cohort.simulate.settings import SimulationSettings
from tumorcast.cohort.simulate.treatments import FIVE, drawn
from tumorcast.domain.errors import InputError
from tumorcast.readers.cbioportal import read_study


@pytest.fixture(scope="module")
def confounded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 patients of five regimens, by indication, some without overlap."""
    out = tmp_path_factory.mktemp("confounded") / "study"
    return simulate_study(
        out, n_patients=60, seed=4, features_only=True, progress=False, regimens="five",
        assignment="confounded", no_overlap=True,
    )  # fmt: skip


def test_what_was_seen_is_what_the_given_regimen_would_have_done(confounded: Path):
    table = pd.read_csv(confounded / "truth" / "potential_outcomes.csv")
    received = table[table["is_received"]].set_index("course_id")
    assert len(table) == 5 * len(received) == 5 * 60
    seen = read_study(confounded).treatments.drop_duplicates("patient_id").set_index("patient_id")
    own = received.set_index("patient_id").loc[seen.index]
    assert (own["best_response"] == seen["BEST_RESPONSE"]).all()
    is_event = seen["PFS_STATUS"].str[0].eq("1")
    np.testing.assert_allclose(own["pfs_months"][is_event], seen["PFS_MONTHS"][is_event], atol=0.006)
    assert (own["pfs_months"][~is_event] >= seen["PFS_MONTHS"][~is_event] - 0.006).all()
    truth = pd.read_csv(confounded / "truth" / "patients.csv").set_index("course_id")
    np.testing.assert_allclose(received["probability"], truth.loc[received.index, "probability"], atol=1e-6)


def test_propensity_is_stated_and_zero_where_there_is_no_overlap(confounded: Path):
    table = pd.read_csv(confounded / "truth" / "potential_outcomes.csv")
    np.testing.assert_allclose(table.groupby("course_id")["propensity"].sum(), 1, atol=1e-5)
    assert (table.loc[table["is_received"], "propensity"] > 0).all()
    never = table[table["propensity"] == 0]
    assert set(never["regimen_class"]) == {"dual_immunotherapy", "combination"}
    ecog = read_study(confounded).patients["ECOG"].reindex(never["patient_id"]).dropna()
    assert len(ecog) > 0
    assert (ecog == 2).all()


def test_drawn_regimens_follow_their_chances():
    patients = draw_patients(np.random.default_rng(0), 20_000)
    chance = FIVE.propensity(patients, "confounded")
    given = drawn(np.random.default_rng(1), chance)
    for k in range(5):
        assert abs((given == k).mean() - chance[:, k].mean()) < 0.01
    randomised = FIVE.propensity(patients, "randomised")
    np.testing.assert_allclose(randomised, np.tile(FIVE.shares, (len(patients), 1)), atol=1e-12)


def test_the_best_regimen_looks_bad_where_assignment_is_confounded():
    stated = stated_values("five", "confounded", False, False, 4000)
    assert stated["best"]["value"] == {"response": "combination", "months_of_12": "combination"}
    seen = {name: own["response"] for name, own in stated["seen"].items()}
    assert seen["combination"] < seen["dual_immunotherapy"] - 0.02
    assert stated["best"]["seen"]["response"] == "dual_immunotherapy"
    fair = stated_values("five", "randomised", False, False, 4000)
    assert fair["best"]["seen"] == fair["best"]["value"] == stated["best"]["value"]


def test_settings_of_three_regimens_are_recorded_as_before():
    assert set(SimulationSettings(5, 1).recorded()) == {
        "format_version", "n_patients", "seed", "tiles_per_slide", "features_only", "null",
    }  # fmt: skip
    other = SimulationSettings(5, 1, regimens="five", assignment="confounded").recorded()
    assert json.loads(json.dumps(other))["assignment"] == "confounded"


def test_confounding_needs_five_regimens():
    with pytest.raises(InputError, match="five regimens"):
        SimulationSettings(5, 1, assignment="confounded")


def test_a_cancer_type_is_declared_and_changes_drugs_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)

    def made(name: str, **wanted: object) -> Path:
        return simulate_study(
            Path(name), n_patients=30, seed=4, features_only=True, tiles_per_slide=4, progress=False,
            regimens="five", **wanted,
        )  # fmt: skip

    one, several = made("one"), made("several", cancers=("BLCA", "UCEC"), drugs="by_cancer")
    assert set(read_study(one).samples["CANCER_TYPE"]) == {"Lung Adenocarcinoma"}
    study = read_study(several)
    assert len(study.slides) > 0
    assert all(Path(path).is_file() for path in study.slides["path"])
    codes = study.samples.groupby("patient_id")["ONCOTREE_CODE"].agg(set)
    assert set.union(*codes) == {"BLCA", "UCEC"}
    assert (codes.map(len) == 1).all()
    own = study.treatments.assign(code=study.treatments["patient_id"].map(lambda name: min(codes[name])))
    drugs = own.groupby("code")["agent"].agg(set)
    assert drugs["BLCA"] - drugs["UCEC"] <= {"Atezolizumab", "Cisplatin", "Gemcitabine"}
    assert "Gemcitabine" in drugs["BLCA"]
    assert "Paclitaxel" in drugs["UCEC"]
    for file in ("patients.csv", "potential_outcomes.csv"):
        assert (one / "truth" / file).read_bytes() == (several / "truth" / file).read_bytes()


@pytest.mark.parametrize("cancers", [("LUAD", "LUAD"), ("LAUD",), ()])
def test_cancer_types_that_are_not_simulated_are_refused(cancers: tuple[str, ...]):
    with pytest.raises(InputError, match="cancer type"):
        SimulationSettings(5, 1, cancers=cancers)
