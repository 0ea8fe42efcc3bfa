"""An audit as a page of Markdown, with its pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from tumorcast.evaluation.drawing import NOT_DRAWN, can_draw
from tumorcast.evaluation.prediction_table import check_predictions, is_survival
from tumorcast.readers.files import write_text


def write_report(
    folder: Path,
    audited: Mapping[str, Any],
    table: pd.DataFrame,
    fused: str,
    notes: list[str],
    simulated: bool,
) -> None:
    """`evaluation.md` and, where pictures can be drawn, `figures/`."""
    rows = check_predictions(table)
    drawn: list[str] = []
    if not is_survival(rows) and can_draw():
        from tumorcast.evaluation.audit_figures import draw_audit

        drawn = draw_audit(folder / "figures", rows, fused, simulated)
    elif not is_survival(rows):
        notes = [*notes, NOT_DRAWN]
    page = _page(audited, fused, notes, drawn, is_survival(rows), simulated)
    write_text(folder / "evaluation.md", "\n".join(page) + "\n")


def _page(
    audited: Mapping[str, Any],
    fused: str,
    notes: list[str],
    drawn: list[str],
    survival: bool,
    simulated: bool,
) -> Iterator[str]:
    yield "# Evaluation"
    yield ""
    if simulated:
        yield "**SIMULATED DATA: these figures show that the mechanics work, nothing about patients.**\n"
    what = "events" if survival else "responses"
    yield f"{audited['patients']} patients, {audited['courses']} courses, {audited['events']} {what}. Intervals: 95%,"
    yield f"{audited['bootstrap']} bootstrap resamples of patients (seed {audited['seed']}), unless said otherwise."
    for note in notes:
        yield f"\n- {note}"
    yield "\n## Discrimination and overall error\n"
    yield from _scores(audited["scores"])
    if survival:
        yield from _survival(audited["models"])
        return
    yield "\n## Differences in AUROC, folds pooled (DeLong; Holm over all of them)\n"
    yield "| model | difference | p | p adjusted |\n|---|---|---|---|"
    for name, d in audited["differences"].items():
        yield f"| {fused} - {name} | {_interval(d, '+')} | {_p(d['p'])} | {_p(d['p_holm'])} |"
    yield "\n## Calibration\n"
    yield "| model | slope | intercept | in the large | Brier skill over prevalence |\n|---|---|---|---|---|"
    keys = ("calibration_slope", "calibration_intercept", "calibration_in_the_large", "brier_skill")
    for name, m in audited["models"].items():
        yield f"| {name} | " + " | ".join(_interval(m[key]) for key in keys) + " |"
    error = audited["models"].get(fused, {}).get("calibration_error")
    if error:
        yield (
            f"\nExpected calibration error of {fused}: {error['value']:.3f}; a perfectly calibrated model would show "
            f"{error['null_mean']:.3f} (95% below {error['null_high']:.3f})."
        )
    yield "\n## Decisions\n"
    yield "Net benefit less that of the better of treating all and none.\n"
    yield (
        "| model | "
        + " | ".join(f"{row['threshold']:.0%}" for row in audited["models"][fused]["net_benefit"])
        + " |"
    )
    yield "|---" * (1 + len(audited["models"][fused]["net_benefit"])) + "|"
    for name, m in audited["models"].items():
        cells = (f"{r['gain']:+.3f} [{r['gain_low']:+.3f}, {r['gain_high']:+.3f}]" for r in m["net_benefit"])
        yield f"| {name} | " + " | ".join(cells) + " |"
    yield from (f"\n![{name}](figures/{name}.png)" for name in drawn)
    yield from _covered(audited["coverage"])


def _scores(scores: Mapping[str, Any]) -> Iterator[str]:
    metrics = list(next(iter(scores.values())))
    yield f"| model | {' | '.join(metrics)} |"
    yield "|---" * (len(metrics) + 1) + "|"
    for name, values in scores.items():
        sign = "+" if "_minus_" in name else ""
        yield (
            f"| {name.replace('_minus_', ' - ')} | "
            + " | ".join(_interval(values[m], sign) for m in metrics)
            + " |"
        )


def _survival(models: Mapping[str, Any]) -> Iterator[str]:
    has_training = any("integrated_brier" in m for m in models.values())
    whose = "training" if has_training else "these"
    yield f"\n## Weighted for censoring (of {whose} courses), pairs within folds\n"
    until = next(iter(models.values()))["uno_c"]["until_days"]
    days = [a["days"] for a in next(iter(models.values()))["auroc_by_time"]]
    heads = [f"Uno's C until {until:.0f} days", *(f"AUROC at {day:.0f} days" for day in days)]
    heads += ["integrated Brier"] * has_training
    yield f"| model | {' | '.join(heads)} |"
    yield "|---" * (1 + len(heads)) + "|"
    for name, m in models.items():
        cells = [_interval(m["uno_c"]), *(_interval(a) for a in m["auroc_by_time"])]
        cells += [_interval(m["integrated_brier"]) if "integrated_brier" in m else "-"] * has_training
        yield f"| {name} | {' | '.join(cells)} |"


def _covered(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield "\n## Sets of answers (promised 90%)\n"
    yield "| group | patients | coverage | one answer | right where one answer |\n|---|---|---|---|---|"
    for row in rows:
        yield (
            f"| {row['grouping']}: {row['group']} | {row['patients']} | {row['coverage']:.1%} [{row['low']:.1%}, "
            f"{row['high']:.1%}] | {row['single']:.0%} | {row['single_accuracy']:.0%} |"
        )


def _interval(told: Mapping[str, float], sign: str = "") -> str:
    value, low, high = (told.get(key) for key in ("value", "low", "high"))
    if value is None or not np.isfinite(value):
        return "undefined"
    if low is None or high is None or not np.isfinite([low, high]).all():
        return f"{value:{sign}.3f} [too few]"
    return f"{value:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def _p(value: float) -> str:
    return "-" if not np.isfinite(value) else f"{value:.3g}"
