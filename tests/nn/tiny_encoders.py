"""Small stand-ins of published encoders: weights under the publishers' names, and what they must compute.

The reference works on a plain dictionary with loops over blocks; nothing of it is shared with the package.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn import functional

from tumorcast.slides.encoder_catalogue import EncoderRecord, VitShape

WIDTH, DEPTH, HEADS, HIDDEN, POOLED = 24, 2, 2, 20, 16


def tiny(record: EncoderRecord) -> EncoderRecord:
    """The record of a network of the same family with two narrow blocks and few patches."""
    vit = record.vit
    small = VitShape(vit.patch, WIDTH, DEPTH, HEADS, HIDDEN, vit.registers, vit.gated, vit.scaled)
    width = {"class": WIDTH, "class+mean": 2 * WIDTH, "attention": POOLED}[record.pooling]
    seen = 3 * vit.patch
    crop = record.resize_px - record.input_px
    return replace(record, vit=small, width=width, tile_px=seen + crop, resize_px=seen + crop, input_px=seen)


def tensors(record: EncoderRecord, prefix_positions: int) -> dict[str, torch.Tensor]:
    """Random weights under plain names; positions for `prefix_positions` tokens before the patches."""
    vit = record.vit
    random = torch.Generator().manual_seed(3)

    def draw(*shape: int, spread: float = 0.3) -> torch.Tensor:
        return spread * torch.randn(shape, generator=random)

    patches = (record.input_px // vit.patch) ** 2
    found = {
        "patch.weight": draw(WIDTH, 3, vit.patch, vit.patch, spread=0.05),
        "patch.bias": draw(WIDTH),
        "class": draw(1, 1, WIDTH),
        "registers": draw(1, vit.registers, WIDTH),
        "positions": draw(1, prefix_positions + patches, WIDTH),
        "norm.weight": 1 + draw(WIDTH),
        "norm.bias": draw(WIDTH),
    }
    for i in range(DEPTH):
        for part in ("q", "k", "v", "proj"):
            found |= {f"{i}.{part}.weight": draw(WIDTH, WIDTH), f"{i}.{part}.bias": draw(WIDTH)}
        into = HIDDEN * (2 if vit.gated else 1)
        found |= {f"{i}.fc1.weight": draw(into, WIDTH), f"{i}.fc1.bias": draw(into)}
        found |= {f"{i}.fc2.weight": draw(WIDTH, HIDDEN), f"{i}.fc2.bias": draw(WIDTH)}
        for norm in ("norm1", "norm2"):
            found |= {f"{i}.{norm}.weight": 1 + draw(WIDTH), f"{i}.{norm}.bias": draw(WIDTH)}
        found |= {f"{i}.scale1": draw(WIDTH, spread=1.0), f"{i}.scale2": draw(WIDTH, spread=1.0)}
    if record.pooling == "attention":
        found |= {
            "pool.query": draw(1, POOLED),
            "pool.q": draw(POOLED, POOLED),
            "pool.out": draw(POOLED, POOLED),
        }
        found |= {"pool.k": draw(POOLED, WIDTH), "pool.v": draw(POOLED, WIDTH)}
        for norm, size in (("lnq", POOLED), ("lnk", WIDTH), ("lno", POOLED)):
            found |= {f"pool.{norm}.weight": 1 + draw(size), f"pool.{norm}.bias": draw(size)}
        if record.layout == "conch":
            found |= {"pool.in_bias": draw(3 * POOLED), "pool.out_bias": draw(POOLED)}
    return found


def expected(record: EncoderRecord, found: dict[str, torch.Tensor], images: torch.Tensor) -> torch.Tensor:
    """Features [b, width] of normalised images, step by step."""
    vit, epsilon = record.vit, 1e-12 if record.layout == "hf_vit" else 1e-6

    def norm(x: torch.Tensor, name: str, eps: float = epsilon) -> torch.Tensor:
        return functional.layer_norm(x, x.shape[-1:], found[f"{name}.weight"], found[f"{name}.bias"], eps)

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ found[f"{name}.weight"].T + found[f"{name}.bias"]

    patches = functional.conv2d(images, found["patch.weight"], found["patch.bias"], stride=vit.patch)
    patches = patches.flatten(2).transpose(1, 2)
    first = [found["class"], found["registers"]]
    before = found["positions"].shape[1] - patches.shape[1]
    if before == 1:
        first = [found["class"] + found["positions"][:, :1], found["registers"]]
    elif before > 1:
        first = [torch.cat(first, 1) + found["positions"][:, :before]]
    front = torch.cat(first, 1).expand(len(images), -1, -1)
    x = torch.cat([front, patches + found["positions"][:, before:]], 1)
    for i in range(DEPTH):
        y = norm(x, f"{i}.norm1")
        heads = [linear(y, f"{i}.{part}").unflatten(-1, (HEADS, -1)).transpose(1, 2) for part in "qkv"]
        weights = (heads[0] @ heads[1].transpose(-1, -2) / (WIDTH / HEADS) ** 0.5).softmax(-1)
        y = linear((weights @ heads[2]).transpose(1, 2).flatten(2), f"{i}.proj")
        x = x + (y * found[f"{i}.scale1"] if vit.scaled else y)
        y = linear(norm(x, f"{i}.norm2"), f"{i}.fc1")
        y = functional.silu(y[..., :HIDDEN]) * y[..., HIDDEN:] if vit.gated else functional.gelu(y)
        y = linear(y, f"{i}.fc2")
        x = x + (y * found[f"{i}.scale2"] if vit.scaled else y)
    x = norm(x, "norm")
    if record.pooling == "class":
        return x[:, 0]
    if record.pooling == "class+mean":
        return torch.cat([x[:, 0], x[:, 1 + vit.registers :].mean(1)], -1)
    return _attended(record, found, norm, x)


def _attended(record, found, norm, tokens):
    heads = 8
    keys, query = norm(tokens, "pool.lnk", 1e-5), norm(found["pool.query"], "pool.lnq", 1e-5)
    bias = found.get("pool.in_bias", torch.zeros(3 * POOLED)).chunk(3)
    q = (query @ found["pool.q"].T + bias[0]).unflatten(-1, (heads, -1)).transpose(0, 1)
    k = (keys @ found["pool.k"].T + bias[1]).unflatten(-1, (heads, -1)).transpose(1, 2)
    v = (keys @ found["pool.v"].T + bias[2]).unflatten(-1, (heads, -1)).transpose(1, 2)
    weights = (q @ k.transpose(-1, -2) / (POOLED / heads) ** 0.5).softmax(-1)
    pooled = (weights @ v).transpose(1, 2).flatten(2)[:, 0] @ found["pool.out"].T
    return norm(pooled + found.get("pool.out_bias", 0.0), "pool.lno", 1e-5)


def published(record: EncoderRecord, found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same tensors under the names of the record's publisher, with what their files hold besides."""
    if record.layout in ("hf_vit", "hf_dinov2"):
        return _hugging_face(record, found)
    files = {
        "cls_token": found["class"],
        "pos_embed": found["positions"],
        "patch_embed.proj.weight": found["patch.weight"],
        "patch_embed.proj.bias": found["patch.bias"],
        "norm.weight": found["norm.weight"],
        "norm.bias": found["norm.bias"],
    }
    if record.vit.registers:
        files["reg_token"] = found["registers"]
    for i in range(DEPTH):
        for kind in ("weight", "bias"):
            files[f"blocks.{i}.attn.qkv.{kind}"] = torch.cat([found[f"{i}.{part}.{kind}"] for part in "qkv"])
            files[f"blocks.{i}.attn.proj.{kind}"] = found[f"{i}.proj.{kind}"]
            for part in ("fc1", "fc2"):
                files[f"blocks.{i}.mlp.{part}.{kind}"] = found[f"{i}.{part}.{kind}"]
            for part in ("norm1", "norm2"):
                files[f"blocks.{i}.{part}.{kind}"] = found[f"{i}.{part}.{kind}"]
        if record.vit.scaled:
            files |= {f"blocks.{i}.ls{n}.gamma": found[f"{i}.scale{n}"] for n in (1, 2)}
    if record.layout == "timm":
        return files
    return _conch(record, found, files)


