"""What the model's number would be without an altered gene, or with an expression programme at the training mean.

Each part is taken out alone and the model asked again; the effect is the logit with the part minus the logit without it
(of the log-risk turned round where there is no response head). Long bags of tiles are thinned for this, in
both, so that many questions stay cheap. An effect of zero does not say that a part is irrelevant: another may say the
same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from tumorcast.clinic.report.record import Gene, Programme
from tumorcast.cohort.arrays import CourseArrays, PatientGraph
from tumorcast.cohort.host import GERMLINE_LAYERS
from tumorcast.cohort.preprocess import Preprocessor
from tumorcast.cohort.scaling import ClinicalScaler
from tumorcast.serve.answer import Answer
from tumorcast.serve.occlusion import score_of
from tumorcast.serve.session import BundlePredictor

MOST_GENES, MOST_FEATURES = 64, 64
"""Genes (those of most attention, where it is shown) and features of a layer that are asked about one by one."""
THINNED_TILES = 1000
_MOST_VARIANTS = 3


@dataclass(frozen=True)
class _Part:
    """A named set of columns of a numeric layer."""

    name: str
    layer: str
    columns: np.ndarray


def thinned(course: CourseArrays) -> CourseArrays:
    """The course with at most `THINNED_TILES` tiles, evenly spaced in their order."""
    count = len(course.tiles)
    if count <= THINNED_TILES:
        return course
    return replace(course, tiles=course.tiles[np.linspace(0, count - 1, THINNED_TILES).round().astype(int)])


def genes_of(prepared: Preprocessor, answer: Answer) -> tuple[Gene, ...]:
    """Altered genes that the model knows, largest effect first; without weights where attention is hidden."""
    vocabulary, course = prepared.graph, thinned(answer.course)
    nodes = altered_nodes(prepared, course)
    if vocabulary is None or not len(nodes):
        return ()
    weights = answer.said.gene_attention
    if len(nodes) > MOST_GENES:
        order = np.argsort(-weights[nodes], kind="stable") if len(weights) else np.arange(len(nodes))
        nodes = np.sort(nodes[order[:MOST_GENES]])
    variants = [course, *(without_node(course, node) for node in nodes)]
    effects = _effects(answer.predictor, variants)
    told = _variants(answer)
    made = []
    for node, effect in zip(nodes, effects, strict=True):
        gene = vocabulary.genes[course.graph.node_gene[node]]
        alteration, vaf = _alteration(
            vocabulary.node_feature_names, course.graph.node_features[node], told, gene
        )
        weight = float(weights[node]) if len(weights) else None
        made.append(Gene(gene, alteration, vaf, weight, effect, _pathways(prepared, gene)))
    return tuple(sorted(made, key=lambda one: -abs(one.effect or 0)))


def altered_nodes(prepared: Preprocessor, course: CourseArrays) -> np.ndarray:
    """Positions of the nodes that are altered themselves."""
    vocabulary, graph = prepared.graph, course.graph
    if vocabulary is None or not vocabulary.cut_names:
        return np.arange(len(graph.node_gene))
    column = vocabulary.node_feature_names.index("altered")
    return np.flatnonzero(graph.node_features[:, column] > 0)


def without_node(course: CourseArrays, node: int) -> CourseArrays:
    """The course without one gene and its edges; the burden stays, as one gene hardly changes it."""
    graph = course.graph
    is_kept = np.arange(len(graph.node_gene)) != node
    place = np.cumsum(is_kept) - 1
    edges = is_kept[graph.edge_index].all(axis=0)
    rest = PatientGraph(
        graph.node_gene[is_kept],
        graph.node_features[is_kept],
        place[graph.edge_index[:, edges]].astype(np.int64),
        graph.edge_type[edges],
        graph.edge_weight[edges],
    )
    return replace(course, graph=rest)


def programmes_of(prepared: Preprocessor, answer: Answer) -> tuple[Programme, ...]:
    """Expression programmes and features of small layers, those of the largest effect first; of the germline only the
    layer as a whole is told (as a contribution), since nothing of it is shown that was not asked for."""
    course = thinned(answer.course)
    parts = [part for part in _parts(prepared, course) if course.is_measured[part.layer][part.columns].any()]
    if not parts:
        return ()
    effects = _effects(answer.predictor, [course, *(_at_mean(course, part) for part in parts)])
    made = [
        Programme(part.name, part.layer, _z(course, part), effect)
        for part, effect in zip(parts, effects, strict=True)
    ]
    return tuple(sorted(made, key=lambda one: -abs(one.effect or 0)))


def _parts(prepared: Preprocessor, course: CourseArrays) -> Iterator[_Part]:
    present = dict(zip(prepared.modalities, course.is_present, strict=True))
    for name in prepared.layer_names:
        if not present[name] or name in GERMLINE_LAYERS:
            continue
        scaler = prepared.layers[name]
        features = list(scaler.features)
        if name == "expression":
            for programme, genes in prepared.gene_sets.items():
                yield _Part(programme, name, np.array([features.index(gene) for gene in genes]))
        elif isinstance(scaler, ClinicalScaler):
            yield from _clinical_parts(scaler)
        elif len(features) <= MOST_FEATURES:
            yield from (_Part(feature, name, np.array([k])) for k, feature in enumerate(features))


def _clinical_parts(scaler: ClinicalScaler) -> Iterator[_Part]:
    """Numbers one by one; the columns of a category together."""
    count = len(scaler.numeric.features)
    yield from (_Part(name, "clinical", np.array([k])) for k, name in enumerate(scaler.numeric.features))
    for name, values in scaler.categories:
        yield _Part(name, "clinical", np.arange(count, count + len(values)))
        count += len(values)


def _at_mean(course: CourseArrays, part: _Part) -> CourseArrays:
    """The part's values at the training mean; of a category, not measured."""
    values, is_measured = course.layers[part.layer].copy(), course.is_measured[part.layer].copy()
    values[part.columns] = 0
    if part.layer == "clinical" and len(part.columns) > 1:
        is_measured[part.columns] = False
    return replace(
        course,
        layers={**course.layers, part.layer: values},
        is_measured={**course.is_measured, part.layer: is_measured},
    )


