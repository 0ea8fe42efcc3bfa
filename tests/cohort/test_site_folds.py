"""Folds of whole sites: outcomes as even as they can be, and cohorts and repeats of the cross-validation."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from tumorcast.cohort.site_folds import site_folds
from tumorcast.cohort.splits import outer_folds
from tumorcast.config.models import SplitConfig
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion


def _patients(n_sites: int, seed: int) -> tuple[pd.Series, pd.Series]:
    random = np.random.default_rng(seed)
    sizes = np.maximum(1, (random.pareto(1.2, n_sites) * 6).astype(int))[:n_sites]
    sites = np.repeat([f"S{i}" for i in range(n_sites)], np.minimum(sizes, 60))
    share = np.repeat(random.random(n_sites), np.minimum(sizes, 60))
    index = [f"p{i}" for i in range(len(sites))]
    return pd.Series(sites, index), pd.Series((random.random(len(sites)) < share).astype(float), index)


def _even(folds: int) -> list[float]:
    return [1 / folds] * folds


@pytest.mark.parametrize("seed", [0, 3])
def test_sites_stay_whole_and_outcomes_even(seed):
    sites, label = _patients(38, seed)
    part = site_folds(sites, label.to_frame("response"), _even(5), 0, [])
    assert part.groupby(sites).nunique().max() == 1
    assert set(part) == set(range(5))
    events, sizes = label.groupby(part).sum(), part.value_counts()
    assert events.max() - events.min() <= max(0.15 * label.sum(), 3)
    assert sizes.max() - sizes.min() <= 0.05 * len(sites)


def _ten_sites() -> tuple[pd.Series, pd.DataFrame]:
    sites = pd.Series(np.repeat([f"S{i}" for i in range(10)], 6), [f"p{i}" for i in range(60)])
    return sites, pd.DataFrame({"response": [1.0, 0.0] * 30}, sites.index)


def test_what_can_be_split_evenly_is():
    sites, label = _ten_sites()
    report: list[Exclusion] = []
    part = site_folds(sites, label, _even(5), 0, report)
    assert label["response"].groupby(part).sum().tolist() == [6.0] * 5
    assert part.tolist() == site_folds(sites, label, _even(5), 0, []).tolist()
    assert report == []


def test_another_seed_puts_other_sites_together():
    sites, label = _ten_sites()
    together = [
        frozenset(part.groupby(part).apply(lambda p: frozenset(sites[p.index])))
        for part in (site_folds(sites, label, _even(5), seed, []) for seed in (0, 1))
    ]
    assert together[0] != together[1]


def test_every_label_is_evened_out_and_what_is_unknown_does_not_count():
    sites, label = _ten_sites()
    high, known = sites.isin(["S0", "S1", "S2", "S3", "S4"]), sites.isin(["S0", "S1", "S5", "S6"])
    label = label.assign(is_event=high.astype(float), response=label["response"].where(known))
    part = site_folds(sites, label, _even(2), 0, [])
    assert label["is_event"].groupby(part).sum().tolist() in ([12.0, 18.0], [18.0, 12.0])
    assert label["response"].groupby(part).agg(["sum", "count"]).to_numpy().tolist() == [[6, 12], [6, 12]]


def test_a_site_larger_than_a_fold_is_told_and_the_others_are_even():
    sizes = {"big": 40, **{f"S{i}": 5 for i in range(8)}}
    sites = pd.Series(np.repeat(list(sizes), list(sizes.values())))
    report: list[Exclusion] = []
    part = site_folds(sites, pd.DataFrame({"response": [1.0, 0.0] * 40}), _even(5), 0, report)
    assert sorted(part.value_counts()) == [10, 10, 10, 10, 40]
    assert [(note.id, note.reason) for note in report] == [("big", "larger_than_a_fold")]
    assert "40 of 80 patients" in report[0].detail


def test_a_search_that_ends_early_is_told(monkeypatch):
    monkeypatch.setattr("tumorcast.cohort.site_folds._NODES", 1)
    sites, label = _patients(38, 3)
    report: list[Exclusion] = []
    part = site_folds(
        sites, pd.DataFrame({"response": label, "is_event": label[::-1].to_numpy()}), _even(5), 0, report
    )
    assert "not_proven_most_even" in {note.reason for note in report}
    assert part.groupby(sites).nunique().max() == 1


def test_fewer_sites_than_folds_are_refused():
    sites, label = _patients(4, 0)
    with pytest.raises(InputError, match="too few sites for 5 folds"):
        site_folds(sites, label.to_frame(), _even(5), 0, [])


def _courses() -> pd.DataFrame:
    names = [f"p{i}" for i in range(40)]
    return pd.DataFrame(
        {"patient_id": names, "site": ["Liu 2019", "Hugo"] * 20,
         "response": [0.0, 0.0, 1.0, 1.0] * 10, "is_event": 1.0},
        index=[f"{name}-L1" for name in names],
    )  # fmt: skip


COHORT = SplitConfig(scheme="cohort")


def _study(folder: Path, columns: str, rows: list[str]) -> Path:
    (folder / "meta_clinical_patient.txt").write_text(
        "cancer_study_identifier: s\ngenetic_alteration_type: CLINICAL\ndatatype: PATIENT_ATTRIBUTES\n"
        "data_filename: data_clinical_patient.txt\n"
    )
    text = "\n".join([f"PATIENT_ID\t{columns}", *(f"p{i}\t{row}" for i, row in enumerate(rows))])
    (folder / "data_clinical_patient.txt").write_text(text + "\n")
    return folder


def _tests(folder: Path, split: SplitConfig = COHORT) -> dict[str, int]:
    return {fold.name: len(fold.test) for fold in outer_folds(_courses(), split, 0, folder)}


def test_each_site_is_the_test_once_where_no_column_names_cohorts(tmp_path):
    assert _tests(tmp_path) == {"cohort-Hugo": 20, "cohort-Liu_2019": 20}
    with pytest.raises(InputError, match="each patient's cohort"):
        outer_folds(_courses().assign(site=""), COHORT, 0, tmp_path)


def test_each_cohort_of_the_patient_table_is_the_test_once(tmp_path):
    study = _study(tmp_path, "STUDY_ID\tCOHORT\tWAVE", [f"all\tC{i % 4}\t{2017 + i % 5}" for i in range(40)])
    assert _tests(study) == {f"cohort-C{k}": 10 for k in range(4)}
    waves = SplitConfig(scheme="cohort", cohort_column="WAVE")
    assert _tests(study, waves) == {f"cohort-{year}": 8 for year in range(2017, 2022)}
    with pytest.raises(InputError, match="no column 'WAVES'") as refused:
        _tests(study, SplitConfig(scheme="cohort", cohort_column="WAVES"))
    assert refused.value.fix == "did you mean 'WAVE'?"


def test_a_patient_without_cohort_is_refused(tmp_path):
    study = _study(tmp_path, "COHORT", ["A", "B"] * 19 + ["NA", "A"])
    with pytest.raises(InputError, match="each patient's cohort") as refused:
        _tests(study)
    assert refused.value.got == "2 in COHORT, 1 of 40 patients without"


def test_cohorts_whose_names_look_alike_as_folders_are_kept_apart(tmp_path):
    study = _study(tmp_path, "COHORT", ["Liu 2019", "Liu_2019"] * 20)
    assert _tests(study) == {"cohort-Liu_2019-0": 20, "cohort-Liu_2019-1": 20}


def test_a_held_out_set_of_whole_sites_has_the_share_asked_for():
    courses = _courses().assign(site=[f"S{i % 10}" for i in range(40)])
    for share in (0.3, 0.7):
        split = SplitConfig(test_fraction=share, by_site=True)
        (fold,) = outer_folds(courses, split, 0, Path())
        assert len(fold.test) == 40 * share


def test_what_is_told_of_folds_reaches_the_report():
    report: list[Exclusion] = []
    courses = _courses().assign(site=["big"] * 30 + list("abcdefghij"))
    outer_folds(courses, SplitConfig(scheme="kfold", by_site=True, folds=4, repeats=2), 0, Path(), report)
    assert [note.id for note in report] == ["big"]


def test_repeats_are_other_folds_of_all_patients():
    folds = outer_folds(_courses(), SplitConfig(scheme="kfold", folds=4, repeats=3), 0, Path())
    assert [fold.name for fold in folds[:5]] == [
        "repeat0-fold0", "repeat0-fold1", "repeat0-fold2", "repeat0-fold3", "repeat1-fold0",
    ]  # fmt: skip
    for repeat in range(3):
        tests = [set(fold.test) for fold in folds[4 * repeat : 4 * repeat + 4]]
        assert sum(len(test) for test in tests) == len(set().union(*tests)) == 40
    assert set(folds[0].test) != set(folds[4].test)
    once = outer_folds(_courses(), SplitConfig(scheme="kfold", folds=4), 0, Path())
    assert [fold.test for fold in once] == [fold.test for fold in folds[:4]]
    assert once[0].name == "fold0"


def test_repeats_of_whole_sites_differ():
    courses = _courses().assign(site=[f"S{i % 10}" for i in range(40)])
    folds = outer_folds(courses, SplitConfig(scheme="kfold", folds=5, repeats=2, by_site=True), 0, Path())
    assert {fold.test for fold in folds[:5]} != {fold.test for fold in folds[5:]}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ({"scheme": "holdout", "repeats": 2}, "needs split.scheme=kfold"),
        ({"scheme": "kfold", "cohort_column": "COHORT"}, "needs split.scheme=cohort"),
        ({"scheme": "file", "by_site": True}, "no part in split.scheme=file"),
    ],
)
def test_what_a_scheme_would_not_use_is_refused(words, told):
    with pytest.raises(ValidationError, match=told):
        SplitConfig(**words)
