"""One outer fold: preprocessor, ensembles (fused, each modality alone, rivals), test predictions."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
from torch import nn

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.preprocess import Preprocessor, fit_preprocessor
from tumorcast.cohort.splits import Fold, inner_folds
from tumorcast.config.models import Kind
from tumorcast.evaluation.size import MEDIAN, OBSERVED, PREDICTED, SIZE
from tumorcast.nn.predictor import Ensemble
from tumorcast.nn.rivals.build import modalities_of
from tumorcast.training.choice import Choose, Choosing, InnerFolds, best_candidate
from tumorcast.training.fit import Member
from tumorcast.training.inference import narrowed, predict, predict_with, where_trained
from tumorcast.training.reliance import relied_on
from tumorcast.training.workspace import Workspace

FUSED = "fused"
_MOST_MODALITIES_FOR_SUBSETS = 6


@dataclass(frozen=True)
class Fitted:
    """The ensemble of one model on one fold, and what its members said of their inner validation courses."""

    modalities: tuple[str, ...]
    prepared: Preprocessor
    ensemble: Ensemble
    inner: pd.DataFrame
    members: list[Member]


@dataclass(frozen=True)
class FoldResult:
    """A fold's preprocessor and models by name, its test predictions (tidy), and the fused model's on subsets."""

    fold: Fold
    prepared: Preprocessor
    models: dict[str, Fitted]
    arrays: dict[str, CourseArrays]
    predictions: pd.DataFrame
    subsets: pd.DataFrame

    def with_rows(self, rows: pd.DataFrame) -> FoldResult:
        """The same with more predictions (of baselines)."""
        return replace(self, predictions=pd.concat([self.predictions, rows], ignore_index=True))


def run_fold(
    work: Workspace, fold: Fold, tell: Callable[[str], None], choosing: Choosing | None = None
) -> FoldResult:
    """Fit everything on `fold.training`, predict `fold.test`; nothing of the test is seen before."""
    config, choosing = work.config, choosing or Choosing()
    prepared, arrays = prepare_fold(work, fold)
    for rival in config.training.rivals:
        if not modalities_of(rival, prepared.modalities):
            tell(f"{fold.name}: {rival} left out, there are no slides")
    models, tables = {}, []
    for name, (kind, modalities) in wanted_models(work, prepared, choosing).items():
        choose, own = choosing.beside.get(name, choosing.choose), of_kind(work, kind)
        inner = inner_of(own, fold, prepared, arrays, modalities, work.folder / fold.name / name)
        fitted = fit_ensemble(inner, modalities, choose)
        epochs = [member.epochs for member in fitted.members]
        tell(f"{fold.name}: {name} fitted, {len(epochs)} members, epochs {epochs}")
        models[name] = fitted
        test = [narrowed(arrays[cid], prepared.modalities, modalities) for cid in fold.test]
        with where_trained(fitted.ensemble, config.training):
            values = predict(fitted.ensemble, test, config.model.heads[0])
        table = prediction_table(work, fold.name, fold.test, name, values)
        if name == FUSED:
            table = relied_on(table, fitted.inner)
            table = with_size(work, table, fitted.ensemble, test, fold.training)
        elif (
            name in choosing.beside or name in config.training.rivals
        ):  # calibrated likewise, so that the two compare
            table = relied_on(table, fitted.inner)[list(table.columns)]
        tables.append(table)
    subsets = pd.DataFrame()
    if config.evaluation.subsets:
        subsets = _predict_subsets(work, fold, models[FUSED], arrays, prepared.modalities)
    return FoldResult(fold, prepared, models, arrays, pd.concat(tables, ignore_index=True), subsets)


def wanted_models(
    work: Workspace, prepared: Preprocessor, choosing: Choosing
) -> dict[str, tuple[Kind, tuple[str, ...]]]:
    """The fold's models by name: their kind, and the modalities that they see."""
    config, modalities = work.config, prepared.modalities
    kind = config.model.kind
    seen = modalities_of(kind, modalities) or modalities
    wanted = dict.fromkeys((FUSED, *choosing.beside), (kind, seen))
    if config.training.singles and kind == "tumorcast" and len(modalities) > 1:
        wanted |= {name: (kind, (name,)) for name in modalities}
    for rival in config.training.rivals:
        if rival == kind:
            continue
        if seen := modalities_of(rival, modalities):
            wanted[rival] = (rival, seen)
    return wanted


def of_kind(work: Workspace, kind: Kind) -> Workspace:
    """The same with a network of another kind."""
    model = work.config.model.model_copy(update={"kind": kind})
    return replace(work, config=work.config.model_copy(update={"model": model}))


def fit_final(work: Workspace, tell: Callable[[str], None], choose: Choose = best_candidate) -> Fitted:
    """The fused model trained on every course, for the bundle of a cross-validated run."""
    everyone = final_fold(work)
    prepared, arrays = prepare_fold(work, everyone)
    folder = work.folder / everyone.name / FUSED
    inner = inner_of(work, everyone, prepared, arrays, prepared.modalities, folder)
    fitted = fit_ensemble(inner, prepared.modalities, choose)
    tell("final model fitted on all courses")
    return fitted


