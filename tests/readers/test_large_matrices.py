"""Matrices in blocks of rows: the same numbers whatever the block, few samples of many, counts told from TPM."""

from __future__ import annotations

import gzip
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers import matrix_table
from tumorcast.readers.matrix import read_expression
from tumorcast.readers.matrix_table import column_names, read_matrix
from tumorcast.readers.scale import looks_like_counts, settled_scale

GENES = GeneTable([Gene("TP53", "7157", "", ()), Gene("KMT2D", "8085", "", ())], "test")
ROWS = ("Hugo_Symbol", "Entrez_Gene_Id")
ODD = """#a comment
Hugo_Symbol\tEntrez_Gene_Id\tS1\tS2\tS3
TP53\t7157\t1.5\t2\t3

"KMT2D"\t8085\tNA\t\t>8.5
\t672\t-1e-3\tinf\tlow
KRAS\tNA\t "4" \t5
"""


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str, name: str = "data.txt") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def details(report: list[Exclusion]) -> dict[str, str]:
    return {note.reason: note.detail for note in report}


@pytest.mark.parametrize("block", [1, 60, 1 << 23])
@pytest.mark.parametrize("name", ["data.txt", "data.txt.gz"])
def test_numbers_do_not_depend_on_the_blocks(tmp_path, report, monkeypatch, block, name):
    monkeypatch.setattr(matrix_table, "_BLOCK", block)
    described, values = read_matrix(file(tmp_path, ODD, name), ROWS, report)
    assert described["Hugo_Symbol"].fillna("").tolist() == ["TP53", "KMT2D", "", "KRAS"]
    assert described["Entrez_Gene_Id"].fillna("").tolist() == ["7157", "8085", "672", ""]
    expected = [[1.5, 2, 3], [np.nan, np.nan, 8.5], [-1e-3, np.nan, np.nan], [4, 5, np.nan]]
    np.testing.assert_allclose(values, expected, rtol=1e-6)
    assert (values.dtypes == np.float32).all()
    assert {reason: told[:2] for reason, told in details(report).items()} == {
        "at_limit": "1 ", "not_a_number": "1 ", "infinite": "1 ", "short_rows": "1 ",
    }  # fmt: skip


def test_windows_line_ends_and_a_bom_change_nothing(tmp_path, report):
    _, values = read_matrix(file(tmp_path, "\ufeff" + ODD.replace("\n", "\r\n")), ROWS, report)
    assert values.columns.tolist() == ["S1", "S2", "S3"]
    assert values["S1"].tolist()[0] == 1.5


def test_only_the_samples_wanted_are_read(tmp_path, report):
    path = file(tmp_path, ODD.replace("low", "7").replace("S3", "S1"))
    described, values = read_matrix(path, ROWS, report, samples=["S2", "absent"])
    assert values.columns.tolist() == ["S2"]
    assert len(described) == len(values) == 4
    assert set(details(report)) == {"infinite", "short_rows"}
    assert read_matrix(path, ROWS, report, samples=[])[1].shape == (4, 0)


def test_expression_of_a_few_samples_is_that_of_all(tmp_path, report):
    path = file(tmp_path, "Hugo_Symbol\tS1\tS2\tS3\nTP53\t1\t2\t3\nKMT2D\t4\t5\t6\n")
    whole = read_expression(path, "log2(TPM+1)", GENES, report)
    some = read_expression(path, "log2(TPM+1)", GENES, report, samples={"S3", "S1"})
    pd.testing.assert_frame_equal(some, whole.loc[["S1", "S3"]])


@pytest.mark.parametrize("samples", [None, ["S1"]])
@pytest.mark.parametrize("place", [1, 400])
def test_a_row_longer_than_the_header_is_found_anywhere(tmp_path, report, monkeypatch, samples, place):
    monkeypatch.setattr(matrix_table, "_BLOCK", 100)
    rows = [f"G{row}\t1\t2\n" for row in range(500)]
    rows[place] = "G\t1\t2\t3\n"
    with pytest.raises(InputError, match="longer than the header"):
        read_matrix(file(tmp_path, "Hugo_Symbol\tS1\tS2\n" + "".join(rows)), ROWS, report, samples)


@pytest.mark.parametrize("text", ["", "# only a comment\n"])
def test_a_file_without_a_header_is_no_table(tmp_path, report, text):
    with pytest.raises(InputError, match="not a table"):
        read_matrix(file(tmp_path, text), ROWS, report)


def test_a_header_alone_has_no_rows(tmp_path, report):
    described, values = read_matrix(file(tmp_path, "Hugo_Symbol\tS1\n"), ROWS, report)
    assert (described.shape, values.shape) == ((0, 1), (0, 1))
    assert column_names(tmp_path / "data.txt") == ["Hugo_Symbol", "S1"]


def test_memory_stays_near_twice_the_result(tmp_path, report, monkeypatch):
    random = np.random.default_rng(0)
    n_rows, n_samples = 3000, 400
    words = np.array([f"{value:.4f}" for value in random.random(1000) * 12])
    cells = words[random.integers(0, 1000, (n_rows, n_samples))]
    header = "\t".join(["Hugo_Symbol", *(f"S{i}" for i in range(n_samples))])
    rows = "\n".join(f"G{i}\t" + "\t".join(row) for i, row in enumerate(cells))
    path = file(tmp_path, f"{header}\n{rows}\n")
    monkeypatch.setattr(matrix_table, "_BLOCK", 1 << 18)
    tracemalloc.start()
    try:
        _, values = read_matrix(path, ROWS, report)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_allclose(values.to_numpy(), cells.astype(float), rtol=1e-6)
    assert peak < 2.8 * values.to_numpy().nbytes


def test_counts_are_whole_numbers_whose_sums_are_no_million():
    random = np.random.default_rng(0)
    counts = random.poisson(random.gamma(1, 500, (3000, 1)), (3000, 4)) * np.array([1, 2, 3, 4])
    tpm = counts / counts.sum(axis=0) * 1e6
    assert looks_like_counts(counts.astype(np.float32))
    assert looks_like_counts(np.where(random.random(counts.shape) < 0.1, np.nan, counts))
    assert not looks_like_counts(tpm)
    assert not looks_like_counts(np.rint(tpm))
    assert not looks_like_counts(np.rint(tpm / 2))
    assert not looks_like_counts(np.zeros((5, 2)))
    late = counts.astype(float)
    late[-1, -1] += 0.5
    assert not looks_like_counts(late)


def test_counts_given_as_tpm_are_told_and_counts_declared_are_refused(report):
    counts = np.array([[100, 7], [5, 0], [0, 3]], np.float32)
    assert settled_scale(counts, "linear", "data.txt", report) == "linear"
    assert settled_scale(counts, "", "data.txt", report) == "linear"
    assert [note.reason for note in report].count("looks_like_counts") == 2
    with pytest.raises(InputError, match="gene lengths") as error:
        settled_scale(counts, "counts", "data.txt", report)
    assert "data_scale" in str(error.value)
    report.clear()
    settled_scale(counts + 0.5, "tpm", "data.txt", report)
    assert not report
