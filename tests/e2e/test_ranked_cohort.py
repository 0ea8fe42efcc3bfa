"""Treated by indication, trained, exported, ranked: what was best is found more often than by counting responders."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tumorcast.clinic.ranking.record import Ranking
from tumorcast.clinic.ranking.record_json import read_ranking

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1200)]

REGIMENS = {
    "pembrolizumab": "immunotherapy",
    "ipilimumab + nivolumab": "dual_immunotherapy",
    "carboplatin + pembrolizumab + pemetrexed": "combination",
    "carboplatin + pemetrexed": "chemotherapy",
    "olaparib": "parp_inhibitor",
}
NEVER_TO_FRAIL = ("dual_immunotherapy", "combination")
N_RANKED = 40
SETTINGS = (
    "name=ranked", "split.inner_folds=2", "split.test_fraction=0.2", "training.max_epochs=2", "training.threads=1",
    "training.singles=false", "training.rivals=[]", "evaluation.bootstrap=100", "evaluation.subsets=false",
    "evaluation.baselines=[]", "tracking.enabled=false", "data.features=null",
    "data.modalities=[mutations,expression,clinical]",
)  # fmt: skip


def run(folder: Path, *words: object) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "tumorcast.cli.main", *map(str, words)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Ranking]]:
    """The study, and the rankings of held-out patients."""
    folder = tmp_path_factory.mktemp("ranked")
    run(
        folder, "simulate", "study", "--patients", 1200, "--seed", 1, "--features-only", "--tiles-per-slide", 4,
        "--regimens", "five", "--assignment", "confounded", "--no-overlap", "--drugs", "by-cancer",
    )  # fmt: skip
    run(folder, "train", ROOT / "configs" / "base.yaml", f"data.study={folder / 'study'}", *SETTINGS)
    results = folder / "runs" / "ranked"
    held_out = sorted(pd.read_csv(results / "predictions.csv")["patient_id"].unique())[:N_RANKED]
    asked = [word for name in held_out for word in ("--patient", name)]
    only = [word for key in REGIMENS for word in ("--only", key)]
    run(folder, "rank", results / "bundle", "study", *asked, *only, "--out", "rankings")
    return folder / "study", {
        name: read_ranking(folder / "rankings" / name / "ranking.json") for name in held_out
    }


def numbers(ranking: Ranking) -> dict[str, float]:
    """Regimen -> probability, of those that have one."""
    own = (one for one in ranking.candidates if one.key in REGIMENS)
    return {REGIMENS[one.key]: one.response.value for one in own if one.response is not None}


@pytest.fixture(scope="module")
def truth(ranked: tuple[Path, dict[str, Ranking]]) -> pd.DataFrame:
    """One row a course and regimen; never read by the package."""
    return pd.read_csv(ranked[0] / "truth" / "potential_outcomes.csv")


def test_the_best_is_found_more_often_than_by_counting_responders(
    ranked: tuple[Path, dict[str, Ranking]], truth: pd.DataFrame
):
    _, rankings = ranked
    chance = truth.pivot(index="patient_id", columns="regimen_class", values="probability")
    seen = truth[truth["is_received"] & ~truth["patient_id"].isin(rankings)]
    counted = seen["best_response"].isin(["CR", "PR"]).groupby(seen["regimen_class"]).mean()
    found, naive, told, by_count, highest = [], [], [], [], []
    for name, ranking in rankings.items():
        own = numbers(ranking)
        if ranking.status != "compared":
            continue
        possible = chance.loc[name, list(own)]
        first, naively = max(own, key=lambda one: own[one]), counted[list(own)].idxmax()
        found.append(first == possible.idxmax())
        naive.append(naively == possible.idxmax())
        told.append(possible[first])
        by_count.append(possible[naively])
        highest.append(possible.max())
    n, means = len(found), [sum(each) / len(each) for each in (found, naive, told, by_count, highest)]
    print(f"{n} ranked: found {means[0]:.0%}, naively {means[1]:.0%}; true chance {means[2]:.3f}, {means[3]:.3f} "
          f"naively, {means[4]:.3f} at most")  # fmt: skip
    assert n >= 20
    assert means[0] > means[1]
    assert means[2] > means[3] + 0.05


def test_a_group_above_another_is_truly_better(ranked: tuple[Path, dict[str, Ranking]], truth: pd.DataFrame):
    chance = truth.set_index(["patient_id", "regimen_class"])["probability"]
    apart = [
        chance[name, REGIMENS[one.first]] > chance[name, REGIMENS[one.second]]
        for name, ranking in ranked[1].items()
        for one in ranking.contrasts
        if not one.is_tie and {one.first, one.second} <= set(REGIMENS)
    ]
    print(f"{len(apart)} contrasts told apart, {sum(apart)} of them rightly")
    assert sum(apart) >= 0.9 * len(apart)


def test_without_overlap_there_is_a_reason_and_no_number(
    ranked: tuple[Path, dict[str, Ranking]], truth: pd.DataFrame
):
    impossible = truth[truth["propensity"] == 0].groupby("patient_id")["regimen_class"].agg(set)
    checked = 0
    for name, ranking in ranked[1].items():
        given = {REGIMENS[one.key]: one for one in ranking.candidates if one.key in REGIMENS}
        told = {one.overlap.support for one in given.values()}
        if name not in impossible or told & {"unknown_patient", "counts"}:
            assert told != {"none"}
            continue
        for regimen in NEVER_TO_FRAIL:
            if "ECOG 2" in given[regimen].reason:
                assert not given[regimen].has_number
                checked += 1
        own = {one.key for one in given.values() if not one.has_number}
        assert not {one.first for one in ranking.contrasts} & own
    assert checked >= 4
