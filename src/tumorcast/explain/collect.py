"""Attributions of held-out courses of a finished run, fold by fold, named: genes, layers, pathways, morphologies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from sklearn.cluster import MiniBatchKMeans

from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.bags import tile_sample
from tumorcast.cohort.graphs import altered_genes
from tumorcast.cohort.host import GERMLINE_LAYERS
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.splits import outer_folds
from tumorcast.config.models import SplitConfig
from tumorcast.explain.gradients import CourseAttribution, attribute
from tumorcast.training.choice import as_chosen
from tumorcast.training.fold import FUSED, fit_ensemble, inner_of, prepare_fold
from tumorcast.training.inference import predict
from tumorcast.training.workspace import Workspace

MUTATIONS, BURDEN, PATHWAYS, MORPHOLOGIES = "mutations", "burden", "pathways", "morphologies"
TOGETHER = "all together"
"""The one feature of a layer of the germline."""
_BURDENS = ("nonsynonymous variants", "TMB per Mb", "TMB known")
_TILES_FOR_CLUSTERS = 64


@dataclass(frozen=True)
class HeldOut:
    """What models said of courses that they had not seen.

    Attributes:
        attributions: kind -> course x feature, 0 where the feature was not measured or not altered.
        values: kind -> course x feature: what was measured (0/1 for mutations), NaN not measured.
        predicted: probability (or log-risk) of each course.
        fold: name of the outer fold of each course.
        tiles: course_id -> [T] attribution of each tile, in the order of the bag.
        n_short: courses whose attributions miss the change of the score by more than 5% and 0.05.
    """

    attributions: dict[str, pd.DataFrame]
    values: dict[str, pd.DataFrame]
    predicted: pd.Series
    fold: pd.Series
    tiles: dict[str, np.ndarray] = field(default_factory=dict)
    n_short: int = 0


def collect(work: Workspace, clusters: int, steps: int, tell: Callable[[str], None]) -> HeldOut:
    """Attributions of every outer fold's test courses by the models of that fold, which are read, not trained."""
    config = work.config
    morphology = _morphologies(work, clusters)
    parts: list[HeldOut] = []
    once = config.split.model_copy(update={"max_folds": _folds_once(config.split)})
    for fold in outer_folds(work.cohort.courses, once, config.seed, config.data.study):
        prepared, arrays = prepare_fold(work, fold)
        folder = work.folder / fold.name / FUSED
        inner = inner_of(work, fold, prepared, arrays, prepared.modalities, folder)
        fitted = fit_ensemble(inner, prepared.modalities, as_chosen)
        test = [arrays[course_id] for course_id in fold.test]
        found = attribute(fitted.ensemble, prepared, test, steps)
        tell(f"{fold.name}: {len(test)} held-out courses attributed")
        said = predict(fitted.ensemble, test, config.model.heads[0])
        parts.append(_named(prepared, test, found, said, fold.name, morphology))
    return _joined(parts)


def _folds_once(split: SplitConfig) -> int | None:
    """The first repeat's folds: each course is held out once."""
    return min(filter(None, (split.max_folds, split.folds if split.repeats > 1 else None)), default=None)


def _named(
    prepared: Preprocessor, courses: Sequence[CourseArrays], found: Sequence[CourseAttribution],
    said: np.ndarray, fold: str, morphology: MiniBatchKMeans | None,
) -> HeldOut:  # fmt: skip
    ids = [course.course_id for course in courses]
    attributions: dict[str, pd.DataFrame] = {}
    values: dict[str, pd.DataFrame] = {}
    for name in prepared.layer_names:
        if name in GERMLINE_LAYERS:
            attributions[name], values[name] = _together(prepared, name, courses, found)
            continue
        features = list(prepared.layers[name].features)
        attributions[name] = pd.DataFrame([each.layers[name] for each in found], ids, features)
        measured = [np.where(c.is_measured[name], c.layers[name], np.nan) for c in courses]
        values[name] = pd.DataFrame(measured, ids, features)
    if prepared.graph is not None:
        genes = prepared.graph.genes
        rows = [{genes[g]: v for g, v in zip(c.graph.node_gene, a.genes, strict=True)}
                for c, a in zip(courses, found, strict=True)]  # fmt: skip
        attributions[MUTATIONS] = pd.DataFrame(rows, ids).fillna(0.0)
        is_present = np.array([c.is_present[prepared.modalities.index(MUTATIONS)] for c in courses])
        altered = pd.DataFrame(0.0, ids, attributions[MUTATIONS].columns)
        for course_id, course in zip(ids, courses, strict=True):
            altered.loc[course_id, altered_genes(prepared.graph, course.graph)] = 1.0
        values[MUTATIONS] = altered.where(pd.Series(is_present, ids), np.nan)
        attributions[BURDEN] = pd.DataFrame([each.burden for each in found], ids, list(_BURDENS))
        values[BURDEN] = pd.DataFrame([c.burden for c in courses], ids, list(_BURDENS))
    if sets := _sets(prepared):
        attributions[PATHWAYS] = _sums(attributions, sets)
        values[PATHWAYS] = _sums(values, sets, is_mean=True)
    tiles = {c.course_id: a.tiles for c, a in zip(courses, found, strict=True) if len(c.tiles)}
    if morphology is not None:
        attributions[MORPHOLOGIES], values[MORPHOLOGIES] = _by_cluster(morphology, courses, found)
    total = np.array([_sum(each) for each in found])
    change = np.array([each.total for each in found])
    short = np.abs(total - change) > np.maximum(0.05 * np.abs(change), 0.05)
    return HeldOut(attributions, values, pd.Series(said, ids), pd.Series(fold, ids), tiles, int(short.sum()))


