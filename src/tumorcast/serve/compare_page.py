"""A comparison of two versions as files: a page that needs nothing else, a table, and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pandas as pd

from tumorcast.domain.errors import InputError
from tumorcast.readers.files import write_text
from tumorcast.serve.compare import VersionComparison, only_one

PAGE, TABLE, FIGURES = "comparison.html", "comparison.csv", "comparison.json"
_SIDE, _EDGE = 320, 36
_NAMES = {
    "mean_difference": "mean difference of the probability, new - old",
    "mean_absolute_difference": "mean absolute difference of the probability",
    "lower_limit": "lower limit of agreement",
    "upper_limit": "upper limit of agreement",
    "auroc_old": "AUROC of old",
    "auroc_new": "AUROC of new",
    "auroc_difference": "difference of the AUROC, new - old",
    "brier_old": "Brier score of old",
    "brier_new": "Brier score of new",
    "brier_difference": "difference of the Brier score, new - old",
}
_SIGNED = ("mean_difference", "lower_limit", "upper_limit", "auroc_difference", "brier_difference")


def write_comparison(found: VersionComparison, folder: Path) -> None:
    """Write `comparison.html`, `comparison.csv` and `comparison.json`."""
    table = found.table.assign(watermark=found.watermark) if found.watermark else found.table
    write_text(folder / TABLE, table.to_csv(index=False, lineterminator="\n"))
    write_text(folder / FIGURES, json.dumps(_finite(_figures(found)), indent=1, ensure_ascii=False) + "\n")
    write_text(folder / PAGE, comparison_page(found))


def comparison_page(found: VersionComparison) -> str:
    """The page; every text in it is escaped.

    Raises:
        InputError: jinja2 is not installed.
    """
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise InputError("pages need the lab's extra packages", fix="install tumorcast[lab]") from error
    both = found.table.dropna(subset=["difference"])
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["figure"] = _figure
    template = environment.from_string(
        files(__package__).joinpath("compare_page.html").read_text(encoding="utf-8")
    )
    return template.render(
        found=found,
        summary=found.summary,
        rows=found.table.sort_values("difference", key=abs, ascending=False, na_position="last").to_dict(
            "records"
        ),
        only_one=only_one(found.table),
        names=_NAMES,
        side=_SIDE,
        edge=_EDGE,
        scatter=_points(both["probability_old"], both["probability_new"], (0.0, 1.0)),
        bland=_points(
            (both["probability_old"] + both["probability_new"]) / 2, both["difference"], (-1.0, 1.0)
        ),
        lines={name: _y(value["value"], (-1.0, 1.0)) for name, value in found.summary["agreement"].items()},
        is_number=lambda value: isinstance(value, float) and math.isfinite(value),
    )


def _points(x: pd.Series, y: pd.Series, span: tuple[float, float]) -> Sequence[tuple[float, float]]:
    """Pixel coordinates; x runs from 0 to 1, y over `span`."""
    return [(_EDGE + float(a) * (_SIDE - 2 * _EDGE), _y(float(b), span)) for a, b in zip(x, y, strict=True)]


def _y(value: float, span: tuple[float, float]) -> float:
    return _SIDE - _EDGE - (value - span[0]) / (span[1] - span[0]) * (_SIDE - 2 * _EDGE)


def _figure(value: dict[str, float], name: str) -> str:
    if not math.isfinite(value["value"]):
        return "not assessed"
    form = "+.3f" if name in _SIGNED else ".3f"
    known = math.isfinite(value["low"]) and math.isfinite(value["high"])
    span = f" [{value['low']:{form}}, {value['high']:{form}}]" if known else " (no interval)"
    return f"{value['value']:{form}}{span}"


def _figures(found: VersionComparison) -> dict[str, Any]:
    told = {"old": found.old, "new": found.new, "study": found.study_id, "watermark": found.watermark}
    differences = [{"what": d.what, "old": d.old, "new": d.new} for d in found.differences]
    return {
        **told,
        "summary": found.summary,
        "differences": differences,
        "only_one": list(only_one(found.table)),
    }


def _finite(value: Any) -> Any:
    """The same with None for what is not finite, as JSON wants it."""
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