def final_fold(work: Workspace) -> Fold:
    """All courses for training, none for the test."""
    return Fold("final", tuple(map(str, work.cohort.courses.index)), ())


def prepare_fold(work: Workspace, fold: Fold) -> tuple[Preprocessor, dict[str, CourseArrays]]:
    """The preprocessor of the training courses, and the arrays of all the fold's courses."""
    prepared = fit_preprocessor(
        work.cohort,
        fold.training,
        work.bags,
        work.network,
        work.gene_sets,
        work.config.data,
    )
    ids = [*fold.training, *fold.test]
    arrays = prepared.all_arrays(work.cohort, ids, work.bags)
    return prepared, dict(zip(ids, arrays, strict=True))


def inner_of(
    work: Workspace,
    fold: Fold,
    prepared: Preprocessor,
    arrays: dict[str, CourseArrays],
    modalities: tuple[str, ...],
    folder: Path,
) -> InnerFolds:
    """What the choice of a model's setting may see: the fold's training courses, with these modalities.

    Args:
        folder: for what is fitted; its name is the model's.
    """
    config = work.config
    seen = {cid: narrowed(arrays[cid], prepared.modalities, modalities) for cid in fold.training}
    parts = inner_folds(work.cohort.courses, fold.training, config.split.inner_folds, config.seed)
    return InnerFolds(work, fold.name, folder.name, prepared.narrowed(modalities), seen, tuple(parts), folder)


def fit_ensemble(inner: InnerFolds, modalities: tuple[str, ...], choose: Choose = best_candidate) -> Fitted:
    """One member per inner fold, of the setting that `choose` finds."""
    work, best = inner.work, choose(inner)
    ensemble = Ensemble([member.predictor for member in best]).eval()
    said = []
    with where_trained(ensemble, work.config.training):
        for member, part in zip(best, inner.parts, strict=True):
            held_out = [inner.seen[cid] for cid in part.test]
            values = predict(member.predictor, held_out, work.config.model.heads[0])
            table = prediction_table(work, part.name, part.test, "inner", values)
            said.append(with_size(work, table, member.predictor, held_out, part.training))
    return Fitted(modalities, inner.prepared, ensemble, pd.concat(said, ignore_index=True), best)


def prediction_table(
    work: Workspace, fold: str, course_ids: Sequence[str], model: str, values: np.ndarray
) -> pd.DataFrame:
    """Tidy predictions: patient_id, course_id, fold, label, model, probability (or time, event and risk)."""
    courses = work.cohort.courses.loc[list(course_ids)]
    table = pd.DataFrame({"patient_id": courses["patient_id"], "course_id": courses.index, "fold": fold})
    if work.config.model.heads[0] == "survival":
        table = table.assign(
            time_days=courses["time_days"], is_event=courses["is_event"], model=model, risk=values
        )
    else:
        table = table.assign(label=courses["response"], model=model, probability=values)
    return table.reset_index(drop=True)


def with_size(
    work: Workspace,
    table: pd.DataFrame,
    net: nn.Module,
    courses: Sequence[CourseArrays],
    training: Sequence[str],
) -> pd.DataFrame:
    """A network's predictions, with its log ratios of tumour size where it has that head.

    Args:
        courses: of the table's rows, in their order. training: courses whose median stands beside.
    """
    if SIZE not in work.config.model.heads:
        return table
    known, found = work.cohort.courses["size_change"], table.copy()
    found[OBSERVED] = known.loc[table["course_id"]].to_numpy()
    found[PREDICTED] = predict(net, courses, SIZE)
    found[MEDIAN] = known.loc[list(training)].median()
    return found


def _predict_subsets(
    work: Workspace, fold: Fold, fused: Fitted, arrays: dict[str, CourseArrays], have: tuple[str, ...]
) -> pd.DataFrame:
    """The fused model's test predictions with every subset of its modalities (of `have`) present; of many modalities
    each alone, all but each, and all."""
    names = fused.modalities
    sizes = list(range(1, len(names) + 1))
    if len(names) > _MOST_MODALITIES_FOR_SUBSETS:
        sizes = [1, len(names) - 1, len(names)]
    seen = [narrowed(arrays[cid], have, names) for cid in fold.test]
    subsets = [keep for size in sizes for keep in itertools.combinations(names, size)]
    shown = [np.array([name in keep for name in names]) for keep in subsets]
    with where_trained(fused.ensemble, work.config.training):
        said = predict_with(fused.ensemble, seen, shown, work.config.model.heads[0])
    tables = [
        prediction_table(work, fold.name, fold.test, "+".join(keep), values)
        for keep, values in zip(subsets, said, strict=True)
    ]
    return pd.concat(tables, ignore_index=True)