def _together(
    prepared: Preprocessor, name: str, courses: Sequence[CourseArrays], found: Sequence[CourseAttribution]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What a layer of the germline adds as a whole, and the same where it was measured: nobody asked for its genes or
    scores one by one."""
    ids = [course.course_id for course in courses]
    added = pd.DataFrame({TOGETHER: [float(np.sum(each.layers[name])) for each in found]}, ids)
    place = prepared.modalities.index(name)
    return added, added.where(pd.Series([bool(course.is_present[place]) for course in courses], ids), np.nan)


def _sum(each: CourseAttribution) -> float:
    return float(
        sum(layer.sum() for layer in each.layers.values())
        + each.genes.sum() + each.burden.sum() + each.tiles.sum()
    )  # fmt: skip


def _sets(prepared: Preprocessor) -> dict[str, tuple[str, list[str]]]:
    """Name -> (kind of its members, members): expression sets, and pathways of the gene network."""
    sets = {f"{name} (expression)": ("expression", list(genes)) for name, genes in prepared.gene_sets.items()}
    graph = prepared.graph
    for column in range(graph.n_pathways if graph is not None else 0):
        assert graph is not None
        members = [graph.genes[i] for i in np.flatnonzero(graph.prior[:, column])]
        sets[f"{graph.prior_names[column].partition(':')[2]} (alterations)"] = (MUTATIONS, members)
    return sets


def _sums(
    tables: dict[str, pd.DataFrame], sets: dict[str, tuple[str, list[str]]], is_mean: bool = False
) -> pd.DataFrame:
    """course x set: sum over members; `is_mean`: mean of expression, any of alterations."""
    columns = {}
    for name, (kind, members) in sets.items():
        own = tables[kind].reindex(columns=[m for m in members if m in tables[kind]])
        if not is_mean:
            columns[name] = own.sum(axis=1)
        else:
            columns[name] = own.max(axis=1) if kind == MUTATIONS else own.mean(axis=1)
    return pd.DataFrame(columns)


def _morphologies(work: Workspace, clusters: int) -> MiniBatchKMeans | None:
    """Clusters of tile features over all slides, without any label; None without slides."""
    if not work.bags or clusters < 2:
        return None
    sample = np.concatenate(list(tile_sample(work.bags, _TILES_FOR_CLUSTERS, seed=0)))
    return MiniBatchKMeans(clusters, random_state=0, n_init=3, batch_size=4096).fit(sample.astype(np.float32))


def _by_cluster(
    morphology: MiniBatchKMeans, courses: Sequence[CourseArrays], found: Sequence[CourseAttribution]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Attribution and share of tiles of each morphology."""
    count = morphology.n_clusters
    names = [f"morphology {k + 1}" for k in range(count)]
    added, shares = np.zeros((len(courses), count)), np.full((len(courses), count), np.nan)
    for i, (course, each) in enumerate(zip(courses, found, strict=True)):
        if len(course.tiles):
            kind = morphology.predict(np.asarray(course.tiles, np.float32))
            added[i] = np.bincount(kind, each.tiles, count)
            shares[i] = np.bincount(kind, minlength=count) / len(kind)
    ids = [course.course_id for course in courses]
    return pd.DataFrame(added, ids, names), pd.DataFrame(shares, ids, names)


def _joined(parts: Sequence[HeldOut]) -> HeldOut:
    """All folds under one another; a feature that a fold's model does not have adds nothing there."""
    kinds = list(dict.fromkeys(kind for part in parts for kind in part.attributions))
    added = {
        k: pd.concat([p.attributions[k] for p in parts if k in p.attributions]).fillna(0.0) for k in kinds
    }
    values = {k: pd.concat([p.values[k] for p in parts if k in p.values]) for k in kinds}
    if MUTATIONS in values:  # a gene outside a fold's vocabulary was not found altered there
        known = values[MUTATIONS].notna().any(axis=1)
        values[MUTATIONS] = values[MUTATIONS].fillna(0.0).where(known, np.nan)
    return HeldOut(
        added,
        values,
        pd.concat([part.predicted for part in parts]),
        pd.concat([part.fold for part in parts]),
        {k: v for part in parts for k, v in part.tiles.items()},
        sum(part.n_short for part in parts),
    )
