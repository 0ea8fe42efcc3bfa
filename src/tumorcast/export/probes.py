"""Made-up courses with which a graph is traced and compared: any size, any subset of modalities."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, combinations

import numpy as np

from tumorcast.cohort.arrays import CourseArrays, DrugArrays, PatientGraph
from tumorcast.cohort.drug_vocabulary import REACH_NAMES
from tumorcast.cohort.graph_vocabulary import NO_GENES
from tumorcast.cohort.graphs import empty_graph
from tumorcast.cohort.preprocess import Preprocessor

MANY_TILES = 20_000
_MOST_MODALITIES = 6
"""Above this, subsets of one, of all but one and of all modalities stand for the 2^M."""


def probe_course(prepared: Preprocessor, seed: int, n_tiles: int = 7, n_genes: int = 5) -> CourseArrays:
    """A course of plausible random numbers in the shapes that the preprocessor makes; all is measured."""
    random = np.random.default_rng(seed)
    widths = {name: len(prepared.layers[name].features) for name in prepared.layer_names}
    tiles = random.normal(size=(n_tiles if prepared.tiles else 0, prepared.tile_dim))
    if prepared.tiles is not None:
        tiles = tiles * prepared.tiles.scale + prepared.tiles.mean
    return CourseArrays(
        course_id=f"probe{seed}",
        patient_id=f"probe{seed}",
        tiles=tiles.astype(np.float32),
        graph=_probe_graph(prepared, random, n_genes),
        burden=random.uniform(0, 3, 3).astype(np.float32),
        layers={name: random.normal(size=width).astype(np.float32) for name, width in widths.items()},
        is_measured={name: random.random(width) < 0.9 for name, width in widths.items()},
        treatment=random.integers(0, 2, len(prepared.treatment.features)).astype(np.float32),
        drugs=_probe_drugs(prepared, random, 2 + seed % 3),
        is_present=np.ones(len(prepared.modalities), bool),
    )


def _probe_drugs(prepared: Preprocessor, random: np.random.Generator, count: int) -> DrugArrays:
    width = len(prepared.drugs.feature_names)
    return DrugArrays(
        agent=random.integers(0, len(prepared.drugs.agents) + 1, count),
        features=random.random((count, width)).astype(np.float32),
        reach=random.random((count, len(REACH_NAMES))).astype(np.float32),
    )


def _probe_graph(prepared: Preprocessor, random: np.random.Generator, n_genes: int) -> PatientGraph:
    vocabulary = prepared.graph or NO_GENES
    count = min(n_genes, len(vocabulary.genes))
    if count == 0:
        return empty_graph(vocabulary)
    n_edges = 2 * (count - 1)
    return PatientGraph(
        node_gene=np.sort(random.choice(len(vocabulary.genes), count, replace=False)),
        node_features=random.random((count, len(vocabulary.node_feature_names))).astype(np.float32),
        edge_index=random.integers(0, count, (2, n_edges)),
        edge_type=random.integers(0, len(vocabulary.edge_type_names), n_edges),
        edge_weight=random.random(n_edges).astype(np.float32),
    )


def with_tiles(course: CourseArrays, count: int) -> CourseArrays:
    """The course with its first tiles, repeated up to `count`."""
    if len(course.tiles) == 0:
        return course
    return replace(course, tiles=course.tiles[np.arange(count) % len(course.tiles)])


def with_genes(course: CourseArrays, count: int) -> CourseArrays:
    """The course with its first `count` altered genes alone, and the edges among them."""
    graph = course.graph
    is_inside = (graph.edge_index < count).all(axis=0)
    kept = PatientGraph(
        graph.node_gene[:count], graph.node_features[:count], graph.edge_index[:, is_inside],
        graph.edge_type[is_inside], graph.edge_weight[is_inside],
    )  # fmt: skip
    return replace(course, graph=kept)


def with_drugs(course: CourseArrays, count: int) -> CourseArrays:
    """The course with its first drugs, repeated up to `count`."""
    places = np.arange(count) % len(course.drugs.agent)
    drugs = course.drugs
    kept = DrugArrays(drugs.agent[places], drugs.features[places], drugs.reach[places])
    return replace(course, drugs=kept)


def with_modalities(course: CourseArrays, is_kept: Sequence[bool]) -> CourseArrays:
    """The course with only the kept ones of its present modalities."""
    return replace(course, is_present=course.is_present & np.asarray(is_kept, bool))


def subsets(n_modalities: int) -> list[tuple[bool, ...]]:
    """Masks of modalities: every subset, the empty one too (see `_MOST_MODALITIES`)."""
    sizes: Sequence[int] = range(n_modalities + 1)
    if n_modalities > _MOST_MODALITIES:
        sizes = (0, 1, n_modalities - 1, n_modalities)
    chosen = chain.from_iterable(combinations(range(n_modalities), size) for size in sizes)
    return [tuple(m in kept for m in range(n_modalities)) for kept in chosen]


def probe_batches(
    prepared: Preprocessor, courses: Sequence[CourseArrays], many_tiles: int = MANY_TILES
) -> dict[str, list[CourseArrays]]:
    """Batches by the name of what they try, from the given courses and made-up ones.

    The given courses may lack modalities; the made-up ones have all, so that every subset is tried.
    """
    whole = [*courses, probe_course(prepared, 11), probe_course(prepared, 12, n_tiles=40, n_genes=30)]
    full = whole[-1]
    batches = {"as they are": list(whole), "alone": [full]}
    batches |= {f"{count} drugs": [with_drugs(full, count)] for count in (0, 1, 9)}
    batches["no drug beside some"] = [full, with_drugs(full, 0), full]
    for kept in subsets(len(prepared.modalities)):
        names = [name for name, is_kept in zip(prepared.modalities, kept, strict=True) if is_kept]
        batches[f"only {'+'.join(names) or 'the treatment'}"] = [with_modalities(c, kept) for c in whole]
    if prepared.tiles is not None:
        batches["no tile"] = [replace(full, tiles=full.tiles[:0])]
        batches["one tile"] = [with_tiles(full, 1)]
        batches[f"{many_tiles} tiles"] = [with_tiles(full, many_tiles)]
        batches["no tile beside many"] = [replace(full, tiles=full.tiles[:0]), full]
    if prepared.graph is not None:
        batches["no mutation"] = [with_genes(full, 0)]
        batches["one mutation"] = [with_genes(full, 1)]
        batches["no mutation beside many"] = [full, with_genes(full, 0)]
    return batches
