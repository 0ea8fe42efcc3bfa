"""The host's layers: what was known on the first day, nothing later, and a refusal is not measured."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.comedication import comedication_numbers
from tumorcast.biology.network import GeneNetwork
from tumorcast.biology.pgx.levels import level_of, pharmacogene_numbers
from tumorcast.cohort.assemble import assemble
from tumorcast.cohort.host import HOST_LAYERS, host_layer, to_learn
from tumorcast.cohort.preprocess import fit_preprocessor
from tumorcast.cohort.preprocess_file import load_preprocessor, save_preprocessor
from tumorcast.config.models import DataConfig
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.cbioportal import read_study
from tumorcast.readers.exposures import exposures_of
from tumorcast.readers.host import CLOCK_COLUMNS, EXPOSURE_COLUMNS, PHARMACOGENE_COLUMNS, SCORE_COLUMNS, Host
from tumorcast.readers.study import Study
from tumorcast.readers.write_host import exposure_events
from tumorcast.readers.write_study import write_study
from tumorcast.serve.verdicts import rules_for

NAN = float("nan")
_N = 40


def table(columns: tuple[str, ...], *rows: tuple) -> pd.DataFrame:
    return pd.DataFrame([(*row, *[""] * (len(columns) - len(row))) for row in rows], columns=list(columns))


def study_of(n: int = 3, **host: pd.DataFrame) -> Study:
    """Patients P0, P1, ..., first course on day 0, P0 another on day 100; half of them respond."""
    names = [f"P{i}" for i in range(n)]
    treated = [*names, "P0"]
    return Study(
        study_id="s", origin="simulated", folder=Path("."),
        patients=pd.DataFrame({"AGE": [60.0 + i for i in range(n)]}, index=pd.Index(names, name="patient_id")),
        samples=pd.DataFrame({"patient_id": names, "collected_day": -5.0, "procedure": "biopsy"},
                             index=pd.Index([f"{name}-A" for name in names], name="sample_id")),
        treatments=pd.DataFrame({
            "patient_id": treated, "start_day": [*[0.0] * n, 100.0], "stop_day": NAN, "agent": "Nivolumab",
            "regimen": "",
            "line": [*[1.0] * n, 2.0], "treatment_type": "", "BEST_RESPONSE": [*(["PR", "PD"] * n)[:n], "SD"],
        }),
        host=Host(**host),
    )  # fmt: skip


def layer(study: Study, name: str) -> tuple[pd.DataFrame, list[Exclusion]]:
    report: list[Exclusion] = []
    courses = assemble(study, DataConfig(study=Path("."), modalities=("clinical",))).courses
    return host_layer(study, name, courses, report), report


def calls(*rows: tuple) -> pd.DataFrame:
    return table(
        PHARMACOGENE_COLUMNS,
        *((p, f"{p}-N", day, False, gene, "", score, word) for p, day, gene, score, word in rows),
    )


def said(*rows: tuple) -> pd.DataFrame:
    """(patient, day, stop, kind, value, text[, declared as from before])."""
    made = [(*row[:6], "", *(row[6:] or (False,))) for row in rows]
    return pd.DataFrame(made, columns=list(EXPOSURE_COLUMNS)).astype({"day": float, "stop_day": float})


def as_read(exposures: pd.DataFrame) -> pd.DataFrame:
    """Statements as a study's timeline gives them."""
    patients = pd.Index(exposures["patient_id"].unique())
    return exposures_of(exposure_events(Host(exposures=exposures)).astype(object), patients, [])


@pytest.mark.parametrize("word", ["No call", "Indeterminate", "Uncharacterised", "", "indeterminate"])
def test_what_was_not_called_is_not_measured_and_never_normal(word):
    assert pharmacogene_numbers("DPYD", 2.0, word) == {}
    made, _ = layer(study_of(pharmacogenes=calls(("P0", NAN, "DPYD", 2.0, word))), "pharmacogenes")
    assert made.shape == (4, 0)


