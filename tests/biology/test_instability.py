"""Scars of a genome: each definition on a drawn chromosome, the build, and the published scores of real tumours."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tumorcast.biology.chromosomes import build_named, chromosomes
from tumorcast.biology.instability import SEGMENT_COLUMNS, instability_scores
from tumorcast.domain.errors import InputError

MB = 1_000_000


def scores(*segments: tuple[float, float, int, int], build: str = "GRCh37", chromosome: str = "1") -> dict:
    """Of one chromosome; positions in Mb. Chromosome 2 is quiet."""
    quiet = ("2", 0, 243 * MB, 1, 1)
    rows = [(chromosome, int(a * MB), int(b * MB), major, minor) for a, b, major, minor in segments]
    return instability_scores(pd.DataFrame([*rows, quiet], columns=list(SEGMENT_COLUMNS)), build)


def test_a_quiet_genome_has_no_scars():
    assert set(scores((0, 249, 1, 1)).values()) == {0.0}


def test_loss_of_heterozygosity_counts_when_long_and_not_of_a_whole_chromosome():
    assert scores((0, 50, 1, 1), (50, 70, 1, 0), (70, 249, 1, 1))["hrd_loh"] == 1
    assert scores((0, 50, 1, 1), (50, 64, 1, 0), (64, 249, 1, 1))["hrd_loh"] == 0
    assert scores((0, 249, 2, 0))["hrd_loh"] == 0
    assert (
        scores((0, 50, 1, 1), (50, 58, 1, 0), (58, 70, 2, 0), (70, 249, 1, 1))["hrd_loh"] == 1
    )  # one region


def test_large_transitions_are_counted_arm_by_arm_after_smoothing():
    assert scores((0, 50, 1, 1), (50, 100, 2, 1), (100, 249, 1, 1))["lst"] == 2
    assert scores((0, 50, 1, 1), (50, 52, 3, 1), (52, 249, 1, 1))["lst"] == 0  # 2 Mb smoothed away
    assert scores((0, 50, 1, 1), (50, 52, 3, 1), (52, 249, 2, 1))["lst"] == 1
    assert scores((0, 125, 1, 1), (125, 249, 2, 1))["lst"] == 0  # at the centromere


def test_telomeric_imbalance_stays_on_its_arm():
    assert scores((0, 30, 2, 1), (30, 249, 1, 1))["tai"] == 1
    assert scores((0, 0.5, 2, 1), (0.5, 249, 1, 1))["tai"] == 0
    assert scores((0, 30, 2, 2), (30, 249, 2, 1))["tai"] == 1  # three copies are usual here
    assert scores((0, 130, 3, 1), (130, 249, 1, 1))["tai"] == 0
    assert scores((0, 30, 2, 1), (30, 200, 1, 1), (200, 249, 1, 0))["tai"] == 2


def test_shares_and_arms():
    found = scores((0, 125, 2, 1), (125, 249, 1, 1))
    assert found["fga"] == pytest.approx(125 / (249 + 243))
    assert found["wgii"] == pytest.approx(125 / 249 / 2)
    assert found["aneuploidy"] == 1


def test_another_build_is_told():
    with pytest.raises(InputError, match="all of them fit GRCh37"):
        scores((0, 249.2, 1, 1), build="hg38")
    with pytest.raises(InputError, match="unknown genome build"):
        build_named("hg18")
    assert build_named("hg19") == "GRCh37"
    assert set(chromosomes("b38")) == {*map(str, range(1, 23)), "X"}


def test_nothing_measured_is_unknown():
    empty = pd.DataFrame(columns=list(SEGMENT_COLUMNS))
    assert all(np.isnan(value) for value in instability_scores(empty, "GRCh38").values())


def test_real_tumours_have_their_published_scores(shared_data):
    """TransNEO's ASCAT segments against the scores that its authors computed from them."""
    folder = shared_data / "TransNEO"
    names = {"chr": "chromosome", "startpos": "start", "endpos": "end", "nMajor": "major", "nMinor": "minor"}
    segments = pd.read_csv(folder / "transneo-diagnosis-ASCAT-segments.tsv.gz", sep="\t").rename(
        columns=names
    )
    published = pd.read_csv(folder / "transneo-diagnosis-HRD.tsv.gz", sep="\t").set_index("Trial.ID")
    found = pd.DataFrame(
        {trial: instability_scores(rows, "GRCh37") for trial, rows in segments.groupby("Trial.ID")}
    ).T
    both = published.join(found, how="inner")
    assert len(both) >= 150
    for theirs, ours in (("HRD", "hrd_loh"), ("LST", "lst"), ("Telomeric.AI", "tai"), ("HRD.sum", "hrd_sum")):
        assert both[theirs].corr(both[ours]) > 0.85
