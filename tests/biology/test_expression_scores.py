"""Expression scores: each formula by hand, one sample at a time, what is missing, the scale, and published scores."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.expression_scores import (
    DECLINED,
    FORMULAS,
    ExpressionScore,
    expression_scores,
    published_scores,
)
from tumorcast.biology.gene_sets import read_gmt
from tumorcast.biology.genes import GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion

BY_NAME = {one.name: one for one in published_scores()}
GENES = sorted({gene for one in published_scores() for gene in (*one.genes, *one.against)})
COHORT = pd.DataFrame(
    np.log2(np.random.default_rng(0).gamma(0.5, 20, (6, len(GENES))) + 1),
    index=[f"P{i}" for i in range(6)],
    columns=GENES,
)


def one_sample(**values: float) -> pd.DataFrame:
    """log2(TPM + 1) of one sample; underscores of gene names stand for hyphens."""
    return pd.DataFrame({name.replace("_", "-"): [value] for name, value in values.items()}, index=["P1"])


def scored(table: pd.DataFrame) -> pd.DataFrame:
    return expression_scores(table, [])


def test_every_score_names_its_publication_formula_and_genes() -> None:
    assert len(BY_NAME) == len(published_scores()) >= 40
    for one in published_scores():
        assert one.formula in FORMULAS
        assert "20" in one.reference
        assert one.genes
        assert one.formula == "pairs" or len(set(one.genes)) == len(one.genes)
        assert one.formula == "pairs" or not set(one.genes) & set(one.against)


def test_sizes_are_the_published_ones() -> None:
    size = {name: len(one.genes) for name, one in BY_NAME.items()}
    published = {
        "t_cell_inflamed_gep": 18, "expanded_immune": 18, "interferon_gamma": 6, "t_effector": 8, "angiogenesis": 6,
        "myeloid_inflammation": 6, "pan_f_tbrs": 19, "chemokines_12": 12, "tls_9": 9, "impres": 15, "proliferation": 11,
        "stat1_module": 95,
    }  # fmt: skip
    assert published.items() <= size.items()
    assert sum(n for name, n in size.items() if name.startswith("danaher_")) == 60
    assert len(BY_NAME["impres"].against) == 15
    assert len(BY_NAME["t_cell_inflamed_gep"].against) == 11


def test_a_sample_alone_scores_as_within_a_cohort() -> None:
    together = scored(COHORT)
    assert together.notna().all().all()
    for sample in COHORT.index:
        pd.testing.assert_frame_equal(scored(COHORT.loc[[sample]]), together.loc[[sample]])


def test_a_mean_is_of_logarithms() -> None:
    found = scored(one_sample(IDO1=1, CXCL10=2, CXCL9=3, HLA_DRA=10, STAT1=5, IFNG=0))
    assert found.loc["P1", "interferon_gamma"] == pytest.approx(21 / 6)


def test_cytolytic_activity_is_the_geometric_mean_of_tpm() -> None:
    found = scored(one_sample(GZMA=np.log2(8 + 1), PRF1=np.log2(2 + 1)))
    assert 2 ** found.loc["P1", "cytolytic_activity"] == pytest.approx(np.sqrt(8.01 * 2.01))
    assert 2 ** scored(one_sample(GZMA=0, PRF1=0)).loc["P1", "cytolytic_activity"] == pytest.approx(0.01)


def test_the_inflamed_profile_is_weighted_and_relative_to_housekeeping_genes() -> None:
    gep = BY_NAME["t_cell_inflamed_gep"]
    assert (gep.weights[gep.genes.index("STAT1")], gep.weights[gep.genes.index("CD276")]) == (
        0.250229,
        -0.0239,
    )
    table = pd.DataFrame(4.0, index=["P1"], columns=[*gep.genes, *gep.against])
    assert scored(table).loc["P1", "t_cell_inflamed_gep"] == pytest.approx(0)
    table["STAT1"] = 6.0
    assert scored(table).loc["P1", "t_cell_inflamed_gep"] == pytest.approx(2 * 0.250229)
    table[list(gep.against)] = 3.0
    assert scored(table).loc["P1", "t_cell_inflamed_gep"] == pytest.approx(2 * 0.250229 + sum(gep.weights))


def test_the_ratio_is_a_difference_of_logarithms_and_needs_both() -> None:
    assert scored(one_sample(CXCL9=3, SPP1=5)).loc["P1", "cxcl9_spp1"] == -2
    assert np.isnan(scored(one_sample(CXCL9=3)).loc["P1", "cxcl9_spp1"])


def test_grade_is_the_sum_of_high_grade_genes_less_low_grade_ones() -> None:
    grade = BY_NAME["genomic_grade"]
    table = pd.DataFrame(1.0, index=["P1"], columns=list(grade.genes))
    assert scored(table).loc["P1", "genomic_grade"] == pytest.approx(88 - 16)
    assert scored(table.assign(MKI67=5.0)).loc["P1", "genomic_grade"] == pytest.approx(88 - 16 + 4)
    assert scored(table.assign(FRY=5.0)).loc["P1", "genomic_grade"] == pytest.approx(88 - 16 - 4)


def test_impres_counts_pairs_whatever_the_units() -> None:
    impres = BY_NAME["impres"]
    table = COHORT[sorted({*impres.genes, *impres.against})]
    counted = sum(
        (table[a] > table[b]).astype(int) for a, b in zip(impres.genes, impres.against, strict=True)
    )
    pd.testing.assert_series_equal(scored(table)["impres"], counted.astype(float), check_names=False)
    pd.testing.assert_series_equal(scored(table / 2)["impres"], scored(table)["impres"])
    assert scored(table * 0).loc["P0", "impres"] == 0


def test_impres_needs_every_pair() -> None:
    report: list[Exclusion] = []
    found = expression_scores(COHORT.drop(columns="VSIR"), report)
    assert found["impres"].isna().all()
    told = next(line for line in report if line.id == "impres")
    assert (told.reason, "VSIR" in told.detail) == ("too_few_genes", True)


@pytest.mark.parametrize(("n_left_out", "is_scored"), [(3, True), (4, False)])
def test_seven_tenths_of_the_genes_are_enough(n_left_out: int, is_scored: bool) -> None:
    one = BY_NAME["proliferation"]  # 11 genes: 8 are 73%, 7 are 64%
    report: list[Exclusion] = []
    found = expression_scores(COHORT.drop(columns=list(one.genes[:n_left_out])), report)["proliferation"]
    assert found.notna().all() == is_scored
    if is_scored:
        assert found["P0"] == pytest.approx(COHORT.loc["P0", list(one.genes[n_left_out:])].mean())
    told = [line for line in report if line.id == one.name]
    assert [line.reason for line in told] == ["genes_missing" if is_scored else "too_few_genes"]
    assert all(gene in told[0].detail for gene in one.genes[:n_left_out])


def test_a_sum_keeps_its_size_where_genes_are_missing() -> None:
    grade = BY_NAME["genomic_grade"]
    table = pd.DataFrame(1.0, index=["P1"], columns=list(grade.genes))
    fewer = table.drop(columns=[*grade.genes[:11], *grade.genes[-2:]])  # an eighth of either kind
    assert scored(fewer).loc["P1", "genomic_grade"] == pytest.approx(88 - 16)


def test_housekeeping_genes_have_to_be_measured_too() -> None:
    found = scored(COHORT.drop(columns=list(BY_NAME["t_cell_inflamed_gep"].against)))
    assert found["t_cell_inflamed_gep"].isna().all()
    assert found["t_cell_inflamed_mean"].notna().all()


def test_what_one_sample_lacks_is_its_own_matter() -> None:
    table = COHORT.copy()
    table.loc["P2", ["GZMA", "CD8A"]] = np.nan
    report: list[Exclusion] = []
    found = expression_scores(table, report)
    assert found.index[found["cytolytic_activity"].isna()].tolist() == ["P2"]
    assert found["t_effector"].notna().all()
    others = [sample for sample in table.index if sample != "P2"]
    pd.testing.assert_frame_equal(found.loc[others], scored(COHORT).loc[others])
    told = [line for line in report if line.id == "cytolytic_activity"]
    assert [line.detail.startswith("1 of 6 samples") for line in told] == [True]


def test_nothing_missing_is_nothing_told() -> None:
    report: list[Exclusion] = []
    expression_scores(COHORT, report)
    assert report == []


@pytest.mark.parametrize("table", [COHORT - COHORT.mean(), np.exp2(COHORT) * 9, COHORT + np.inf])
def test_values_that_are_no_log_tpm_are_refused(table: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="need measured values"):
        scored(table)


@pytest.mark.parametrize("scale", ["z-score", "linear", "log2(TPM+0.001)"])
def test_another_scale_is_refused(scale: str) -> None:
    with pytest.raises(InputError, match="z-scores"):
        expression_scores(COHORT, [], scale=scale)
    assert not expression_scores(COHORT, [], scale="log2(TPM + 1)").empty


def test_a_gene_twice_is_refused() -> None:
    with pytest.raises(InputError, match="GZMA"):
        scored(pd.concat([COHORT, COHORT[["GZMA"]]], axis=1))


def test_no_sample_has_no_scores() -> None:
    assert scored(COHORT.iloc[:0]).shape == (0, len(BY_NAME))


def test_scores_of_cohorts_are_declined_with_a_reason() -> None:
    assert "cohort" in DECLINED["TIDE"]
    assert not {name.lower() for name in DECLINED} & set(BY_NAME)


def test_symbols_are_official(shared_data: Path) -> None:
    path = shared_data / "GeneSets" / "cbioportal_genes.json"
    if not path.is_file():
        pytest.skip("the reference of official symbols is absent")
    assert set(GENES) - {gene["hugoGeneSymbol"] for gene in json.loads(path.read_text())} == set()


def test_the_grade_index_lies_within_the_genes_of_its_publication(shared_data: Path) -> None:
    path = shared_data / "GeneSets" / "msigdb_c2.all.v7.2.symbols.gmt"
    if not path.is_file():
        pytest.skip("the gene sets are absent")
    sets = read_gmt(path)
    grade: ExpressionScore = BY_NAME["genomic_grade"]
    for sign, name in ((1, "UP"), (-1, "DN")):
        genes = {gene for gene, weight in zip(grade.genes, grade.weights, strict=True) if weight == sign}
        assert genes <= set(sets[f"SOTIRIOU_BREAST_CANCER_GRADE_1_VS_3_{name}"])


def test_published_scores_of_imvigor210_are_ranked_alike(shared_data: Path) -> None:
    paths = [
        shared_data / "PredictioR_ICB" / "Mariathasan.expr.csv.gz",
        shared_data / "COMPASS_ITRP" / "clinical_label.csv",
        shared_data / "IMvigor210" / "imvigor210_pdata.csv",
    ]
    if not all(path.is_file() for path in paths):
        pytest.skip("the cohort, its labels or its published scores are absent")
    table = pd.read_csv(paths[0], index_col=0).T
    table.columns = pd.Index(GeneTable.embedded().harmonise(list(table.columns)).symbols)
    found = scored(np.log2(np.maximum(np.exp2(table) - 0.001, 0) + 1))
    labels = pd.read_csv(paths[1], low_memory=False).query("cohort == 'IMVigor210'")
    sample_of = dict(zip("P" + labels["ANONPT_ID"].astype(int).astype(str), labels["Sample_id"], strict=True))
    published = pd.read_csv(paths[2], index_col="ID")["CD_8_T_effector"]
    both = [sample for sample in found.index if sample_of.get(sample) in published.index]
    theirs = published[[sample_of[sample] for sample in both]].to_numpy()
    ours = found.loc[both, "t_effector"].to_numpy()
    assert len(both) > 150
    assert pd.Series(ours).corr(pd.Series(theirs), method="spearman") > 0.93
