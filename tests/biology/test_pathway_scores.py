"""Pathway scores: each method against its definition, one sample at a time, ties, what is missing, the scale."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from tumorcast.biology.pathway_scores import pathway_scores
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

METHODS = ("ssgsea", "singscore")
GENES = [f"Gene{i}" for i in range(200)]
SETS = {"small": GENES[:6], "large": GENES[3:60], "pair": GENES[100:102]}
_RNG = np.random.default_rng(1)
COHORT = pd.DataFrame(
    np.log2(_RNG.gamma(0.5, 20, (5, 200)) + 1), index=[f"P{i}" for i in range(5)], columns=GENES
)
WITH_ZEROS = COHORT.where(COHORT > 2, 0)


def scored(table: pd.DataFrame, method: str) -> pd.DataFrame:
    return pathway_scores(table, SETS, [], method=method)


def running_sum(values: pd.Series, members: list[str]) -> float:
    """ssGSEA by its definition, for values without ties."""
    ordered = values.sort_values(ascending=False)
    is_hit = ordered.index.isin(members)
    weight = np.where(is_hit, ordered.rank() ** 0.25, 0)
    return float((np.cumsum(weight) / weight.sum() - np.cumsum(~is_hit) / (~is_hit).sum()).sum())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("table", [COHORT, WITH_ZEROS])
def test_a_sample_alone_scores_as_within_a_cohort(method: str, table: pd.DataFrame) -> None:
    together = scored(table, method)
    assert together.notna().all().all()
    for sample in ("P0", "P3"):
        pd.testing.assert_frame_equal(scored(table.loc[[sample]], method), together.loc[[sample]])


def test_ssgsea_is_the_integral_of_the_running_sum() -> None:
    found = scored(COHORT, "ssgsea")
    for name, members in SETS.items():
        for sample in COHORT.index:
            assert found.loc[sample, name] == pytest.approx(running_sum(COHORT.loc[sample], members))


def test_singscore_is_the_mean_rank_between_its_bounds() -> None:
    ranked = pd.DataFrame([np.arange(200.0) / 20], index=["P1"], columns=GENES)
    sets = {"least": GENES[:10], "most": GENES[-10:], "middle": [GENES[0], GENES[-1]]}
    found = pathway_scores(ranked, sets, [], method="singscore").loc["P1"]
    assert found.to_dict() == pytest.approx({"least": -0.5, "most": 0.5, "middle": 0.0})


def test_genes_without_reads_share_the_least_rank_in_singscore() -> None:
    ranks = rankdata(WITH_ZEROS.loc["P0"], method="min")
    expected = (ranks[:6].mean() - 3.5) / (197.5 - 3.5) - 0.5
    assert scored(WITH_ZEROS, "singscore").loc["P0", "small"] == pytest.approx(expected)


@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_genes_does_not_matter_even_where_they_tie(method: str) -> None:
    shuffled = WITH_ZEROS[_RNG.permutation(GENES)]
    pd.testing.assert_frame_equal(scored(shuffled, method), scored(WITH_ZEROS, method))


@pytest.mark.parametrize("method", METHODS)
def test_a_sample_without_a_gene_scores_as_if_nobody_had_measured_it(method: str) -> None:
    table = COHORT.copy()
    lost = ["Gene4", "Gene150"]
    table.loc["P1", lost] = np.nan
    found = scored(table, method)
    pd.testing.assert_frame_equal(found.loc[["P1"]], scored(COHORT.loc[["P1"]].drop(columns=lost), method))
    pd.testing.assert_frame_equal(found.drop("P1"), scored(COHORT, method).drop("P1"))


def test_case_of_gene_names_counts() -> None:
    table = COHORT.rename(columns={"Gene0": "C1orf1", "Gene1": "C1ORF1"})
    sets = {"one": ["C1ORF1", *GENES[10:15]], "other": ["C1orf1", *GENES[10:15]]}
    found = pathway_scores(table, sets, [])
    assert found.loc["P0", "one"] == pytest.approx(running_sum(table.loc["P0"], sets["one"]))
    assert found.loc["P0", "other"] == pytest.approx(running_sum(table.loc["P0"], sets["other"]))


def test_five_genes_or_half_of_the_set_are_needed() -> None:
    absent = [f"Absent{i}" for i in range(20)]
    sets = {
        "five": [*GENES[:5], *absent],
        "four": [*GENES[:4], *absent],
        "half": [*GENES[:2], *absent[:2]],
        "third": [*GENES[:1], *absent[:2]],
        "none": absent,
        "empty": [],
        "everything": GENES,
    }
    report: list[Exclusion] = []
    found = pathway_scores(COHORT, sets, report, method="singscore")
    assert list(found.columns) == list(sets)
    assert found.columns[found.notna().all()].tolist() == ["five", "half"]
    assert found.drop(columns=["five", "half"]).isna().all().all()
    lines = {line.id: (line.reason, line.detail) for line in report}
    assert len(report) == 6
    assert lines["four"] == (
        "too_few_genes",
        "5 of 5 samples without the score; 4 of 24 genes measured in every sample",
    )
    assert lines["gene sets"] == (
        "genes_missing",
        "2 of 7 gene sets scored without some of their genes: five (5 of 25), half (2 of 4)",
    )


def test_an_unmeasured_sample_is_unknown_and_told() -> None:
    table = COHORT.copy()
    table.loc["P4"] = np.nan
    report: list[Exclusion] = []
    found = pathway_scores(table, SETS, report, method="singscore")
    assert found.loc["P4"].isna().all()
    assert found.drop("P4").notna().all().all()
    assert {line.detail.split(";")[0] for line in report} == {"1 of 5 samples without the score"}


def test_a_gene_listed_twice_counts_once() -> None:
    twice = pathway_scores(COHORT, {"s": SETS["small"] * 2}, [], method="singscore")["s"]
    pd.testing.assert_series_equal(twice, scored(COHORT, "singscore")["small"], check_names=False)


def test_no_sample_has_no_scores() -> None:
    assert scored(COHORT.iloc[:0], "ssgsea").shape == (0, 3)


def test_z_scores_are_refused() -> None:
    with pytest.raises(InputError, match="z-scores"):
        scored(COHORT - COHORT.mean(), "ssgsea")
    with pytest.raises(InputError, match="z-scores"):
        pathway_scores(COHORT, SETS, [], scale="z-score")


def test_an_unknown_method_and_no_set_are_told() -> None:
    with pytest.raises(InputError, match="ssgsea"):
        scored(COHORT, "ssgse")
    with pytest.raises(InputError, match="no gene set"):
        pathway_scores(COHORT, {}, [])