def test_levels_follow_the_function():
    words = (
        "Poor Metabolizer",
        "Possible Intermediate Metabolizer",
        "Normal Function",
        "Rapid Metabolizer",
        "Ultrarapid Metabolizer",
    )
    assert [level_of(word) for word in words] == [0, 1, 2, 3, 4]
    assert pharmacogene_numbers("DPYD", 1.0, "Intermediate Metabolizer") == {
        "DPYD activity": 1, "DPYD level": 1, "DPYD reduced": 1,
    }  # fmt: skip
    assert pharmacogene_numbers("TPMT", None, "Normal Metabolizer") == {"TPMT level": 2, "TPMT reduced": 0}
    assert pharmacogene_numbers("HLA-B", None, "*57:01 positive; *58:01 negative") == {
        "HLA-B*57:01": 1,
        "HLA-B*58:01": 0,
    }


def test_a_genotype_counts_without_a_day_and_never_from_a_later_one():
    rows = calls(
        ("P0", NAN, "DPYD", 2.0, "Normal Metabolizer"), ("P0", 50.0, "DPYD", 1.0, "Intermediate Metabolizer"),
        ("P1", 1.0, "DPYD", 0.0, "Poor Metabolizer"), ("P2", 0.0, "DPYD", 0.0, "Poor Metabolizer"),
    )  # fmt: skip
    made, report = layer(study_of(pharmacogenes=rows), "pharmacogenes")
    assert made["DPYD activity"].tolist() == pytest.approx(
        [2, 1, NAN, 0], nan_ok=True
    )  # the newest before each course
    assert {(note.id, note.reason) for note in report} == {
        ("P0-N", "taken_after_first_day"), ("P1-N", "taken_after_first_day"), ("P0", "germline_differs"),
    }  # fmt: skip


def test_a_patients_scores_do_not_depend_on_who_else_is_in_the_study():
    rows = table(
        SCORE_COLUMNS,
        ("P0", "N", NAN, False, "A", 1.0, 1.0, 1.0, 0.5), ("P1", "M", NAN, False, "A", 2.0, 1.0, 1.0, NAN),
        ("P0", "N", NAN, False, "B", 3.0, 1.0, 1.0, NAN), ("P1", "M", NAN, False, "B", NAN, 0.2, 0.1, NAN),
    )  # fmt: skip
    study = study_of(polygenic_scores=rows)
    made, _ = layer(study, "polygenic_scores")
    assert made.loc["P0-L1"].to_dict() == {"A": 1.0, "A z": 0.5, "B": 3.0}
    assert made.loc["P1-L1"].dropna().to_dict() == {"A": 2.0}
    alone, _ = layer(study.keep({"P1"}), "polygenic_scores")
    assert alone.loc["P1-L1"].dropna().to_dict() == {"A": 2.0}


def test_no_raw_sum_is_learned_beside_the_adjusted_one():
    rows = [(f"P{i}", "N", NAN, False, "A", i, 1.0, 1.0, i / 2) for i in range(3)]
    rows += [(f"P{i}", "N", NAN, False, "B", i, 1.0, 1.0, NAN) for i in range(3)]
    study = study_of(polygenic_scores=table(SCORE_COLUMNS, *rows))
    data = DataConfig(study=Path("."), modalities=("polygenic_scores",))
    cohort = assemble(study, data)
    fitted = fit_preprocessor(cohort, list(cohort.courses.index), {}, GeneNetwork.embedded(), {}, data)
    assert list(fitted.layers["polygenic_scores"].features) == ["A z", "B"]


def test_what_a_layer_learns_from_is_its_own_rule_and_no_other_layers():
    features = ["A", "A z", "B"]
    assert {name: to_learn(name, features) for name in (*HOST_LAYERS, "proteins")} == {
        name: ["A z", "B"] if name == "polygenic_scores" else features for name in (*HOST_LAYERS, "proteins")
    }


@pytest.mark.parametrize("name", list(HOST_LAYERS))
def test_a_study_cut_to_a_patient_without_rows_has_the_layer_and_nothing_in_it(name):
    study = leaking_study(day=-1.0)
    rows = getattr(study.host, name)
    others = replace(study.host, **{name: rows[rows["patient_id"] != "P2"]})
    made, report = layer(replace(study, host=others).keep({"P2"}), name)
    assert made.shape[0] == 1
    assert made.isna().all(axis=None)
    assert ("layer", "not_measured") in {(note.kind, note.reason) for note in report}


