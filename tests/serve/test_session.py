"""The predictor on ONNX Runtime keeps the network's promises."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch

from tumorcast.batches.batch import inputs_from
from tumorcast.cohort.arrays import CourseArrays
from tumorcast.cohort.packing import pack
from tumorcast.domain.errors import BundleError
from tumorcast.export.probes import probe_course, with_genes, with_modalities, with_tiles
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.session import BundlePredictor

N_MODALITIES = 4


@pytest.fixture(scope="module")
def predictor(lab) -> BundlePredictor:
    return BundlePredictor(load_bundle(lab.bundle))


def course(lab, seed: int = 0, n_tiles: int = 30, n_genes: int = 8) -> CourseArrays:
    return probe_course(lab.prepared, seed, n_tiles, n_genes)


def probability(predictor: BundlePredictor, courses: list[CourseArrays]) -> np.ndarray:
    return np.array([said.probability for said in predictor.predict(courses)])


def test_equals_torch_for_every_subset_of_modalities(lab, predictor):
    courses = [
        with_modalities(course(lab, 3), kept)
        for kept in itertools.product([False, True], repeat=N_MODALITIES)
    ]
    with torch.inference_mode():
        out = lab.model(inputs_from(pack(courses), lab.prepared.layer_names))
    said = predictor.predict(courses)
    expected = torch.sigmoid(out.scores[:, 0]).numpy()
    np.testing.assert_allclose([p.probability for p in said], expected, atol=1e-5)
    np.testing.assert_allclose([p.risk for p in said], out.scores[:, 1].numpy(), atol=1e-4)
    assert len(np.unique(expected.round(6))) > N_MODALITIES


@pytest.mark.parametrize("garbage", [np.nan, np.inf, 1e6])
def test_content_of_absent_modalities_does_not_matter(lab, predictor, garbage):
    whole = course(lab, 4)
    for kept in itertools.product([False, True], repeat=N_MODALITIES):
        clean = with_modalities(whole, kept)
        slide, mutations, expression, clinical = kept
        dirty = replace(
            clean,
            tiles=clean.tiles if slide else np.full_like(clean.tiles, garbage),
            burden=clean.burden if mutations else np.full_like(clean.burden, garbage),
            graph=clean.graph
            if mutations
            else replace(clean.graph, node_features=np.full_like(clean.graph.node_features, garbage)),
            layers={
                name: values if is_kept else np.full_like(values, garbage)
                for (name, values), is_kept in zip(clean.layers.items(), (expression, clinical), strict=True)
            },
        )
        neighbour = course(lab, 5)
        np.testing.assert_allclose(
            probability(predictor, [clean, neighbour]), probability(predictor, [dirty, neighbour]), atol=1e-5
        )


def test_order_of_tiles_and_genes_does_not_matter(lab, predictor):
    whole = course(lab, 6)
    order = np.random.default_rng(0).permutation(8)
    graph = replace(
        whole.graph,
        node_gene=whole.graph.node_gene[order],
        node_features=whole.graph.node_features[order],
        edge_index=np.argsort(order)[whole.graph.edge_index],
    )
    shuffled = replace(whole, tiles=whole.tiles[::-1], graph=graph)
    one, other = predictor.predict([whole])[0], predictor.predict([shuffled])[0]
    assert one.probability == pytest.approx(other.probability, abs=1e-5)
    np.testing.assert_allclose(one.tile_attention, other.tile_attention[::-1], atol=1e-6)
    np.testing.assert_allclose(one.gene_attention[order], other.gene_attention, atol=1e-6)


def test_a_course_alone_is_as_in_a_batch(lab, predictor):
    courses = [course(lab, i, n_tiles=1 + 17 * i, n_genes=i) for i in range(40)]
    together, alone = predictor.predict(courses), [predictor.predict([each])[0] for each in courses]
    for one, other, each in zip(together, alone, courses, strict=True):
        assert one.course_id == each.course_id
        assert one.probability == pytest.approx(other.probability, abs=1e-5)
        assert len(one.tile_attention) == len(each.tiles)
        np.testing.assert_allclose(one.gene_attention, other.gene_attention, atol=1e-5)


def test_extreme_sizes_give_finite_numbers(lab, predictor):
    whole = course(lab, 7)
    sizes = [
        replace(whole, tiles=whole.tiles[:0]), with_tiles(whole, 1), with_tiles(whole, 60_000),
        with_genes(whole, 0), with_genes(whole, 1), with_modalities(whole, [False] * N_MODALITIES),
    ]  # fmt: skip
    for said in predictor.predict(sizes):
        assert 0 < said.probability < 1
        assert np.isfinite(said.risk)
    repeated, once = predictor.predict([with_tiles(whole, 60_000), whole])
    assert repeated.probability == pytest.approx(once.probability, abs=1e-4)


def test_tiles_of_another_width_are_refused(lab, predictor):
    whole = course(lab, 8)
    with pytest.raises(BundleError, match="do not fit the model"):
        predictor.predict([replace(whole, tiles=np.zeros((4, 9), np.float32))])


def test_no_course_gives_no_prediction(predictor):
    assert predictor.predict([]) == []
