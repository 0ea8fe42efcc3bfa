"""Substitutions by trinucleotide and exposures: known answers, strands, other builds, too few."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.sbs96 import CHANNELS, fasta_context, sbs96
from tumorcast.biology.signatures import exposures, read_signatures
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion


def variants(*rows: tuple[str, str, str]) -> pd.DataFrame:
    """ref, alt, context."""
    table = pd.DataFrame(rows, columns=["ref", "alt", "context"])
    return table.assign(sample_id="S1", chromosome="17", start=range(1, len(rows) + 1))


def counted(catalogue: pd.DataFrame, sample: str = "S1") -> dict[str, float]:
    row = catalogue.loc[sample]
    return row[row > 0].to_dict()


def test_channels_are_cosmics():
    assert len(set(CHANNELS)) == 96
    assert (CHANNELS[0], CHANNELS[1], CHANNELS[4], CHANNELS[-1]) == (
        "A[C>A]A",
        "A[C>A]C",
        "C[C>A]A",
        "T[T>G]T",
    )


@pytest.mark.parametrize(
    ("ref", "alt", "context", "channel"),
    [
        ("C", "T", "ACG", "A[C>T]G"),
        ("C", "T", "TTTTACGGGGG", "A[C>T]G"),
        ("G", "A", "CGT", "A[C>T]G"),
        ("A", "C", "GAT", "A[T>G]C"),
        ("G", "A", "ACG", "A[C>T]G"),
    ],
)
def test_each_substitution_stands_on_the_pyrimidine_strand(ref, alt, context, channel):
    assert counted(sbs96(variants((ref, alt, context)), None, [])) == {channel: 1.0}


def test_what_is_no_substitution_or_has_no_context_does_not_count():
    report: list[Exclusion] = []
    table = variants(
        ("C", "T", "ACG"), ("C", "-", "ACG"), ("CA", "TG", "ACG"), ("C", "A", ""), ("C", "G", "ANG")
    )
    assert counted(sbs96(table, None, report)) == {"A[C>T]G": 1.0}
    assert [(note.reason, note.detail[:6]) for note in report] == [("no_context", "2 of 3")]


def genome(folder: Path) -> Path:
    path = folder / "genome.fa"
    path.write_text(">chr17\nACGTACGTTCGA\n>chrX\nTTTT\n")
    return path


def test_context_comes_from_the_users_genome(tmp_path):
    table = variants(("C", "T", ""), ("T", "A", "")).assign(start=[2, 4])
    assert counted(sbs96(table, fasta_context(genome(tmp_path)), [])) == {"A[C>T]G": 1.0, "G[T>A]A": 1.0}


def test_a_genome_of_another_build_is_refused(tmp_path):
    table = variants(("C", "T", ""), ("C", "A", "")).assign(start=[2, 4])
    with pytest.raises(InputError, match="1 of 2 places differ"):
        sbs96(table, fasta_context(genome(tmp_path)), [])


def test_a_genome_that_is_not_there_is_told(tmp_path):
    with pytest.raises(InputError, match="no reference genome"):
        fasta_context(tmp_path / "none.fa")


def signatures(seed: int = 0, count: int = 6) -> pd.DataFrame:
    shares = np.random.default_rng(seed).dirichlet(np.full(96, 0.2), count).T
    return pd.DataFrame(shares, index=list(CHANNELS), columns=[f"SBS{i}" for i in range(count)])


def drawn(profile: pd.DataFrame, mixture: dict[str, float], total: int, seed: int) -> pd.DataFrame:
    mean = sum(profile[name] * share for name, share in mixture.items())
    counts = np.random.default_rng(seed).multinomial(total, mean)
    return pd.DataFrame([counts.astype(float)], index=["S1"], columns=list(CHANNELS))


def test_a_known_mixture_is_found_again():
    profile = signatures()
    mixture = {"SBS1": 0.6, "SBS4": 0.3, "SBS5": 0.1}
    found = exposures(drawn(profile, mixture, 3000, 1), profile, [])
    share = found.share.loc["S1"]
    for name in profile:
        assert share[name] == pytest.approx(mixture.get(name, 0.0), abs=0.03)
        assert found.low.loc["S1", name] - 0.01 <= mixture.get(name, 0.0) <= found.high.loc["S1", name] + 0.01
    assert found.similarity["S1"] > 0.99


def test_a_signature_that_is_not_there_has_no_exposure():
    profile = signatures()
    other = drawn(signatures(seed=9), {"SBS0": 1.0}, 3000, 2)
    assert exposures(other, profile, []).similarity["S1"] < 0.8
    alone = exposures(drawn(profile, {"SBS2": 1.0}, 500, 3), profile, []).share.loc["S1"]
    assert alone.drop("SBS2").max() < 0.06
    assert alone["SBS2"] > 0.9


def test_too_few_substitutions_have_no_exposures():
    report: list[Exclusion] = []
    found = exposures(drawn(signatures(), {"SBS1": 1.0}, 49, 4), signatures(), report)
    assert found.share.isna().all(axis=None)
    assert [note.reason for note in report] == ["too_few_substitutions"]


def test_files_of_both_versions_are_read_in_any_order(tmp_path):
    profile = signatures()
    third = profile.rename_axis("Type").reset_index().sample(frac=1, random_state=0)
    third.to_csv(tmp_path / "v3.txt", sep="\t", index=False)
    second = profile.rename_axis("Somatic Mutation Type").reset_index()
    second.insert(0, "Substitution Type", [c[2:5] for c in CHANNELS])
    second.insert(1, "Trinucleotide", [c[0] + c[2] + c[-1] for c in CHANNELS])
    second.assign(**{"Unnamed: 9": np.nan}).to_csv(tmp_path / "v2.txt", sep="\t", index=False)
    for name in ("v2.txt", "v3.txt"):
        pd.testing.assert_frame_equal(read_signatures(tmp_path / name), profile, check_names=False)


@pytest.mark.parametrize(
    ("change", "said"), [(lambda t: t * 2, "must sum to 1"), (lambda t: t.iloc[:90], "lacks channels")]
)
def test_a_file_that_holds_no_signatures_is_refused(tmp_path, change, said):
    change(signatures()).rename_axis("Type").to_csv(tmp_path / "s.txt", sep="\t")
    with pytest.raises(InputError, match=said):
        read_signatures(tmp_path / "s.txt")
