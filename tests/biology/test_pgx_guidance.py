"""Calls made elsewhere, inhibitors, joint rules, quoted guidance."""

from __future__ import annotations

import pytest

from tumorcast.biology._tables import read_table
from tumorcast.biology.pgx.call import GeneCall
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.drug_names import inhibitors_in
from tumorcast.biology.pgx.guidance import NOT_VERIFIED, Advice, advice_for, genes_of, known_drugs
from tumorcast.biology.pgx.outside import outside_call
from tumorcast.biology.pgx.phenoconversion import converted
from tumorcast.biology.pgx.phenotypes import embedded_rules

GENES = embedded_definitions().genes


def given(gene: str, diplotype: str = "", phenotype: str = "", activity: str = "") -> GeneCall:
    return outside_call(gene, (diplotype, phenotype, activity), GENES.get(gene), embedded_rules())


def advice(drug: str, *calls: GeneCall, drugs: tuple[str, ...] = ()) -> list[Advice]:
    by_gene = {call.gene: call for call in calls}
    found = {gene: converted(call, drugs) for gene, call in by_gene.items()}
    return advice_for([drug], by_gene, {gene: one for gene, one in found.items() if one})


@pytest.mark.parametrize(
    ("diplotype", "score", "phenotype"),
    [
        ("*1/*4", 1.0, "Intermediate Metabolizer"), ("*4/*4", 0.0, "Poor Metabolizer"),
        ("*1x2/*1", 3.0, "Ultrarapid Metabolizer"), ("*1/*41", 1.25, "Normal Metabolizer"),
        ("*41/*41", 0.5, "Intermediate Metabolizer"), ("*4/*41", 0.25, "Intermediate Metabolizer"),
        ("*2x2/*4", 2.0, "Normal Metabolizer"), ("*68+*4/*10", 0.25, "Intermediate Metabolizer"),
        ("*36+*10/*36+*10", 0.5, "Intermediate Metabolizer"), ("*10/*10", 0.5, "Intermediate Metabolizer"),
        ("*1/*5", 1.0, "Intermediate Metabolizer"), ("*5/*5", 0.0, "Poor Metabolizer"),
        ("*1xN/*4", None, "Indeterminate"), ("*4.024/*1.001", 1.0, "Intermediate Metabolizer"),
        ("CYP2D6*1/CYP2D6*4", 1.0, "Intermediate Metabolizer"), ("*1/*9999", None, "Indeterminate"),
        ("*1≥3/*1", 4.0, "Ultrarapid Metabolizer"), ("*1x≥3/*4", 3.0, "Ultrarapid Metabolizer"),
        ("*1x5/*2", 4.0, "Ultrarapid Metabolizer"), ("*4x7/*1", 1.0, "Intermediate Metabolizer"),
        ("*1/*9", 1.25, "Normal Metabolizer"), ("*9/*9", 0.5, "Intermediate Metabolizer"),
        ("*1", None, "Indeterminate"), ("*1/*2/*4", None, "Indeterminate"),
    ],
)  # fmt: skip
def test_cyp2d6_calls(diplotype: str, score: float | None, phenotype: str) -> None:
    call = given("CYP2D6", diplotype)
    assert (call.activity_score, call.phenotype) == (score, phenotype)


def test_activity_counts_before_phenotype_and_that_before_the_diplotype() -> None:
    by_score = given("CYP2D6", "*1/*6", "Normal Metabolizer", "4.0")
    assert (by_score.phenotype, by_score.activity_score) == ("Ultrarapid Metabolizer", 4.0)
    assert any("add up to 1" in note for note in by_score.notes)
    by_word = given("CYP2C19", "*1/*1", "pm")
    assert by_word.phenotype == "Poor Metabolizer"
    assert any("Normal Metabolizer" in note for note in by_word.notes)


@pytest.mark.parametrize(
    ("text", "phenotype"),
    [("EM", "Normal Metabolizer"), ("likely cyp2c19 poor metaboliser", "Likely Poor Metabolizer"),
     ("CYP2C19 Ultrarapid Metabolizers (UM)", "Ultrarapid Metabolizer"),
     ("Likely Poor Metaboliser", "Likely Poor Metabolizer")],
)  # fmt: skip
def test_phenotypes_are_read_as_cpic_words(text: str, phenotype: str) -> None:
    assert given("CYP2C19", "", text).phenotype == phenotype


