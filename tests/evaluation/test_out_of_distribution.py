"""Patients unlike those of training: flagged as often as stated where alike, found and explained where not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.covariance import LedoitWolf

from tumorcast.domain.errors import InputError, LeakageError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.evaluation.out_of_distribution import Reference, fit_reference, judge_patients

_FACTORS = np.random.default_rng(99).normal(size=(3, 200))


def _table(seed: int, n: int, features: int = 12, missing: float = 0.0, prefix: str = "t") -> pd.DataFrame:
    """Correlated features of unequal units, some values not measured."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(n, 3)) @ _FACTORS[:, :features] + 0.5 * random.normal(size=(n, features))
    values = 10.0 ** (np.arange(features) % 5 - 2) * (values + 3)
    values[random.random(values.shape) < missing] = np.nan
    names = [f"gene{f}" for f in range(features)]
    return pd.DataFrame(values, [f"{prefix}{i:03d}" for i in range(n)], names)


def _reference(seed: int = 0, missing: float = 0.0, n: int = 150) -> Reference:
    training = {"rna": _table(seed, n, missing=missing), "lab": _table(seed + 1, n, 6)}
    held_out = {
        "rna": _table(seed + 2, 99, missing=missing, prefix="h"),
        "lab": _table(seed + 3, 60, 6, prefix="h"),
    }
    return fit_reference(training, held_out, [])


def _reasons(report: list[Exclusion]) -> list[tuple[str, str, str]]:
    return [(line.kind, line.id, line.reason) for line in report]


@pytest.mark.parametrize(("missing", "features"), [(0.0, 12), (0.4, 12), (0.2, 40)])
def test_one_in_twenty_like_training_is_flagged(missing, features):
    flagged = []
    for seed in range(0, 400, 10):
        training = {"rna": _table(seed, 60, features, missing)}
        held_out = {"rna": _table(seed + 1, 99, features, missing, "h")}
        reference = fit_reference(training, held_out, [])
        new = {"rna": _table(seed + 2, 100, features, missing, "n")}
        flagged += [judged.p <= 0.05 for judged in judge_patients(reference, new, [])]
    assert np.mean(flagged) == pytest.approx(0.05, abs=0.015)


def test_modalities_together_flag_no_more_than_one_in_twenty():
    """The same patients in two modalities, wholly dependent; a third of them lack one."""
    flagged = []
    for seed in range(0, 400, 10):
        held = _table(seed + 1, 99, prefix="h")
        new = _table(seed + 2, 99, prefix="n")
        training = {"rna": _table(seed, 80), "twin": _table(seed, 80) * 2}
        reference = fit_reference(training, {"rna": held, "twin": held.iloc[33:] * 2}, [])
        judged = judge_patients(reference, {"rna": new, "twin": new.iloc[33:] * 2}, [])
        flagged += [one.p <= 0.05 for one in judged]
    assert 0.03 < np.mean(flagged) < 0.06


def test_p_values_are_spread_evenly():
    p = [one.p_by_modality["rna"] for one in judge_patients(_reference(), {"rna": _table(7, 900)}, [])]
    assert np.quantile(p, [0.25, 0.5, 0.75]) == pytest.approx([0.25, 0.5, 0.75], abs=0.1)


def test_a_shifted_modality_is_found_and_named():
    rna, lab = _table(8, 60, prefix="n"), _table(9, 60, 6, prefix="n")
    rna["gene3"] += 8 * rna["gene3"].std()
    judged = judge_patients(_reference(), {"rna": rna, "lab": lab}, [])
    assert np.mean([one.p <= 0.05 for one in judged]) > 0.95
    assert np.mean([one.oddest == "rna" for one in judged]) > 0.95
    assert np.mean([one.features[0].feature == "gene3" for one in judged]) > 0.95
    assert np.mean([one.p_by_modality["lab"] <= 0.05 for one in judged]) < 0.2
    assert judged[0].features[0].z > 5
    assert all(len(one.features) == 5 for one in judged)


def test_a_wrong_unit_is_found():
    judged = judge_patients(_reference(), {"rna": _table(10, 40) * 1000}, [])
    assert max(one.p for one in judged) == pytest.approx(1 / 100)


