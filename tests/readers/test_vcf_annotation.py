"""Which annotation belongs to an allele, which transcript stands for it, and how its change is written."""

from __future__ import annotations

import pytest

from tumorcast.readers.vcf_annotation import chosen, field_orders, of_allele, protein_change, trimmed


def entry(terms: str = "missense_variant", symbol: str = "BRAF", **fields: str) -> dict[str, str]:
    return {"Consequence": terms, "SYMBOL": symbol, "BIOTYPE": "protein_coding", **fields}


@pytest.mark.parametrize(
    ("ref", "alts", "names"),
    [
        ("A", "T C", "T C"),
        ("CA", "C CAA", "- AA"),
        ("CA", "C CC", "- C"),
        ("CA", "C T", "C T"),
        ("CAT", "C *", "- *"),
        ("CA", "C CAA", "C CAA"),
        ("CACC", "CCC CACT", "- T"),
        ("CAA", "CA CAAA", "- A"),
    ],
)
def test_alleles_as_vep_and_snpeff_name_them(ref, alts, names):
    entries = [entry(Allele=name) for name in names.split()]
    for at, own in enumerate(entries):
        assert of_allele(entries[::-1], ref, alts.split(), at) == [own]


def test_annotation_made_before_alternates_were_split():
    entries = [entry(Allele="T"), entry("frameshift_variant", Allele="AT")]
    assert of_allele(entries, "A", ["AT"], 0) == entries[1:]


def test_where_vep_annotated_one_alternate_alone():
    entries = [entry(Allele="C")]
    assert of_allele(entries, "CA", ["C", "CC"], 0) == []
    assert of_allele(entries, "CA", ["C", "CC"], 1) == entries


def test_allele_numbers_go_before_allele_names():
    entries = [entry(Allele="-", ALLELE_NUM="2"), entry(Allele="-", ALLELE_NUM="1")]
    assert of_allele(entries, "CAA", ["CA", "C"], 0) == entries[1:]


def test_allele_numbers_of_a_record_that_was_split_since_do_not_count():
    entries = [entry(Allele="T", ALLELE_NUM="1"), entry(Allele="C", ALLELE_NUM="2")]
    assert of_allele(entries, "A", ["C"], 0) == entries[1:]


def test_annotation_of_another_allele_is_not_taken():
    assert of_allele([entry(Allele="T")], "A", ["T", "C"], 1) == []


@pytest.mark.parametrize(
    ("entries", "stands"),
    [
        ([entry("stop_gained"), entry("intron_variant", PICK="1")], 1),
        ([entry("stop_gained"), entry(MANE_SELECT="NM_004333.6")], 1),
        ([entry("stop_gained"), entry(CANONICAL="YES")], 1),
        ([entry(CANONICAL="YES"), entry("intron_variant", MANE_SELECT="NM_1.1")], 1),
        ([entry("intron_variant"), entry("splice_donor_variant&intron_variant")], 1),
        ([entry("upstream_gene_variant", "TP53", CANONICAL="YES"), entry()], 1),
        ([entry("regulatory_region_variant", ""), entry("intron_variant")], 1),
        ([entry("intergenic_region", "TP53-BRAF"), entry("intron_variant")], 1),
        ([entry(symbol="KMT2D", BIOTYPE="nonsense_mediated_decay"), entry()], 1),
        ([entry("missense_variant"), entry("missense_variant&splice_region_variant")], 0),
    ],
)
def test_the_transcript_that_stands_for_an_allele(entries, stands):
    assert chosen(entries) is entries[stands]


def test_between_genes_nothing_stands_for_an_allele():
    assert chosen([entry("intergenic_variant", "", Gene=""), entry("intergenic_region", "TP53-BRAF")]) is None


@pytest.mark.parametrize(
    ("line", "order"),
    [
        (
            'ID=CSQ,Number=.,Description="From VEP. Format: Allele|Consequence|SYMBOL">',
            ("Allele", "Consequence", "SYMBOL"),
        ),
        ("Number=.,ID=ANN,Description=\"Format: 'Allele | Consequence'\">", ("Allele", "Consequence")),
        ('ID=CSQ,Number=.,Type=String,Description="Consequences">', None),
        ('ID=CSQ_OLD,Number=.,Description="Format: Allele|Consequence">', None),
    ],
)
def test_the_order_of_fields(line, order):
    assert field_orders(["##INFO=<" + line]).get("ANN" if "ANN" in line else "CSQ") == order


@pytest.mark.parametrize(
    ("fields", "change"),
    [
        ({"HGVSp": "ENSP00000493543.1:p.Val600Glu"}, "p.V600E"),
        ({"HGVSp": "ENSP00000288602.6:p.Leu858%3D"}, "p.L858="),
        ({"HGVSp": "p.(Arg213Ter)"}, "p.R213*"),
        ({"HGVSp": "p.Arg213*"}, "p.R213*"),
        ({"HGVSp": "NP_000537.3:p.Ser34ProfsTer5"}, "p.S34Pfs*5"),
        ({"HGVSp": "p.Glu746_Ala750delinsIlePro"}, "p.E746_A750delinsIP"),
        ({"HGVSp": "ENST00000269305.4:c.108G>A(p.%3D)"}, "p.="),
        ({"HGVSp": "", "Amino_acids": "V/E", "Protein_position": "600/766"}, "p.V600E"),
        ({"Amino_acids": "L", "Protein_position": "858"}, "p.L858="),
        ({"Amino_acids": "LREA/-", "Protein_position": "747-750"}, ""),
        ({"Amino_acids": "K/X", "Protein_position": "12"}, ""),
        ({}, ""),
    ],
)
def test_short_protein_changes(fields, change):
    assert protein_change(fields) == change


@pytest.mark.parametrize(
    ("given", "maf"),
    [
        ((100, "A", "T"), (100, "A", "T")),
        ((100, "CAT", "C"), (101, "AT", "-")),
        ((100, "C", "CAT"), (100, "-", "AT")),
        ((100, "CAT", "GAT"), (100, "C", "G")),
        ((100, "AC", "TG"), (100, "AC", "TG")),
        ((100, "CAT", "CGG"), (101, "AT", "GG")),
    ],
)
def test_places_are_those_of_maf_files(given, maf):
    assert trimmed(*given) == maf
