"""Projection in chunks equals the plain formula, in value and gradient; memory is that of the tokens."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tumorcast.nn import segments, tile_pooling, tile_projection
from tumorcast.nn.segments import AttentionPooling, pool_in_turn, segment_softmax, segment_sum
from tumorcast.nn.slide_encoder import SlideEncoder
from tumorcast.nn.tile_projection import CLIP, project_tiles, sum_tiles

DIM, WIDTH, CHUNK = 6, 3, 4
SIZES = {
    "one": [1], "none": [0], "no course has tiles": [0, 0], "empty between": [3, 0, 5], "empty at the ends": [0, 9, 0],
    "at chunk boundaries": [4, 8, 4], "across them": [3, 2, 11, 1, 1], "ones": [1] * 9,
}  # fmt: skip


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch):
    monkeypatch.setattr(tile_projection, "_CHUNK_ELEMENTS", {"cpu": CHUNK * DIM, "elsewhere": CHUNK * DIM})


def packed(sizes: list[int], dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Tiles of which some are beyond the clip, and whose they are."""
    owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
    torch.manual_seed(len(owner))
    return (4 * torch.randn(len(owner), DIM)).to(dtype), owner


def layer(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    mean, scale = torch.randn(DIM), torch.rand(DIM) + 0.5
    weight, bias = torch.randn(WIDTH, DIM), torch.randn(WIDTH)
    made = mean.to(dtype), scale.to(dtype), weight.to(dtype), bias.to(dtype)
    return made[0], made[1], made[2].requires_grad_(), made[3].requires_grad_()


def plain(tiles: Tensor, owner: Tensor, count: int, *given: Tensor) -> tuple[Tensor, Tensor]:
    mean, scale, weight, bias = given
    standard = torch.clamp((tiles - mean) / scale, -CLIP, CLIP)
    return nn.functional.linear(standard, weight, bias), segment_sum(standard, owner, count)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_value_and_gradients_are_those_of_the_plain_formula(sizes):
    tiles, owner = packed(sizes)
    tiles.requires_grad_()
    given = layer()
    found, expected = (way(tiles, owner, len(sizes), *given) for way in (project_tiles, plain))
    torch.testing.assert_close(found, expected)
    ups = [torch.randn_like(part) for part in expected]
    wanted = [tiles, *given[2:]]
    torch.testing.assert_close(
        torch.autograd.grad(found, wanted, ups), torch.autograd.grad(expected, wanted, ups)
    )


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_numerical_gradients(sizes):
    tiles, owner = packed(sizes)
    if not len(tiles):
        pytest.skip("no tile, nothing to move")
    mean, scale, weight, bias = layer()

    def of(tiles: Tensor, weight: Tensor, bias: Tensor) -> tuple[Tensor, Tensor]:
        return project_tiles(tiles, owner, len(sizes), mean, scale, weight, bias)

    assert torch.autograd.gradcheck(of, (tiles.requires_grad_(), weight, bias))


@pytest.mark.parametrize("stored", [torch.float16, torch.bfloat16, torch.float32])
def test_tiles_in_the_precision_they_are_stored_in(stored):
    tiles, owner = packed([3, 0, 5], stored)
    given = layer(torch.float32)
    found, expected = project_tiles(tiles, owner, 3, *given), plain(tiles.float(), owner, 3, *given)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)
    ups = torch.randn(8, WIDTH)
    torch.testing.assert_close(
        torch.autograd.grad(found[0], given[2:], ups), torch.autograd.grad(expected[0], given[2:], ups),
        atol=1e-4, rtol=1e-4,
    )  # fmt: skip


def test_under_autocast_products_are_made_in_its_type_and_sums_are_not():
    tiles, owner = packed([40, 60], torch.float16)
    given = layer(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        projected, total = project_tiles(tiles, owner, 2, *given)
    expected, sums = plain(tiles.float(), owner, 2, *given)
    assert projected.dtype == torch.bfloat16
    torch.testing.assert_close(projected.float(), expected, atol=0.15, rtol=0.02)
    torch.testing.assert_close(total, sums, atol=1e-3, rtol=1e-5)
    (slope,) = torch.autograd.grad(projected.float().sum(), given[2])
    (wanted,) = torch.autograd.grad(expected.sum(), given[2])
    assert slope.dtype == torch.float32
    torch.testing.assert_close(slope, wanted, atol=0.5, rtol=0.02)


def test_features_out_of_all_bounds_are_clamped_and_others_stay_clean():
    tiles, owner = packed([3, 4], torch.float16)
    tiles[0], tiles[1] = torch.inf, -torch.inf
    projected, total = project_tiles(tiles, owner, 2, *layer(torch.float32))
    assert torch.isfinite(projected).all()
    assert torch.isfinite(total).all()
    tiles[:3] = torch.nan
    broken, beside = project_tiles(tiles, owner, 2, *layer(torch.float32))
    torch.testing.assert_close(broken[3:], projected[3:])
    torch.testing.assert_close(beside[1], total[1])


def test_nothing_as_wide_as_the_tiles_is_kept():
    tiles, owner = packed([50, 50], torch.float16)
    kept = []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: kept.append(x) or x, lambda x: x):
        project_tiles(tiles, owner, 2, *layer(torch.float32))
    wide = [x for x in kept if x.shape == tiles.shape]
    assert [x.data_ptr() for x in wide] == [tiles.data_ptr()]