def test_features_that_do_not_fit_each_other_are_found_though_each_is_common():
    """gene0 and gene5 swap their standardised values: each stays in its range."""
    rna = _table(11, 60)
    place = rna[["gene0", "gene5"]].apply(lambda values: (values - values.mean()) / values.std())
    sign = np.sign(np.corrcoef(place["gene0"], place["gene5"])[0, 1])
    rna["gene0"] = rna["gene0"].mean() - 1.8 * sign * rna["gene0"].std() * np.sign(place["gene5"])
    rna["gene5"] = rna["gene5"].mean() + 1.8 * rna["gene5"].std() * np.sign(place["gene5"])
    judged = judge_patients(_reference(), {"rna": rna}, [])
    assert np.mean([one.p <= 0.05 for one in judged]) > 0.9
    named = [{odd.feature for odd in one.features[:4]} for one in judged]
    assert np.mean([bool({"gene0", "gene5"} & names) for names in named]) > 0.9
    assert max(abs(odd.z) for one in judged for odd in one.features if odd.feature == "gene0") < 3
    assert max(abs(odd.residual) for one in judged for odd in one.features) > 4
    for one in judged:
        sizes = [max(abs(odd.z), abs(odd.residual)) for odd in one.features]
        assert sizes == sorted(sizes, reverse=True)


def test_the_distance_is_mahalanobis_of_what_is_measured():
    """Ranks of the p value against distances by inverting the covariance itself."""
    training, held, new = _table(12, 400, 4), _table(13, 199, 4, prefix="h"), _table(14, 50, 4, prefix="n")
    training, held, new = (table.drop(columns="gene3") for table in (training, held, new))
    new.loc[:, "gene1"] = np.nan
    reference = fit_reference({"rna": training}, {"rna": held}, [])
    p = np.array([one.p for one in judge_patients(reference, {"rna": new}, [])])
    known = training[["gene0", "gene2"]]
    off = (new[["gene0", "gene2"]] - known.mean()).to_numpy()
    expected = np.einsum("nf,fg,ng->n", off, np.linalg.inv(np.cov(known.T)), off)
    ranks = [pd.Series(values).rank() for values in (-p, expected)]
    assert np.corrcoef(*ranks)[0, 1] > 0.99


def test_the_covariance_is_ledoit_and_wolfs():
    training = _table(33, 30, 40)
    made = fit_reference({"rna": training}, {"rna": _table(34, 30, 40, prefix="h")}, []).modalities["rna"]
    z = ((training - training.mean()) / training.std(ddof=0)).to_numpy()
    loadings = np.array(made.loadings)
    expected = LedoitWolf(assume_centered=True).fit(z).covariance_
    assert loadings @ loadings.T + made.noise * np.eye(40) == pytest.approx(expected, abs=1e-9)


def test_patients_with_less_measured_are_seldom_odd_for_that():
    """Two features of twelve, all held-out patients complete: about 7% are flagged at 5%, for they are not alike."""
    flagged = []
    for seed in range(0, 200, 10):
        held_out = {"rna": _table(seed + 1, 200, prefix="h")}
        reference = fit_reference({"rna": _table(seed, 300)}, held_out, [])
        new = _table(seed + 2, 300, prefix="n")
        new.iloc[:, 2:] = np.nan
        flagged += [one.p <= 0.05 for one in judge_patients(reference, {"rna": new}, [])]
    assert 0.03 < np.mean(flagged) < 0.1


def test_many_features_are_judged_as_well():
    training, held = _table(15, 80, 200), _table(16, 60, 200, prefix="h")
    reference = fit_reference({"rna": training}, {"rna": held}, [])
    assert len(reference.modalities["rna"].loadings[0]) == 64
    new = _table(17, 40, 200, prefix="n")
    new["gene7"] += 15 * new["gene7"].std()
    judged = judge_patients(reference, {"rna": new}, [])
    assert np.mean([one.p <= 0.05 for one in judged]) > 0.9
    assert np.mean([one.features[0].feature == "gene7" for one in judged]) > 0.9


def test_one_feature_alone_is_enough():
    reference = fit_reference({"tmb": _table(18, 50, 1)}, {"tmb": _table(19, 50, 1, prefix="h")}, [])
    (one,) = judge_patients(reference, {"tmb": pd.DataFrame({"gene0": [10.0]}, ["n1"])}, [])
    assert (one.p, one.oddest, one.features[0].feature) == (pytest.approx(1 / 51), "tmb", "gene0")
    assert one.features[0].residual == pytest.approx(one.features[0].z)


