"""Chosen probes out of tables of every layout and scale; samples that cannot be used, one by one."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest

from toy_betas import toy_betas, write_betas
from tumorcast.domain.errors import InputError
from tumorcast.domain.exclusions import Exclusion
from tumorcast.readers import probe_rows
from tumorcast.readers.probe_betas import ProbeBetas, read_probe_betas

PROBES = [f"cg{n:08d}" for n in range(400)]
WANTED = ["cg00000007", "ch.13.39564907R", "cg00000003"]


@pytest.fixture
def report() -> list[Exclusion]:
    return []


@pytest.fixture
def betas() -> pd.DataFrame:
    return toy_betas(3, [*PROBES, "ch.13.39564907R", "rs10796216"])


def expected(betas: pd.DataFrame) -> np.ndarray:
    return betas.loc[WANTED].to_numpy().T


@pytest.mark.parametrize("name", ["b.tsv", "b.csv", "b.csv.gz", "b.txt.gz"])
@pytest.mark.parametrize("is_whole", [True, False])
def test_every_layout_gives_the_same(tmp_path, report, betas, name, is_whole):
    rows = read_probe_betas(write_betas(tmp_path / name, betas), WANTED, report, is_whole=is_whole)
    columns = read_probe_betas(write_betas(tmp_path / f"t{name}", betas.T), WANTED, report, is_whole=is_whole)
    for read in (rows, columns):
        assert read.samples == ("S0", "S1", "S2")
        assert read.scale == "beta"
        assert not read.unfit
        np.testing.assert_allclose(read.values, expected(betas), rtol=1e-12)
        assert read.n_rows == 400
        if is_whole:
            np.testing.assert_allclose(read.mean_beta, betas.loc[PROBES].mean().to_numpy())
            assert read.n_cpgs.tolist() == [400] * 3
        else:
            assert np.isnan(read.mean_beta).all()


def test_small_blocks_give_the_same(tmp_path, report, betas, monkeypatch):
    monkeypatch.setattr(probe_rows, "_CHUNK_CELLS", 90)
    read = read_probe_betas(write_betas(tmp_path / "b.tsv", betas), WANTED, report, is_whole=True)
    np.testing.assert_allclose(read.values, expected(betas), rtol=1e-12)
    np.testing.assert_allclose(read.mean_beta, betas.loc[PROBES].mean().to_numpy())


@pytest.mark.parametrize("is_transposed", [True, False])
def test_percentages_and_m_values_become_betas(tmp_path, report, betas, is_transposed):
    clipped = betas.clip(0.01, 0.99)
    for scale, table in {"percent": clipped * 100, "m": np.log2(clipped / (1 - clipped))}.items():
        path = write_betas(tmp_path / f"{scale}.csv", table.T if is_transposed else table)
        read = read_probe_betas(path, WANTED, report, is_whole=True)
        assert read.scale == scale
        np.testing.assert_allclose(read.values, expected(clipped), rtol=1e-9)
        np.testing.assert_allclose(read.mean_beta, clipped.loc[PROBES].mean().to_numpy())
    assert {one.detail for one in report if one.reason == "converted"} == {
        "percentages to betas", "M-values to betas",
    }  # fmt: skip


@pytest.mark.parametrize("is_transposed", [True, False])
def test_a_sample_on_another_scale_is_unfit_and_the_others_are_read(tmp_path, report, betas, is_transposed):
    mixed = betas.assign(S1=betas["S1"] * 100, S2=betas["S2"] * 900 - 100, S3=np.nan, S4=betas["S0"])
    read = read_probe_betas(
        write_betas(tmp_path / "b.tsv", mixed.T if is_transposed else mixed), WANTED, report
    )
    assert read.scale == "beta"
    assert set(read.unfit) == {"S1", "S2", "S3"}
    assert "percentages" in read.unfit["S1"]
    assert "no betas" in read.unfit["S2"]
    assert read.unfit["S3"] == "no value is measured"
    np.testing.assert_allclose(read.values[[0, 4]], betas.loc[WANTED, ["S0", "S0"]].to_numpy().T)
    assert np.isnan(read.values[1:4]).all()


@pytest.mark.parametrize("is_transposed", [True, False])
def test_a_sample_given_twice_is_said_nothing_of(tmp_path, report, betas, is_transposed):
    twice = betas.set_axis(["A", "B", "A"], axis=1)
    read = read_probe_betas(
        write_betas(tmp_path / "b.csv", twice.T if is_transposed else twice), WANTED, report
    )
    assert read.samples == ("A", "B")
    assert set(read.unfit) == {"A"}
    assert np.isnan(read.values[0]).all()
    assert not np.isnan(read.values[1]).any()


def test_replicates_are_averaged_where_measured(tmp_path, report):
    table = pd.DataFrame(
        [[0.2, 0.4], [0.4, np.nan], [0.5, 0.5]],
        index=["cg00000003_TC21", "cg00000003_TC22", "ch.13.39564907R_BC11"], columns=["A", "B"],
    )  # fmt: skip
    read = read_probe_betas(write_betas(tmp_path / "b.csv", table), WANTED, report)
    np.testing.assert_allclose(read.values, [[np.nan, 0.5, 0.3], [np.nan, 0.5, 0.4]])
    assert read.has_suffixes


def test_few_values_outside_become_unknown_and_words_too(tmp_path, report, betas):
    table = betas.astype(object)
    table.loc["cg00000003", "S0"] = 1.2
    table.loc["cg00000007", "S1"] = "low"
    read = read_probe_betas(write_betas(tmp_path / "b.csv", table), WANTED, report, is_whole=True)
    assert np.isnan(read.values[0, 2])
    assert np.isnan(read.values[1, 0])
    assert {"outside_0_1", "not_a_number"} <= {one.reason for one in report}


def test_the_scale_may_be_declared_where_few_values_cannot_tell(tmp_path, report):
    table = pd.DataFrame(
        [[12.0], [3.0], [19.0]], index=["cg00000003", "cg00000007", "cg00000011"], columns=["A"]
    )
    path = write_betas(tmp_path / "b.csv", table)
    with pytest.raises(InputError, match="holds no betas"):
        read_probe_betas(path, WANTED, report)
    read: ProbeBetas = read_probe_betas(path, WANTED, report, "percent")
    np.testing.assert_allclose(read.values[0, [0, 2]], [0.03, 0.12])
    with pytest.raises(InputError, match="holds no betas"):
        read_probe_betas(path, WANTED, report, "beta")


def test_raw_intensities_and_folders_are_out_of_scope(tmp_path, report):
    (tmp_path / "1_R01C01_Grn.idat").write_bytes(b"IDAT\x03\0\0\0")
    (tmp_path / "renamed.csv").write_bytes(b"IDAT\x03\0\0\0")
    for name in ("1_R01C01_Grn.idat", "renamed.csv"):
        with pytest.raises(InputError, match="IDAT"):
            read_probe_betas(tmp_path / name, WANTED, report)
    with pytest.raises(InputError, match="a folder"):
        read_probe_betas(tmp_path, WANTED, report)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("probe\tA\tB\ncg00000003\t0.1\n", "not a table"),
        ("probe\tA\ncg00000003\t0.1\ncg00000007\t0.1\t0.2\n", "not a table"),
        (",cg00000003,cg00000007\nA,0.1\n", "not as long"),
        (",cg00000003,cg00000007\n", "no table of methylation"),
        ("gene\tA\nTP53\t0.5\n", "no CpG probes"),
        ("cg00000003,cg00000007\n0.1,0.2\n", "names no samples"),
    ],
)
def test_what_is_no_table_of_probes_is_refused(tmp_path, report, text, match):
    path = tmp_path / "b.txt"
    path.write_text(text)
    with pytest.raises(InputError, match=match):
        read_probe_betas(path, WANTED, report)


def test_memory_does_not_grow_with_what_was_not_asked_for(tmp_path, report, monkeypatch):
    monkeypatch.setattr(probe_rows, "_CHUNK_CELLS", 20_000)
    line, header = "\t0.1234" * 100 + "\n", "probe" + "".join(f"\tS{n}" for n in range(100)) + "\n"
    peaks = []
    for n_rows in (400, 400, 1_600):
        (tmp_path / "b.txt").write_text(header + "".join(f"cg{n:08d}{line}" for n in range(n_rows)))
        tracemalloc.start()
        assert read_probe_betas(tmp_path / "b.txt", WANTED, report, is_whole=True).n_rows == n_rows
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.3 * peaks[1]
