"""Xenografts under many drugs: growth, mRECIST and order of drugs in a tumour never seen.

    python benchmarks/public/pdx.py --models models.csv --volumes tumour_volumes.csv.gz --out DIR
        [--drugs drugs.csv] [--sensitivity sensitivity.csv] [--panels 5] [--shown 4 10]

Tables of the form in which Xeva has those of Gao et al. 2015 (Nat Med 21:1318). Each tumour is left out in turn;
effects of drugs, tumours and shared targets on Claret's curve are learnt on the others, every choice on folds of these.
Settings: nothing but the drug is known; the tumour's untreated arm is given; besides it --shown other arms, in each of
--panels random sets, and the rest is predicted. Beside it the drug's mean over the other tumours, the mean of the
shown arms of the tumour, and both added up. The measure is the best average response (% of the first volume, lower is
better). `predictions.csv` has the first set of arms; `curves.csv` measured and forecast volumes; `calls.csv` mRECIST of
every arm beside the published one. Combinations are compared with independent action of their single drugs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
from pdx_calls import agreement_with_published, calls_of
from pdx_combinations import combinations_of
from pdx_scores import TumourScores, differences, means
from record import guarded, record, tell, words_of

from tumorcast.biology.xenografts import growth_response
from tumorcast.domain.errors import InputError
from tumorcast.evaluation.drug_likeness import likeness_of
from tumorcast.evaluation.growth_effects import gather
from tumorcast.evaluation.xenograft_forecast import Forecast, Grower, a_few, learnt, log_curve, mean_curve
from tumorcast.readers.files import write_text
from tumorcast.readers.importers.tables import told_notes
from tumorcast.readers.xenografts import UNTREATED, XenograftArm, read_screen

OURS, DRUG, TUMOUR, BOTH = "tumorcast", "drug mean", "tumour mean", "drug and tumour mean"
LEAST_ARMS, LEAST_TUMOURS = 5, 8


@dataclass(frozen=True, eq=False)
class Table:
    """The arms of one tissue as arrays: [n tumours, D drugs], NaN and "" where there is no arm."""

    tumours: list[str]
    drugs: list[str]
    average: np.ndarray
    call: np.ndarray
    curves: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]
    start: dict[tuple[int, int], float]

    @property
    def treated(self) -> np.ndarray:
        """[D] flags of drugs that are a treatment."""
        return np.asarray([drug != UNTREATED for drug in self.drugs])


def main() -> None:
    """Print what is known of a tumour never seen."""
    parser = words_of(__doc__)
    for name in ("models", "volumes"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("drugs", "sensitivity"):
        parser.add_argument(f"--{name}", type=Path)
    parser.add_argument("--panels", type=int, default=5)
    parser.add_argument("--shown", type=int, nargs="+", default=[4, 10])
    words = parser.parse_args()
    screen = read_screen(words.models, words.volumes, words.drugs, words.sensitivity)
    for line in told_notes(list(screen.report)):
        print(line)
    calls = calls_of(screen.arms)
    agreement = agreement_with_published(calls)
    metrics: dict[str, dict] = {}
    scores, rows, curves = TumourScores(), [], []
    for tissue, table in by_tissue(screen.arms).items():
        print(f"{tissue}: {len(table.tumours)} tumours, {len(table.drugs)} treatments")
        likeness = likeness_of(table.drugs, screen.targets, untreated=UNTREATED)
        forecast_all(table, likeness, words, scores, rows, curves)
    metrics |= {name: means(values) for name, values in scores.by_model().items()}
    metrics |= differences(scores, OURS, (DRUG, TUMOUR, BOTH))
    tell(metrics)
    combinations = combinations_of(screen.arms)
    metrics |= {"mRECIST as published": agreement} if agreement else {}
    metrics |= {"combinations": combinations} if combinations else {}
    words.out.mkdir(parents=True, exist_ok=True)
    write_text(words.out / "curves.csv", pd.DataFrame(curves).to_csv(index=False))
    write_text(words.out / "calls.csv", calls.to_csv(index=False))
    record("PDX", words, pd.DataFrame(rows), metrics)


def by_tissue(arms: tuple[XenograftArm, ...]) -> dict[str, Table]:
    """Tissues with enough tumours; the others are told."""
    made = {}
    for tissue in sorted({arm.tissue for arm in arms}):
        table = table_of([arm for arm in arms if arm.tissue == tissue])
        if len(table.tumours) >= LEAST_TUMOURS:
            made[tissue] = table
        else:
            print(f"{tissue}: {len(table.tumours)} tumours, fewer than {LEAST_TUMOURS}: not forecast")
    if not made:
        raise InputError("too few tumours to leave one out", expected=f"{LEAST_TUMOURS} of one tissue")
    return made


def table_of(arms: list[XenograftArm]) -> Table:
    """Arms as arrays; an arm without a value from day 10 on has no response, but a curve."""
    tumours, drugs = sorted({arm.tumour for arm in arms}), sorted({arm.drug for arm in arms})
    shape = (len(tumours), len(drugs))
    table = Table(tumours, drugs, np.full(shape, np.nan), np.full(shape, "NE"), {}, {})
    for arm in arms:
        place = (tumours.index(arm.tumour), drugs.index(arm.drug))
        response = growth_response(arm.days, arm.volumes)
        table.average[place], table.call[place] = response.average, response.call
        table.curves[place] = log_curve(arm.days, arm.volumes)
        table.start[place] = float(arm.volumes[0])
    return table


def forecast_all(
    table: Table, likeness: np.ndarray, words, scores: TumourScores, rows: list, curves: list
) -> None:
    """Each tumour with enough arms, from all others."""
    everyone = np.arange(len(table.tumours))
    chosen: dict[object, int] = {}
    for tumour in everyone:
        answered = np.isfinite(table.average[tumour]) & table.treated
        if answered.sum() < LEAST_ARMS:
            print(
                f"  {table.tumours[tumour]}: {int(answered.sum())} treated arms with a response, not forecast"
            )
            continue
        rest = everyone[everyone != tumour]
        grower, option = learnt(table.curves, table.average, likeness, rest, words.seed)
        chosen[option] = chosen.get(option, 0) + 1
        for setting, panel, shown in settings_of(table, int(tumour), words):
            is_asked = answered & ~shown
            if is_asked.sum() >= 2:
                predict(
                    table, int(tumour), rest, grower, (setting, panel, shown, is_asked), scores, rows, curves
                )
    told = ", ".join(
        f"rate {rate:g}{' and targets' if shared else ''}: {n}" for (rate, shared), n in chosen.items()
    )
    print(f"  chosen on inner tumours: {told}")


def settings_of(table: Table, tumour: int, words) -> list[tuple[str, int, np.ndarray]]:
    """(what is known beside the drug, which random set, flags [D] of the arms that are shown)."""
    there = np.asarray([(tumour, drug) in table.curves for drug in range(len(table.drugs))])
    untreated = there & ~table.treated
    made = [("", 0, np.zeros_like(there))]
    if untreated.any():
        made.append((" given untreated", 0, untreated))
    for count, panel in product(words.shown, range(words.panels)):
        name = f" given {'untreated and ' if untreated.any() else ''}{count} arms"
        shown = a_few(there & table.treated, count, words.seed + 1000 * (panel + 1) + tumour)
        made.append((name, panel, untreated | shown))
    return made


def predict(
    table: Table, tumour: int, rest: np.ndarray, grower: Grower, setting: tuple, scores: TumourScores,
    rows: list, curves: list,
) -> None:  # fmt: skip
    """Ours and the baselines on the arms that are asked for; scores of the tumour."""
    name, panel, shown, is_asked = setting
    known = gather(
        {(0, d): curve for (t, d), curve in table.curves.items() if t == tumour and shown[d]},
        (1, len(table.drugs)),
        grower.rate,
    )
    forecast = grower.forecast(known)
    observed = table.average[tumour]
    averages = baselines(table, tumour, rest, shown) | {OURS: forecast.average}
    calls = {OURS: forecast.call, DRUG: most_common(table.call[rest])}
    errors = curve_errors(table, tumour, rest, forecast, shown, is_asked)
    for model, predicted in averages.items():
        key = f"{model}{name}"
        if not np.isfinite(predicted[is_asked]).all():
            continue
        call_hit = calls[model] == table.call[tumour] if model in calls else None
        scores.add(key, table.tumours[tumour], observed, predicted, is_asked, call_hit, errors.get(model))
        if panel == 0:
            rows += [
                {"patient_id": table.tumours[tumour], "drug": table.drugs[d], "observed": observed[d],
                 "predicted": predicted[d], "model": key} for d in np.flatnonzero(is_asked)
            ]  # fmt: skip
    if panel == 0:
        curves += curve_rows(table, tumour, forecast, is_asked, f"{OURS}{name}")
    scores.coverage(f"{OURS}{name}", table.tumours[tumour], covered(table, tumour, forecast, is_asked))


def baselines(table: Table, tumour: int, rest: np.ndarray, shown: np.ndarray) -> dict[str, np.ndarray]:
    """Best average response [D] by the means: of the drug, of the shown arms of the tumour, and of both."""
    known = pd.DataFrame(table.average[rest])
    drug = known.mean().fillna(known.stack().mean()).to_numpy()
    own = table.average[tumour]
    seen = shown & np.isfinite(own)
    if not seen.any():
        return {DRUG: drug}
    shift = (own[seen] - drug[seen]).mean()
    return {DRUG: drug, TUMOUR: np.full(len(drug), own[seen].mean()), BOTH: drug + shift}


def most_common(calls: np.ndarray) -> np.ndarray:
    """[D] most frequent call of each drug among tumours [n, D]; of all where it has none."""
    everything = pd.Series(calls[calls != "NE"].ravel()).mode()
    known = [pd.Series(column[column != "NE"]).mode() for column in calls.T]
    return np.asarray([(mode if len(mode) else everything)[0] for mode in known])


def curve_errors(
    table: Table, tumour: int, rest: np.ndarray, forecast: Forecast, shown: np.ndarray, is_asked: np.ndarray
) -> Mapping[str, float]:
    """Mean absolute error of ln(V / V0) over days, then drugs, by model."""
    errors: dict[str, list[float]] = {}
    own = [table.curves[tumour, d] for d in np.flatnonzero(shown)]
    for drug in np.flatnonzero(is_asked):
        days, measured = table.curves[tumour, int(drug)]
        others = [table.curves[int(t), int(drug)] for t in rest if (int(t), int(drug)) in table.curves]
        made = {OURS: forecast.curve(int(drug), days)[0]}
        if others:
            made[DRUG] = mean_curve(others, days)
        if own:
            made[TUMOUR] = mean_curve(own, days)
        for model, values in made.items():
            errors.setdefault(model, []).append(float(np.abs(values - measured).mean()))
    return {model: float(np.mean(values)) for model, values in errors.items()}


def covered(table: Table, tumour: int, forecast: Forecast, is_asked: np.ndarray) -> float:
    """Share of the measurements within their 90% bands, mean over drugs."""
    shares = []
    for drug in np.flatnonzero(is_asked):
        days, measured = table.curves[tumour, int(drug)]
        _, low, high = forecast.curve(int(drug), days)
        shares.append(float(((measured >= low) & (measured <= high)).mean()))
    return float(np.mean(shares))


def curve_rows(table: Table, tumour: int, forecast: Forecast, is_asked: np.ndarray, model: str) -> list[dict]:
    """Volumes in the table's unit, measured and forecast with the band."""
    made = []
    for drug in np.flatnonzero(is_asked):
        days, measured = table.curves[tumour, int(drug)]
        start = table.start[tumour, int(drug)]
        columns = [start * np.exp(values) for values in (measured, *forecast.curve(int(drug), days))]
        for day, *volumes in zip(days, *columns):
            named = dict(zip(("observed_volume", "predicted_volume", "low", "high"), np.round(volumes, 3)))
            made.append({"patient_id": table.tumours[tumour], "drug": table.drugs[drug], "day": day, **named,
                         "model": model})  # fmt: skip
    return made


if __name__ == "__main__":
    guarded(main)
