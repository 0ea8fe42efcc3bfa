"""Drugs of a course: from timeline to numbers, a set whose order says nothing; missing is a mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toy_lab import toy_study
from tumorcast.biology.network import GeneNetwork
from tumorcast.cohort.courses import course_table
from tumorcast.cohort.drug_vocabulary import DrugVocabulary
from tumorcast.cohort.drugs import Drug, drug_from_text, drugs_named, drugs_of_record, treatment_columns


@pytest.fixture(scope="module")
def vocabulary() -> DrugVocabulary:
    seen = treatment_columns(drugs_named("nivolumab + carboplatin + dabrafenib"))
    return DrugVocabulary.fit(pd.DataFrame({"drugs": [seen["drugs"]]}), GeneNetwork.embedded())


def features_of(vocabulary: DrugVocabulary, drug: Drug) -> pd.Series:
    made = vocabulary.arrays([drug.to_text()], None)
    return pd.Series(made.features[0], list(vocabulary.feature_names))


@settings(max_examples=30, deadline=None)
@given(st.permutations(["nivolumab", "carboplatin", "paclitaxel", "nivolumab", "bevacizumab"]))
def test_neither_order_nor_repetition_matters(vocabulary, names):
    one = treatment_columns([drug for name in names for drug in drugs_named(name)])
    other = treatment_columns(drugs_named("bevacizumab + carboplatin + nivolumab + paclitaxel"))
    assert one == other
    ours, theirs = (
        vocabulary.arrays(one["drugs"], ["KRAS"]),
        vocabulary.arrays(other["drugs"][::-1], ["KRAS"]),
    )
    for a, b in zip(vars(ours).values(), vars(theirs).values(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_drug_not_seen_has_no_number_and_the_features_of_its_twin(vocabulary):
    seen, twin, other = drugs_named("nivolumab + pembrolizumab + cisplatin")
    made = vocabulary.arrays([drug.to_text() for drug in (other, seen, twin)], None)
    assert made.agent.tolist() == [0, vocabulary.agents.index("nivolumab") + 1, 0]
    np.testing.assert_array_equal(made.features[1], made.features[2])
    assert not np.array_equal(made.features[0], made.features[1])


def test_a_target_near_another_one_is_like_it(vocabulary):
    profiles = vocabulary.profiles
    against = {gene: profiles.of([gene]) for gene in ("MAP2K1", "BRAF", "ESR1")}
    alike = {g: float(against["MAP2K1"] @ v / np.linalg.norm(v)) for g, v in against.items()}
    assert alike["MAP2K1"] > alike["BRAF"] > 3 * alike["ESR1"]
    assert profiles.nearness(["BRAF"], ["BRAF"]) == 1
    assert 0 < profiles.nearness(["MAP2K1"], ["BRAF"]) < 1
    assert profiles.nearness(["BRAF"], []) == 0
    assert profiles.nearness(["NO_SUCH_GENE"], ["BRAF"]) is None


def test_reach_tells_an_altered_target_from_a_near_one_and_from_the_unknown(vocabulary):
    texts = [drug.to_text() for drug in drugs_named("dabrafenib + carboplatin")]
    hit, near, unknown = (vocabulary.arrays(texts, genes).reach for genes in (["BRAF"], ["KRAS"], None))
    assert hit[1].tolist() == [1, 1, 1]
    assert near[1].tolist() == [0, pytest.approx(0.3, abs=0.29), 1]
    assert not np.concatenate([hit[0], unknown.ravel()]).any()


def test_plan_is_masked_where_unknown_and_impossible_values_are_unknown(vocabulary):
    plain = features_of(vocabulary, Drug("nivolumab", "anti-PD-1"))
    assert plain[["dose_known", "cycle_known", "route_known", "targets_known"]].sum() == 0
    record = {"PLANNED_DOSE_PERCENT": 80.0, "CYCLE_DAYS": 42, "ROUTE": "IV"}
    (drug,) = drugs_of_record("Carboplatin", record)
    told = features_of(vocabulary, drug)
    assert told[["dose", "cycle"]].tolist() == pytest.approx([-0.2, 1])
    assert told[["dose_known", "cycle_known", "route_known", "route:intravenous"]].tolist() == [1, 1, 1, 1]
    wrong = drugs_of_record("Carboplatin", {"PLANNED_DOSE_PERCENT": -3, "CYCLE_DAYS": "often", "ROUTE": None})
    assert wrong == [Drug("carboplatin", "platinum")]
    both = drugs_of_record("Carboplatin + Paclitaxel", record)
    assert [(d.dose_percent, d.cycle_days, d.route) for d in both] == [(None, 42.0, "")] * 2


def test_a_class_of_either_kind_is_of_both(vocabulary):
    told = features_of(vocabulary, Drug("checkpoint inhibitor", "anti-PD-1 or anti-PD-L1"))
    assert told[["class:anti-PD-1", "class:anti-PD-L1", "class:unknown"]].tolist() == [1, 1, 0]
    assert features_of(vocabulary, Drug("x", "no such class"))["class:unknown"] == 1


def test_the_plan_of_a_course_comes_from_its_timeline(tmp_path):
    study = toy_study(tmp_path)
    first = study.treatments.iloc[[0]]
    study.treatments["CYCLE_DAYS"] = [14.0] + [np.nan] * (len(study.treatments) - 1)
    courses = course_table(study)
    own = drug_from_text(courses.loc[f"{first['patient_id'].iloc[0]}-L1", "drugs"][0])
    assert (own.name, own.cls, own.targets, own.cycle_days) == ("nivolumab", "anti-PD-1", ("PDCD1",), 14.0)


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_a_dose_that_was_changed_under_treatment_is_no_plan(tmp_path, order):
    study = toy_study(tmp_path)
    one = study.treatments.iloc[[0] * 3].assign(
        agent="Carboplatin",
        line=1.0,
        start_day=[5.0, 26.0, 47.0],
        ROUTE=[None, "IV", "IV"],
        CYCLE_DAYS=[21.0, 28.0, None],
    )
    later = one.assign(PLANNED_DOSE_PERCENT=[np.nan, 75.0, 50.0]).iloc[order]
    course = f"{one['patient_id'].iloc[0]}-L1"
    (text,) = course_table(replace(study, treatments=later)).loc[course, "drugs"]
    assert drug_from_text(text) == Drug("carboplatin", "platinum", cycle_days=21.0)


def test_rows_of_one_drug_that_contradict_each_other_or_have_no_day_tell_no_plan(tmp_path):
    study = toy_study(tmp_path)
    two = study.treatments.iloc[[0] * 2].assign(
        agent="Carboplatin", line=1.0, PLANNED_DOSE_PERCENT=[100.0, 50.0]
    )
    course = f"{two['patient_id'].iloc[0]}-L1"
    same_day, no_day = (
        two.assign(start_day=5.0),
        two.assign(start_day=np.nan, PLANNED_DOSE_PERCENT=[np.nan, 50.0]),
    )
    for rows in (same_day, no_day):
        (text,) = course_table(replace(study, treatments=rows)).loc[course, "drugs"]
        assert drug_from_text(text).dose_percent is None
    alone = course_table(replace(study, treatments=no_day.iloc[[1]])).loc[course, "drugs"]
    assert drug_from_text(alone[0]).dose_percent == 50