def test_hla_is_presence_of_the_alleles_that_guidelines_ask_for() -> None:
    call = given("HLA-B", "*15:02:01/*57:01")
    assert call.diplotype == "*15:02/*57:01"
    assert call.phenotype == "*15:02 positive; *57:01 positive; *58:01 negative"


@pytest.mark.parametrize(
    ("tpmt", "nudt15", "dose"),
    [
        ("Normal Metabolizer", "Normal Metabolizer", "standard starting dose"),
        ("Intermediate Metabolizer", "Normal Metabolizer", "30-80%"),
        ("Normal Metabolizer", "Intermediate Metabolizer", "30-80%"),
        ("Intermediate Metabolizer", "Intermediate Metabolizer", "20-50%"),
        ("Possible Intermediate Metabolizer", "Intermediate Metabolizer", "20-50%"),
        ("Poor Metabolizer", "Normal Metabolizer", "a tenth of the starting dose"),
        ("Poor Metabolizer", "Poor Metabolizer", "a tenth of the starting dose"),
        ("Poor Metabolizer", "Indeterminate", "a tenth of the starting dose"),
        ("Normal Metabolizer", "Poor Metabolizer", "a tenth of the starting dose"),
        ("Normal Metabolizer", "Indeterminate", ""),
        ("Intermediate Metabolizer", "Indeterminate", "30-80%"),
    ],
)
def test_thiopurines_take_both_genes(tpmt: str, nudt15: str, dose: str) -> None:
    told = advice("mercaptopurine", given("TPMT", "", tpmt), given("NUDT15", "", nudt15))
    assert len(told) == 1
    assert told[0].dose.startswith(dose)
    assert told[0].is_refusal == (dose == "")


@pytest.mark.parametrize(
    ("score", "word"), [("0", "avoid"), ("0.5", "avoid"), ("1", "50%"), ("1.5", "50%"), ("2", "label")]
)
def test_fluoropyrimidines_follow_the_activity_score(score: str, word: str) -> None:
    assert all(word in one.dose for one in advice("capecitabine", given("DPYD", activity=score)))


def test_two_copies_of_2846_may_need_more_than_a_half_cut() -> None:
    told = advice("fluorouracil", given("DPYD", "c.2846A>T/c.2846A>T"))
    assert [one.strength for one in told] == ["Strong", "Strong"]
    assert any("more than a 50%" in one.dose for one in told)


@pytest.mark.parametrize("drug", known_drugs())
def test_without_a_call_there_is_a_reason_and_no_dose(drug: str) -> None:
    for one in advice(drug):
        assert one.is_refusal
        assert not one.dose
        assert one.text
    assert set(genes_of(drug)) <= {*GENES, "CYP2D6", "HLA-B"}


def test_several_possible_phenotypes_get_no_guidance() -> None:
    call = GeneCall("UGT1A1", "*1/*80 OR *1/*80+*28", "Indeterminate OR Intermediate Metabolizer")
    (told,) = advice("irinotecan", call)
    assert told.is_refusal


def test_rasburicase_is_quoted_as_contraindicated_in_deficiency() -> None:
    quoted, label = advice("rasburicase", given("G6PD", "", "Deficient"))
    assert (quoted.dose, label.dose) == ("avoid", "contraindicated")
    assert quoted.is_verified
    assert label.is_verified
    (open_one,) = advice("erdafitinib", given("CYP2C9", "*3/*3"))
    assert open_one.verification == NOT_VERIFIED
    (told,) = advice("rasburicase", given("G6PD", "", "Variable"))
    assert "enzyme activity" in told.text