def _conch(record, found, trunk):
    outer = "visual." if record.layout == "conch" else ""
    files = {f"{outer}trunk.{key}": tensor for key, tensor in trunk.items()}
    pool = f"{outer}attn_pool_contrast"
    files[f"{pool}.query"] = found["pool.query"]
    for kind in ("weight", "bias"):
        files[f"{pool}.ln_q.{kind}"] = found[f"pool.lnq.{kind}"]
        files[f"{pool}.ln_k.{kind}"] = found[f"pool.lnk.{kind}"]
        files[f"{outer}ln_contrast.{kind}"] = found[f"pool.lno.{kind}"]
    if record.layout == "conch15":
        files[f"{pool}.to_q.weight"] = found["pool.q"]
        files[f"{pool}.to_kv.weight"] = torch.cat([found["pool.k"], found["pool.v"]])
        files[f"{pool}.to_out.weight"] = found["pool.out"]
        return files
    for part in "qkv":
        files[f"{pool}.attn.{part}_proj_weight"] = found[f"pool.{part}"]
    files |= {
        f"{pool}.attn.in_proj_bias": found["pool.in_bias"],
        f"{pool}.attn.out_proj.weight": found["pool.out"],
    }
    files[f"{pool}.attn.out_proj.bias"] = found["pool.out_bias"]
    return files | {"text.token_embedding.weight": torch.zeros(3, 3), "logit_scale": torch.ones(())}


def _hugging_face(record, found):
    dino = record.layout == "hf_dinov2"
    files = {
        "embeddings.cls_token": found["class"],
        "embeddings.position_embeddings": found["positions"],
        "embeddings.patch_embeddings.projection.weight": found["patch.weight"],
        "embeddings.patch_embeddings.projection.bias": found["patch.bias"],
        "layernorm.weight": found["norm.weight"],
        "layernorm.bias": found["norm.bias"],
    }
    if dino:
        files["embeddings.mask_token"] = torch.zeros(1, WIDTH)
    if record.vit.registers:
        files["embeddings.register_tokens"] = found["registers"]
    names = {"norm1": "norm1", "norm2": "norm2", "fc1": "mlp.fc1", "fc2": "mlp.fc2"}
    if not dino:
        names = {"norm1": "layernorm_before", "norm2": "layernorm_after", "fc1": "intermediate.dense"}
        names["fc2"] = "output.dense"
    if record.vit.gated:
        names |= {"fc1": "mlp.weights_in", "fc2": "mlp.weights_out"}
    names |= {
        "q": "attention.attention.query",
        "k": "attention.attention.key",
        "v": "attention.attention.value",
    }
    names["proj"] = "attention.output.dense"
    for i in range(DEPTH):
        for ours, theirs in names.items():
            for kind in ("weight", "bias"):
                files[f"encoder.layer.{i}.{theirs}.{kind}"] = found[f"{i}.{ours}.{kind}"]
        if dino:
            files |= {f"encoder.layer.{i}.layer_scale{n}.lambda1": found[f"{i}.scale{n}"] for n in (1, 2)}
    return files
