"""Published weights of vision transformers under one set of names, and the transformer that computes them.

All are brought to timm's names with position embeddings on the patches alone: what a checkpoint adds to its class and
register tokens is folded into those tokens, which computes the same.
"""

from __future__ import annotations

import math
import re
from functools import partial
from typing import Any

import torch
from timm.layers import SwiGLUPacked, resample_abs_pos_embed
from timm.models.vision_transformer import VisionTransformer
from torch import nn
from torch.nn.functional import interpolate

from tumorcast.domain.errors import InputError
from tumorcast.nn.attention_pool import AttentionPool, PooledVit
from tumorcast.slides.encoder_catalogue import EncoderRecord, Layout, VitShape

Tensors = dict[str, torch.Tensor]

_HF_EPSILON = 1e-12  # of the ViT of transformers; DINOv2 and timm take 1e-6
_POOL_HEADS = 8

_HF_NAMES = (
    (r"^embeddings\.cls_token$", "cls_token"),
    (r"^embeddings\.register_tokens$", "reg_token"),
    (r"^embeddings\.position_embeddings$", "pos_embed"),
    (r"^embeddings\.patch_embeddings\.projection\.", "patch_embed.proj."),
    (r"^layernorm\.", "norm."),
    (r"^encoder\.layer\.", "blocks."),
    (r"\.layernorm_before\.", ".norm1."),
    (r"\.layernorm_after\.", ".norm2."),
    (r"\.layer_scale([12])\.lambda1$", r".ls\1.gamma"),
    (r"\.attention\.output\.dense\.", ".attn.proj."),
    (r"\.attention\.attention\.", ".attn."),
    (r"\.intermediate\.dense\.|\.mlp\.weights_in\.", ".mlp.fc1."),
    (r"\.output\.dense\.|\.mlp\.weights_out\.", ".mlp.fc2."),
)
_HF_UNUSED = ("embeddings.mask_token", "pooler.", "classifier.")


def pooled_vit(record: EncoderRecord, weights: Tensors | None) -> nn.Module:
    """The transformer of a record with its pooling; without weights an untrained one.

    Raises:
        InputError: the weights are of another network.
    """
    if record.vit is None:
        raise ValueError(f"{record.id} is no vision transformer")
    if weights is None:
        return _build(record, record.vit)
    trunk, pool = _separated(record.layout, weights)
    try:
        shape = shape_of(trunk, record.vit.heads)
    except KeyError as error:
        raise InputError(
            f"the weights are not those of {record.title}", expected=f"a tensor named {error.args[0]}"
        ) from error
    _check_shape(record, shape)
    network = _build(record, shape)
    _load(network.vit, _normal_form(trunk, shape, record), record)
    if network.pool is not None:
        _load(network.pool, pool, record)
    return network


def shape_of(weights: Tensors, heads: int) -> VitShape:
    """What the tensors themselves say of a transformer; they do not say its number of heads."""
    patches = weights["patch_embed.proj.weight"]
    into, out_of = weights["blocks.0.mlp.fc1.weight"], weights["blocks.0.mlp.fc2.weight"]
    registers = weights.get("reg_token")
    depth = 1 + max(int(key.split(".")[1]) for key in weights if key.startswith("blocks."))
    return VitShape(
        patch=patches.shape[-1],
        width=patches.shape[0],
        depth=depth,
        heads=heads,
        hidden=out_of.shape[1],
        registers=0 if registers is None else registers.shape[1],
        gated=into.shape[0] == 2 * out_of.shape[1],
        scaled="blocks.0.ls1.gamma" in weights,
    )


def _check_shape(record: EncoderRecord, found: VitShape) -> None:
    assert record.vit is not None
    got, expected = (
        f"patches of {shape.patch} px, width {shape.width}, {shape.depth} blocks"
        for shape in (found, record.vit)
    )
    if got != expected:
        raise InputError(f"the weights are not those of {record.title}", got=got, expected=expected)


def _build(record: EncoderRecord, shape: VitShape) -> PooledVit:
    epsilon = _HF_EPSILON if record.layout == "hf_vit" else 1e-6
    hidden = shape.hidden * 2 if shape.gated else shape.hidden
    gate: dict[str, Any] = {"mlp_layer": SwiGLUPacked, "act_layer": nn.SiLU} if shape.gated else {}
    vit = VisionTransformer(
        img_size=record.input_px,
        patch_size=shape.patch,
        num_classes=0,
        global_pool="",
        embed_dim=shape.width,
        depth=shape.depth,
        num_heads=shape.heads,
        mlp_ratio=(hidden + 0.5) / shape.width,
        init_values=1e-5 if shape.scaled else None,
        no_embed_class=True,
        reg_tokens=shape.registers,
        norm_layer=partial(nn.LayerNorm, eps=epsilon),  # type: ignore[arg-type]
        **gate,
    )
    pool = None
    if record.pooling == "attention":
        pool = AttentionPool(record.width, shape.width, _POOL_HEADS, bias=record.layout == "conch")
    return PooledVit(vit, 1 + shape.registers, with_mean=record.pooling == "class+mean", pool=pool)


