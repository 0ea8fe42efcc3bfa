"""The matcher's test-bed: genotypes written from the published rules, through a VCF, to diplotype and phenotype."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from toy_pgx import gene_lines, vcf_text
from tumorcast.biology.pgx.call import call_gene
from tumorcast.biology.pgx.definitions import Definitions, embedded_definitions
from tumorcast.biology.pgx.notes import notes_of
from tumorcast.biology.pgx.phenotypes import NO_CALL, embedded_rules
from tumorcast.readers.germline_vcf import read_germline

TEXT = (Path(__file__).parent / "pgx_cases.tsv").read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if line[0] != "#"]
CASES = list(csv.DictReader(LINES, delimiter="\t"))
GENES = embedded_definitions().genes


def test_the_bed_is_as_large_as_promised_and_covers_every_kind() -> None:
    kinds = Counter(row["group"] for row in CASES)
    assert len(CASES) >= 200
    assert {"phased", "unphased", "phase sets", "missing", "partial", "hemizygous", "conflicting"} <= set(
        kinds
    )
    assert {row["gene"] for row in CASES} == set(GENES)


@pytest.mark.parametrize("gene", sorted(GENES))
def test_every_case_of_the_gene(gene: str, tmp_path: Path) -> None:
    wrong = []
    definition = GENES[gene]
    alone = Definitions({gene: definition}, "test", "test", "2026-01-01")
    for n, row in enumerate(row for row in CASES if row["gene"] == gene):
        genotypes = dict(word.split("=", 1) for word in row["genotypes"].split(";") if word)
        path = tmp_path / f"{n}.vcf"
        path.write_text(vcf_text(gene_lines(definition, genotypes)), encoding="utf-8")
        read = read_germline(path, alone).samples["S1"][gene]
        call = call_gene(definition, read, embedded_rules(), row["sex"] or None)
        score = "" if call.activity_score is None else str(call.activity_score)
        got = (call.diplotype or NO_CALL, call.phenotype, score)
        wanted = (row["diplotype"], row["phenotype"], row["activity_score"])
        if got != wanted or row["note"] not in " ".join(notes_of(call)):
            wrong.append((row["genotypes"], wanted, row["note"], got, notes_of(call)))
    assert not wrong
