"""Scores of a tumour's variants: shares over what they are shares of, silence where too little is known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.mutation_scores import mutation_scores
from tumorcast.biology.sbs96 import sbs96
from tumorcast.biology.variants import impact_of


def variants(*rows: tuple[str, str, str, str], times: int = 1) -> pd.DataFrame:
    """gene, class, alleles `C>T`, context."""
    table = pd.DataFrame(list(rows) * times, columns=["gene", "variant_class", "change", "context"])
    table[["ref", "alt"]] = table["change"].str.split(">", expand=True)
    impact = [impact_of(word) for word in table["variant_class"]]
    return table.assign(sample_id="S1", impact=impact, protein_change="p.?")


def test_shares_of_a_known_tumour():
    table = variants(
        ("A", "Missense_Mutation", "C>T", "TCA"), ("A", "Missense_Mutation", "G>C", "TGA"),
        ("A", "Silent", "C>T", "ACG"), ("A", "Frame_Shift_Del", "A>-", "CCCCCAAAAAA"),
        ("A", "In_Frame_Del", "ACG>-", "CCCCCACGTAC"), times=10,
    )  # fmt: skip
    found = mutation_scores(table, ["S1"], sbs96(table, None, [])).loc["S1"]
    assert found[["nonsynonymous", "silent_share", "missense_share", "truncating_share"]].tolist() == [
        40,
        0.2,
        0.4,
        0.2,
    ]
    assert found[["indel_share", "frameshift_indel_share"]].tolist() == [0.4, 0.2]
    assert found[["c_to_t_share", "c_to_g_share", "transition_share"]].tolist() == pytest.approx(
        [2 / 3, 1 / 3, 2 / 3]
    )
    assert found[["apobec_like", "uv_like", "cpg_transitions"]].tolist() == pytest.approx(
        [2 / 3, 1 / 2, 1 / 3]
    )
    assert found["homopolymer_indel_share"] == 0.2


def test_shares_of_few_are_not_given_and_counts_are():
    table = variants(("MSH2", "Nonsense_Mutation", "C>T", "TCA"), times=9)
    found = mutation_scores(table, ["S1", "S2"], sbs96(table, None, []))
    assert found["nonsynonymous"].to_dict() == {"S1": 9, "S2": 0}
    assert found["mismatch_repair_altered"].to_dict() == {"S1": 1, "S2": 0}
    assert found[["transition_share", "apobec_like", "silent_share"]].isna().all(axis=None)


def test_tables_without_alleles_or_context_say_nothing_of_them():
    table = variants(("A", "Missense_Mutation", "C>T", "TCA"), times=20)
    bare = mutation_scores(table.drop(columns=["ref", "alt", "context"]), ["S1"], None).loc["S1"]
    assert bare["missense_share"] == 1
    assert bare[["indel_share", "transition_share", "apobec_like", "homopolymer_indel_share"]].isna().all()


def test_hotspots_of_pole_and_silent_repair_genes():
    table = variants(("POLE", "Missense_Mutation", "C>G", ""), ("MLH1", "Silent", "C>T", ""))
    table["protein_change"] = ["p.P286R", "p.L1="]
    found = mutation_scores(table, ["S1"], None).loc["S1"]
    assert (found["pole_hotspot"], found["mismatch_repair_altered"]) == (1, 0)


def test_real_melanoma_has_the_mark_of_sunlight_and_breast_cancer_has_not(shared_data):
    melanoma = pd.read_csv(
        shared_data / "Riaz2017" / "pre_therapy_nonsynonmous_mutations.csv", lineterminator="\r"
    )
    change = melanoma["HGVS_c"].str.extract(r"([ACGT])>([ACGT])$")
    melanoma = melanoma.assign(sample_id=melanoma["Patient"].astype(str), gene=melanoma["Hugo Symbol"], ref=change[0],
                               alt=change[1], impact="missense", protein_change="")  # fmt: skip
    breast = pd.read_csv(shared_data / "TransNEO" / "supplementary_table_2.csv.gz")
    breast = breast.assign(sample_id=breast["Donor.ID"], gene=breast["Hugo_Symbol"], ref=breast["Ref_Allele"],
                           alt=breast["Tumor_Alt_Allele"], impact="missense", protein_change="")  # fmt: skip
    scores = [mutation_scores(t, sorted(t["sample_id"].unique()), None) for t in (melanoma, breast)]
    shares = [table["c_to_t_share"].median() for table in scores]
    assert shares[0] > 0.7
    assert shares[1] < 0.6
    told = pd.read_csv(
        shared_data / "TransNEO" / "transneo-diagnosis-mutational-signatures.tsv.gz", sep="\t", index_col=0
    )
    apobec = (told["Signature.2"] + told["Signature.13"]).reindex(scores[1].index)
    known = apobec.notna() & scores[1]["c_to_g_share"].notna()
    assert np.corrcoef(apobec[known].rank(), scores[1].loc[known, "c_to_g_share"].rank())[0, 1] > 0.4
