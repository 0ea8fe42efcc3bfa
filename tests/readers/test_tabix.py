"""Indexed germline files: only the genes' places are read, and the answer is that of the whole file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from toy_pgx import write_vcf
from tumorcast.biology.pgx.definitions import embedded_definitions
from tumorcast.domain.errors import InputError
from tumorcast.readers import germline_vcf
from tumorcast.readers.germline_vcf import read_germline
from tumorcast.readers.tabix import indexed_lines, read_tabix

pysam = pytest.importorskip("pysam")
GENOTYPES = {"DPYD": {"rs67376798": "T/A"}, "TPMT": {"rs1142345": "C/C"}, "UGT1A1": {"rs3064744": "CAT/C"}}
FILLER = "chr{}\t{}\t.\tA\tG\t50\tPASS\t.\tGT:PS\t0/1:."


def sorted_lines(text: str) -> str:
    lines = text.splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("#CHROM")) + 1
    filler = [FILLER.format(chromosome, 1000 + 9000 * n) for chromosome in (1, 2, 5) for n in range(4000)]
    body = sorted([*lines[start:], *filler], key=lambda line: (line.split("\t")[0], int(line.split("\t")[1])))
    return "\n".join([*lines[:start], *body]) + "\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """(plain, bgzipped and indexed)."""
    folder = tmp_path_factory.mktemp("tabix")
    plain = write_vcf(folder / "a.vcf", GENOTYPES)
    plain.write_text(sorted_lines(plain.read_text(encoding="utf-8")), encoding="utf-8")
    packed = folder / "a.vcf.gz"
    pysam.tabix_compress(str(plain), str(packed))
    pysam.tabix_index(str(packed), preset="vcf")
    return plain, packed


def test_an_indexed_file_says_what_the_whole_file_says(files: tuple[Path, Path]) -> None:
    definitions = embedded_definitions()
    plain, packed = (read_germline(path, definitions) for path in files)
    assert packed == plain
    assert len(packed.samples["S1"]["DPYD"].calls) == len(definitions.genes["DPYD"].positions)


def test_only_the_places_of_genes_are_read(files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def counted(*arguments: object) -> Iterator[str]:
        for line in indexed_lines(*arguments):  # type: ignore[arg-type]
            seen.append(line)
            yield line

    monkeypatch.setattr(germline_vcf, "indexed_lines", counted)
    read_germline(files[1], embedded_definitions())
    assert 480 < len(seen) < 3000


@pytest.mark.parametrize("damage", ["older", "cut", "other"])
def test_an_index_that_is_not_to_be_trusted_is_not_used(
    files: tuple[Path, Path], tmp_path: Path, damage: str
) -> None:
    packed = tmp_path / "b.vcf.gz"
    packed.write_bytes(files[1].read_bytes())
    index = tmp_path / "b.vcf.gz.tbi"
    whole = files[1].with_name("a.vcf.gz.tbi").read_bytes()
    index.write_bytes({"older": whole, "cut": whole[:100], "other": b"text"}[damage])
    if damage == "older":
        os.utime(index, (1, 1))
    assert read_tabix(packed) is None
    assert read_germline(packed, embedded_definitions()).samples.keys() == {"S1"}


def test_places_behind_the_last_record_give_no_lines(files: tuple[Path, Path]) -> None:
    index = read_tabix(files[1])
    assert index is not None
    assert (
        list(indexed_lines(files[1], index, {"chr1": [(240_000_000, 240_000_100)], "chr9": [(1, 100)]})) == []
    )


def test_the_index_of_another_file_is_named(files: tuple[Path, Path], tmp_path: Path) -> None:
    other = tmp_path / "c.vcf.gz"
    lines = files[0].read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(lines) if line.startswith("#CHROM"))
    kept = [line for line in lines if "rs67376798" not in line][: start + 3000]
    (tmp_path / "c.vcf").write_text("\n".join(kept) + "\n", encoding="utf-8")
    pysam.tabix_compress(str(tmp_path / "c.vcf"), str(other))
    (tmp_path / "c.vcf.gz.tbi").write_bytes(files[1].with_name("a.vcf.gz.tbi").read_bytes())
    with pytest.raises(InputError, match="do not fit together"):
        read_germline(other, embedded_definitions())