def test_who_has_nothing_measured_is_told_as_unknown():
    rna = _table(20, 3)
    rna.iloc[1] = np.nan
    report: list[Exclusion] = []
    tables = {"rna": rna, "scent": pd.DataFrame({"rose": [1.0]}, ["t999"])}
    judged = {one.patient: one for one in judge_patients(_reference(), tables, report)}
    assert list(judged) == ["t000", "t001", "t002", "t999"]
    for name in ("t001", "t999"):
        assert np.isnan(judged[name].p)
        assert (judged[name].p_by_modality, judged[name].oddest, judged[name].features) == ({}, "", ())
    assert set(judged["t000"].p_by_modality) == {"rna"}
    assert _reasons(report) == [("modality", "scent", "not_in_training")]


def test_features_that_differ_are_told_and_count_as_not_measured():
    report: list[Exclusion] = []
    rna = _table(21, 30).rename(columns={"gene0": "GENE0"})
    judged = judge_patients(_reference(), {"rna": rna}, report)
    assert _reasons(report) == [("feature", "rna", "not_in_table"), ("feature", "rna", "not_in_training")]
    assert report[0].detail.startswith("1 of 12")
    assert not any(odd.feature == "gene0" for one in judged for odd in one.features)


def test_columns_and_rows_may_come_in_any_order():
    rna = _table(22, 30)
    mixed = judge_patients(_reference(), {"rna": rna.iloc[::-1, ::-1]}, [])
    assert mixed == judge_patients(_reference(), {"rna": rna}, [])


def test_what_training_cannot_teach_is_reported():
    training = {"rna": _table(23, 50), "few": _table(24, 19), "unheld": _table(25, 50)}
    training["rna"]["gene0"] = 4.0
    training["rna"].iloc[19:, 1] = np.nan
    held_out = {"rna": _table(26, 19, prefix="h"), "few": _table(27, 30, prefix="h"), "new": _table(28, 30)}
    held_out["new"].index = [f"h{i}" for i in range(30)]
    report: list[Exclusion] = []
    reference = fit_reference(training, held_out, report)
    assert list(reference.modalities) == ["rna"]
    assert len(reference.modalities["rna"].features) == 10
    assert _reasons(report) == [
        ("modality", "few", "too_few_for_distances"),
        ("modality", "new", "too_few_for_distances"),
        ("feature", "rna", "too_few_in_training"),
        ("feature", "rna", "constant_in_training"),
        ("modality", "unheld", "too_few_for_distances"),
    ]
    assert report[0].detail.startswith("19 training and")
    assert report[1].detail.startswith("0 training and")


def test_it_travels_as_plain_json():
    reference = _reference(missing=0.5)
    text = json.dumps(reference.to_json(), allow_nan=False)
    again = Reference.from_json(json.loads(text))
    assert again == reference
    tables = {"rna": _table(29, 20), "lab": _table(30, 20, 6)}
    assert judge_patients(again, tables, []) == judge_patients(reference, tables, [])


def test_tables_that_cannot_be_judged_are_refused():
    rna, held = _table(31, 40), _table(32, 40, prefix="h")
    with pytest.raises(LeakageError, match="1 patients"):
        fit_reference({"rna": rna}, {"rna": held.rename(index={"h000": "t000"})}, [])
    with pytest.raises(InputError, match="patients once each"):
        fit_reference({"rna": rna.rename(index={"t001": "t000"})}, {"rna": held}, [])
    with pytest.raises(InputError, match="features once each"):
        fit_reference({"rna": rna.rename(columns={"gene1": "gene0"})}, {"rna": held}, [])
    with pytest.raises(InputError, match="infinite"):
        fit_reference({"rna": rna.replace(rna.iloc[0, 0], np.inf)}, {"rna": held}, [])
    with pytest.raises(InputError, match="too many features"):
        fit_reference({"rna": pd.DataFrame(np.zeros((2, 4097)))}, {}, [])
    with pytest.raises(InputError, match="no modality can be judged"):
        fit_reference({"rna": rna.iloc[:5]}, {"rna": held}, [])
