"""What a search found, as a table of trials, as JSON, and as pictures in the run's folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from tumorcast.config.space import SearchConfig
from tumorcast.evaluation.figure_style import save_figure
from tumorcast.training.files import write_table, write_text
from tumorcast.training.fold import FUSED
from tumorcast.training.search import Search
from tumorcast.training.search_figures import search_figure
from tumorcast.training.search_trials import Tried

Found = Mapping[str, Mapping[str, Sequence[Tried]]]
"""fold -> model -> trials."""

_COLUMNS = ("fold", "model", "trial", "state", "value", "is_chosen", "inner_folds", "seconds", "reason")


def write_records(folder: Path, search: SearchConfig, found: Search, is_simulated: bool) -> None:
    """`trials.csv`, `search.json`, and a picture for each search in `figures/`."""
    write_table(folder / "trials.csv", trials_table(found.tried, found.chosen, list(search.space)))
    folds: dict[str, dict[str, Any]] = {}
    (folder / "figures").mkdir(exist_ok=True)
    for fold, models in found.tried.items():
        for model, trials in models.items():
            chosen, shares = found.chosen[fold][model], found.importances[fold, model]
            states = [trial.state for trial in trials]
            folds.setdefault(fold, {})[model] = {
                "chosen": chosen,
                "trial": chosen_number(trials, chosen),
                "states": {state: states.count(state) for state in dict.fromkeys(states)},
                "importances": shares,
            }
            figure = search_figure(fold, trials, search, chosen, shares, is_simulated)
            name = f"search_{fold}" if model == FUSED else f"search_{fold}_{model}"
            save_figure(figure, folder / "figures" / f"{name}.png")
    write_text(folder / "search.json", json.dumps({"search": search.told(), "folds": folds}, indent=1) + "\n")


def trials_table(
    found: Found, chosen: Mapping[str, Mapping[str, Any]], settings: Sequence[str]
) -> pd.DataFrame:
    """One row a trial; a setting that was not varied in it is empty."""
    rows = []
    for fold, models in found.items():
        for model, trials in models.items():
            best = chosen_number(trials, chosen[fold][model])
            for trial in trials:
                own = {name: trial.values.get(name) for name in settings}
                values = (fold, model, trial.number, trial.state, trial.value, trial.number == best)
                rest = (len(trial.losses), round(trial.seconds, 2), trial.reason)
                rows.append(dict(zip(_COLUMNS, (*values, *rest), strict=True)) | own)
    return pd.DataFrame(rows, columns=[*_COLUMNS, *settings])


def chosen_number(trials: Sequence[Tried], values: Mapping[str, Any]) -> int | None:
    """The first complete trial of the chosen values."""
    return next((t.number for t in trials if t.state == "complete" and t.values == dict(values)), None)