def test_clocks_need_a_day_and_a_refused_one_or_a_tumours_age_is_not_measured():
    rows = table(
        CLOCK_COLUMNS,
        ("P0", "N", -365.25, False, "Hannum", 65.0, "years", 1, 0),
        ("P0", "N", -365.25, False, "Lin", NAN, "years", 0.2, 0.8),
        ("P1", "M", NAN, False, "Hannum", 70.0, "years", 1, 0),
        ("P2", "O", 5.0, False, "Hannum", 70.0, "years", 1, 0),
        ("P0", "P0-A", -5.0, True, "Hannum", 80.0, "years", 1, 0),
        ("P0", "P0-A", -5.0, True, "EpiTOC2", 4e3, "divisions", 1, 0),
    )
    made, report = layer(study_of(clocks=rows), "clocks")
    assert made.loc["P0-L1"].to_dict() == pytest.approx({"Hannum": 65, "Hannum minus age": 6, "EpiTOC2": 4e3})
    assert made.loc[["P1-L1", "P2-L1"]].isna().all(axis=None)
    assert {(note.id, note.reason) for note in report} == {
        ("M", "day_unknown"),
        ("O", "taken_after_first_day"),
        ("P0-A", "age_of_tumour"),
    }


def test_counters_of_blood_never_stand_for_those_of_the_tumour():
    counters = [("EpiTOC2", 4e3, "divisions"), ("Zhang_10", -1.5, "log relative risk")]
    tumour = [("P0", "P0-A", -12.0, True, *counters[0], 1, 0)]
    blood = [("P0", "N", -5.0, False, name, value / 2, unit, 1, 0) for name, value, unit in counters]
    for rows in ([*tumour, *blood], [*blood, *tumour]):
        made, _ = layer(study_of(clocks=table(CLOCK_COLUMNS, *rows)), "clocks")
        assert made.loc["P0-L1"].to_dict() == {
            "EpiTOC2": 4e3, "EpiTOC2 of the host": 2e3, "Zhang_10 of the host": -0.75,
        }  # fmt: skip
    made, _ = layer(study_of(clocks=table(CLOCK_COLUMNS, *blood)), "clocks")
    assert "EpiTOC2" not in made.columns


def test_exposures_stand_as_on_the_first_day():
    rows = said(
        ("P0", -900, NAN, "smoking_status", NAN, "current"), ("P0", 50, NAN, "smoking_status", NAN, "former"),
        ("P0", -9, NAN, "bmi", 31, ""), ("P0", -90, NAN, "bmi", 35, ""), ("P0", 10, NAN, "bmi", 20, ""),
        ("P1", -900, -30, "smoking_status", NAN, "current"), ("P1", -900, -30, "alcohol", 20, ""),
        ("P1", -9, NAN, "diet", NAN, "vegan"),
        ("P2", NAN, NAN, "smoking_status", NAN, "never", True), ("P2", NAN, NAN, "bmi", 25, ""),
    )  # fmt: skip
    made, report = layer(study_of(exposures=rows), "exposures")
    features = [
        "ever smoked",
        "smokes now",
        "pack-years",
        "BMI (kg/m2)",
        "alcohol (g/day)",
        "diet vegan",
        "diet omnivore",
    ]
    assert made[features].to_numpy().tolist() == [
        pytest.approx(row, nan_ok=True)
        for row in (
            [1, 1, NAN, 31, NAN, NAN, NAN],
            [1, 0, NAN, 20, NAN, NAN, NAN],  # P0's second course
            [1, 0, NAN, NAN, NAN, 1, 0],
            [0, 0, 0, NAN, NAN, NAN, NAN],
        )
    ]
    assert {(note.id, note.reason) for note in report} == {("P0", "after_first_day"), ("P2", "day_unknown")}


