"""Tumour size series: the last three measurements of patients with six or more, forecast from those before.

    python benchmarks/public/tumour_size.py --series STUDY1.csv [STUDY3.csv ...] --out DIR [--seed 0]

Columns `Patient_Anonmyized, Treatment_Day, TargetLesionLongDiam_mm, Study_Arm` (Laleh et al. 2022, PLoS Comput Biol
18:e1009822) or `patient_id, day, size_mm, arm`; words for what was not measured are read. Populations are learnt on
the other patients' whole series (five folds); a patient's own later
scans are seen by nothing. Prints errors, coverage and how well progression is forecast, with patient-bootstrap
intervals. Writes `predictions.csv` and `metrics.json`.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
from record import guarded, record, words_of
from tumour_size_rivals import RIVALS, fitted
from tumour_size_scores import LAST, TWIN, progression_scores, size_scores

from tumorcast.biology.recist.target import progression_size_mm
from tumorcast.clinic.twin.crossfit import Task, crossfit, written
from tumorcast.clinic.twin.progress import progressed_day, progression_chance
from tumorcast.domain.errors import InputError
from tumorcast.readers.size_series import SizeSeries, read_size_series

LEAST, AHEAD = 6, 3


def main() -> None:
    """Print a table."""
    parser = words_of(__doc__)
    parser.add_argument("--series", type=Path, nargs="+", required=True)
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--least-scans", type=int, default=2, help="of patients that populations learn from")
    parser.add_argument(
        "--models", nargs="+", default=["gompertz"], help="of several, held-out patients of each fold choose"
    )
    words = parser.parse_args()
    started = perf_counter()
    tables = read_size_series(words.series, is_first_kept=True)
    told = Counter(f"{one.code} ({'refused' if one.is_refused else 'told'})" for one in tables.problems)
    series = [one for one in tables.series if len(one) >= words.least_scans]
    print(f"{len(tables.series)} patients; {dict(told)}")
    tasks = {one.patient_id: cut for one in series if (cut := last_three(one)) is not None}
    if not tasks:
        raise InputError("no patient has six measurements", expected=f">= {LEAST} numbers of a patient")
    populations = crossfit(series, words.folds, forms=words.models, seed=words.seed)
    forms = Counter(populations[name][0].form for name in tasks)
    print(f"{len(tasks)} patients with {LEAST} measurements or more; model of the mean: {dict(forms)}")
    sizes, events = [], []
    for name, (task, observed) in tasks.items():
        drawn = written(populations[name], task, seed=words.seed)
        tail = float(np.mean([one.tail for one in populations[name]]))
        sizes.append(rows_of(name, task, observed, drawn, tail))
        events.append(event_of(name, task, observed, drawn))
    early = [event_at_third(one, populations, words.seed) for one in series]
    predictions = pd.concat(sizes, ignore_index=True)
    metrics = {
        **size_scores(predictions, words.seed),
        "progression, last three": progression_scores(events, words.seed),
        "progression, after the third scan": progression_scores([one for one in early if one], words.seed),
        "run": {
            "patients": len(tasks), "series": len(series), "seconds": perf_counter() - started,
            "forms": {form: float(n) for form, n in forms.items()},
        },
    }  # fmt: skip
    print(f"{perf_counter() - started:.0f} s")
    record("tumour size", words, predictions, metrics)


def last_three(series: SizeSeries) -> tuple[Task, np.ndarray] | None:
    """All before the last three numbers, and these; None where there are fewer than six."""
    measured = np.flatnonzero(series.is_measured)
    if len(measured) < LEAST:
        return None
    ahead = measured[-AHEAD:]
    return Task(series.first(int(ahead[0])), series.days[ahead]), series.high_mm[ahead]


def rows_of(name: str, task: Task, observed: np.ndarray, drawn: np.ndarray, tail: float) -> pd.DataFrame:
    """Rows of `predictions.csv`: ours with its band, the others without."""
    known = task.known
    numbers = known.high_mm[known.is_measured]
    middle, low, high = (np.quantile(drawn, q, axis=0) for q in (0.5, tail, 1 - tail))
    made = {TWIN: middle, LAST: np.full(AHEAD, numbers[-1])}
    days = known.days[known.is_measured] - known.days[0]
    for rival in RIVALS:
        made[rival] = fitted(rival, days, numbers, task.days - known.days[0])
    nothing = np.full(AHEAD, np.nan)
    frames = [
        pd.DataFrame({
            "patient_id": name, "day": task.days, "observed_mm": observed, "predicted_mm": values,
            "low_mm": low if model == TWIN else nothing, "high_mm": high if model == TWIN else nothing,
            "model": model,
        })
        for model, values in made.items()
    ]  # fmt: skip
    return pd.concat(frames)


def event_of(name: str, task: Task, observed: np.ndarray, drawn: np.ndarray) -> dict | None:
    """Progression among the scans ahead: when, whether, and what was forecast; None where it had come before."""
    known = task.known
    numbers = known.high_mm
    if progressed_day(known.days, numbers) is not None:
        return None
    day = progressed_day(np.r_[known.days, task.days], np.r_[numbers, observed])
    start = known.days[-1]
    return {
        "patient_id": name,
        "time": (task.days[-1] if day is None else day) - start,
        "is_event": day is not None,
        "days": task.days - start,
        "chance": progression_chance(numbers, drawn),
        "growth_so_far": numbers[-1] / max(numbers.min(), 1.0),
        "over_limit": numbers[-1] / progression_size_mm(numbers.min()),
    }


def event_at_third(series: SizeSeries, populations: dict, seed: int) -> dict | None:
    """The same after the first three scans of everyone who had one more: nobody is chosen for having had many."""
    if len(series) < 4:
        return None
    until = min(len(series), 3 + AHEAD)
    task = Task(series.first(3), series.days[3:until])
    drawn = written(populations[series.patient_id], task, seed=seed)
    return event_of(series.patient_id, task, series.high_mm[3:until], drawn)


if __name__ == "__main__":
    guarded(main)
