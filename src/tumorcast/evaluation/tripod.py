"""Reporting items of TRIPOD+AI (Collins et al. 2024, BMJ 385:e078378), answered from a run's files where they can be.

Items are named in our words; what only the authors know is left to them, and said so.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

_AUTHORS = "*the authors*"


def tripod_table(run: Path) -> str:
    """Markdown table of a finished run's folder (config.json, metrics.json, exclusions.csv, bundle/manifest.json)."""
    facts = {name: _json(run / path) for name, path in _FILES.items()}
    exclusions = run / "exclusions.csv"
    counts = pd.read_csv(exclusions)["reason"].value_counts().to_dict() if exclusions.is_file() else {}
    rows = "\n".join(f"| {number} | {topic} | {told} |" for number, topic, told in _items(facts, counts))
    head = "| item | what is asked | what this run says |\n|---|---|---|"
    return f"# TRIPOD+AI\n\nItems by Collins et al. 2024 (BMJ 385:e078378), in short.\n\n{head}\n{rows}\n"


_FILES = {"config": "config.json", "metrics": "metrics.json", "manifest": "bundle/manifest.json"}


def _items(facts: Mapping[str, Any], excluded: Mapping[Any, int]) -> Iterator[tuple[str, str, str]]:
    config, metrics, manifest = facts["config"], facts["metrics"], facts["manifest"]
    data, split, model = (config.get(key, {}) for key in ("data", "split", "model"))
    heads = ", ".join(model.get("heads", []))
    yield "1", "title: development or evaluation, population, outcome", _AUTHORS
    yield "2", "abstract", _AUTHORS
    yield "3a-c", "medical context, target population, known inequalities", _AUTHORS
    yield (
        "4",
        "objectives: development, evaluation",
        f"development with internal evaluation ({_split(split)})",
    )
    yield (
        "5a",
        "source of data",
        f"study `{manifest.get('study_id', '?')}`, {manifest.get('training_data', '?')} data",
    )
    yield "5b", "dates of data", _AUTHORS
    yield "6a", "setting, number of centres", _AUTHORS
    yield "6b", "eligibility", _eligibility(data)
    yield "6c", "treatments", "named course by course; drugs and classes are inputs of the model"
    yield (
        "7",
        "preparation of data",
        "fitted on training courses of each fold, kept in the bundle (`preprocess.json`)",
    )
    yield "8a", "outcome and horizon", f"{heads}; endpoint `{data.get('endpoint', '?')}`"
    yield "8b-c", "outcome assessment, blinding", _AUTHORS
    yield "9a", "choice of predictors", f"layers {', '.join(data.get('modalities', []))}; all their columns"
    yield (
        "9b-c",
        "definition and assessment of predictors",
        "docs/omics.md for derived ones; the rest *the authors*",
    )
    yield (
        "10",
        "sample size",
        f"{manifest.get('n_patients', '?')} patients, {manifest.get('n_courses', '?')} courses",
    )
    yield "11", "missing data", f"masked, never filled in silently; left out or noted: {_counts(excluded)}"
    yield (
        "12a",
        "use of data",
        f"{_split(split)}; {split.get('inner_folds', '?')} inner folds for every choice",
    )
    yield (
        "12b",
        "handling of predictors",
        "standardised on training courses; numbers limited to what training saw",
    )
    yield (
        "12c",
        "type of model, building, tuning",
        (
            f"penalised regression a layer plus a network of width {model.get('width', '?')}, mean of "
            f"{split.get('inner_folds', '?')} members, early stopping on inner folds"
        ),
    )
    yield (
        "12d",
        "heterogeneity between sites",
        (
            "whole sites in one fold"
            if split.get("by_site") or split.get("scheme") == "cohort"
            else "sites not kept apart"
        ),
    )
    yield (
        "12e",
        "measures of performance",
        "AUROC, AUPRC, Brier, calibration, net benefit, coverage (`evaluation.md`)",
    )
    yield (
        "12f",
        "updating after evaluation",
        (
            f"recalibrated at {manifest['recalibrated']['study_id']}"
            if manifest.get("recalibrated")
            else "none"
        ),
    )
    yield "12g", "how predictions are made", "ONNX graph of the bundle, `tumorcast predict`"
    yield "13", "class imbalance", "no resampling; probabilities calibrated on inner folds"
    yield "14", "fairness", "coverage by site and subgroup (`coverage.csv`); the rest *the authors*"
    yield (
        "15",
        "output and thresholds",
        f"probability, set of answers at 90%; thresholds {_thresholds(manifest)}",
    )
    yield "16", "differences between training and evaluation data", "same study, by patient; see 12a"
    yield "17", "ethical approval", _AUTHORS
    yield (
        "18a-f",
        "funding, conflicts, protocol, registration, data and code sharing",
        (f"code: tumorcast {manifest.get('tumorcast', '?')}; the rest *the authors*"),
    )
    yield "19", "involvement of patients and public", _AUTHORS
    yield (
        "20a-c",
        "flow and characteristics of participants",
        f"exclusions.csv; tables {_AUTHORS}",
    )
    yield "21", "participants and events in each analysis", "`evaluation.md`, first line"
    yield "22", "full model", "`bundle/predictor.onnx` with `preprocess.json`, digests in the manifest"
    yield "23a", "performance with intervals", _performance(metrics)
    yield "23b", "heterogeneity of performance", "by fold, site and subgroup: `coverage.csv`"
    yield "24", "results of updating", "`model_card.md`" if manifest.get("recalibrated") else "not applicable"
    yield "25-27", "interpretation, limitations, use", "limits in `model_card.md`; the rest *the authors*"


def _split(split: Mapping[str, Any]) -> str:
    scheme = split.get("scheme", "?")
    if scheme == "kfold":
        return (
            f"{split.get('folds')}-fold nested cross-validation by patient, {split.get('repeats', 1)} times"
        )
    named = {
        "holdout": f"{split.get('test_fraction', 0):.0%} of the patients held out",
        "file": "folds of splits.csv",
    }
    return named.get(scheme, "each cohort left out in turn")


def _eligibility(data: Mapping[str, Any]) -> str:
    lines = data.get("lines")
    which = "all lines of therapy" if lines is None else f"lines {', '.join(map(str, lines))}"
    days = data.get("tissue_days_before", 0)
    return f"{which}; tissue taken at least {days} days before treatment; the rest {_AUTHORS}"


def _counts(excluded: Mapping[Any, int]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in list(excluded.items())[:6]) or "nothing"


def _thresholds(manifest: Mapping[str, Any]) -> str:
    return ", ".join(f"{head} {cut:.2f}" for head, cut in manifest.get("thresholds", {}).items()) or "none"


def _performance(metrics: Mapping[str, Any]) -> str:
    own = metrics.get("fused", {})
    cells = [
        f"{name} {v['value']:.3f} [{v['low']:.3f}, {v['high']:.3f}]"
        for name, v in own.items()
        if None not in (v["value"], v["low"], v["high"])
    ]
    return ", ".join(cells) or "not assessed"


def _json(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else {}