def test_drugs_count_while_they_are_taken_and_no_list_is_no_zero():
    rows = said(
        ("P0", -30, NAN, "comedication", NAN, "omeprazole"), ("P0", -30, -1, "comedication", NAN, "paroxetine"),
        ("P0", 1, NAN, "comedication", NAN, "amoxicillin"), ("P1", -1, NAN, "comedication", NAN, "none"),
    )  # fmt: skip
    made, _ = layer(study_of(exposures=rows), "exposures")
    columns = ["drugs taken", "takes proton pump inhibitor", "CYP2D6 inhibitor", "takes antibiotic"]
    assert made.loc[["P0-L1", "P0-L2", "P1-L1"], columns].to_numpy().tolist() == [
        [1, 1, 0, 0], [2, 1, 0, 1], [0, 0, 0, 0],
    ]  # fmt: skip
    assert made.loc["P2-L1"].isna().all()
    assert comedication_numbers(["paroxetine"])["CYP2D6 inhibitor"] == 1


@pytest.mark.parametrize(
    ("written", "taken"),
    [
        ("amoxicillin/clavulanic acid", "antibiotic"),
        ("metformin hydrochloride", "metformin"),
        ("prednisone acetate 5 mg", "corticosteroid"),
        ("metoprolol succinate er", "beta blocker"),
    ],
)
def test_salts_doses_and_combinations_have_the_class_of_their_drug(written, taken):
    numbers = comedication_numbers([written])
    assert {name for name, value in numbers.items() if name.startswith("takes") and value == 1} == {
        f"takes {taken}"
    }
    assert not np.isnan(list(numbers.values())).any()


def test_a_drug_of_no_table_leaves_the_classes_of_others_unknown():
    rows = said(
        ("P0", -30, NAN, "comedication", NAN, "omeprazole"), ("P0", -30, NAN, "comedication", NAN, "augmentin"),
    )  # fmt: skip
    made, report = layer(study_of(exposures=rows), "exposures")
    row = made.loc["P0-L1"]
    assert (row["drugs taken"], row["takes proton pump inhibitor"]) == (2, 1)
    assert np.isnan(row["takes antibiotic"])
    assert ("P0", "drug_of_no_table") in {(note.id, note.reason) for note in report}


def test_none_beside_drugs_of_one_day_is_told_and_the_drugs_count():
    for day in (-5, NAN):
        rows = said(
            ("P0", day, NAN, "comedication", NAN, "none", True),
            ("P0", day, NAN, "comedication", NAN, "paroxetine", True),
        )  # fmt: skip
        made, report = layer(study_of(exposures=rows), "exposures")
        assert made.loc["P0-L1", ["drugs taken", "CYP2D6 inhibitor"]].tolist() == [1, 1]
        assert {(note.id, note.reason) for note in report} >= {("P0", "conflicting_rows")}


def test_an_old_drug_is_no_list_and_a_later_none_ends_what_was_open():
    rows = said(
        ("P0", -700, -690, "comedication", NAN, "amoxicillin"),
        ("P0", 20, NAN, "comedication", NAN, "omeprazole"), ("P0", 30, NAN, "comedication", NAN, "none"),
        ("P1", -20, NAN, "comedication", NAN, "omeprazole"), ("P1", -1, NAN, "comedication", NAN, "none"),
        ("P2", -30, NAN, "comedication", NAN, "none"), ("P2", -20, NAN, "comedication", NAN, "omeprazole"),
    )  # fmt: skip
    made, _ = layer(study_of(exposures=rows), "exposures")
    taken = made[["drugs taken", "takes proton pump inhibitor"]]
    assert taken.loc["P0-L1"].isna().all()
    assert taken.loc[["P0-L2", "P1-L1", "P2-L1"]].to_numpy().tolist() == [[0, 0], [0, 0], [1, 1]]


def test_statements_that_cannot_both_be_true_do_not_count():
    rows = said(
        ("P0", -3, NAN, "smoking_status", NAN, "never"), ("P0", -9, NAN, "pack_years", 20, ""),
        ("P0", -3, NAN, "bmi", 25, ""), ("P1", -9, NAN, "smoking_status", NAN, "former"),
        ("P1", -3, NAN, "smoking_status", NAN, "never"), ("P1", -3, NAN, "bmi", 25, ""),
        ("P1", -3, NAN, "bmi", 31, ""), ("P2", -900, NAN, "smoking_status", NAN, "never"),
        ("P2", -3, NAN, "pack_years", 1, ""),
    )  # fmt: skip
    made, report = layer(study_of(exposures=rows), "exposures")
    kept = made[["ever smoked", "pack-years", "BMI (kg/m2)"]].loc[["P0-L1", "P1-L1", "P2-L1"]]
    assert kept.to_numpy().tolist() == [
        pytest.approx(row, nan_ok=True) for row in ([NAN, NAN, 25], [1, NAN, NAN], [1, 1, NAN])
    ]
    assert [(note.id, note.reason) for note in report] == [
        ("P1", "conflicting_rows"), ("P0", "never_smoker_with_pack_years"), ("P1", "never_after_smoking"),
    ]  # fmt: skip