@pytest.mark.parametrize(
    ("drug", "gene", "score", "strength"),
    [
        ("tamoxifen", "CYP2D6", "1", "Optional"), ("tamoxifen", "CYP2D6", "0.5", "Moderate"),
        ("capecitabine", "DPYD", "1", "Strong"), ("capecitabine", "DPYD", "1.5", "Moderate"),
        ("celecoxib", "CYP2C9", "1.5", "Moderate"), ("celecoxib", "CYP2C9", "2", "Strong"),
    ],
)  # fmt: skip
def test_strengths_are_those_of_the_activity_score(drug: str, gene: str, score: str, strength: str) -> None:
    (told,) = advice(drug, given(gene, activity=score))
    assert told.strength == strength
    assert told.verification.startswith("compared with")


def test_a_phenotype_without_its_score_gets_what_holds_for_every_score_or_nothing() -> None:
    (told,) = advice("fluorouracil", given("DPYD", "", "Intermediate Metabolizer"))
    assert told.dose.startswith("50%")
    assert "Moderate at 1.5" in told.strength
    (told,) = advice("celecoxib", given("CYP2C9", "", "Intermediate Metabolizer"))
    assert told.is_refusal
    assert "activity score of CYP2C9" in told.text


def test_hla_guidance_follows_the_allele_that_it_names() -> None:
    (told,) = advice("pazopanib", given("HLA-B", "*57:01/*07:02"))
    assert told.action == "monitor"
    (told,) = advice("pazopanib", given("HLA-B", "*15:02/*07:02"))
    assert told.is_refusal


def test_an_inhibitor_that_was_not_verified_says_so() -> None:
    for drug, is_open in (("terbinafine", True), ("paroxetine", False)):
        one = converted(given("CYP2D6", "*1/*1"), [drug])
        assert one is not None
        assert ("not verified" in one.note) == is_open


@pytest.mark.parametrize(
    ("typing", "phenotype", "note"),
    [
        ("B*57:01/*07:02", "*15:02 negative; *57:01 positive; *58:01 negative", ""),
        ("HLA-B*57:01:01/B*58:01:01:01", "*15:02 negative; *57:01 positive; *58:01 positive", ""),
        ("*57/*07:02", "*15:02 negative; *58:01 negative", "whether *57:01 is there"),
        ("*07:02", "Indeterminate", "whether *57:01 is there"),
        ("A*02:01/*07:02", "Indeterminate", "is not an allele of HLA-B"),
    ],
)
def test_hla_is_negative_only_where_two_alleles_exclude_it(typing: str, phenotype: str, note: str) -> None:
    call = given("HLA-B", typing)
    assert call.phenotype == phenotype
    assert note in " ".join(call.notes)


@pytest.mark.parametrize(
    ("gene", "diplotype", "shown", "phenotype"),
    [
        ("DPYD", "*2A/*1", "Reference/c.1905+1G>A (*2A)", "Intermediate Metabolizer"),
        ("DPYD", "c.1905+1G>A/HapB3", None, "Poor Metabolizer"),
        ("NUDT15", "*1/*2", "*1/*3", "Intermediate Metabolizer"),
        ("UGT1A1", "[*80 + *28]/*1", "[*80 + *28]/*1", "Indeterminate"),
        ("G6PD", "B (reference)", "B (reference)", "Normal"),
        ("TPMT", "*3A", "*3A", "Indeterminate"),
    ],
)
def test_names_that_laboratories_use(gene: str, diplotype: str, shown: str | None, phenotype: str) -> None:
    call = given(gene, diplotype)
    assert call.phenotype == phenotype
    assert shown in (None, call.diplotype)


@pytest.mark.parametrize(
    ("gene", "score"),
    [
        ("CYP2C9", "-1"),
        ("DPYD", "99"),
        ("CYP2D6", "0,5"),
        ("CYP2D6", "nan"),
        ("CYP2D6", "0.1"),
        ("CYP2D6", "7.0"),
        ("CYP2C9", "0.25"),
        ("DPYD", "1.9"),
    ],
)
def test_scores_that_cannot_be_are_not_used(gene: str, score: str) -> None:
    call = given(gene, activity=score)
    assert (call.activity_score, call.phenotype) == (None, "Indeterminate")
    assert "was not used" in call.notes[0]


