"""Matrices of features x samples: what repeats, what is no number, what is on no known scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tumorcast.biology.genes import Gene, GeneTable
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers.matrix import read_copy_number, read_expression, read_generic_assay

GENES = GeneTable([Gene("TP53", "7157", "", ()), Gene("KMT2D", "8085", "", ("MLL2",))], "test")


@pytest.fixture
def report() -> list[Exclusion]:
    return []


def file(folder: Path, text: str) -> Path:
    path = folder / "data.txt"
    path.write_text(text)
    return path


def reasons(report: list[Exclusion]) -> set[str]:
    return {note.reason for note in report}


def test_rows_of_one_gene_are_averaged_as_tpm_and_z_scores_as_they_are(tmp_path, report):
    rows = file(tmp_path, "Hugo_Symbol\tS1\nMLL2\t1\nTP53\t5\nKMT2D\t3\n")
    tpm = read_expression(rows, "log2(TPM+1)", GENES, report)
    assert tpm.columns.tolist() == ["KMT2D", "TP53"]
    np.testing.assert_allclose(tpm.loc["S1"], [np.log2(1 + (1 + 7) / 2), 5], rtol=1e-6)
    np.testing.assert_allclose(read_expression(rows, "z-score", GENES, report).loc["S1"], [2, 5])
    assert "duplicate_rows" in reasons(report)


def test_averaging_takes_the_measured_rows_alone(tmp_path, report):
    rows = file(tmp_path, "Hugo_Symbol\tS1\tS2\nMLL2\t1\tNA\nKMT2D\tNA\tNA\n")
    values = read_expression(rows, "log2(TPM+1)", GENES, report)["KMT2D"]
    np.testing.assert_allclose(values, [1, np.nan], rtol=1e-6)


def test_levels_of_one_gene_are_not_averaged(tmp_path, report):
    levels = read_copy_number(file(tmp_path, "Hugo_Symbol\tS1\nMLL2\t2\nKMT2D\t-2\n"), GENES, report)
    assert levels.loc["S1", "KMT2D"] == 2
    assert "duplicate_rows" in reasons(report)


def test_of_two_columns_of_a_sample_the_first_counts(tmp_path, report):
    path = file(tmp_path, "Hugo_Symbol\tS1\tS2\tS1\nTP53\t1\t2\t3\n")
    values = read_expression(path, "log2(TPM+1)", GENES, report)
    assert values["TP53"].to_dict() == {"S1": 1.0, "S2": 2.0}
    assert [(note.id, note.reason) for note in report] == [("S1", "duplicate_column")]


def test_rows_longer_than_the_header_are_refused_not_shifted(tmp_path, report):
    with pytest.raises(InputError, match="longer than the header"):
        read_expression(file(tmp_path, "Hugo_Symbol\tS1\nTP53\t1\t2\n"), "", GENES, report)


def test_words_among_the_values_are_not_measured_and_counted(tmp_path, report):
    path = file(tmp_path, "Hugo_Symbol\tS1\tS2\nTP53\tlow\t2\n")
    values = read_expression(path, "log2(TPM+1)", GENES, report)
    np.testing.assert_array_equal(values["TP53"], [np.nan, 2])
    assert "not_a_number" in reasons(report)


def test_high_values_with_negative_ones_are_on_no_scale_that_can_be_judged(tmp_path, report):
    with pytest.raises(InputError, match="negative"):
        read_expression(file(tmp_path, "Hugo_Symbol\tS1\tS2\nTP53\t-1\t5000\n"), "", GENES, report)


def test_logarithms_below_zero_tpm_are_no_expression_and_counted(tmp_path, report):
    path = file(tmp_path, "Hugo_Symbol\tS1\tS2\nTP53\t-0.4\t3\n")
    assert read_expression(path, "log2(TPM+1)", GENES, report)["TP53"].tolist() == [0, 3]
    assert "below_zero" in reasons(report)


def test_an_unknown_scale_is_refused(tmp_path, report):
    with pytest.raises(InputError, match="data_scale"):
        read_expression(file(tmp_path, "Hugo_Symbol\tS1\nTP53\t1\n"), "counts", GENES, report)


def test_entities_without_name_or_again_are_left_out(tmp_path, report):
    rows = "ENTITY_STABLE_ID\tS1\na\t1\na\t2\n\t3\nb\t4\n"
    layer = read_generic_assay(file(tmp_path, rows), [], report)
    assert layer.loc["S1"].to_dict() == {"a": 1.0, "b": 4.0}
    assert {"no_identifier", "duplicate_rows"} <= reasons(report)


@pytest.mark.parametrize("read", [read_copy_number, lambda p, g, r: read_expression(p, "", g, r)])
def test_a_matrix_without_gene_names_is_refused(tmp_path, report, read):
    with pytest.raises(InputError, match="Hugo_Symbol"):
        read(file(tmp_path, "Symbols\tS1\nTP53\t1\n"), GENES, report)