def test_a_smoker_without_pack_years_is_a_contradiction_but_one_who_began_later_is_not():
    rows = said(
        ("P0", -9, NAN, "smoking_status", NAN, "current"), ("P0", -3, NAN, "pack_years", 0, ""),
        ("P1", -900, NAN, "pack_years", 0, ""), ("P1", -3, NAN, "smoking_status", NAN, "current"),
        ("P2", -3, NAN, "pack_years", 0, ""), ("P2", -3, NAN, "smoking_status", NAN, "never"),
    )  # fmt: skip
    made, report = layer(study_of(exposures=rows), "exposures")
    assert made.loc["P0-L1", ["ever smoked", "smokes now", "pack-years"]].isna().all()
    assert made.loc[["P1-L1", "P2-L1"], ["ever smoked", "smokes now"]].to_numpy().tolist() == [[1, 1], [0, 0]]
    assert made.loc[["P1-L1", "P2-L1"], "pack-years"].isna().tolist() == [True, False]
    assert [(note.id, note.reason) for note in report] == [("P0", "smoker_without_pack_years")]


def test_what_does_not_count_on_the_first_day_takes_nothing_away_from_what_does():
    """Later and undated statements contradict those from before: pack-years, and weights declared as from before."""
    before = (
        ("P0", -10, NAN, "pack_years", 30, ""), ("P1", NAN, NAN, "bmi", 30, "", True),
        ("P2", 0, NAN, "smoking_status", NAN, "never"),
    )  # fmt: skip
    later = (
        ("P0", 50, NAN, "smoking_status", NAN, "never"), ("P1", NAN, NAN, "bmi", 25, ""),
        ("P2", 1, NAN, "pack_years", 9, ""), ("P2", NAN, NAN, "pack_years", 7, ""),
    )  # fmt: skip
    first = ["P0-L1", "P1-L1", "P2-L1"]
    known, made = (
        layer(study_of(exposures=as_read(said(*rows))), "exposures")[0]
        for rows in (before, (*before, *later))
    )
    assert known.loc[first, ["pack-years", "BMI (kg/m2)"]].to_numpy().tolist() == [
        pytest.approx(row, nan_ok=True) for row in ([30, NAN], [NAN, 30], [0, NAN])
    ]
    pd.testing.assert_frame_equal(made.loc[first], known.loc[first])


def leaking_study(**later: float) -> Study:
    """Everything that is known before is noise; what tells the response is from the day after."""
    random = np.random.default_rng(0)
    names = [f"P{i}" for i in range(_N)]
    truth = [float(i % 2 == 0) for i in range(_N)]
    day = later.get("day", 1.0)
    bmi = [(p, -9, NAN, "bmi", 25 + random.normal(), "") for p in names]
    bmi += [(p, day, NAN, "bmi", 30 - 8 * t, "") for p, t in zip(names, truth, strict=True)]
    drugs = [
        (p, day, NAN, "comedication", NAN, "prednisone" if t else "none")
        for p, t in zip(names, truth, strict=True)
    ]
    genes = [
        (p, day, "DPYD", 2 * t, "Normal Metabolizer" if t else "Poor Metabolizer")
        for p, t in zip(names, truth, strict=True)
    ]
    ages = [
        (p, f"{p}-N", day, False, "Hannum", 60 + 9 * t, "years", 1, 0)
        for p, t in zip(names, truth, strict=True)
    ]
    scores = [(p, f"{p}-N", day, False, "S", t, 1, 1, t) for p, t in zip(names, truth, strict=True)]
    return study_of(
        _N, exposures=said(*bmi, *drugs), pharmacogenes=calls(*genes), clocks=table(CLOCK_COLUMNS, *ages),
        polygenic_scores=table(SCORE_COLUMNS, *scores),
    )  # fmt: skip