def test_words_and_genes_that_are_not_known_say_so() -> None:
    assert "none of CPIC's words" in given("DPYD", "", "fast").notes[0]
    assert given("CYP4F2", "*9/*4").diplotype == "*4/*9"
    assert given("XYZ", "*1/*2").notes == ("XYZ is not among the genes of the tables",)


@pytest.mark.parametrize(
    "word",
    ["not a poor metabolizer", "Normal/Intermediate Metabolizer", "N/A", "see report", "unlikely poor metabolizer",
     "Normal Metabolizer (not confirmed)", "Poor Metabolizer OR see report"],
)  # fmt: skip
def test_words_that_are_no_phenotype_never_beat_a_diplotype(word: str) -> None:
    alone, beside = given("TPMT", "", word), given("TPMT", "*3A/*3A", word)
    assert alone.phenotype == "Indeterminate"
    assert beside.phenotype == "Poor Metabolizer"
    assert any(word in note and "was not used" in note for note in beside.notes)
    assert advice("mercaptopurine", alone, given("NUDT15", "*1/*1"))[0].is_refusal


@pytest.mark.parametrize(
    ("word", "drugs", "phenotype"),
    [
        ("Normal Metabolizer", ("duloxetine",), "Intermediate Metabolizer"),
        ("Intermediate Metabolizer", ("duloxetine",), "Intermediate Metabolizer"),
        ("Poor Metabolizer", ("duloxetine",), "Poor Metabolizer"),
        ("Ultrarapid Metabolizer", ("duloxetine",), "Indeterminate"),
        ("Ultrarapid Metabolizer", ("paroxetine",), "Poor Metabolizer"),
        ("Normal Metabolizer", ("sertraline",), "Normal Metabolizer"),
    ],
)
def test_a_phenotype_without_a_score_is_converted(word: str, drugs: tuple[str, ...], phenotype: str) -> None:
    call = given("CYP2D6", "", word)
    one = converted(call, drugs)
    assert one is not None
    assert (one.phenotype, one.is_changed) == (phenotype, word != phenotype)
    if phenotype == "Indeterminate":
        assert "not known without an activity score" in one.note
        assert advice("tamoxifen", call, drugs=drugs)[0].is_refusal


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("paroxetine hydrochloride", ("paroxetine",)), ("Paxil CR 25 mg", ("paroxetine",)),
        ("naltrexone/bupropion", ("bupropion",)), ("Evotaz", ("atazanavir", "cobicistat")),
        ("desvenlafaxine", ("desvenlafaxine",)), ("metformin", ()), ("no paroxetine", ()),
        ("terbinafine 1% cream", ()), ("quinine", ()), ("Paroxetin 20 mg", ("paroxetine",)),
        ("paroxétine", ("paroxetine",)), ("fluoxetina", ("fluoxetine",)), ("no longer taking paroxetine", ()),
        ("paroxetine 20 mg daily, stopped", ()), ("no paroxetine or fluoxetine", ()), ("allergy to paroxetine", ()),
        ("paroxetine, not stopped", ("paroxetine",)), ("has not stopped paroxetine", ("paroxetine",)),
        ("never misses paroxetine", ("paroxetine",)), ("denies pain on paroxetine", ("paroxetine",)),
        ("stopped aspirin; paroxetine 20 mg", ("paroxetine",)),
        ("paroxetine; hydrocortisone cream", ("paroxetine",)), ("clotrimazole cream and fluconazole", ("fluconazole",)),
    ],
)  # fmt: skip
def test_names_of_inhibitors_are_read_as_they_are_written(text: str, names: tuple[str, ...]) -> None:
    assert inhibitors_in(text) == names
    one = converted(given("CYP2D6", "*1/*1"), [text])
    assert one is None or {drug for drug, _ in one.drugs} <= set(names)


def test_every_other_name_stands_for_an_inhibitor_of_the_table() -> None:
    known = {row["drug"] for row in read_table("pgx_inhibitors").rows}
    names = [row["name"] for row in read_table("pgx_drug_names").rows]
    assert len(set(names)) == len(names)
    assert all(set(inhibitors_in(name)) <= known and inhibitors_in(name) for name in names)
    assert not set(names) & known
