"""Annotated VCF files of every caller: the tumour's alleles, their genes and fractions, and what is left out."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.maf import read_maf
from tumorcast.readers.study import Study
from tumorcast.readers.vcf import allele_fraction, read_vcf, vcf_build
from tumorcast.readers.write_study import write_study

GENES = GeneTable(
    [
        Gene("BRAF", "673", "ENSG00000157764", ()),
        Gene("KMT2D", "8085", "ENSG00000167548", ("MLL2",)),
        Gene("TP53", "7157", "ENSG00000141510", ()),
    ],
    "test",
)
FIRST = "##fileformat=VCFv4.2\n"
VEP = (
    FIRST
    + '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence annotations from Ensembl VEP. Format: '
    "Allele|Consequence|IMPACT|SYMBOL|Gene|Feature_type|Feature|BIOTYPE|HGVSp|Protein_position|Amino_acids|"
    'PICK|CANONICAL|MANE_SELECT">\n'
)
SNPEFF = (
    FIRST
    + "##INFO=<ID=ANN,Number=.,Type=String,Description=\"Functional annotations: 'Allele | Annotation | "
    "Annotation_Impact | Gene_Name | Gene_ID | Feature_Type | Feature_ID | Transcript_BioType | Rank | HGVS.c | "
    "HGVS.p | cDNA.pos / cDNA.length | CDS.pos / CDS.length | AA.pos / AA.length | Distance | "
    "ERRORS / WARNINGS / INFO' \">\n"
)
V600E = (
    "ANN=T|missense_variant|MODERATE|BRAF|ENSG00000157764|transcript|ENST00000646891.2|protein_coding|15/18|\
c.1799T>A|p.Val600Glu|2025/6459|1799/2301|600/766||"
)


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def head(*columns: str) -> str:
    names = (
        "CHROM",
        "POS",
        "ID",
        "REF",
        "ALT",
        "QUAL",
        "FILTER",
        "INFO",
        *(("FORMAT", *columns) if columns else ()),
    )
    return "#" + "\t".join(names) + "\n"


def record(
    position: int | str = 140753336, ref: str = "A", alt: str = "T", info: str = V600E, passed: str = "PASS",
    keys: str = "GT:AD", calls: tuple[str, ...] = ("0/1:60,20",), chromosome: str = "chr7",
) -> str:  # fmt: skip
    cells = (chromosome, str(position), ".", ref, alt, ".", passed, info, *((keys, *calls) if calls else ()))
    return "\t".join(cells) + "\n"


def csq(
    terms: str = "missense_variant", symbol: str = "BRAF", gene: str = "ENSG00000157764",
    hgvsp: str = "ENSP00000493543.1:p.Val600Glu", allele: str = "T",
) -> str:  # fmt: skip
    return (
        f"{allele}|{terms}|X|{symbol}|{gene}|Transcript|ENST00000646891|protein_coding|{hgvsp}|600|V/E|1|YES|"
    )


def file(folder: Path, text: str, name: str = "calls.vcf") -> Path:
    path = folder / name
    path.write_text(text, newline="")
    return path


def reasons(report: list[Exclusion]) -> dict[str, str]:
    return {note.reason: note.detail for note in report}


def test_a_variant_has_the_columns_of_a_maf(tmp_path, report):
    table = read_vcf(file(tmp_path, SNPEFF + head("T1") + record()), GENES, report)
    assert table.to_dict("records") == [
        {
            "sample_id": "T1", "gene": "BRAF", "variant_class": "missense_variant", "vaf": 0.25, "impact": "missense",
            "protein_change": "p.V600E", "chromosome": "chr7", "start": 140753336, "ref": "A", "alt": "T",
        }
    ]  # fmt: skip
    assert report == []


def as_written(text: str, how: str, path: Path) -> Path:
    raw = text.encode("utf-8-sig" if how == "bom" else "utf-8")
    if how == "windows":
        raw = raw.replace(b"\n", b"\r\n")
    path.write_bytes(gzip.compress(raw) if how == "gzip" else raw)
    if how in ("bgzip", "bcf"):
        import pysam

        if how == "bgzip":
            pysam.tabix_compress(str(path), str(path) + ".gz")
        else:
            with (
                pysam.VariantFile(str(path)) as source,
                pysam.VariantFile(f"{path}.gz", "wb", header=source.header) as out,
            ):
                for one in source:
                    out.write(one)
        return path.with_name(path.name + ".gz")
    return path


@pytest.mark.parametrize("how", ["plain", "windows", "bom", "gzip", "bgzip", "bcf"])
def test_the_same_file_in_every_form(tmp_path, report, how):
    formats = (
        '##contig=<ID=chr7,length=159345973>\n##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        '##FORMAT=<ID=AD,Number=R,Type=Integer,Description="Depths">\n'
    )
    path = as_written(SNPEFF + formats + head("T1") + record(), how, tmp_path / "calls")
    table = read_vcf(path, GENES, report)
    assert table[["gene", "vaf", "protein_change"]].to_numpy().tolist() == [["BRAF", 0.25, "p.V600E"]]
    assert vcf_build(path) == "GRCh38"


def test_importing_the_reader_does_not_import_pysam():
    code = "import sys, tumorcast.readers.vcf; sys.exit('pysam' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_header_line_with_spaces_for_tabs(tmp_path, report):
    text = SNPEFF + head("T1").replace("\t", " ") + "\n" + record()
    assert read_vcf(file(tmp_path, text), GENES, report)["sample_id"].tolist() == ["T1"]


@pytest.mark.parametrize(
    ("columns", "meta", "given", "tumour"),
    [
        (("A",), "", {}, "A"),
        (("NORMAL", "TUMOR"), "", {}, "TUMOR"),
        (("P7_tumour", "P7_blood"), "", {}, "P7_tumour"),
        (("P7", "P7_normal"), "", {}, "P7"),
        (("tumor", "tumor_adjacent_normal"), "", {}, "tumor"),
        (("A", "B"), "##normal_sample=A\n##tumor_sample=B\n", {}, "B"),
        (("A", "B"), "##SAMPLE=<ID=NORMAL,SampleName=A>\n##SAMPLE=<ID=TUMOR,SampleName=B>\n", {}, "B"),
        (("NORMAL", "TUMOR"), "", {"tumor": "NORMAL"}, "NORMAL"),
        (("A", "B"), "", {"sample": "B"}, "B"),
    ],
)
def test_the_column_of_the_tumour(tmp_path, report, columns, meta, given, tumour):
    calls = tuple("0/1:10,30" if column == tumour else "0/1:39,1" for column in columns)
    text = SNPEFF + meta + head(*columns) + record(calls=calls)
    table = read_vcf(file(tmp_path, text), GENES, report, **given)
    assert (table["sample_id"][0], table["vaf"][0]) == (given.get("sample", tumour), 0.75)


def test_a_sample_given_names_the_rows(tmp_path, report):
    text = SNPEFF + head("NORMAL", "TUMOR") + record(calls=("0/0:30,0", "0/1:10,30"))
    table = read_vcf(file(tmp_path, text), GENES, report, sample="P1-T")
    assert (table["sample_id"][0], table["vaf"][0]) == ("P1-T", 0.75)


@pytest.mark.parametrize(
    ("text", "given", "said"),
    [
        (SNPEFF + head("A", "B") + record(calls=("0/1:9,9", "0/1:9,9")), {}, "A, B(.|\n)*tumor"),
        (SNPEFF + head("DNA_TUMOR", "RNA_TUMOR") + record(), {}, "which column is the tumour's"),
        (SNPEFF + head("TUMOR", "NORMAL") + record(), {"tumor": "TUMOUR"}, "did you mean 'TUMOR'"),
        (SNPEFF + head() + record(calls=()), {}, "no column of a sample"),
        (FIRST + head("T1") + record(), {}, "vep --vcf"),
        (SNPEFF + head("T1") + record(info="DP=20"), {}, "snpEff"),
        (VEP.replace("Consequence|", "") + head("T1") + record(), {}, "no annotation"),
        (SNPEFF + head("T1") + "chr7\t140753336\t.\tA\n", {}, "no whole record"),
        ("gene\tsample\nBRAF\tT1\n", {}, "is not a VCF file"),
        ("", {}, "is not a VCF file"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path, report, text, given, said):
    with pytest.raises(InputError, match=said):
        read_vcf(file(tmp_path, text), GENES, report, **given)


def test_a_truncated_archive_is_refused(tmp_path, report):
    body = "".join(record(position) for position in range(1, 3000))
    whole = gzip.compress((SNPEFF + head("T1") + body).encode())
    path = tmp_path / "calls.vcf.gz"
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="damaged"):
        read_vcf(path, GENES, report)


def test_records_that_are_left_out_are_counted(tmp_path, report):
    lines = (
        record(1, passed="germline;panel_of_normals"), record(2, passed="germline;panel_of_normals"),
        record(3, passed="clustered_events"), record(4, passed="."), record(5, passed="PASS"),
        record(6, info="DP=9"), record(6, info="ANN=T"), record(7, alt="*"),
        record(8, alt="<DEL>"), record(9, alt="G]17:198982]"),
        record(10, calls=("0/0:40,0",)), record(5), "chr7\t12\n", record("x"), "\n",
        record(11, info="ANN=T|intergenic_region|MODIFIER|TP53-BRAF|ENSG1-ENSG2|intergenic_region|x|||n.1A>T||||||"),
        record(12, info=V600E.replace("|BRAF|", "|ENSG00000999999|")),
    )  # fmt: skip
    table = read_vcf(file(tmp_path, SNPEFF + head("T1") + "".join(lines)), GENES, report)
    assert table["start"].tolist() == [4, 5]
    told = {note.reason: note.detail for note in report if note.kind == "variant"}
    assert {reason: int(detail.split()[0]) for reason, detail in told.items()} == {
        "filtered": 3, "not_annotated": 2, "no_bases": 3, "not_in_tumour": 1, "duplicate_row": 1, "unreadable": 2,
        "no_gene": 1, "unknown_gene": 1,
    }  # fmt: skip
    assert told["filtered"].endswith("germline;panel_of_normals 2, clustered_events 1")
    assert told["no_bases"].endswith("* 1, <DEL> 1, breakends 1")


@pytest.mark.parametrize(
    ("mark", "keys", "call", "is_kept"),
    [
        ("SS=1", "GT:AD", "0/1:9,9", False),
        ("SS=3", "GT:AD", "0/1:9,9", False),
        ("SOMATIC;SS=2", "GT:AD", "0/1:9,9", True),
        ("DP=9", "GT:AD:SS", "0/1:9,9:1", False),
        ("STATUS=StrongLOH", "GT:AD", "0/1:9,9", False),
        ("STATUS=StrongSomatic", "GT:AD", "0/1:9,9", True),
        ("GermlineStatus=Germline_DB", "GT:AD", "0/1:9,9", False),
        ("GERMLINE", "GT:AD", "0/1:9,9", False),
        ("GERMQ=93", "GT:AD", "0/1:9,9", True),
    ],
)
def test_germline_calls_among_those_that_pass(tmp_path, report, mark, keys, call, is_kept):
    text = SNPEFF + head("T1") + record(info=f"{mark};{V600E}", keys=keys, calls=(call,))
    assert len(read_vcf(file(tmp_path, text), GENES, report)) == is_kept
    assert ("germline" in reasons(report)) != is_kept


def test_low_fractions_called_as_reference_are_kept(tmp_path, report):
    text = SNPEFF + head("NORMAL", "TUMOR") + record(keys="GT:DP:AD", calls=("0/0:46:46,0", "0/0:47:43,4"))
    assert read_vcf(file(tmp_path, text), GENES, report)["vaf"].tolist() == pytest.approx([4 / 47])


@pytest.mark.parametrize(
    ("call", "ref", "alts", "at", "fraction"),
    [
        ({"AD": "30,10"}, "A", ["T"], 0, 0.25),
        ({"AD": "20,10,10"}, "A", ["T", "C"], 1, 0.25),
        ({"AD": "30,10", "AF": "0.9"}, "A", ["T"], 0, 0.25),
        ({"AD": ".,.", "AF": "0.3"}, "A", ["T"], 0, 0.3),
        ({"AD": "0,0"}, "A", ["T"], 0, np.nan),
        ({"AF": "0.3,0.1"}, "A", ["T", "C"], 1, 0.1),
        ({"AF": "0.3"}, "A", ["T", "C"], 0, np.nan),
        ({"AF": "30"}, "A", ["T"], 0, np.nan),
        ({"AU": "30,99", "CU": "0,0", "GU": "0,0", "TU": "10,77"}, "A", ["T"], 0, 0.25),
        ({"DP": "40", "TAR": "30,31", "TIR": "10,12", "TOR": "3,3"}, "AC", ["A"], 0, 0.25),
        ({"RD": "60", "AD": "20", "FREQ": "25%"}, "A", ["T"], 0, 0.25),
        ({"AD": "20", "FREQ": "12,5%"}, "A", ["T"], 0, 0.125),
        ({"DP4": "20,10,4,6"}, "A", ["T"], 0, 0.25),
        ({"DP4": "20,10,4,6"}, "A", ["T", "C"], 0, np.nan),
        ({"GT": "0/1"}, "A", ["T"], 0, np.nan),
    ],
)
def test_allele_fractions_of_every_caller(call, ref, alts, at, fraction):
    assert allele_fraction(call, ref, alts, at) == pytest.approx(fraction, nan_ok=True)


def test_calls_without_columns_of_samples(tmp_path, report):
    text = SNPEFF + head() + record(info="DP=40;AF=0.9;DP4=20,10,4,6;" + V600E, calls=())
    table = read_vcf(file(tmp_path, text), GENES, report, sample="T1")
    assert table[["sample_id", "vaf"]].to_numpy().tolist() == [["T1", 0.25]]


def test_each_alternate_is_a_row_with_its_own_annotation(tmp_path, report):
    info = f"CSQ={csq('inframe_insertion', allele='AGG', hgvsp='')},{csq('frameshift_variant', allele='-', hgvsp='')}"
    line = record(
        ref="CA", alt="C,CAGG,*", info=info, keys="GT:AD:AF", calls=("0/1/2:10,20,10,0:0.5,0.25,0",)
    )
    table = read_vcf(file(tmp_path, VEP + head("T1") + line), GENES, report)
    assert table[["impact", "vaf", "start", "ref", "alt"]].to_numpy().tolist() == [
        ["truncating", 0.5, 140753337, "A", "-"],
        ["inframe", 0.25, 140753337, "-", "GG"],
    ]


def test_genes_by_symbol_previous_symbol_and_identifier(tmp_path, report):
    lines = [
        record(n, info="CSQ=" + csq("missense_variant", symbol, gene))
        for n, (symbol, gene) in enumerate(
            [("MLL2", "x"), ("", "ENSG00000141510.18"), ("AC012345.1", "y")], 1
        )
    ]
    table = read_vcf(file(tmp_path, VEP + head("T1") + "".join(lines)), GENES, report)
    assert table["gene"].tolist() == ["KMT2D", "TP53", "AC012345.1"]
    assert "MLL2 -> KMT2D" in reasons(report)["renamed"]


def test_veps_own_fields_under_the_name_ann(tmp_path, report):
    text = VEP.replace("ID=CSQ", "ID=ANN") + head("T1") + record(info="ANN=" + csq())
    assert read_vcf(file(tmp_path, text), GENES, report)["protein_change"].tolist() == ["p.V600E"]


@pytest.mark.parametrize(
    ("meta", "build"),
    [
        ("##contig=<ID=chr7,length=159345973>\n", "GRCh38"),
        ("##contig=<ID=7,assembly=b37,length=159138663>\n", "GRCh37"),
        ("##reference=file:///ref/human_g1k_v37_decoy.fasta\n", "GRCh37"),
        ("##reference=file:///ref/GRCh38.d1.vd1.fa\n", "GRCh38"),
        ("##reference=file:///ref/hg19.fa\n##contig=<ID=chr7,length=159345973>\n", "GRCh38"),
        ('##VEP="v110" cache="/.vep/homo_sapiens/110_GRCh37" assembly="GRCh37.p13"\n', "GRCh37"),
        ("##reference=hg19.fa\n##assembly=GRCh38\n", None),
        ("##reference=/lab38/ref.fa\n##source=GRCh38\n", None),
    ],
)
def test_the_build_of_the_header(tmp_path, meta, build):
    assert vcf_build(file(tmp_path, SNPEFF + meta + head("T1"))) == build


def test_another_build_than_the_studys_is_refused(tmp_path, report):
    text = SNPEFF + "##contig=<ID=chr7,length=159345973>\n" + head("T1") + record()
    assert len(read_vcf(file(tmp_path, text), GENES, report, build="hg38")) == 1
    with pytest.raises(InputError, match="another genome build"):
        read_vcf(file(tmp_path, text), GENES, report, build="hg19")
    late = SNPEFF + head("T1") + record(159_300_000)
    assert len(read_vcf(file(tmp_path, late), GENES, report, build="")) == 1
    with pytest.raises(InputError, match="past the end"):
        read_vcf(file(tmp_path, late), GENES, report, build="GRCh37")


def many(fractions: list[int], calls: int = 1) -> str:
    return "".join(
        record(n, calls=(f"0/1:{100 - part},{part}",) * calls) for n, part in enumerate(fractions, 1)
    )


def test_germline_looking_calls_are_told(tmp_path, report):
    germline = [100] * 80 + [47] * 80 + [53] * 80
    assert len(read_vcf(file(tmp_path, SNPEFF + head("T1") + many(germline)), GENES, report)) == 240
    assert "33%" in reasons(report)["looks_germline"]


@pytest.mark.parametrize(
    ("fractions", "columns"),
    [
        ([47] * 120 + [53] * 120, ("T1",)),
        ([100] * 30 + [10, 20, 30, 70] * 55, ("T1",)),
        ([100] * 80 + [47] * 100, ("T1",)),
        ([100] * 80 + [47] * 160, ("TUMOR", "NORMAL")),
    ],
)
def test_other_calls_do_not_look_germline(tmp_path, report, fractions, columns):
    text = SNPEFF + head(*columns) + many(fractions, len(columns))
    read_vcf(file(tmp_path, text), GENES, report)
    assert "looks_germline" not in reasons(report)


def test_unfiltered_calls_are_told(tmp_path, report):
    line = "##filtering_status=Warning: unfiltered Mutect 2 calls.  Please run FilterMutectCalls\n"
    read_vcf(file(tmp_path, SNPEFF + line + head("T1") + record(passed=".")), GENES, report)
    assert "unfiltered_calls" in reasons(report)


def test_a_file_without_variants_is_an_empty_table(tmp_path, report):
    table = read_vcf(file(tmp_path, SNPEFF + head("T1")), GENES, report)
    assert (len(table), list(table)[:3]) == (0, ["sample_id", "gene", "variant_class"])
    assert report == []


def test_a_written_study_reads_back_with_the_same_impacts(tmp_path, report):
    terms = (
        "missense_variant&splice_region_variant",
        "frameshift_variant",
        "splice_donor_variant",
        "intron_variant",
    )
    lines = [record(n, info="CSQ=" + csq(words)) for n, words in enumerate(terms, 1)]
    table = read_vcf(file(tmp_path, VEP + head("T1") + "".join(lines)), GENES, report)
    patients = pd.DataFrame(index=pd.Index(["P1"], name="patient_id"))
    samples = pd.DataFrame({"patient_id": ["P1"]}, index=pd.Index(["T1"], name="sample_id"))
    study = Study("made_up", "real", tmp_path, patients, samples, pd.DataFrame(), table, frozenset(["T1"]))
    write_study(study, tmp_path / "study")
    again = read_maf(tmp_path / "study" / "data_mutations.txt", GENES, report)
    assert (
        again["impact"].tolist() == table["impact"].tolist() == ["missense", "truncating", "splice", "other"]
    )
    same = ["sample_id", "gene", "variant_class", "vaf", "protein_change", "chromosome", "ref", "alt"]
    assert again[same].to_numpy().tolist() == table[same].to_numpy().tolist()
    assert again["start"].astype(int).tolist() == table["start"].tolist()