def test_nothing_from_after_the_first_day_enters_though_it_would_tell_the_response():
    """The same rows a day earlier do tell it, so the test can fail."""
    data = DataConfig(study=Path("."), modalities=("clinical", *HOST_LAYERS))
    for day, is_told in ((1.0, False), (0.0, True)):
        cohort = assemble(leaking_study(day=day), data, ["response"])
        first = cohort.courses.index[cohort.courses["line"] == 1]
        response = cohort.courses.loc[first, "response"]
        apart = {
            f"{name}: {feature}": abs(cohort.layers[name].loc[first, feature].corr(response))
            for name in HOST_LAYERS
            for feature in cohort.layers[name].columns[cohort.layers[name].loc[first].nunique() > 1]
        }
        told = {name for name, value in apart.items() if value > 0.9}
        kinds = {name.partition(":")[0] for name in told}
        assert kinds == (set(HOST_LAYERS) if is_told else set())
        assert bool(cohort.is_present.loc[first, "clocks"].any()) is is_told


def test_the_lab_reads_the_numbers_of_training(tmp_path):
    """A study written, read and cut to one patient gives the arrays that the whole cohort gives."""
    study = leaking_study(day=-1.0)
    study = replace(
        study,
        laboratory=pd.DataFrame(
            {"patient_id": ["P0", "P1"], "day": -3.0, "analyte": "ldh", "value": [200.0, 300.0]}
        ),
    )
    modalities = ("clinical", "laboratory", *HOST_LAYERS)
    cohort = assemble(study, DataConfig(study=Path("."), modalities=modalities))
    ids = [str(name) for name in cohort.courses.index]
    fitted = fit_preprocessor(cohort, ids, {}, GeneNetwork.embedded(), {}, DataConfig(study=Path(".")))
    save_preprocessor(fitted, tmp_path)
    prepared = load_preprocessor(tmp_path)
    write_study(study, tmp_path / "s")
    one = read_study(tmp_path / "s").keep({"P0"})
    manifest = _Manifest(modalities)
    lab = assemble(one, rules_for(manifest, prepared, one, None))
    assert lab.modalities == modalities
    course = prepared.arrays(lab, "P0-L1", None)
    trained = fitted.arrays(cohort, "P0-L1", None)
    assert course.is_present.all()
    for name in modalities:
        assert course.layers[name] == pytest.approx(trained.layers[name], abs=1e-4)
        assert course.is_measured[name].tolist() == trained.is_measured[name].tolist()
    bare = replace(one, host=Host())
    without = prepared.arrays(assemble(bare, rules_for(manifest, prepared, bare, None)), "P0-L1", None)
    assert without.is_present.tolist() == [True, True, False, False, False, False]
    assert not any(without.is_measured[name].any() or without.layers[name].any() for name in HOST_LAYERS)


class _Manifest:
    """Of a bundle, as far as the rules of its cohort go."""

    def __init__(self, modalities: tuple[str, ...]) -> None:
        from tumorcast.serve.manifest import DataRules

        self.modalities, self.rules = modalities, DataRules()


def test_layers_that_are_computed_are_not_dropped_where_a_bundle_predicts():
    study = study_of()
    prepared = fit_preprocessor(
        assemble(study, DataConfig(study=Path("."), modalities=("clinical",))), ["P0-L1", "P1-L1"], {},
        GeneNetwork.embedded(), {}, DataConfig(study=Path(".")),
    )  # fmt: skip
    asked = ("clinical", "laboratory", "expression_scores", "a_layer_it_lacks")
    assert rules_for(_Manifest(asked), prepared, study, None).modalities == asked[:3]


def test_never_that_ended_says_nothing_of_the_first_day():
    own = ("P0", -900.0, -400.0, "smoking_status", NAN, "never", "", False)
    made, _ = layer(study_of(exposures=table(EXPOSURE_COLUMNS, own)), "exposures")
    assert made[["ever smoked", "smokes now", "pack-years"]].isna().all(axis=None)
