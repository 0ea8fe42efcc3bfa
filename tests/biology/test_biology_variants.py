"""Impact classes, mutational burden, agents."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.biology.burden import SMALLEST_PANEL_MB, burden_refusal, tmb_per_mb
from tumorcast.biology.drugs import UNKNOWN_CLASS, agent_classes, normalise_agents
from tumorcast.biology.variants import IMPACTS, impact_of, is_nonsynonymous


@pytest.mark.parametrize(
    ("term", "impact"),
    [
        ("Nonsense_Mutation", "truncating"),
        ("Frame_Shift_Del", "truncating"),
        ("Nonstop_Mutation", "truncating"),
        ("Translation_Start_Site", "truncating"),
        ("Missense_Mutation", "missense"),
        ("In_Frame_Ins", "inframe"),
        ("Splice_Site", "splice"),
        ("Splice_Region", "other"),
        ("5'Flank", "promoter"),
        ("Silent", "silent"),
        ("Intron", "other"),
        ("3'UTR", "other"),
        ("", "other"),
        ("nonsense", "other"),
        ("stop_gained", "truncating"),
        ("stop_gained&splice_region_variant", "truncating"),
        ("missense_variant,splice_region_variant", "missense"),
        ("splice_donor_variant&coding_sequence_variant&intron_variant", "splice"),
        ("missense_variant&splice_acceptor_variant", "splice"),
        ("inframe_deletion", "inframe"),
        ("synonymous_variant", "silent"),
        ("upstream_gene_variant", "promoter"),
        (" MISSENSE_VARIANT ", "missense"),
    ],
)
def test_terms_of_maf_and_of_predictors(term: str, impact: str) -> None:
    assert impact_of(term) == impact
    assert impact in IMPACTS


def test_what_counts_for_the_burden() -> None:
    assert [impact for impact in IMPACTS if is_nonsynonymous(impact)] == [
        "truncating",
        "missense",
        "inframe",
        "splice",
        "unknown",
    ]


def test_all_classes_of_a_real_cohort_are_understood(shared_data: Path) -> None:
    path = shared_data / "TransNEO" / "supplementary_table_2.csv.gz"
    if not path.is_file():
        pytest.skip("the TransNEO variants are absent")
    classes = set(pd.read_csv(path, usecols=["MAF_Variant"])["MAF_Variant"])
    other = {term for term in classes if impact_of(term) == "other"}
    assert other == {"Intron", "3'UTR", "5'UTR", "RNA", "3'Flank", "IGR", "Targeted_Region"}


def test_burden_is_a_rate_over_covered_megabases() -> None:
    assert tmb_per_mb(380, 38.0) == pytest.approx(10)
    assert tmb_per_mb(0, 38.0) == 0


@pytest.mark.parametrize(
    ("covered_mb", "reason"),
    [
        (None, "covered_mb_unknown"),
        (math.nan, "covered_mb_unknown"),
        (0.0, "covered_mb_not_positive"),
        (-1.0, "covered_mb_not_positive"),
        (SMALLEST_PANEL_MB / 2, "panel_too_small"),
    ],
)
def test_no_burden_without_enough_covered_sequence(covered_mb: float | None, reason: str) -> None:
    assert burden_refusal(covered_mb) == reason
    assert math.isnan(tmb_per_mb(10, covered_mb))


def test_an_unsequenced_tumour_has_no_burden() -> None:
    assert math.isnan(tmb_per_mb(None, 38.0))
    assert math.isnan(tmb_per_mb(math.nan, 38.0))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "FEC-T + Trastuzumab",
            ["fluorouracil", "epirubicin", "cyclophosphamide", "docetaxel", "trastuzumab"],
        ),
        ("carboplatin/paclitaxel", ["carboplatin", "paclitaxel"]),
        ("Nivolumab + Ipilimumab", ["nivolumab", "ipilimumab"]),
        ("IPILIMUMAB AND NIVOLUMAB", ["ipilimumab", "nivolumab"]),
        ("Paclitaxel-Carboplatin", ["paclitaxel", "carboplatin"]),
        ("nab-paclitaxel 100 mg/m2 weekly", ["nab-paclitaxel"]),
        ("Herceptin", ["trastuzumab"]),
        ("T-DM1", ["trastuzumab emtansine"]),
        ("trastuzumab deruxtecan", ["trastuzumab deruxtecan"]),
        ("5-FU", ["fluorouracil"]),
        ("Paclitaxel (Taxol)", ["paclitaxel"]),
        ("paclitaxel + Taxol", ["paclitaxel"]),
        ("R-CHOP", ["rituximab", "cyclophosphamide", "doxorubicin", "vincristine", "prednisone"]),
        ("mFOLFOX6 + bevacizumab", ["leucovorin", "fluorouracil", "oxaliplatin", "bevacizumab"]),
        ("", []),
        ("  ", []),
    ],
)
def test_free_text_becomes_agents(text: str, names: list[str]) -> None:
    assert [agent.name for agent in normalise_agents(text)] == names


def test_an_unknown_agent_keeps_its_text() -> None:
    known, unknown = normalise_agents("Keytruda + XYZ-1234")
    assert (known.cls, known.targets) == ("anti-PD-1", ("PDCD1",))
    assert (unknown.name, unknown.cls, unknown.targets) == ("XYZ-1234", UNKNOWN_CLASS, ())


def test_classes_are_those_of_the_table() -> None:
    assert {"anti-PD-1", "taxane", "platinum", "anti-HER2"} <= set(agent_classes())
    assert UNKNOWN_CLASS not in agent_classes()
