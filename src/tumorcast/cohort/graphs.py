"""Patient graphs: the altered genes of a tumour, genes near them where wanted, and the network's edges among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from tumorcast.biology.variants import IMPACTS
from tumorcast.cohort.arrays import F32, I64, Bool, PatientGraph
from tumorcast.cohort.cohort import Cohort
from tumorcast.cohort.graph_vocabulary import SCALARS, GraphVocabulary
from tumorcast.cohort.variant_arrays import Alterations, VariantArrays, variant_arrays

_DEEP_DELETION, _AMPLIFICATION = -2.0, 2.0
_MAX_PATHWAY_CLIQUE = 64
_WALK_STEPS = 30
_COURSES_AT_ONCE = 256


def empty_graph(vocabulary: GraphVocabulary) -> PatientGraph:
    """No node and no edge."""
    width = len(vocabulary.node_feature_names)
    return PatientGraph(
        np.zeros(0, np.int64),
        np.zeros((0, width), np.float32),
        np.zeros((2, 0), np.int64),
        np.zeros(0, np.int64),
        np.zeros(0, np.float32),
    )


def altered_genes(vocabulary: GraphVocabulary, graph: PatientGraph) -> list[str]:
    """Symbols of the nodes that are altered themselves, not neighbours of those that are."""
    nodes = graph.node_gene
    if vocabulary.cut_names:
        nodes = nodes[graph.node_features[:, vocabulary.node_feature_names.index("altered")] > 0]
    return [vocabulary.genes[i] for i in nodes]


def patient_graph(
    vocabulary: GraphVocabulary, variants: pd.DataFrame, layers: Mapping[str, pd.Series]
) -> PatientGraph:
    """The graph of one tumour.

    Args:
        variants: its variants (`gene`, `impact`, `vaf`); silent ones make no node.
        layers: measured values by gene (NaN not measured) of the layers that it has. `copy_number` (-2..2) makes
            nodes of deep deletions and amplifications; those of `vocabulary.layers` describe nodes.
    """
    one = pd.Index(["one"])
    arrays = variant_arrays(variants.assign(course_id="one"), one)
    altered = _placed(vocabulary, arrays)(0)
    copy_number = layers.get("copy_number")
    table = None if copy_number is None else copy_number.to_frame("one").T
    levels = _levels(vocabulary, table, np.zeros(1, np.int64))[0]
    scaled = {
        name: vocabulary.layers[name].transform(layers[name]) for name in vocabulary.layers if name in layers
    }
    return _graph(vocabulary, altered, levels, scaled)


def patient_graphs(vocabulary: GraphVocabulary, cohort: Cohort, rows: I64) -> Iterator[PatientGraph]:
    """The graphs of a cohort's courses in these rows."""
    altered = _placed(vocabulary, cohort.variant_arrays)
    copy_number = cohort.layers.get("copy_number")
    for start in range(0, len(rows), _COURSES_AT_ONCE):
        block = rows[start : start + _COURSES_AT_ONCE]
        levels = _levels(vocabulary, copy_number, block)
        scaled = {
            name: scaler.transform_rows(cohort.layers[name], block)
            for name, scaler in vocabulary.layers.items()
            if name in cohort.layers
        }
        for i, row in enumerate(block.tolist()):
            own = {name: (values[i], mask[i]) for name, (values, mask) in scaled.items()}
            yield _graph(vocabulary, altered(row), levels[i], own)


def _graph(
    vocabulary: GraphVocabulary, altered: Alterations, levels: F32, layers: Mapping[str, tuple[F32, Bool]]
) -> PatientGraph:
    """From its alterations (genes of the vocabulary), copy-number levels [G], and standardised layers."""
    strong = np.nonzero(np.abs(levels) >= _AMPLIFICATION)[0]
    seeds = np.union1d(altered.gene, strong).astype(np.int64)
    if not len(seeds):
        return empty_graph(vocabulary)
    heat = propagate(vocabulary, seeds) if vocabulary.cut_names else None
    node_gene = seeds if heat is None else _with_neighbours(vocabulary, seeds, heat)
    columns = [_variant_features(altered, node_gene, levels)]
    if heat is not None:
        columns.append(np.stack([np.isin(node_gene, seeds), heat[node_gene] / heat.max()], axis=1))
    columns += [_layer_features(vocabulary, name, layers.get(name), node_gene) for name in vocabulary.layers]
    node_features = np.concatenate([*columns, vocabulary.prior[node_gene]], axis=1).astype(np.float32)
    return PatientGraph(node_gene, node_features, *_edges_among(vocabulary, node_gene, seeds))