def _z(course: CourseArrays, part: _Part) -> float | None:
    """Mean of the measured standardised values; None for a category."""
    if part.layer == "clinical" and len(part.columns) > 1:
        return None
    own = part.columns[course.is_measured[part.layer][part.columns]]
    return float(course.layers[part.layer][own].mean())


def _effects(predictor: BundlePredictor, variants: Sequence[CourseArrays]) -> list[float]:
    """Score of the first minus that of each other."""
    said = np.array([score_of(each) for each in predictor.predict(variants)])
    return [float(value) for value in said[0] - said[1:]]


def _variants(answer: Answer) -> pd.DataFrame:
    """The variants of the sample that the course's mutations are taken from: gene, impact, protein_change, vaf."""
    table = answer.given.study.variants
    sample = answer.cohort.courses["sample_mutations"].get(answer.course.course_id)
    if table is None:
        return pd.DataFrame(columns=["gene", "impact", "protein_change", "vaf"])
    own = table[table["sample_id"] == sample]
    return own.assign(protein_change=own["protein_change"].fillna("") if "protein_change" in own else "")


def _alteration(
    names: tuple[str, ...], features: np.ndarray, variants: pd.DataFrame, gene: str
) -> tuple[str, float | None]:
    """What is altered, in words, and the highest VAF."""
    own = variants[variants["gene"] == gene]
    kinds = [f"{row.impact} {row.protein_change}".strip() for row in own.itertuples()]
    kinds = list(dict.fromkeys(kinds))[:_MOST_VARIANTS]
    for column, words in (("deep_deletion", "deep deletion"), ("amplification", "amplification")):
        if features[names.index(column)] > 0:
            kinds.append(words)
    vaf = float(own["vaf"].max()) if len(own) else float("nan")
    return ", ".join(kinds), vaf if np.isfinite(vaf) else None


def _pathways(prepared: Preprocessor, gene: str) -> tuple[str, ...]:
    vocabulary = prepared.graph
    assert vocabulary is not None
    row = vocabulary.prior[vocabulary.place[gene], : vocabulary.n_pathways]
    return tuple(vocabulary.prior_names[k].partition(":")[2] for k in np.flatnonzero(row > 0))
