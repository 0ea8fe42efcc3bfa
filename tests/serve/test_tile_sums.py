"""Pooling in chunks is exact: no number depends on where a chunk ends, and parts can be left out afterwards."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from toy_bundle import toy_model
from toy_courses import TILE_DIM, toy_preprocessor
from tumorcast.domain.errors import InputError
from tumorcast.export.predictor import export_predictor
from tumorcast.export.probes import probe_course
from tumorcast.nn.chunk_pool import ChunkPool
from tumorcast.serve.bundle import load_bundle
from tumorcast.serve.manifest import TILES_NAME
from tumorcast.serve.session import BundlePredictor
from tumorcast.serve.tile_sums import TileReader, all_but_each


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """An ensemble that reads slides alone, and the path of its graph of tiles."""
    folder = tmp_path_factory.mktemp("tiles")
    prepared = toy_preprocessor().narrowed(("slide",))
    model = toy_model(members=2, prepared=prepared)
    export_predictor(model, prepared, ("response",), folder)
    return model, folder / TILES_NAME


def tiles_of(count: int, seed: int = 0) -> np.ndarray:
    """Tiles of which some are far out, so that logits differ by much."""
    random = np.random.default_rng(seed)
    return (random.normal(size=(count, TILE_DIM)) * random.choice([0.1, 1, 30], (count, 1))).astype(
        np.float32
    )


@pytest.mark.parametrize("count", [1, 2, 63, 500])
def test_the_size_of_the_chunks_changes_nothing(exported, count):
    model, path = exported
    tiles = tiles_of(count)
    owner = torch.zeros(count, dtype=torch.long)
    with torch.inference_mode():
        whole = [member.encoders["of_slide"](torch.from_numpy(tiles), owner, 1) for member in model.members]
    for chunk in (1, 7, 64, count, 10 * count):
        sums, logits = TileReader(path, chunk=chunk).read(tiles)
        np.testing.assert_allclose(sums.pooled, np.stack([each.tokens[0] for each in whole]), atol=3e-6)
        np.testing.assert_allclose(sums.summary, whole[0].summary[0], atol=1e-5)
        expected = np.mean([each.attention.mean(dim=1).numpy() for each in whole], axis=0)
        np.testing.assert_allclose(sums.attention(logits), expected, atol=1e-6)
        assert sums.attention(logits).sum() == pytest.approx(1, abs=1e-5)


def test_the_order_of_the_tiles_changes_nothing(exported):
    tiles, reader = tiles_of(200), TileReader(exported[1], chunk=9)
    sums, other = reader.read(tiles)[0], reader.read(tiles[::-1].copy())[0]
    np.testing.assert_allclose(sums.pooled, other.pooled, atol=3e-6)
    np.testing.assert_allclose(sums.summary, other.summary, atol=3e-6)


def test_no_tile_is_zero_and_finite(exported):
    sums, logits = TileReader(exported[1]).read(tiles_of(0))
    assert not sums.pooled.any()
    assert not sums.summary.any()
    assert sums.attention(logits).shape == (0,)
    np.testing.assert_array_equal((sums + sums).pooled, sums.pooled)


def test_all_but_each_part_is_what_is_left_without_it(exported):
    tiles, reader = tiles_of(90), TileReader(exported[1], chunk=8)
    blocks = np.random.default_rng(1).permutation(np.arange(90) % 6)
    others = all_but_each(reader.read_blocks(tiles, blocks))
    assert len(others) == 6
    for block, left in enumerate(others):
        expected = reader.read(tiles[blocks != block])[0]
        assert left.count == expected.count == 75
        np.testing.assert_allclose(left.pooled, expected.pooled, atol=3e-6)
        np.testing.assert_allclose(left.summary, expected.summary, atol=3e-6)
    assert len(all_but_each(reader.read_blocks(tiles, (np.arange(90) > 80).astype(int)))) == 2


def test_members_that_standardise_differently_are_refused():
    prepared = toy_preprocessor().narrowed(("slide",))
    encoders = [member.encoders["of_slide"] for member in toy_model(members=2, prepared=prepared).members]
    encoders[1].mean.add_(1)
    with pytest.raises(InputError, match="standardise tiles differently"):
        ChunkPool(encoders)


def test_a_bundle_says_the_same_in_chunks_and_of_a_course_without_some_of_its_tiles(lab):
    bundle = load_bundle(lab.bundle)
    courses = [probe_course(lab.prepared, seed, n_tiles) for seed, n_tiles in ((1, 40), (2, 0), (3, 7))]
    whole = BundlePredictor(bundle).predict(courses)
    for chunk in (1, 3, 40):
        for one, other in zip(whole, BundlePredictor(bundle, chunk=chunk).predict(courses), strict=True):
            assert other.probability == pytest.approx(one.probability, abs=1e-6)
            np.testing.assert_allclose(other.tile_attention, one.tile_attention, atol=1e-6)
    predictor, blocks = BundlePredictor(bundle), np.arange(40) % 4
    said, without = predictor.predict_without_blocks(courses[0], blocks)
    assert said.probability == pytest.approx(whole[0].probability, abs=1e-6)
    variants = [replace(courses[0], tiles=courses[0].tiles[blocks != block]) for block in range(4)]
    expected = [each.probability for each in predictor.predict(variants)]
    assert [each.probability for each in without] == pytest.approx(expected, abs=1e-6)
    assert len(set(np.round(expected, 7))) > 1