def propagate(vocabulary: GraphVocabulary, seeds: I64) -> F32:
    """[G] stationary probability of a random walk over the network that restarts at the altered genes.

    p = restart * p0 + (1 - restart) * W p, p0 even over the seeds: network smoothing of mutation profiles
    (Hofree et al. 2013, Nat Methods 10:1108; Koehler et al. 2008, Am J Hum Genet 82:949).
    """
    start = np.zeros(len(vocabulary.genes), np.float32)
    start[seeds] = 1 / len(seeds)
    heat, restart = start, vocabulary.settings.restart
    for _ in range(_WALK_STEPS):
        heat = restart * start + (1 - restart) * (vocabulary.walk @ heat)
    return heat.astype(np.float32)


def _with_neighbours(vocabulary: GraphVocabulary, seeds: I64, heat: F32) -> I64:
    """The altered genes and the warmest of those that the cut admits, `most_nodes` in all where there is room."""
    settings = vocabulary.settings
    is_near = heat > 0
    if settings.cut == "neighbourhood":
        is_near = np.zeros(len(heat), bool)
        is_near[seeds] = True
        for _ in range(settings.hops):
            is_near |= (vocabulary.walk @ is_near.astype(np.float32)) > 0
    is_near[seeds] = False
    near = np.nonzero(is_near)[0]
    room = max(0, settings.most_nodes - len(seeds))
    warmest = near[np.argsort(-heat[near], kind="stable")[:room]]
    return np.sort(np.concatenate([seeds, warmest])).astype(np.int64)


def _placed(vocabulary: GraphVocabulary, arrays: VariantArrays) -> Callable[[int], Alterations]:
    """Row of a course -> its variants in genes that may be nodes, which are numbered as the vocabulary has them."""
    place = np.array([vocabulary.place.get(gene, -1) for gene in arrays.genes], np.int64)

    def of(row: int) -> Alterations:
        own = arrays.of(row)
        own = replace(own, gene=place[own.gene])
        return own[own.gene >= 0]

    return of


def _levels(vocabulary: GraphVocabulary, copy_number: pd.DataFrame | None, rows: I64) -> F32:
    """[n, G] discrete copy-number levels of some rows of the table, NaN where not measured."""
    levels = np.full((len(rows), len(vocabulary.genes)), np.nan, np.float32)
    if copy_number is not None:
        at = np.array([vocabulary.place.get(gene, -1) for gene in copy_number.columns.tolist()], np.int64)
        levels[:, at[at >= 0]] = copy_number.iloc[rows, np.flatnonzero(at >= 0)].to_numpy(np.float32)
    return levels


def _layer_features(
    vocabulary: GraphVocabulary, name: str, row: tuple[F32, Bool] | None, node_gene: I64
) -> F32:
    """[N, 2] the gene's standardised value in a layer, 0 where not measured, and whether it was."""
    features = np.zeros((len(node_gene), 2), np.float32)
    if row is None:
        return features
    values, is_measured = row
    column = vocabulary.layer_columns[name][node_gene]
    has = column >= 0
    features[has, 0], features[has, 1] = values[column[has]], is_measured[column[has]]
    return features


def _variant_features(altered: Alterations, node_gene: I64, levels: F32) -> F32:
    features = np.zeros((len(node_gene), len(IMPACTS) + len(SCALARS)), np.float32)
    at = {name: len(IMPACTS) + i for i, name in enumerate(SCALARS)}
    row = np.searchsorted(node_gene, altered.gene)
    features[row, altered.impact] = 1
    np.add.at(features[:, at["n_variants"]], row, 1)
    is_known = ~np.isnan(altered.vaf)
    np.maximum.at(features[:, at["vaf"]], row[is_known], altered.vaf[is_known].astype(np.float32))
    features[row[is_known], at["vaf_known"]] = 1
    features[:, at["n_variants"]] = np.log1p(features[:, at["n_variants"]])
    own = levels[node_gene]
    features[:, at["copy_number_known"]] = np.isfinite(own)
    features[:, at["deep_deletion"]] = own <= _DEEP_DELETION
    features[:, at["amplification"]] = own >= _AMPLIFICATION
    return features


def _edges_among(vocabulary: GraphVocabulary, node_gene: I64, seeds: I64) -> tuple[I64, I64, F32]:
    """The network's edges with both ends in the graph, and same-pathway edges among the altered (both ways)."""
    position = np.full(len(vocabulary.genes), -1, np.int64)
    position[node_gene] = np.arange(len(node_gene))
    ends = position[vocabulary.edge_index]
    is_inside = (ends >= 0).all(axis=0)
    members = vocabulary.prior[seeds, : vocabulary.n_pathways]
    members = members[:, members.sum(axis=0) <= _MAX_PATHWAY_CLIQUE]
    shared = (members @ members.T > 0) & ~np.eye(len(seeds), dtype=bool)
    same = position[seeds][np.stack(np.nonzero(shared))].astype(np.int64)
    kind = np.full(same.shape[1], len(vocabulary.edge_type_names) - 1, np.int64)
    return (
        np.concatenate([ends[:, is_inside], same], axis=1),
        np.concatenate([vocabulary.edge_type[is_inside], kind]),
        np.concatenate([vocabulary.edge_weight[is_inside], np.ones(same.shape[1], np.float32)]),
    )