def _separated(layout: Layout, weights: Tensors) -> tuple[Tensors, Tensors]:
    """Trunk under timm's names, and pooler under `AttentionPool`'s."""
    if layout in ("hf_vit", "hf_dinov2"):
        return _from_transformers(weights), {}
    if layout in ("conch", "conch15"):
        weights = {key.removeprefix("visual."): tensor for key, tensor in weights.items()}
        trunk = {key[6:]: tensor for key, tensor in weights.items() if key.startswith("trunk.")}
        return trunk, _pooler(weights)
    heads = ("head.", "fc_norm.", "mask_token")
    return {key: tensor for key, tensor in weights.items() if not key.startswith(heads)}, {}


def _from_transformers(weights: Tensors) -> Tensors:
    """Names of Hugging Face's ViT and Dinov2 (with registers) in timm's; query, key and value in one tensor."""
    for prefix in ("vit.", "dinov2.", "dinov2_with_registers.", "model."):
        weights = {key.removeprefix(prefix): tensor for key, tensor in weights.items()}
    renamed = {}
    for key, tensor in weights.items():
        if key.startswith(_HF_UNUSED):
            continue
        for pattern, name in _HF_NAMES:
            key = re.sub(pattern, name, key)
        renamed[key] = tensor
    for key in [key for key in renamed if ".attn.query." in key]:
        parts = [renamed.pop(key.replace("query", part)) for part in ("query", "key", "value")]
        renamed[key.replace("query", "qkv")] = torch.cat(parts)
    return renamed


def _pooler(weights: Tensors) -> Tensors:
    """CONCH's contrastive pooler; v1.5 names the projections of its attention in its own way."""
    pool = {
        key.removeprefix("attn_pool_contrast."): tensor
        for key, tensor in weights.items()
        if key.startswith("attn_pool_contrast.")
    }
    if "to_q.weight" in pool:
        pool["attn.q_proj_weight"] = pool.pop("to_q.weight")
        pool["attn.k_proj_weight"], pool["attn.v_proj_weight"] = pool.pop("to_kv.weight").chunk(2)
        pool["attn.out_proj.weight"] = pool.pop("to_out.weight")
    pool |= {
        key.replace("ln_contrast", "ln_out"): tensor
        for key, tensor in weights.items()
        if key.startswith("ln_contrast.")
    }
    return pool


def _normal_form(trunk: Tensors, shape: VitShape, record: EncoderRecord) -> Tensors:
    """Position embeddings of the prefix folded into its tokens, those of the patches on the grid of the input."""
    trunk = dict(trunk)
    positions = trunk["pos_embed"]
    prefix = positions.shape[1] - math.isqrt(positions.shape[1]) ** 2
    if prefix not in (0, 1, 1 + shape.registers):
        raise InputError(
            f"the weights are not those of {record.title}", got=f"{positions.shape[1]} positions"
        )
    if prefix:
        trunk["cls_token"] = trunk["cls_token"] + positions[:, :1]
    if prefix > 1:
        trunk["reg_token"] = trunk["reg_token"] + positions[:, 1:prefix]
    trunk["pos_embed"] = _on_grid(positions[:, prefix:], record.input_px // shape.patch, record.layout)
    return trunk


def _on_grid(positions: torch.Tensor, side: int, layout: Layout) -> torch.Tensor:
    """Positions [1, n, width] on a grid of side x side, resampled as the encoder's own code does it."""
    own = math.isqrt(positions.shape[1])
    if own == side:
        return positions
    if layout == "hf_dinov2":
        square = positions.reshape(1, own, own, -1).permute(0, 3, 1, 2)
        square = interpolate(square.float(), size=(side, side), mode="bicubic", align_corners=False)
        return square.permute(0, 2, 3, 1).flatten(1, 2)
    plain = layout in ("conch", "conch15")
    mode = "bilinear" if plain else "bicubic"
    return resample_abs_pos_embed(
        positions, [side, side], num_prefix_tokens=0, interpolation=mode, antialias=not plain
    )


def _load(module: nn.Module, weights: Tensors, record: EncoderRecord) -> None:
    try:
        module.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise InputError(
            f"the weights are not those of {record.title}", got=" ".join(str(error).split())[:300]
        ) from error
