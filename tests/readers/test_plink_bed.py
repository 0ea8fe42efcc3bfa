"""PLINK 1 filesets: two bits a genotype, men's X and Y, and files that do not fit each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tumorcast.biology.pgs.genotypes import MISSING, NO_STRAND
from tumorcast.biology.pgs.score import X, Y, place_key
from tumorcast.domain.errors import InputError
from tumorcast.readers.plink_bed import BedGenotypes

KEYS = np.array([place_key(1, 100), place_key(X, 200), place_key(Y, 300)])


def fileset(folder: Path) -> Path:
    """Five samples (man, woman, man, woman, not known), codes 0 1 2 3 0 at three places."""
    bim = [
        (1, "a", 0, 100, "G", "A"),
        (1, "b", 0, 150, "G", "A"),
        ("X", "c", 0, 200, "T", "C"),
        ("Y", "d", 0, 300, "0", "C"),
    ]
    lines = {
        "fam": [f"F{n} s{n} 0 0 {sex} -9" for n, sex in enumerate((1, 2, 1, 2, 0))],
        "bim": ["\t".join(map(str, row)) for row in bim],
    }
    for ending, text in lines.items():
        (folder / f"a.{ending}").write_text("\n".join(text) + "\n", encoding="utf-8")
    (folder / "a.bed").write_bytes(b"\x6c\x1b\x01" + bytes([0b11_10_01_00, 0b00]) * len(bim))
    return folder / "a.bed"


def test_codes_and_strands(tmp_path: Path) -> None:
    opened = BedGenotypes(fileset(tmp_path))
    assert opened.samples == ("s0", "s1", "s2", "s3", "s4")
    (block,) = opened.blocks(KEYS, np.zeros(3, np.int8))
    assert [(one.ref, one.alts) for one in block.records] == [("A", ("G",)), ("C", ("T",)), ("C", ())]
    assert block.first[0].tolist() == [1, MISSING, 0, 0, 1]
    assert block.second[0].tolist() == [1, MISSING, 1, 0, 1]
    assert block.first[1].tolist() == [1, MISSING, MISSING, 0, 1]
    assert block.second[1].tolist() == [NO_STRAND, MISSING, MISSING, 0, 1]
    assert block.first[2].tolist() == [1, MISSING, MISSING, MISSING, 1]


@pytest.mark.parametrize("name", ["XY", "25", "PAR1"])
def test_men_have_two_of_what_x_shares_with_y(tmp_path: Path, name: str) -> None:
    bed = fileset(tmp_path)
    bim = bed.with_suffix(".bim")
    bim.write_text(bim.read_text(encoding="utf-8").replace("X\tc", f"{name}\tc"), encoding="utf-8")
    (block,) = BedGenotypes(bed).blocks(KEYS, np.zeros(3, np.int8))
    assert block.first[1].tolist() == block.first[0].tolist()
    assert block.second[1].tolist() == block.second[0].tolist()


@pytest.mark.parametrize("change", ["short", "long", "magic", "no fam", "bim"])
def test_what_does_not_fit_is_told(tmp_path: Path, change: str) -> None:
    bed = fileset(tmp_path)
    if change == "short":
        bed.write_bytes(bed.read_bytes()[:-1])
    if change == "long":
        bed.write_bytes(bed.read_bytes() + b"\0")
    if change == "magic":
        bed.write_bytes(b"xx" + bed.read_bytes()[2:])
    if change == "no fam":
        bed.with_suffix(".fam").unlink()
    if change == "bim":
        bed.with_suffix(".bim").write_text("1 a 0\n", encoding="utf-8")
    with pytest.raises(InputError):
        list(BedGenotypes(bed).blocks(KEYS, np.zeros(3, np.int8)))
