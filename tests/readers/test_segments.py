"""Segments of every tool, genes over them, and positions of another build."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.gene_copies import gene_levels, gene_log2
from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.gene_places import read_gene_places
from tumorcast.readers.segments import ploidy_of, read_segments

GENES = GeneTable([Gene("TP53", "7157", "ENSG00000141510", ()), Gene("KMT2D", "8085", "", ("MLL2",))], "test")
SEG = (
    "ID\tchrom\tloc.start\tloc.end\tnum.mark\tseg.mean\nS1\t17\t1\t9000000\t40\t-0.8\nS1\tX\t5\t900\t4\t0.1\n"
)
FILES = {
    "seg": SEG,
    "gdc": "GDC_Aliquot\tChromosome\tStart\tEnd\tNum_Probes\tSegment_Mean\nS1\tchr17\t1\t9000000\t40\t-0.8\n",
    "ascat": "sample\tchr\tstartpos\tendpos\tnMajor\tnMinor\nS1\t17\t1\t9000000\t2\t1\n",
    "gdc ascat": "GDC_Aliquot\tChromosome\tStart\tEnd\tCopy_Number\tMajor_Copy_Number\tMinor_Copy_Number\n"
    "S1\tchr17\t1\t9000000\t3\t2\t1\n",
    "facets": "chrom\tseg\tnum.mark\tstart\tend\ttcn.em\tlcn.em\n17\t1\t30\t1\t9000000\t3\t1\n",
    "sequenza": '"chromosome"\t"start.pos"\t"end.pos"\t"CNt"\t"A"\t"B"\n"chr17"\t1\t9000000\t3\t2\t1\n',
    "cnvkit": "chromosome\tstart\tend\tgene\tlog2\tdepth\tprobes\tweight\nchr17\t1\t9000000\tTP53\t-0.8\t90\t40\t30\n",
}


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str, name: str = "segments.seg") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("tool", FILES)
def test_every_tool_gives_the_same_segment(tmp_path, report, tool):
    table = read_segments(file(tmp_path, FILES[tool]), "GRCh38", report, sample="S1")
    first = table.iloc[0]
    assert (first.sample_id, first.chromosome, first.start, first.end) == ("S1", "17", 1, 9_000_000)
    if np.isnan(first.log2):
        assert (first.major, first.minor) == (2, 1)
    else:
        assert first.log2 == -0.8
        assert np.isnan(first.minor)


def test_positions_past_the_chromosome_tell_another_build(tmp_path, report):
    late = "ID\tchrom\tloc.start\tloc.end\tseg.mean\nS1\t17\t1\t83200000\t0.5\nS1\t1\t1\t10\t-0.5\n"
    with pytest.raises(InputError, match="GRCh37") as failure:
        read_segments(file(tmp_path, late), "hg19", report)
    assert "all of them fit GRCh38" in str(failure.value)
    assert len(read_segments(file(tmp_path, late), "hg38", report)) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ID\tchrom\tloc.start\tloc.end\tseg.mean\nS1\t1\t1\t9\t2\nS1\t1\t10\t19\t3\n", "no log2 ratios"),
        ("sample\tchr\tstartpos\tendpos\tnMajor\tnMinor\nS1\t1\t1\t9\t2\t-1\n", "negative copy numbers"),
        ("sample\tchr\tstartpos\tendpos\nS1\t1\t1\t9\n", "a log2 ratio or copies"),
        ("chr\tstartpos\tendpos\tnMajor\tnMinor\n1\t1\t9\t1\t1\n", "sample"),
    ],
)
def test_what_cannot_be_segments_is_refused(tmp_path, report, text, said):
    with pytest.raises(InputError, match=said):
        read_segments(file(tmp_path, text), "GRCh37", report)


def test_segments_without_a_place_are_counted(tmp_path, report):
    text = SEG + "S1\t2\tNA\t50\t3\t0.2\nS1\t2\t90\t50\t3\t0.2\n"
    assert len(read_segments(file(tmp_path, text), "GRCh37", report)) == 2
    assert [(note.reason, note.detail[:1]) for note in report] == [("unplaced", "2")]


def tumour(*rows: tuple[str, int, int, float, float]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["chromosome", "start", "end", "major", "minor"])
    return table.assign(sample_id="S1", log2=np.nan)


PLACES = pd.DataFrame(
    {"chromosome": ["1", "1", "2", "3"], "start": [100, 900, 10, 1], "end": [200, 1100, 20, 9]},
    index=pd.Index(["A", "B", "C", "D"], name="gene"),
)


def test_levels_follow_the_ploidy_of_the_tumour():
    diploid = tumour(("1", 1, 1000, 1, 1), ("1", 1001, 1200, 4, 1), ("2", 1, 100, 0, 0))
    assert gene_levels(diploid, PLACES).to_dict() == pytest.approx(
        {"A": 0, "B": 2, "C": -2, "D": np.nan}, nan_ok=True
    )
    doubled = tumour(("1", 1, 1000, 2, 2), ("1", 1001, 1200, 4, 1), ("2", 1, 100, 2, 1))
    assert ploidy_of(doubled) == pytest.approx(4.08, abs=0.01)
    assert gene_levels(doubled, PLACES).to_dict() == pytest.approx(
        {"A": 0, "B": 1, "C": -1, "D": np.nan}, nan_ok=True
    )


def test_a_gene_over_two_segments_has_their_mean_by_bases():
    segments = tumour(("1", 1, 999, 1, 1), ("1", 1000, 2000, 1, 1)).assign(log2=[1.0, -1.0])
    values = gene_log2(segments.assign(major=np.nan, minor=np.nan), PLACES)
    assert values["A"] == 1
    assert values["B"] == pytest.approx((100 - 101) / 201)
    assert np.isnan(values["C"])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.gtf", '#!b\nchr17\tH\tgene\t7661779\t7687538\t.\t-\t.\tgene_id "ENSG00000141510.18"; gene_name "TP53";\n'
                  'chr17\tH\texon\t1\t2\t.\t-\t.\tgene_id "ENSG00000141510.18"; gene_name "TP53";\n'),
        ("g.gff3", "##gff\nchr17\tH\tgene\t7661779\t7687538\t.\t-\t.\tID=g1;gene_id=ENSG00000141510;Name=TP53\n"),
        ("g.bed", "chr17\t7661778\t7687538\tENSG00000141510.18\n"),
        ("g.txt", "gene\tchromosome\tstart\tend\nTP53\t17\t7661779\t7687538\n"),
    ],
)  # fmt: skip
def test_gene_positions_of_every_form(tmp_path, report, name, text):
    packed = tmp_path / f"{name}.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    for path in (file(tmp_path, text, name), packed):
        places = read_gene_places(path, GENES, report)
        assert places.loc["TP53"].tolist() == ["17", 7661779, 7687538]
        assert len(places) == 1


def test_a_gene_on_two_chromosomes_is_left_out_and_told(tmp_path, report):
    text = "gene\tchromosome\tstart\tend\nTP53\tX\t1\t2\nTP53\tY\t1\t2\nMLL2\t12\t5\t9\nKMT2D\t12\t8\t11\n"
    places = read_gene_places(file(tmp_path, text), GENES, report)
    assert places.index.tolist() == ["KMT2D"]
    assert places.loc["KMT2D"].tolist() == ["12", 5, 11]
    assert "several_places" in {note.reason for note in report}


def test_a_file_without_genes_is_refused(tmp_path, report):
    with pytest.raises(InputError, match="holds no gene"):
        read_gene_places(file(tmp_path, "a\tb\n"), GENES, report)


def test_ploidy_of_real_tumours_is_the_published_one(shared_data):
    folder = shared_data / "TransNEO"
    names = {
        "Trial.ID": "sample_id",
        "chr": "chromosome",
        "startpos": "start",
        "endpos": "end",
        "nMajor": "major",
    }
    segments = pd.read_csv(folder / "transneo-diagnosis-ASCAT-segments.tsv.gz", sep="\t")
    segments = segments.rename(columns={**names, "nMinor": "minor"})
    told = pd.read_csv(folder / "transneo-diagnosis-ASCAT-purity.tsv.gz", sep="\t").set_index("Trial.ID")
    ours = segments.groupby("sample_id")[segments.columns].apply(ploidy_of)
    shared = ours.index.intersection(told.index)
    assert len(shared) > 150
    assert np.corrcoef(ours[shared], told.loc[shared, "ploidy"])[0, 1] > 0.98
    assert (ours[shared] - told.loc[shared, "ploidy"]).abs().median() < 0.15
