"""Scores: folds, paired resamples, undefined cases, the written file and its schema."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tumorcast.domain.errors import InputError
from tumorcast.evaluation.scores import mean_of_tables, score_predictions, write_metrics
from tumorcast.evaluation.table import metrics_table, verdict

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "metrics_schema.json").read_text())
SIGNALS = {"fused": 2.0, "slide": 1.9, "graph": 0.5}


def predictions(n: int = 120, folds: int = 3, seed: int = 0) -> pd.DataFrame:
    """Models that share most of their noise, as models of one cohort do; two courses a patient."""
    random = np.random.default_rng(seed)
    label = np.arange(n) % 2
    noise = random.normal(size=n)
    who = {
        "patient_id": [f"p{i // 2}" for i in range(n)],
        "course_id": [f"c{i}" for i in range(n)],
        "fold": [f"fold_{i // 2 % folds}" for i in range(n)],
        "label": label.astype(float),
    }
    tables = []
    for model, signal in SIGNALS.items():
        logit = signal * (label - 0.5) + noise + 0.2 * random.normal(size=n)
        tables.append(pd.DataFrame({**who, "model": model, "probability": 1 / (1 + np.exp(-logit))}))
    return pd.concat(tables, ignore_index=True)


def survival_predictions() -> pd.DataFrame:
    table = predictions()
    random = np.random.default_rng(1)
    time = dict(zip(table["course_id"].unique(), random.exponential(400, 120), strict=True))
    return table.drop(columns=["label", "probability"]).assign(
        time_days=table["course_id"].map(time),
        is_event=table["label"],
        risk=table["probability"] - table["course_id"].map(time) / 400,
    )


def test_value_is_the_mean_over_folds_by_size():
    table = predictions(n=130).iloc[:130]
    table.loc[table["fold"] == "fold_1", "probability"] **= 3
    per_fold = [
        (len(rows), roc_auc_score(rows["label"], rows["probability"])) for _, rows in table.groupby("fold")
    ]
    expected = np.average([v for _, v in per_fold], weights=[n for n, _ in per_fold])
    assert score_predictions(table, n_bootstrap=10)["fused"]["auroc"]["value"] == pytest.approx(expected)
    assert roc_auc_score(table["label"], table["probability"]) != pytest.approx(expected, abs=1e-3)


def test_a_different_calibration_of_each_fold_does_not_change_the_auroc():
    table = predictions()
    moved = table.assign(probability=table["probability"] ** (1 + table["fold"].str[-1].astype(int)))
    plain, other = (score_predictions(t, n_bootstrap=50)["fused"]["auroc"] for t in (table, moved))
    assert other == pytest.approx(plain)


def test_folds_of_one_class_do_not_count_and_where_they_are_most_folds_are_pooled():
    table = predictions().query("model == 'fused'")
    one_class = (table["fold"] == "fold_0") & (table["label"] == 0)
    rest = table[table["fold"] != "fold_0"]
    assert score_predictions(table[~one_class])["fused"]["auroc"]["value"] == pytest.approx(
        score_predictions(rest)["fused"]["auroc"]["value"]
    )
    tiny = table.assign(fold=table["course_id"])
    pooled = score_predictions(tiny)["fused"]["auroc"]
    assert pooled["value"] == pytest.approx(roc_auc_score(table["label"], table["probability"]))
    assert pooled["low"] < pooled["value"] < pooled["high"]


def test_rows_order_does_not_matter():
    table = predictions()
    shuffled = table.sample(frac=1, random_state=0)
    first, second = (score_predictions(t, n_bootstrap=100, singles=("slide",)) for t in (table, shuffled))
    for key, values in first.items():
        assert second[key]["auroc"] == pytest.approx(values["auroc"])


def test_a_paired_difference_is_narrower_than_the_two_intervals_apart():
    found = score_predictions(predictions(), singles=("slide", "graph"))
    width = {key: of["auroc"]["high"] - of["auroc"]["low"] for key, of in found.items()}
    assert width["fused_minus_slide"] < 0.7 * np.hypot(width["fused"], width["slide"])


def test_the_best_single_modality_is_sought_among_singles_only():
    found = score_predictions(predictions(), n_bootstrap=50, singles=("graph",))
    assert found["fused_minus_best_single"] == found["fused_minus_graph"]
    found = score_predictions(predictions(), n_bootstrap=50, singles=("graph", "slide", "absent"))
    assert found["fused_minus_best_single"] == found["fused_minus_slide"]
    assert "fused_minus_best_single" not in score_predictions(predictions(), n_bootstrap=50)


def test_a_difference_is_taken_over_the_courses_of_both_models():
    table = predictions()
    is_left_out = (table["model"] == "slide") & table["patient_id"].isin([f"p{i}" for i in range(20)])
    found = score_predictions(table[~is_left_out], n_bootstrap=50)
    both = table[~table["patient_id"].isin([f"p{i}" for i in range(20)])]
    expected = score_predictions(both, n_bootstrap=50)["fused_minus_slide"]["auroc"]["value"]
    assert found["fused_minus_slide"]["auroc"]["value"] == pytest.approx(expected)
    apart = found["fused"]["auroc"]["value"] - found["slide"]["auroc"]["value"]
    assert apart != pytest.approx(expected, abs=1e-6)


def test_two_responders_in_the_cohort_give_no_interval():
    table = predictions().query("model == 'fused'")
    few = table.drop(index=table.index[(table["label"] == 1)][2:])
    found = score_predictions(few)["fused"]["auroc"]
    assert np.isfinite(found["value"])
    assert np.isnan([found["low"], found["high"]]).all()


@pytest.mark.parametrize("table", [predictions(), survival_predictions()], ids=["response", "survival"])
def test_written_file_fits_the_schema(table, tmp_path):
    found = score_predictions(table, n_bootstrap=50, singles=("slide",))
    write_metrics(tmp_path / "metrics.json", found)
    read = json.loads((tmp_path / "metrics.json").read_text())
    jsonschema.validate(read, SCHEMA)
    assert read == found
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_undefined_values_are_null(tmp_path):
    table = predictions().assign(label=1.0)
    write_metrics(tmp_path / "metrics.json", score_predictions(table, n_bootstrap=20))
    read = json.loads((tmp_path / "metrics.json").read_text())
    jsonschema.validate(read, SCHEMA)
    assert read["fused"]["auroc"] == {"value": None, "low": None, "high": None}


def test_schema_refuses_what_is_not_a_score():
    wrong = {"fused": {"auroc": {"value": 1.2, "low": 0, "high": 1}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.drop(columns="fold"), "add fold"),
        (lambda t: t.drop(columns="label"), "add label"),
        (lambda t: t.assign(label=np.nan), "no course has both"),
        (lambda t: t.assign(label=2.0), "label is out of range"),
        (lambda t: t.assign(probability=t["probability"] * 3), "probability is out of range"),
        (lambda t: pd.concat([t, t.iloc[:1]]), "course c0"),
    ],
)
def test_tables_that_cannot_be_scored_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        score_predictions(change(predictions()))


def test_terminal_table_names_every_model_and_tells_what_is_shown():
    found = score_predictions(predictions(), singles=("slide", "graph"))
    text = metrics_table(found)
    assert f"{found['slide']['auroc']['value']:.3f} [" in text
    assert {"fused", "slide", "graph"} <= {line.split(" ")[0] for line in text.splitlines()}
    assert max(map(len, text.splitlines())) < 120


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0.01, 0.2, "Fusion is better"),
        (-0.01, 0.2, "not shown to be better"),
        (-0.2, -0.01, "WORSE"),
        (None, None, "not shown to be better"),
    ],
)
def test_verdict_follows_the_interval(low, high, words):
    told = {"fused_minus_best_single": {"auroc": {"value": 0.05, "low": low, "high": high}}}
    assert words in verdict(told)


def test_without_single_modalities_nothing_is_said_of_fusion():
    assert "nothing is said" in verdict(score_predictions(predictions(), n_bootstrap=20))


def test_means_of_tables_count_each_table_alike() -> None:
    random = np.random.default_rng(0)
    parts = []
    for name, n, strength in (("large", 300, 2.0), ("small", 60, 0.0)):
        label = (random.random(n) < 0.5).astype(float)
        for model, own in (("ours", strength), ("other", 0.5)):
            score = label * own + random.normal(size=n)
            people, chance = [f"{name}{i}" for i in range(n)], 1 / (1 + np.exp(-score))
            parts.append(pd.DataFrame({"patient_id": people, "course_id": people, "fold": "all", "table": name,
                                       "label": label, "model": model, "probability": chance}))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    found = mean_of_tables(table, fused="ours", n_bootstrap=200)
    each = [
        score_predictions(table[table["table"] == name], fused="ours", n_bootstrap=10)
        for name in ("large", "small")
    ]
    mean = np.mean([one["ours"]["auroc"]["value"] for one in each])
    assert found["ours"]["auroc"]["value"] == pytest.approx(mean, abs=1e-12)
    less = found["ours_minus_other"]["auroc"]
    assert less["value"] == pytest.approx(mean - found["other"]["auroc"]["value"], abs=1e-12)
    assert less["low"] < less["value"] < less["high"]


def test_a_simpler_model_that_is_better_is_named():
    def told(value: float, low: float, high: float) -> dict[str, dict[str, float]]:
        return {"auroc": {"value": value, "low": low, "high": high}}

    metrics = {
        "fused": told(0.6, 0.5, 0.7), "elastic_net": told(0.8, 0.7, 0.9), "tmb": told(0.55, 0.4, 0.7),
        "fused_minus_elastic_net": told(-0.2, -0.3, -0.1), "fused_minus_tmb": told(0.05, -0.1, 0.2),
    }  # fmt: skip
    assert "Better than the fused model here, and simpler: elastic_net." in verdict(metrics)
    del metrics["fused_minus_elastic_net"]
    assert "simpler" not in verdict(metrics)
