"""CYP2D6 under inhibitors and between the scores that CPIC lists: its bins decide, where its text gives bins."""

from __future__ import annotations

from itertools import combinations_with_replacement

import pytest

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.guidance import Advice, advice_for
from tumorcast.biology.pgx.outside import outside_call
from tumorcast.biology.pgx.phenoconversion import converted
from tumorcast.biology.pgx.phenotypes import embedded_rules

RULES = embedded_rules()
SCORES = (
    0.0,
    0.25,
    0.5,
    0.75,
    1.0,
    1.25,
    1.5,
    1.75,
    2.0,
    2.25,
    2.5,
    2.75,
    3.0,
    3.25,
    3.5,
    3.75,
    4.0,
    5.0,
    6.0,
)


def given(diplotype: str = "", activity: str = "", gene: str = "CYP2D6") -> GeneCall:
    return outside_call(gene, (diplotype, "", activity), None, RULES)


def tamoxifen(call: GeneCall, *drugs: str) -> Advice:
    one = converted(call, drugs)
    (advice,) = advice_for(["tamoxifen"], {"CYP2D6": call}, {"CYP2D6": one} if one else {})
    return advice


def strength_of(score: float) -> str:
    """CPIC, tamoxifen 2018 with the scores of 2019: by the bins of Caudle 2020."""
    if score == 0 or score >= 1.25:
        return "Strong"
    return "Optional" if score >= 1 else "Moderate"


@pytest.mark.parametrize("drug", ["", "duloxetine", "paroxetine"])
def test_every_score_under_every_inhibitor_has_guidance_of_its_bin(drug: str) -> None:
    factor = {"": 1.0, "duloxetine": 0.5, "paroxetine": 0.0}[drug]
    for score in SCORES:
        told = tamoxifen(given(activity=str(score)), drug)
        assert not told.is_refusal, score
        assert told.strength == strength_of(score * factor), score


def test_every_pair_of_alleles_under_a_moderate_inhibitor_has_guidance() -> None:
    values = {
        row["activity"]: row["allele"] for row in read_table("pgx_outside_alleles").rows if row["activity"]
    }
    for pair in combinations_with_replacement(values.values(), 2):
        call = given("/".join(pair))
        assert call.activity_score is not None
        assert tamoxifen(call, "duloxetine").strength == strength_of(call.activity_score / 2), pair


@pytest.mark.parametrize(
    ("score", "phenotype"),
    [("0.125", "Intermediate"), ("0.375", "Intermediate"), ("1.125", "Intermediate"), ("1.375", "Normal")],
)
def test_a_score_that_is_half_of_a_listed_one_is_read_by_the_bins_and_told(
    score: str, phenotype: str
) -> None:
    call = given(activity=score)
    assert (call.phenotype, call.activity_score) == (f"{phenotype} Metabolizer", float(score))
    assert "read by CPIC's bins" in call.notes[0]


@pytest.mark.parametrize(
    ("gene", "score"), [("CYP2D6", "0.1"), ("CYP2D6", "0.6"), ("CYP2D6", "7.0"), ("CYP2D6", "-0.5")]
)
def test_scores_that_nothing_adds_up_to_stay_no_call(gene: str, score: str) -> None:
    assert given(activity=score, gene=gene).activity_score is None


@pytest.mark.parametrize(
    ("drug", "phenotype"),
    [
        ("Aptivus", "Poor"),
        ("Symtuza", "Intermediate"),
        ("thioridazine", "Intermediate"),
        ("Givlaari", "Intermediate"),
    ],
)
def test_inhibitors_beyond_the_common_ones_are_read(drug: str, phenotype: str) -> None:
    one = converted(given("*1/*1"), [drug])
    assert one is not None
    assert one.phenotype == f"{phenotype} Metabolizer"


@pytest.mark.parametrize(
    ("drug", "phenotype", "score"),
    [("paroxetine", "Poor Metabolizer", 0.0), ("duloxetine", "Intermediate Metabolizer", 1.0),
     ("sertraline", "Normal Metabolizer", 2.0)],
)  # fmt: skip
def test_inhibitors_convert_the_phenotype(drug: str, phenotype: str, score: float) -> None:
    one = converted(given("*1/*1"), ["aspirin", drug.upper()])
    assert one is not None
    assert (one.phenotype, one.activity_score) == (phenotype, score)
    assert converted(given("*1/*1"), ["aspirin"]) is None


def test_tamoxifen_follows_the_converted_phenotype() -> None:
    plain, under = (tamoxifen(given("*1/*1"), *drugs) for drugs in ((), ("fluoxetine",)))
    assert plain.dose == "20 mg/day"
    assert "aromatase inhibitor" in under.alternative
