"""The command of a randomised trial: its figures, a test trial that lacks columns, nothing chosen on it, bad files."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from tumorcast.domain.errors import InputError

FOLDER = Path(__file__).resolve().parents[2] / "benchmarks" / "public"


@pytest.fixture
def command(monkeypatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    import poplar
    import randomised

    monkeypatch.setattr(poplar, "GRID", ((10.0, 1.0),))
    monkeypatch.setattr(poplar, "INNER_FOLDS", 2)
    monkeypatch.setattr(randomised, "FOLDS", 3)
    for name in ("autoc_interval", "permutation_p"):
        monkeypatch.setattr(randomised, name, partial(getattr(randomised, name), draws=100))
    monkeypatch.setattr(randomised.out_of_fold, "__defaults__", (1,))
    return randomised


def write_trial(
    folder: Path, n: int = 90, seed: int = 0, effect: float = 1.2
) -> tuple[Path, Path, pd.DataFrame]:
    """A trial in which patients with many variants gain from the new arm and the others lose."""
    random = np.random.default_rng(seed)
    burden = random.choice([2, 25], n)
    arm = random.permutation(np.arange(n) % 2)
    gain = np.where(burden > 16, effect, -effect) * arm
    pfs = random.exponential(6 * np.exp(gain)) + 0.1
    overall = pfs + random.exponential(4, n)
    end = random.uniform(14, 30, n)
    table = pd.DataFrame({
        "PtID": [f"{seed}{i}" for i in range(n)], "TRT01P": np.where(arm == 1, "MPDL3280A", "Docetaxel"), "BEP": "Y",
        "BAGE": random.normal(62, 9, n).round(), "SEX": random.choice(["F", "M"], n),
        "ECOGGR": random.integers(0, 2, n),
        "PFS": np.minimum(pfs, end), "PFS.CNSR": (pfs > end).astype(int),
        "OS": np.minimum(overall, end), "OS.CNSR": (overall > end).astype(int),
    })  # fmt: skip
    calls = [
        (p, "TP53", "missense", 0.1, "no")
        for p, b in zip(table["PtID"], burden, strict=True)
        for _ in range(b)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "clinical.csv", index=False)
    names = ["PtID", "gene_name", "effect", "af", "omitted_driver_mutation"]
    pd.DataFrame(calls, columns=names).to_csv(folder / "variants.csv", index=False)
    return folder / "clinical.csv", folder / "variants.csv", table


def run(command: ModuleType, monkeypatch, out: Path, *words: str | Path) -> dict:
    """metrics.json of a call."""
    called = ["randomised.py", *map(str, words), "--out", str(out), "--mlflow", "none", "--permutations", "0"]
    monkeypatch.setattr(sys, "argv", called)
    command.main()
    return json.loads((out / "metrics.json").read_text())


def test_who_gains_is_found_on_a_test_trial_that_lacks_columns(command, monkeypatch, tmp_path, capsys):
    clinical, variants, _ = write_trial(tmp_path / "a")
    other, others, table = write_trial(tmp_path / "b", seed=1)
    table.drop(columns=["ECOGGR", "BEP"]).to_csv(other, index=False)
    words = (
        "--clinical",
        clinical,
        "--variants",
        variants,
        "--test-clinical",
        other,
        "--test-variants",
        others,
    )
    told = run(command, monkeypatch, tmp_path / "out", *words, "--endpoint", "PFS")["test trial, PFS"]
    assert told["tumorcast"]["autoc"]["low"] > 0
    assert told["tumorcast"]["policy_minus_all"]["low"] > 0
    assert told["tumorcast"]["policy_minus_none"]["low"] > 0
    assert "autoc" not in told["constant"]
    assert told["constant"]["share_treated"]["value"] in (0.0, 1.0)
    made = pd.read_csv(tmp_path / "out" / "predictions.csv", dtype={"patient_id": str})
    assert list(made.columns) == ["patient_id", "predicted_benefit", "model"]
    assert set(made["patient_id"]) == set(table["PtID"])
    assert set(made["model"]) == {"tumorcast", "bTMB", "constant"}
    assert "left out of the model, absent from the test trial: ECOGGR" in capsys.readouterr().out

    turned = table.assign(TRT01P=table["TRT01P"].to_numpy()[::-1], PFS=table["PFS"] * 0.99)
    turned.drop(columns=["ECOGGR", "BEP"]).to_csv(other, index=False)
    run(command, monkeypatch, tmp_path / "again", *words, "--endpoint", "PFS")
    again = pd.read_csv(tmp_path / "again" / "predictions.csv")["predicted_benefit"]
    np.testing.assert_allclose(again, made["predicted_benefit"])


def test_a_short_test_trial_is_predicted_and_nobodys_number_turns_on_the_others(
    command, monkeypatch, tmp_path, capsys
):
    clinical, variants, _ = write_trial(tmp_path / "a")
    with variants.open("a", encoding="utf-8") as file:
        file.writelines(f"0{i},KRAS,missense,0.1,no\n" for i in range(0, 90, 3))
    other, others, table = write_trial(tmp_path / "b", n=60, seed=1)
    table.loc[table.groupby("TRT01P")["OS"].idxmax(), "OS.CNSR"] = 1
    table.to_csv(other, index=False)
    with others.open("a", encoding="utf-8") as file:
        file.write("10,KRAS,missense,0.1,no\n")
    words = ("--clinical", clinical, "--variants", variants, "--test-clinical", other, "--test-variants", others,
             "--horizon", "40")  # fmt: skip
    told = run(command, monkeypatch, tmp_path / "out", *words)
    assert "test trial, OS" not in told
    assert "OS: not judged" in capsys.readouterr().out
    made = pd.read_csv(tmp_path / "out" / "predictions.csv").set_index(["patient_id", "model"]).iloc[:, 0]
    pd.concat([table.iloc[2:12], table.iloc[20:40]]).assign(SEX="F").to_csv(other, index=False)
    alike = table["SEX"].eq("F").to_numpy()
    run(command, monkeypatch, tmp_path / "few", *words)
    few = pd.read_csv(tmp_path / "few" / "predictions.csv").set_index(["patient_id", "model"]).iloc[:, 0]
    kept = few.index[few.index.get_level_values(0).isin(table.loc[alike, "PtID"].astype(int))]
    assert len(kept) > 20
    np.testing.assert_allclose(few[kept], made[kept], atol=1e-9)


def test_out_of_fold_and_the_trials_own_figures(command, monkeypatch, tmp_path):
    clinical, variants, _ = write_trial(tmp_path / "a", n=80)
    told = run(command, monkeypatch, tmp_path / "out", "--clinical", clinical, "--variants", variants)
    assert told["training trial"]["PFS, bTMB >= 16"]["hazard_ratio"]["high"] < 1
    assert told["training trial"]["PFS, bTMB < 16"]["hazard_ratio"]["low"] > 1
    ours = told["training trial, out of fold, PFS"]["tumorcast"]
    assert ours["autoc"]["value"] > 0
    assert "autoc" not in told["training trial, out of fold, PFS"]["constant"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.assign(**{"OS.CNSR": 1 - t["OS.CNSR"]}), "OS: the flags seem inverted"),
        (lambda t: t.assign(PFS=t["PFS"] * 30.4, OS=t["OS"] * 30.4), "PFS: the times look like days"),
        (lambda t: t.assign(PFS=t["OS"], OS=t["PFS"] * 0.9), "longer than overall survival"),
        (lambda t: t.drop(columns="OS"), "lacks OS"),
        (lambda t: t.assign(TRT01P="Docetaxel"), "two arms"),
    ],
)
def test_wrong_files_are_named(command, monkeypatch, tmp_path, change, said):
    clinical, variants, table = write_trial(tmp_path / "a", effect=0.0)
    change(table).to_csv(clinical, index=False)
    with pytest.raises(InputError, match=said):
        run(command, monkeypatch, tmp_path / "out", "--clinical", clinical, "--variants", variants)