@pytest.mark.parametrize("way", [segments._pool_each, segments._pool_at_once])
@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_pooling_one_segment_after_the_other(way, sizes):
    _, owner = packed(sizes)
    torch.manual_seed(1)
    logits = torch.randn(len(owner), 2, dtype=torch.float64, requires_grad=True)
    values = torch.randn(len(owner), WIDTH, dtype=torch.float64, requires_grad=True)
    weights = segment_softmax(logits, owner, len(sizes))
    expected = segment_sum(weights[:, :, None] * values[:, None, :], owner, len(sizes))
    pooled, attention = way(logits, values, owner, len(sizes))
    torch.testing.assert_close(pooled, expected)
    torch.testing.assert_close(attention, weights)
    up = torch.randn_like(expected)
    torch.testing.assert_close(
        torch.autograd.grad(pooled, [logits, values], up, retain_graph=True),
        torch.autograd.grad(expected, [logits, values], up),
    )  # fmt: skip


def test_dropout_thins_for_a_step_and_leaves_the_summary():
    tiles, owner = packed([5, 7], torch.float32)
    torch.manual_seed(0)
    encoder = SlideEncoder(torch.zeros(DIM), torch.ones(DIM), WIDTH, 2, 0.5)
    calm = encoder.eval()(tiles, owner, 2)
    busy = encoder.train()(tiles, owner, 2)
    torch.testing.assert_close(busy.summary, calm.summary)
    assert not torch.allclose(busy.tokens, calm.tokens)
    assert pool_in_turn(torch.zeros(12, 1), tiles, owner, 2)[0].shape == (2, 1, DIM)


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_pooling_a_cacheful_at_a_time_equals_the_plain_formula(sizes, monkeypatch):
    monkeypatch.setattr(tile_pooling, "_ELEMENTS", CHUNK * WIDTH)
    torch.manual_seed(len(sizes))
    hidden = torch.randn(sum(sizes), WIDTH, dtype=torch.float64, requires_grad=True)
    pool, norm = AttentionPooling(WIDTH, 2, 5).double(), nn.LayerNorm(WIDTH).double()
    layers = [*norm.parameters(), *pool.layers]
    for layer in layers:
        nn.init.normal_(layer)

    def plain() -> tuple[Tensor, Tensor]:
        values = norm(nn.functional.gelu(hidden))
        owner = torch.repeat_interleave(torch.arange(len(sizes)), torch.tensor(sizes))
        return pool_in_turn(pool.logits(values), values, owner, len(sizes))

    found, expected = tile_pooling.pool_tiles(hidden, sizes, norm.eps, *layers), plain()
    torch.testing.assert_close(found, expected)
    ups = [torch.randn_like(part) for part in expected]
    wanted = [hidden, *layers]
    torch.testing.assert_close(
        torch.autograd.grad(found, wanted, ups), torch.autograd.grad(expected, wanted, ups)
    )


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES)
def test_sums_alone_and_products_alone_are_those_of_both(sizes):
    tiles, owner = packed(sizes)
    mean, scale, weight, bias = layer()
    projected, total = project_tiles(tiles, owner, len(sizes), mean, scale, weight, bias)
    alone, none = project_tiles(tiles, owner, len(sizes), mean, scale, weight, bias, with_total=False)
    assert torch.equal(alone, projected)
    assert none.shape == (0, DIM)
    assert torch.equal(sum_tiles(tiles, owner, len(sizes), mean, scale), total)


def test_many_rows_in_half_precision_add_up():
    values = torch.full((16_384, 1), 0.1, dtype=torch.bfloat16)
    found = segment_sum(values, torch.zeros(len(values), dtype=torch.int64), 1)
    expected = values.float().sum(dim=0, keepdim=True)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, rtol=0.005, atol=0)


def test_pooling_cannot_be_gone_back_through_twice() -> None:
    """Its gradient takes the room of what a second backward would need: an error, never a wrong gradient."""
    encoder = SlideEncoder(torch.zeros(8), torch.ones(8), width=4, tokens=2, dropout=0.0)
    encoded = encoder(torch.randn(5, 8), torch.zeros(5, dtype=torch.int64), 1, False)
    total = encoded.tokens.sum()
    total.backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        total.backward()
