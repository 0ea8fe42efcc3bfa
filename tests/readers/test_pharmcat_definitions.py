"""Folders of definitions as PharmCAT publishes them; with the real ones, its worked examples."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from tumorcast.biology.pgx.call import call_gene
from tumorcast.biology.pgx.dates import changes
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.biology.pgx.phenotypes import embedded_rules, phenotype_by_function, phenotype_by_score
from tumorcast.clinic.pgx.write import Request, write_pgx
from tumorcast.domain.errors import InputError
from tumorcast.readers.germline_vcf import read_germline
from tumorcast.readers.pharmcat_definitions import read_definitions

_OLDER = {("NUDT15", "*3"), ("NUDT15", "*6")}
"""CPIC 2026-01-29: `*2` became a suballele of `*3`, after the folder."""


def toy(folder: Path, **changes: Any) -> Path:
    variant = {
        "position": 88131171, "rsid": "rs2231142", "ref": "G", "alts": ["T"], "chromosomeHgvsName": "g.88131171G>T"
    }  # fmt: skip
    raw = {
        "gene": "ABCG2", "version": "2026-05-01-00-25", "variants": [variant],
        "namedAlleles": [
            {"name": "ref", "alleles": ["G"], "reference": True},
            {"name": "new", "alleles": ["K"], "reference": False},
        ],
    } | changes  # fmt: skip
    (folder / "ABCG2_translation.json").write_text(json.dumps(raw))
    (folder / "ABCG2.json").write_text(
        json.dumps({"haplotypes": {"ref": "Normal function", "new": "No function"}})
    )
    return folder


def test_a_folder_replaces_its_genes_and_names_what_it_lacks(tmp_path: Path) -> None:
    read = read_definitions(toy(tmp_path))
    assert read.genes["ABCG2"].by_name["new"].function == "No function"
    assert read.genes["ABCG2"].by_name["new"].bases == {88131171: frozenset("GT")}
    assert (read.date, read.is_folder) == ("2026-05-01", True)
    assert "TPMT" in read.left_out
    assert read.genes["TPMT"] == embedded_definitions().genes["TPMT"]


@pytest.mark.parametrize(
    "change",
    [{"version": "new"}, {"version": ""}, {"namedAlleles": []}, {"variants": [{}]},
     {"namedAlleles": [{"name": "ref", "alleles": ["T"], "reference": True}]}],
)  # fmt: skip
def test_damaged_folders_are_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        read_definitions(toy(tmp_path, **change))


def test_a_folder_without_definitions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no allele definitions"):
        read_definitions(tmp_path)


@pytest.mark.parametrize("example", ["pharmcat.example", "pharmcat.example2"])
def test_pharmcat_s_worked_examples(shared_data: Path, tmp_path: Path, example: str) -> None:
    folder = shared_data / "PharmCAT"
    given = folder / "docs" / "examples"
    files = [given / f"{example}.vcf"]
    if (given / f"{example}.outsideCall.tsv").is_file():
        files.append(given / f"{example}.outsideCall.tsv")
    write_pgx(files, tmp_path, Request(definitions=folder))
    mine = table(next((tmp_path / "calls").iterdir()))
    theirs = table(given / f"{example}.report.tsv")
    shared = sorted(set(mine) & set(theirs))
    assert len(shared) >= 11
    assert [mine[gene] for gene in shared] == [theirs[gene] for gene in shared]


def table(path: Path) -> dict[str, dict[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines()[1:]
    return {row["Gene"]: row for row in csv.DictReader(lines, delimiter="\t")}


def test_own_tables_call_the_examples_alike(shared_data: Path) -> None:
    folder = shared_data / "PharmCAT"
    vcf = folder / "docs" / "examples" / "multisample.vcf"
    own, theirs = embedded_definitions(), read_definitions(folder)
    called = []
    for definitions in (own, theirs):
        samples = read_germline(vcf, definitions).samples
        called.append(
            {
                (sample, gene): call_gene(definitions.genes[gene], one, embedded_rules())
                for sample, genes in samples.items()
                for gene, one in genes.items()
            }
        )
    for key, call in called[0].items():
        assert (call.diplotype, call.phenotype) == (called[1][key].diplotype, called[1][key].phenotype), key


def test_own_alleles_agree_with_the_folder_where_both_have_them(shared_data: Path) -> None:
    own, theirs = embedded_definitions(), read_definitions(shared_data / "PharmCAT")
    younger = [one for one in changes() if one.is_in and one.date > theirs.date]
    reassigned = {(gene, name) for one in younger for gene in one.genes for name in one.alleles}
    for gene, mine in own.genes.items():
        for name, allele in mine.by_name.items():
            other = theirs.genes[gene].by_name.get(name)
            if other is not None and (gene, name) not in _OLDER:
                bases = {p: one for p, one in other.bases.items() if p in mine.by_position}
                assert dict(allele.bases) == bases, (gene, name)
                if (gene, name) in reassigned:
                    continue
                assert (allele.function, allele.activity) == (other.function, other.activity), (gene, name)


def test_phenotypes_agree_with_every_diplotype_of_the_folder(shared_data: Path) -> None:
    theirs = read_definitions(shared_data / "PharmCAT")
    n = 0
    for path in sorted((shared_data / "PharmCAT" / "phenotype").glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        gene = raw["gene"]
        if gene not in theirs.genes:
            continue
        for row in raw["diplotypes"]:
            names = [name for name, times in row["diplotypekey"].items() for _ in range(times)]
            if gene in ("DPYD", "CYP2C9"):
                score = float(row["activityScore"]) if row["activityScore"] != "n/a" else None
                mine = phenotype_by_score(gene, score)
            else:
                functions = [raw["haplotypes"][name] for name in names]
                mine = phenotype_by_function(gene, functions, embedded_rules())
            assert mine == row["phenotype"], (gene, names)
            n += 1
    assert n > 5000
