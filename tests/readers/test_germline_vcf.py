"""Germline VCFs: what they state, what they do not, and what is refused by name."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from toy_pgx import HEADER, gene_lines, vcf_text
from tumorcast.biology.pgx.call import GeneCall, call_gene
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.limits import limits_of
from tumorcast.biology.pgx.notes import notes_of
from tumorcast.biology.pgx.phenotypes import NORMAL, UNCHARACTERISED, embedded_rules
from tumorcast.domain.errors import InputError
from tumorcast.readers.germline_vcf import GermlineFile, read_germline

DEFINITIONS = embedded_definitions()
GENES = DEFINITIONS.genes
UGT = GENES["UGT1A1"]
FORMAT = "GT:DP"


def line(place: str, ref: str, alt: str, value: str, info: str = ".") -> str:
    chromosome, _, position = place.partition(":")
    return "\t".join([chromosome, position, ".", ref, alt, ".", ".", info, FORMAT, value])


def read(
    folder: Path, lines: list[str], header: tuple[str, ...] = HEADER, sample: str = "S1"
) -> GermlineFile:
    path = folder / "file.vcf"
    path.write_text(vcf_text(lines, sample, header), encoding="utf-8")
    return read_germline(path, DEFINITIONS)


def call(folder: Path, gene: str, lines: list[str]) -> GeneCall:
    genotypes = read(folder, lines).samples["S1"][gene]
    return call_gene(GENES[gene], genotypes, embedded_rules())


def everything() -> list[str]:
    return [one for gene in GENES.values() for one in gene_lines(gene, {})]


def test_an_empty_file_calls_nothing(tmp_path: Path) -> None:
    for gene in GENES:
        assert not call(tmp_path, gene, []).is_called


def test_a_block_states_single_bases_and_no_indel(tmp_path: Path) -> None:
    block = line("chr2:233750000", "A", "<NON_REF>", "0/0:30", "END=233790000")
    genotypes = read(tmp_path, [block]).samples["S1"]["UGT1A1"]
    assert set(genotypes.calls) == {233759924, 233760498, 233760973}
    assert call(tmp_path, "UGT1A1", [block]).phenotype == "Indeterminate"


def test_a_block_without_reads_states_nothing(tmp_path: Path) -> None:
    for value in ("0/0:0", "./.:30"):
        block = line("chr2:233750000", "A", "<NON_REF>", value, "END=233790000")
        assert not call(tmp_path, "UGT1A1", [block]).is_called


@pytest.mark.parametrize(
    ("position", "ref", "alt"),
    [(233760233, "CAT", "CATAT"), (233760233, "C", "CAT"), (233760235, "T", "TAT"), (233760248, "A", "ATA"),
     (233760233, "CATAT", "CATATAT")],
)  # fmt: skip
def test_the_ta_repeat_is_known_however_it_is_written(
    tmp_path: Path, position: int, ref: str, alt: str
) -> None:
    others = [one for one in gene_lines(UGT, {}) if "\t233760233\t" not in one]
    told = call(tmp_path, "UGT1A1", [*others, line(f"chr2:{position}", ref, alt, "0/1:30")])
    assert told.diplotype == "*1/*28"


def test_chromosomes_without_chr_and_gzip_read_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf.gz"
    bare = vcf_text([one.removeprefix("chr") for one in everything()])
    path.write_bytes(gzip.compress(bare.encode()))
    assert read_germline(path, DEFINITIONS).samples == read(tmp_path, everything()).samples


def test_several_samples_are_read_apart(tmp_path: Path) -> None:
    lines = [f"{one}\t1/1" for one in gene_lines(GENES["ABCG2"], {})]
    path = tmp_path / "two.vcf"
    path.write_text(vcf_text(lines, "A\tB"), encoding="utf-8")
    samples = read_germline(path, DEFINITIONS).samples
    assert [samples[name]["ABCG2"].calls[88131171].bases for name in "AB"] == [("G", "G"), ("T", "T")]


def test_split_records_of_one_place_are_put_together(tmp_path: Path) -> None:
    others = [one for one in gene_lines(UGT, {}) if "\t233760233\t" not in one]
    split = [
        line("chr2:233760233", "C", "CAT", "0/1:30"),
        line("chr2:233760233", "C", "CATAT", "0/1:30"),
    ]
    assert call(tmp_path, "UGT1A1", [*others, *split]).diplotype == "*28/*37"


def test_several_bases_in_one_record_are_taken_apart(tmp_path: Path) -> None:
    both = (94781858, 94781859)
    gene = GENES["CYP2C19"]
    others = [one for one in gene_lines(gene, {}) if int(one.split("\t")[1]) not in both]
    ref = "".join(gene.by_position[p].ref for p in both)
    joined = line("chr10:94781858", ref, f"{ref[0]}A", "0/1:30")
    calls = read(tmp_path, [*others, joined]).samples["S1"]["CYP2C19"].calls
    assert calls[94781858].bases == (ref[0], ref[0])
    assert calls[94781859].bases == (ref[1], "A")


def test_a_spanning_deletion_is_not_reference(tmp_path: Path) -> None:
    others = [one for one in gene_lines(GENES["ABCG2"], {}) if "\t88131171\t" not in one]
    told = call(tmp_path, "ABCG2", [*others, line("chr4:88131171", "G", "T,*", "1/2:30")])
    assert not told.is_called


@pytest.mark.parametrize(
    ("header", "sample", "word"),
    [
        (("##fileformat=VCFv4.2", "##reference=file:///hg19.fa"), "S1", "GRCh37"),
        (("##contig=<ID=1,length=249250621>",), "S1", "GRCh37"),
        ((*HEADER, "##source=Mutect2"), "S1", "tumour's VCF"),
        ((*HEADER, "##tumor_sample=S1"), "S1", "tumour's VCF"),
        ((*HEADER, '##INFO=<ID=SOMATIC,Number=0,Type=Flag,Description="x">'), "S1", "tumour's VCF"),
        (HEADER, "P7_TUMOR", "tumour's VCF"),
        (HEADER, "A\tA", "twice"),
    ],
)  # fmt: skip
def test_wrong_files_are_refused_by_name(
    tmp_path: Path, header: tuple[str, ...], sample: str, word: str
) -> None:
    with pytest.raises(InputError, match=word) as raised:
        read(tmp_path, everything(), header, sample)
    assert "file.vcf" in str(raised.value)


def test_grch37_is_known_by_its_places_without_a_header(tmp_path: Path) -> None:
    lines = [
        line(f"{gene.chromosome}:{one.grch37}", one.ref, "<NON_REF>", "0/0:30")
        for gene in GENES.values()
        for one in gene.positions
        if one.grch37
    ]
    with pytest.raises(InputError, match="GRCh37"):
        read(tmp_path, lines, ("##fileformat=VCFv4.2",))


def test_other_reference_bases_refuse_the_file_and_one_alone_is_set_aside(tmp_path: Path) -> None:
    turned = str.maketrans("ACGT", "TGCA")
    cells = [one.split("\t") for one in everything()]
    strange = ["\t".join([*c[:3], c[3].translate(turned), *c[4:]]) for c in cells]
    with pytest.raises(InputError, match="reference bases"):
        read(tmp_path, strange)
    at = next(n for n, c in enumerate(cells) if c[2] == "rs1142345")
    read_one = read(tmp_path, [*everything()[:at], strange[at], *everything()[at + 1 :]])
    assert "rs1142345" in read_one.notes[0]
    assert 18130687 not in read_one.samples["S1"]["TPMT"].calls


def test_text_that_is_no_vcf_and_files_without_genotypes_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.vcf"
    path.write_text("hello\n", encoding="utf-8")
    with pytest.raises(InputError, match="not a VCF"):
        read_germline(path, DEFINITIONS)
    path.write_text("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n", encoding="utf-8")
    with pytest.raises(InputError, match="no genotypes"):
        read_germline(path, DEFINITIONS)
    path.write_text(vcf_text(["chr6\t18130687\trs1142345\tT"]), encoding="utf-8")
    with pytest.raises(InputError, match="lacks columns"):
        read_germline(path, DEFINITIONS)


EXON = GENES["DPYD"].exons[5]


@pytest.mark.parametrize(
    "other",
    [
        line(f"chr1:{EXON[0] + 5}", "C", "T", "0/1:30", "ANN=T|stop_gained|HIGH|DPYD|x"),
        line(f"chr1:{EXON[0] + 5}", "C", "T", "0/1:30", "CSQ=T|splice_donor_variant|HIGH|DPYD|x"),
        line(f"chr1:{EXON[0] + 5}", "C", "CA", "0/1:30"),
        line(f"chr1:{EXON[0] - 1}", "C", "T", "0/1:30"),
        line(f"chr1:{EXON[0] + 5}", "C", "<DEL>", "0/1:30", f"END={EXON[0] + 900}"),
        line(f"chr1:{EXON[0] + 5}", "A", "AT", "0/1:30", "ANN=AT|intron_variant|MODIFIER|DPYD-AS1|x"),
        line(f"chr1:{EXON[0] + 5}", "A", "AT", "0/1:30", "ANN=AT|intron_variant|MODIFIER|DPYD|x"),
        line(f"chr1:{EXON[0] + 5}", "C", "T", "0/1:30", "CSQ=DPYD|T|stop_gained"),
        line(f"chr1:{EXON[0] + 5}", "C", "T", "0/1:30", "LOF=(DPYD|x|1|1.00)"),
    ],
)
def test_loss_of_function_outside_the_named_alleles_is_uncharacterised_never_normal(
    tmp_path: Path, other: str
) -> None:
    told = call(tmp_path, "DPYD", [*everything(), other])
    assert told.diplotype == "Reference/Reference"
    assert told.phenotype == UNCHARACTERISED
    assert told.activity_score is None


@pytest.mark.parametrize(
    "other",
    [
        line(f"chr1:{EXON[0] + 5}", "C", "T", "0/1:30", "ANN=T|synonymous_variant|LOW|DPYD|x"),
        line(f"chr1:{EXON[0] - 500}", "C", "T", "0/1:30"),
        line(f"chr1:{EXON[0] + 5}", "C", "CA", "0/0:30"),
    ],
)
def test_harmless_or_absent_variants_change_nothing(tmp_path: Path, other: str) -> None:
    told = call(tmp_path, "DPYD", [*everything(), other])
    assert (told.phenotype, told.others) == ("Normal Metabolizer", ())


@pytest.mark.parametrize(
    ("info", "why"),
    [
        ("ANN=T|missense_variant|MODERATE|DPYD|x", "missense_variant"),
        ("ANN=T|stop_lost|HIGH|DPYD|x", "stop_lost"),
        ("BCSQ=missense|DPYD|x", "missense"),
        ("ANN=T|synonymous_variant|LOW|DPYD-AS1|x", "not annotated"),
        ("ANN=T|intron_variant|MODIFIER|DPYD|x", "not annotated"),
        ("ANN=G|synonymous_variant|LOW|DPYD|x", "not annotated"),
        (
            "ANN=T|intron_variant|LOW|DPYD|x,T|splice_region_variant&intron_variant|LOW|DPYD|y",
            "splice_region",
        ),
    ],
)
def test_an_annotation_hides_no_variant_but_harmless_ones(tmp_path: Path, info: str, why: str) -> None:
    told = call(tmp_path, "DPYD", [*everything(), line(f"chr1:{EXON[0] + 5}", "C", "T", "1/1:30", info)])
    (other,) = told.others
    assert other.kind == "unknown"
    assert why in other.name
    assert any("effect unknown" in note and why in note for note in notes_of(told))
    is_changed = why.startswith(("missense", "stop"))
    assert any("change the protein" in one for one in limits_of(told)) == is_changed


@pytest.mark.parametrize("gene", sorted(GENES))
def test_leaving_out_any_key_position_withholds_normal(tmp_path: Path, gene: str) -> None:
    for known in GENES[gene].positions:
        if known.is_key:
            lines = [one for one in gene_lines(GENES[gene], {}) if one.split("\t")[1] != str(known.position)]
            told = call(tmp_path, gene, lines)
            assert not set(told.phenotype.split(" OR ")) & set(NORMAL), (gene, known.name)


def test_a_genotype_of_an_allele_that_is_not_there_is_told_and_not_used(tmp_path: Path) -> None:
    told = call(tmp_path, "ABCG2", [line("chr4:88131171", "G", "T", "0/7:30")])
    assert not told.is_called
    assert any("not there" in note for note in told.notes)


@pytest.mark.parametrize(
    ("genotype", "phenotype"),
    [("0/0/1", "Indeterminate"), ("0/1/1", "Intermediate Metabolizer"), ("0/0/0", "Normal Metabolizer")],
)
def test_a_third_allele_never_makes_normal(tmp_path: Path, genotype: str, phenotype: str) -> None:
    lines = [one.replace("0/0:.", f"{genotype}:.") if "\t97450058\t" in one else one for one in everything()]
    called = call(tmp_path, "DPYD", lines)
    assert called.phenotype == phenotype
    assert any("more than two alleles" in note for note in called.notes)


def test_a_reference_genotype_of_no_quality_states_nothing(tmp_path: Path) -> None:
    block = line("chr2:233750000", "A", "<NON_REF>", "0/0:3:0", "END=233790000").replace("GT:DP", "GT:DP:GQ")
    assert not read(tmp_path, [block]).samples["S1"]["UGT1A1"].calls


def test_records_that_failed_filters_are_used_and_told(tmp_path: Path) -> None:
    found = read(tmp_path, [one.replace("PASS", "LowQual", 1) for one in everything()])
    assert found.samples["S1"]["DPYD"].calls
    assert any("failed filters (LowQual)" in note for note in found.notes)


def test_records_without_genotypes_are_told(tmp_path: Path) -> None:
    found = read(
        tmp_path, [one.replace("GT:PS", "XX:PS") if one.startswith("chr1\t") else one for one in everything()]
    )
    assert not found.samples["S1"]["DPYD"].calls
    assert any("no genotype (GT)" in note for note in found.notes)


def test_records_parted_by_spaces_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="without tabs"):
        read(tmp_path, [one.replace("\t", " ") for one in everything()])


def test_one_tumour_among_many_samples_is_left_out_and_the_others_are_called(tmp_path: Path) -> None:
    lines = [f"{one}\t{one.split(chr(9))[9]}\t{one.split(chr(9))[9]}" for one in everything()]
    found = read(tmp_path, lines, sample="A\tB\tC_metastasis")
    assert set(found.samples) == {"A", "B"}
    assert any("C_metastasis" in note for note in found.notes)
    pair = [f"{one}\t{one.split(chr(9))[9]}" for one in everything()]
    with pytest.raises(InputError, match="tumour"):
        read(tmp_path, pair, sample="NORMAL\tTUMOR")


@pytest.mark.parametrize("bad", ["./.:.", "0/9:.", "A/B:.", "0:.", "", "1/1/1/1:."])
def test_one_bad_sample_never_sinks_the_others(tmp_path: Path, bad: str) -> None:
    good = read(tmp_path, everything()).samples["S1"]
    lines = [f"{one}\t{bad}" for one in everything()]
    both = read(tmp_path, lines, sample="S1\tS2").samples
    assert both["S1"] == good
    for gene in GENES:
        called = call_gene(GENES[gene], both["S2"][gene], embedded_rules())
        assert called.phenotype not in NORMAL or gene == "G6PD"


def test_structural_records_state_no_bases(tmp_path: Path) -> None:
    for genotype in ("0/0:30", "0/1:30"):
        record = line("chr1:97000000", "N", "<DEL>", genotype, "SVTYPE=DEL;END=98000000")
        assert not read(tmp_path, [record]).samples["S1"]["DPYD"].calls
    assert not call(tmp_path, "DPYD", [record]).is_called


@pytest.mark.parametrize(
    ("place", "alt", "info"),
    [("chr1:97000000", "<DEL>", "SVTYPE=DEL;END=98000000"), ("chr1:97000000", "<DEL>", "SVLEN=-1000000"),
     ("chr1:97450058", "<DEL>", "END=97450900"), ("chr1:97000000", "<DUP>", "END=98000000"),
     ("chr1:97450100", "N[chr2:321682[", "SVTYPE=BND")],
)  # fmt: skip
def test_structural_variants_are_told_and_never_normal(
    tmp_path: Path, place: str, alt: str, info: str
) -> None:
    found = read(tmp_path, [*everything(), line(place, "N", alt, "0/1:30", info)])
    called = call_gene(GENES["DPYD"], found.samples["S1"]["DPYD"], embedded_rules())
    assert called.phenotype == UNCHARACTERISED
    assert called.activity_score is None
    assert not found.notes


def test_an_insertion_by_symbol_touches_no_gene_behind_it(tmp_path: Path) -> None:
    record = line("chr1:97000000", "N", "<INS>", "0/1:30", "SVTYPE=INS;SVLEN=1000000")
    assert call(tmp_path, "DPYD", [*everything(), record]).phenotype == "Normal Metabolizer"


def test_an_end_beside_written_bases_states_no_more_than_those(tmp_path: Path) -> None:
    record = line("chr1:97450050", "A", "G", "0/0:30", "END=97460000")
    assert not read(tmp_path, [record]).samples["S1"]["DPYD"].calls


@pytest.mark.parametrize(
    ("first", "other", "is_open"),
    [("18130687_T_C", "18138997_C_T", True), ("a_1", "a_1", False), ("7", "8", True)],
)
def test_phase_sets_are_told_apart_by_their_text(
    tmp_path: Path, first: str, other: str, is_open: bool
) -> None:
    genotypes = {"rs1142345": f"T|C@{first}", "rs1800460": f"C|T@{other}"}
    told = call(tmp_path, "TPMT", gene_lines(GENES["TPMT"], genotypes))
    assert told.diplotype == "*1/*3A"
    assert [one.startswith("*3B/*3C") for one in told.alternatives] == [True] * is_open
